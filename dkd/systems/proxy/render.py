"""A model becomes the configuration of a proxy before its collector, nginx's and Caddy's: TLS, HTTP/2, and the limits.

The limits are the collector's own, so what it would refuse comes no further. X-Forwarded-For is set anew: what a client
says of itself there is not handed on.
"""

from urllib.parse import urlsplit

from dkd.model.schema import Model
from dkd.systems.text import mark

PORT = 8290
"""Where ``dkd collect`` listens when its target's URL names no port, as Divolte does."""

_UNLISTED = """\
# collector.proxies of the model is empty: list there the address from which this proxy reaches the collector, or all
# visitors have the proxy's address.
"""

_NGINX = """\
# For the http block of nginx 1.22 or later: include specs/{site}/proxy/nginx.conf; the certificate is yours.
{unlisted}upstream dkd_{site} {{
    server 127.0.0.1:{port};
    keepalive 64;
}}
server {{
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name {names};
    ssl_certificate /etc/dkd/tls/{site}.pem;
    ssl_certificate_key /etc/dkd/tls/{site}.key;
    ssl_protocols TLSv1.2 TLSv1.3;

    client_header_timeout 5s;
    client_body_timeout 10s;
    keepalive_timeout 65s;
    large_client_header_buffers 4 64k;
    client_max_body_size 256k;
    client_body_buffer_size 256k;

    location = /healthz {{
        return 404;
    }}
    location / {{
        proxy_pass http://dkd_{site};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_next_upstream off;
        proxy_read_timeout 15s;
    }}
}}
"""

_CADDY = """\
# caddy run --config specs/{site}/proxy/Caddyfile; Caddy fetches the certificate itself.
{unlisted}{{
	servers {{
		timeouts {{
			read_header 5s
			read_body 10s
			idle 65s
		}}
		max_header_size 64KiB
	}}
}}
{names} {{
	@private path /healthz
	respond @private 404
	request_body {{
		max_size 256KiB
	}}
	reverse_proxy 127.0.0.1:{port} {{
		header_up X-Forwarded-For {{remote_host}}
		transport http {{
			keepalive 60s
			response_header_timeout 15s
		}}
	}}
}}
"""


def nginx(model: Model) -> str:
    """``proxy/nginx.conf``."""
    return mark(model.site, "#") + _NGINX.format(names=" ".join(_hosts(model)) or "_", **_words(model))


def caddy(model: Model) -> str:
    """``proxy/Caddyfile``."""
    return mark(model.site, "#") + _CADDY.format(names=", ".join(_hosts(model)) or "localhost", **_words(model))


def _words(model: Model) -> dict[str, object]:
    unlisted = "" if model.collector.proxies else _UNLISTED
    return {"site": model.site, "port": PORT, "unlisted": unlisted}


def _hosts(model: Model) -> list[str]:
    """Hosts of the targets' collectors that are reached by TLS; an address in the environment is not known here."""
    urls = (urlsplit(target.collector) for target in model.targets.values() if target.collector)
    return sorted({url.hostname for url in urls if url.scheme == "https" and url.hostname and "$" not in url.netloc})
