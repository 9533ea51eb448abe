"""Every recorded request of Divolte's rich profile gives what Divolte's mapping gave, for all that a model can say."""

import hashlib
from typing import Any

import pytest
from divolte_vectors import (
    DEEP,
    DIGESTS,
    FOREIGN_TYPES,
    RICH_FIELDS,
    UNCORRUPTED,
    Vector,
    browser,
    decoded,
    parsed,
    rich_model,
    vectors,
)

from dkd.collect.message import Outcome, Request
from dkd.collect.routes import Routes, routes
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema

MODEL = rich_model()
SCHEMA = raw_schema(MODEL)
RECEIVED_MS = 1_790_000_000_123

STANDARD = {
    "corrupt": "detectedCorruption", "duplicate": "detectedDuplicate", "firstInSession": "firstInSession",
    "clientTimestamp": "clientTimestamp", "location": "location", "referer": "referer", "partyId": "partyId",
    "sessionId": "sessionId", "pageViewId": "pageViewId", "eventId": "eventId", "userAgentString": "userAgentString",
    "viewportPixelWidth": "viewportPixelWidth", "viewportPixelHeight": "viewportPixelHeight",
    "screenPixelWidth": "screenPixelWidth", "screenPixelHeight": "screenPixelHeight",
}  # fmt: skip
PARAMETERS = {"pSku", "pSkus", "qtyBool"}
"""What that request's parameters fill with nothing, where they are read at all."""
RECORDED = [one for one in vectors("rich") if (one["records"] or {}).get("dv-rich")]


def wanted(vector: Vector) -> dict[str, Any]:
    """What Divolte wrote, but for what dkd deliberately does otherwise (docs/wire.md)."""
    found = {**vector["records"]["dv-rich"]["value"], "timestamp": RECEIVED_MS}
    if vector["id"] in UNCORRUPTED:
        found["corrupt"] = False
    if vector["id"] in DEEP:
        found |= {name: None for name in found if found[name] is not None and name in PARAMETERS}
    if found["remoteHost"] == "localhost":
        # An empty X-Forwarded-For: dkd stores an address or nothing.
        found["remoteHost"] = "127.0.0.1"
    return found


def test_every_field_of_the_profile_is_expressed_or_listed():
    recorded = set(RECORDED[0]["records"]["dv-rich"]["value"])
    agents = {name for name in recorded if name.startswith("ua")}
    left = recorded - set(RICH_FIELDS.values())
    assert left == agents | DIGESTS | FOREIGN_TYPES | {"pSkuDeprecated"}
    assert set(RICH_FIELDS) == set(MODEL.fields)


@pytest.fixture
def collector() -> Routes:
    return routes(MODEL, settings(MODEL, "local", {}))


BROWSER = [one for one in RECORDED if browser(one)]


@pytest.mark.parametrize("vector", BROWSER, ids=lambda one: one["id"])
def test_a_browsers_record_is_divoltes(vector: Vector, collector: Routes):
    result = None
    for request in (*vector.get("before", []), vector["request"]):
        result = collector(parsed(request, RECEIVED_MS))
    assert isinstance(result, Outcome)
    (message,) = result.messages
    record, expected = decoded(message.value, SCHEMA), wanted(vector)
    assert message.key == vector["records"]["dv-rich"]["key"].encode()
    assert {name: record[own] for name, own in STANDARD.items()} == {name: expected[name] for name in STANDARD}
    assert {name: record[name] for name in RICH_FIELDS} == {own: expected[name] for own, name in RICH_FIELDS.items()}


JSON = [one for one in vectors("rich", "j") if not one.get("server_fault")]


@pytest.mark.parametrize("vector", JSON, ids=lambda one: one["id"])
def test_the_answer_of_the_json_source_is_divoltes(vector: Vector, collector: Routes):
    for before in vector.get("before", []):
        collector(parsed(before, RECEIVED_MS))
    result = collector(whole(vector))
    answer, expected = result.answer if isinstance(result, Outcome) else result, vector["response"]
    status, *lines = answer.head.decode().split("\r\n")[:-1]
    assert status.split()[1] == str(expected["status"])
    found = dict(line.split(": ", 1) for line in lines)
    assert found | LEFT == {name: text for name, text in expected["headers"].items() if name != "Connection"} | LEFT
    assert hashlib.sha256(answer.body).hexdigest() == expected["body_sha256"]


@pytest.mark.parametrize("vector", JSON, ids=lambda one: one["id"])
def test_the_record_of_the_json_source_is_divoltes(vector: Vector, collector: Routes):
    for before in vector.get("before", []):
        collector(parsed(before, RECEIVED_MS))
    result = collector(whole(vector))
    messages = result.messages if isinstance(result, Outcome) else []
    if not (vector["records"] or {}).get("dv-rich"):
        assert [one.topic for one in messages] == (["rich.rejects"] if vector["response"]["status"] == 204 else [])
        return
    (message,) = messages
    record, expected = decoded(message.value, SCHEMA), wanted(vector)
    assert message.key == vector["records"]["dv-rich"]["key"].encode()
    assert {name: record[own] for name, own in STANDARD.items()} == {name: expected[name] for name in STANDARD}
    assert {name: record[name] for name in RICH_FIELDS} == {own: expected[name] for own, name in RICH_FIELDS.items()}


LEFT = {"Date": "", "Server": "divolte"}
"""What a connection adds."""


def whole(vector: Vector) -> Request:
    """The request as a connection hands it on: framing is gone, and only what the length covers is the body."""
    request = parsed(vector["request"], RECEIVED_MS)
    headers = dict(request.headers)
    if headers.get(b"transfer-encoding") == b"chunked":
        size, _, rest = request.body.partition(b"\r\n")
        return request._replace(body=rest[: int(size, 16)])
    return request._replace(body=request.body[: int(headers.get(b"content-length", b"0"))])
