"""Ask a port of this machine whether what should be there answers; no proxy of the environment comes between."""

import http.client
import json
import socket
import struct
from typing import Any

from dkd.local.ports import HOST

_REFUSALS = (OSError, http.client.HTTPException)
_API_VERSIONS = struct.pack(">hhih3s", 18, 0, 1, 3, b"dkd")


def status_of(port: int, path: str, timeout_s: float = 2.0) -> int:
    """The HTTP status of a GET; 0 when nothing answers."""
    return _request(port, "GET", path, None, timeout_s)[0]


def document(port: int, path: str, timeout_s: float = 5.0) -> Any:
    """The JSON that a GET answers with; None unless it answers 200 with JSON."""
    status, body = _request(port, "GET", path, None, timeout_s)
    return _parsed(body) if status == 200 else None


def sql(port: int, query: str, timeout_s: float = 5.0) -> Any:
    """Rows of a Druid SQL query as lists; None when it fails."""
    body = json.dumps({"query": query, "resultFormat": "array"}).encode()
    status, answer = _request(port, "POST", "/druid/v2/sql", body, timeout_s)
    return _parsed(answer) if status == 200 else None


def kafka_answers(port: int, timeout_s: float = 2.0) -> bool:
    """Whether a Kafka broker answers an ApiVersions request."""
    try:
        with socket.create_connection((HOST, port), timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(_API_VERSIONS)) + _API_VERSIONS)
            answer = connection.makefile("rb").read(8)
    except OSError:
        return False
    return len(answer) == 8 and struct.unpack(">ii", answer)[1] == 1


def _request(port: int, method: str, path: str, body: bytes | None, timeout_s: float) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except _REFUSALS:
        return 0, b""
    finally:
        connection.close()


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
