"""What a service knows of itself becomes pages on loopback, for whoever runs it and for Prometheus."""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from dkd.errors import DkdError

HOST = "127.0.0.1"
"""Figures tell what a site earns and how many visit it, so they are never offered to a network."""


class Said(NamedTuple):
    """A page.

    Attributes:
        status: Of HTTP: 200, or 503 where whoever runs the service has to act.
        text: The page.
    """

    status: int
    text: str


class Pages:
    """A small HTTP server in threads of its own."""

    def __init__(
        self, port: int, registry: CollectorRegistry, pages: Mapping[str, Callable[[], Said]], code: str, option: str
    ) -> None:
        """Listen.

        Args:
            port: Where; 0 for any that is free.
            registry: What ``/metrics`` tells.
            pages: The others, by path.
            code: Of the error below.
            option: By which the port is chosen.

        Raises:
            DkdError: *code*, when the port can't be had.
        """
        try:
            self._server = _Server((HOST, port), _Page)
        except (OSError, OverflowError) as error:
            raise DkdError(
                code,
                where=f"{HOST}:{port}",
                problem=f"health and metrics cannot be offered here: {getattr(error, 'strerror', error)}",
                remedy=f"choose another {option}, or 0 for none",
            ) from error
        self._server.registry, self._server.pages = registry, pages
        self.url = f"http://{HOST}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="pages", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: CollectorRegistry
    pages: Mapping[str, Callable[[], Said]]

    def server_bind(self) -> None:
        """Bind, without asking the DNS for a name of ours, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]


class _Page(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.server.registry))
            return
        page = self.server.pages.get(path)
        said = page() if page is not None else Said(404, f"there are /metrics, {', '.join(self.server.pages)}")
        self._answer(said.status, "text/plain; charset=utf-8", f"{said.text}\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: every scrape would be a line."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
