"""The recorded requests of ``tests/vectors``, and what dkd deliberately does differently (``docs/wire.md``)."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro

from dkd.collect.message import Request

FOLDER = Path(__file__).parent / "vectors"

Vector = dict[str, Any]

DERIVED = frozenset(
    f"userAgent{part}"
    for part in (
        "Name", "Family", "Vendor", "Type", "Version", "DeviceCategory", "OsFamily", "OsVersion", "OsVendor",
    )
)  # fmt: skip
"""Divolte's parse of the user agent with a database of 2014. dkd stores the user agent and its enricher reads it."""

UNCORRUPTED = frozenset({"p046", "p048", "u048", "b003", "b103"})
"""The tag's own requests with emoji: Divolte's hash of them is wrong, so it calls them corrupt."""


def vectors(profile: str, prefix: str = "") -> list[Vector]:
    """The vectors of *profile* whose id starts with *prefix*, in their order."""
    lines = (FOLDER / "divolte.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [one for one in found if one["profile"] == profile and one["id"].startswith(prefix)]


def target(request: Vector) -> bytes:
    """What stands on the request line."""
    return base64.b64decode(request["target_b64"]) if "target_b64" in request else request["target"].encode()


def headers(request: Vector) -> Iterator[tuple[bytes, bytes]]:
    """The headers that the recorder sent."""
    names = {name.lower() for name, _ in request["headers"]}
    if "host" not in names and not request.get("no_host"):
        yield b"Host", b"127.0.0.1:8290"
    if "connection" not in names:
        yield b"Connection", b"close"
    body = request.get("body")
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        yield b"Content-Length", str(len(body.encode())).encode()
    yield from ((name.encode(), value.encode()) for name, value in request["headers"])


def wire(request: Vector) -> bytes:
    """The bytes that the recorder sent."""
    line = b"%s %s %s\r\n" % (request["method"].encode(), target(request), request.get("protocol", "HTTP/1.1").encode())
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers(request))
    return line + head + b"\r\n" + request.get("body", "").encode()


def parsed(request: Vector, received_ms: int) -> Request:
    """The request as the collector's connection hands it on."""
    lowered = [(name.lower(), value) for name, value in headers(request)]
    return Request(
        request["method"], target(request), lowered, request.get("body", "").encode(), "127.0.0.1", received_ms
    )


def decoded(value: bytes, schema: dict[str, Any]) -> dict[str, Any]:
    """A raw record, read by Avro's own implementation; the five bytes of its frame are skipped."""
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), fastavro.parse_schema(schema))
