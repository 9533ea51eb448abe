"""Collector and targets → secrets in clear, and addresses that are none."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from dkd.model.checks.finding import Finding
from dkd.model.schema import Model, Target
from dkd.model.tree import Path

_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def local(model: Model) -> Iterator[Finding]:
    """What the target ``local`` is told; it takes nothing."""
    for name in model.targets.get("local", Target()).model_fields_set:
        at: Path = ("targets", "local", name)
        yield (at, "DKD223", "local is the stack of dkd up, and takes nothing", "give a target of your own this")


def secrets(model: Model) -> Iterator[Finding]:
    """Passwords and keys in clear, and addresses that are none."""
    for name, target in model.targets.items():
        for system in ("kafka", "druid"):
            password = getattr(getattr(target, system), "password", None)
            if password is not None and not _SECRET.fullmatch(password):
                path = ("targets", name, system, "password")
                yield (path, "DKD216", "a password stands here in clear", "write ${NAME} and export NAME")
        yield from _addresses(name, target)
    for index, sender in enumerate(model.collector.senders):
        if not _SECRET.fullmatch(sender.key):
            at: Path = ("collector", "senders", index, "key")
            yield (at, "DKD216", "a key stands here in clear", "write ${NAME} and export NAME")


def _addresses(name: str, target: Target) -> Iterator[Finding]:
    urls: dict[Path, str | None] = {
        **{("enrichers", seq): url for seq, url in enumerate(target.enrichers)},
        ("druid", "router"): target.druid.router if target.druid else None,
        ("divolte", "url"): target.divolte.url if target.divolte else None,
        ("collector",): target.collector,
    }
    for path, url in urls.items():
        if url is None or "${" in url:
            continue
        at: Path = ("targets", name, *path)
        if not re.fullmatch(r"https?://[^/\s]+.*", url):
            yield (at, "DKD222", "this is not a URL", "write scheme, host and port, such as https://druid:8888")
        elif "@" in urlsplit(url).netloc:
            yield (at, "DKD216", "user and password stand here in a URL", "use the keys user and password with ${NAME}")
    servers = target.kafka.servers if target.kafka else ""
    if servers and "${" not in servers and not re.fullmatch(r"[^\s:,/@]+:\d+(\s*,\s*[^\s:,/@]+:\d+)*", servers):
        path = ("targets", name, "kafka", "servers")
        yield (path, "DKD222", f"{servers!r} are no servers", "write host:port, more than one with commas between")


def collector(model: Model) -> Iterator[Finding]:
    """Origins that no browser would send, a domain that no cookie has, and proxies that are no addresses."""
    for index, proxy in enumerate(model.collector.proxies):
        try:
            ip_network(proxy)
        except ValueError as error:
            yield (("collector", "proxies", index), "DKD222", str(error), "write 10.0.0.7 or 10.0.0.0/8")
    yield from _routes(model)
    domain = model.collector.cookie_domain
    if domain and re.match("https?://", domain):
        at: Path = ("collector", "cookie_domain")
        yield (at, "DKD222", f"{domain!r} is no domain", "write it without scheme and path, such as shop.example")
    for index, origin in enumerate(model.collector.origins):
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            path = ("collector", "origins", index)
            yield (
                path,
                "DKD221",
                f"{origin!r} is not an origin",
                "write scheme and host, such as https://shop.example",
            )


def _routes(model: Model) -> Iterator[Finding]:
    """Paths that are routes already."""
    said = model.collector
    folder = said.event_path.rpartition("/")[0]
    taken = {"/ping", "/healthz", "/collect", f"{folder}/collect", f"{folder}/dkd.js", f"{folder}/divolte.js"}
    remedy = f"choose a path beside {', '.join(sorted(taken))}"
    if said.event_path in taken:
        yield (("collector", "event_path"), "DKD222", f"{said.event_path} is a route already", remedy)
    if said.json_source and said.json_source.path in taken | {said.event_path}:
        yield (("collector", "json_source", "path"), "DKD222", f"{said.json_source.path} is a route already", remedy)
