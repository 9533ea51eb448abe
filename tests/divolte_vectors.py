"""The recorded requests of ``tests/vectors``, and what dkd deliberately does differently (``docs/wire.md``)."""

import base64
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro

from dkd.collect import mincode
from dkd.collect.message import Request
from dkd.collect.target import parameters, split
from dkd.model.load import load
from dkd.model.naming import snake_case
from dkd.model.schema import Model

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


LIMITED = frozenset({"p089"})
"""More parameters than dkd takes in one query: 400."""
DEEP = frozenset({"u054"})
"""Event parameters that nest deeper than dkd reads: none."""

DIGESTS = frozenset({"dBytes", "dHexLower", "dHexUpper", "dBase64", "dHmac", "dSecond"})
FOREIGN_TYPES = frozenset({"locQueryMap", "pBlob", "pFixed", "pItems", "pAttrs", "pAll"})
"""Fields of the rich profile that no model expresses: it has no digests, and no bytes, fixed, maps and records."""

_RENAMED = {
    "party": "partyId", "session": "sessionId", "page_view": "pageViewId", "event_is": "eventId",
    "event_type": "eventType", "location_text": "location", "referer_text": "referer",
    "user_agent_text": "userAgentString", "is_corrupt": "corrupt", "is_duplicate": "duplicate",
    "is_first": "firstInSession", "received": "timestamp", "sent": "clientTimestamp", "width": "viewportPixelWidth",
    "height": "viewportPixelHeight", "utm": "utmSource",
}  # fmt: skip
"""Names that standard columns have taken."""


def rich_model(kind: str = "dkd") -> Model:
    """The model that expresses the rich profile."""
    text = (FOLDER / "models" / "rich.yaml").read_text()
    text = text.replace("geo.mmdb", str(FOLDER / "divolte" / "rich" / "geo.mmdb"))
    return load(text.replace("{ip: full,", f"{{kind: {kind}, ip: full,"), "rich.yaml")


def _rich_fields() -> dict[str, str]:
    """Each field of that model, and the recorded one that it expresses."""
    recorded = vectors("rich", "m012")[0]["records"]["dv-rich"]["value"]
    snaked = {snake_case(name): name for name in recorded}
    return {name: _RENAMED.get(name) or snaked[name] for name in rich_model().fields}


def browser(vector: Vector) -> bool:
    """Whether a browser sent it, by the rich profile's route."""
    return vector["request"].get("target", "").startswith("/track/ev")


def client(vector: Vector) -> str:
    """The visitor's address as Divolte took it from the connection or from ``X-Forwarded-For``."""
    host = vector["records"]["dv-rich"]["value"]["remoteHost"]
    return "127.0.0.1" if host == "localhost" else str(host)


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


def plain(value: bytes, schema: str) -> Any:
    """An Avro record without a frame, bytes as the vectors spell them."""
    found = fastavro.schemaless_reader(io.BytesIO(value), fastavro.parse_schema(json.loads(schema)))
    return {name: _plain(inner) for name, inner in found.items()}


def _plain(value: object) -> object:
    return {"$hex": value.hex()} if isinstance(value, bytes) else value


def exact_json(value: object) -> str:
    """JSON that keeps the digits of decimals."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{exact_json(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(exact_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def event_of(vector: Vector) -> Vector:
    """The event of a recorded request of the rich profile, as the engine takes it."""
    values = vector["records"]["dv-rich"]["value"]
    found = {name: values[name] for name in ENGINE_NAMES} | {"timestamp": 0, "remoteHost": client(vector)}
    lines = [(name.decode(), value.decode("latin-1")) for name, value in headers(vector["request"])]
    found |= {"headers": lines, "parameters": None, "doubles": not browser(vector)}
    if browser(vector):
        given = parameters(split(target(vector["request"])).query).get("u")
        with suppress(mincode.MincodeError):
            found["parameters"] = exact_json(mincode.decode(given[0])) if given and given[0] else None
    else:
        body = json_body(vector)
        root = body.get("parameters")
        found["parameters"] = None if root is None else json.dumps(root)
    return found


def json_body(vector: Vector) -> Vector:
    """The first object in the body of a request of Divolte's JSON route."""
    body = vector["request"]["body"]
    found: Vector = json.JSONDecoder().raw_decode(body[body.index("{") :])[0]
    return found


ENGINE_NAMES = (
    "location", "referer", "eventType", "corrupt", "duplicate", "firstInSession", "clientTimestamp",
    "viewportPixelWidth", "viewportPixelHeight", "screenPixelWidth", "screenPixelHeight", "devicePixelRatio",
    "partyId", "sessionId", "pageViewId", "eventId", "userAgentString",
)  # fmt: skip
RICH_FIELDS = _rich_fields()
