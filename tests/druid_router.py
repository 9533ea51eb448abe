"""What a router of Druid does for dkd, in front of the local stack, which has none: SQL here, everything else there."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dkd.settings import Ports

_PASSED = ("Content-Type", "Accept")


@contextmanager
def router(base_port: int) -> Iterator[str]:
    """URL of a router of the stack at *base_port*."""
    ports = Ports.at(base_port)

    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            port = ports.broker if self.path.startswith("/druid/v2") else ports.coordinator
            there = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            headers = {name: self.headers[name] for name in _PASSED if name in self.headers}
            there.request(self.command, self.path, body, headers)
            answer = there.getresponse()
            found = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)
            there.close()

        do_GET = do_POST = do_DELETE = _pass  # the names that the server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
