"""A collector's figures become pages on loopback: ``/live`` and ``/ready`` for whoever runs it, ``/metrics``."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from dkd.errors import DkdError

HOST = "127.0.0.1"
"""Figures tell what a site earns and how many visit it, so they are never offered to a network."""

_STUCK_S = 10.0
_TEXT = "text/plain; charset=utf-8"


class Admin:
    """A small HTTP server in threads of its own."""

    def __init__(self, port: int, registry: CollectorRegistry) -> None:
        """Listen on *port* and tell what *registry* knows.

        Raises:
            DkdError: DKD462, when the port can't be had.
        """
        try:
            self._server = _Server((HOST, port), _Page)
        except OSError as error:
            raise DkdError(
                "DKD462",
                where=f"{HOST}:{port}",
                problem=f"health and metrics cannot be offered here: {error.strerror}",
                remedy="choose another --admin-port, or 0 for none",
            ) from error
        self._server.registry = registry
        self.url = f"http://{HOST}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="admin", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: CollectorRegistry

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
        elif path in ("/live", "/ready"):
            problem = self._stuck() if path == "/live" else self._stuck() or self._unready()
            text = problem or ("live" if path == "/live" else self._place())
            self._answer(503 if problem else 200, _TEXT, f"{text}\n".encode())
        else:
            self._answer(404, _TEXT, b"/live, /ready or /metrics\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: every scrape would be a line."""

    def _stuck(self) -> str:
        looked_s = self._value("looked_seconds")
        if not looked_s:
            return "starting"
        silent_s = time.time() - looked_s
        return f"stuck for {silent_s:.0f} s" if silent_s > _STUCK_S else ""

    def _unready(self) -> str:
        return "" if self._value("ready") else "not ready: stopping, or neither Kafka nor the spool takes events"

    def _place(self) -> str:
        return "ready: spool, Kafka does not acknowledge" if self._value("breaker_open") else "ready: kafka"

    def _value(self, name: str) -> float:
        return self.server.registry.get_sample_value(f"dkd_collect_{name}") or 0.0

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
