"""Figures become pages on loopback: ``/metrics`` for Prometheus, and ``/healthz`` for whoever restarts the enricher."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from dkd.errors import DkdError
from dkd.stream.metrics import Metrics

HOST = "127.0.0.1"
"""Figures tell what a site earns and how many visit it, so they are never offered to a network."""

_STUCK_S = 120.0
"""Taking over a large state and waiting for a broker both take less between two steps."""


class Endpoint:
    """A small HTTP server in threads of its own."""

    def __init__(self, metrics: Metrics, port: int, model: str = "") -> None:
        """Listen; ``/healthz`` tells *model*, the digest of the model by which the enricher works.

        Raises:
            DkdError: DKD510, when the port can't be had.
        """
        try:
            self._server = _Server((HOST, port), _Page)
        except OSError as error:
            raise DkdError(
                "DKD510",
                where=f"{HOST}:{port}",
                problem=f"no metrics can be offered here: {error.strerror}",
                remedy="choose another --metrics-port, or 0 for none",
            ) from error
        self._server.metrics, self._server.model = metrics, model
        self.url = f"http://{HOST}:{self._server.server_port}/metrics"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    metrics: Metrics
    model: str

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
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.server.metrics.registry))
        elif path == "/healthz":
            silent_s = time.monotonic() - self.server.metrics.stepped_s
            stuck = silent_s > _STUCK_S
            text = f"no step for {silent_s:.0f} s\n" if stuck else f"ok\nmodel {self.server.model}\n"
            self._answer(503 if stuck else 200, "text/plain; charset=utf-8", text.encode())
        else:
            self._answer(404, "text/plain; charset=utf-8", b"/metrics or /healthz\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: every scrape would be a line."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
