"""The rendered files of a proxy, read by the real nginx and Caddy, and nginx before a running collector."""

import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from collector_server import running
from divolte_vectors import decoded

from dkd.model.load import load
from dkd.systems.avro.render import raw_schema
from dkd.systems.proxy.render import PORT, caddy, nginx

MODEL = load(
    """
dkd: 1
site: shop
collector: {ip: full, proxies: ["127.0.0.1"]}
events: {page_view: {}}
targets:
  test: {collector: "https://test.shop.example"}
  prod: {collector: "https://c.shop.example"}
  other: {collector: "http://plain.example:8290"}
""",
    "shop.yaml",
)


def tool(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin:/sbin")
    return found or pytest.skip(f"{name} is not installed")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def configured(folder: Path, port: int, upstream: int) -> Path:
    """The rendered file in a whole configuration of nginx, with ports and a certificate of this test."""
    for name in ("key", "pem"):
        (folder / f"shop.{name}").touch()
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=shop", "-days", "2")
    files = ("-keyout", str(folder / "shop.key"), "-out", str(folder / "shop.pem"))
    subprocess.run([tool("openssl"), "req", "-x509", *options, *files], check=True, capture_output=True)
    text = nginx(MODEL).replace("/etc/dkd/tls", str(folder)).replace(f":{PORT}", f":{upstream}")
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("    listen [::]:443 ssl http2;\n", "")
    logs = f"error_log {folder}/error.log; pid {folder}/pid;"
    places = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off; {logs}\nevents {{}}\nhttp {{ access_log off; {places}\n{text}}}\n"
    (folder / "nginx.conf").write_text(whole)
    return folder / "nginx.conf"


@pytest.fixture
def schema() -> dict[str, object]:
    return raw_schema(MODEL)


def test_hosts_are_those_that_targets_reach_by_tls():
    assert "server_name c.shop.example test.shop.example;\n" in nginx(MODEL)
    assert "\nc.shop.example, test.shop.example {\n" in caddy(MODEL)
    assert "collector.proxies" not in nginx(MODEL)
    bare = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "shop.yaml")
    assert "server_name _;" in nginx(bare)
    assert "# collector.proxies of the model is empty" in nginx(bare)


def test_caddy_takes_its_file(tmp_path: Path):
    (tmp_path / "Caddyfile").write_text(caddy(MODEL))
    command = [tool("caddy"), "adapt", "--adapter", "caddyfile", "--validate", "--config", str(tmp_path / "Caddyfile")]
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    found = subprocess.run(command, capture_output=True, text=True, env=home)
    assert found.returncode == 0, found.stderr


def test_nginx_takes_its_file_and_hands_on_whom_a_request_is_of(tmp_path: Path, schema: dict[str, object]):
    program, port = tool("nginx"), free_port()
    with running(MODEL) as collector:
        file = configured(tmp_path, port, collector.port)
        checked = subprocess.run([program, "-t", "-c", str(file)], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        with subprocess.Popen([program, "-c", str(file)]) as process:
            try:
                target = b"/csc-event?p=0%3Ak%3Ap&s=0%3Ak%3As&v=v&e=e&c=k&n=t&f=t"
                lie = b"X-Forwarded-For: 198.51.100.1\r\n"
                answer = asked(port, b"GET %s HTTP/1.1\r\nHost: c.shop.example\r\n%s" % (target, lie))
                assert answer.startswith(b"HTTP/1.1 200 "), answer
                assert asked(port, b"GET /healthz HTTP/1.1\r\nHost: c.shop.example\r\n").startswith(b"HTTP/1.1 404 ")
                large = b"POST /collect HTTP/1.1\r\nHost: c.shop.example\r\nContent-Length: 300000\r\n"
                assert asked(port, large).startswith(b"HTTP/1.1 413 ")
                record = decoded(collector.messages[0].value, schema)
                assert record["remoteHost"] == "127.0.0.1", "who connected, not who it says it is"
            finally:
                process.terminate()


def asked(port: int, head: bytes) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    end = time.monotonic() + 20
    while True:
        try:
            raw = socket.create_connection(("127.0.0.1", port), timeout=10)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)
    with raw, context.wrap_socket(raw) as client:
        client.sendall(head + b"Connection: close\r\n\r\n")
        found = b""
        while part := client.recv(65536):
            found += part
        return found
