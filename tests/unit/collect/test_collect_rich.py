"""Every recorded request of Divolte's rich profile gives what Divolte's mapping gave, for all that a model can say."""

from typing import Any

import pytest
from divolte_vectors import (
    DIGESTS,
    FOREIGN_TYPES,
    RICH_FIELDS,
    UNCORRUPTED,
    Vector,
    browser,
    client,
    decoded,
    json_body,
    parsed,
    rich_model,
    vectors,
)

from dkd.collect.layout import Layout
from dkd.collect.message import Outcome
from dkd.collect.routes import Routes, routes
from dkd.collect.sources import MISSING, Place
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema

MODEL = rich_model()
SCHEMA = raw_schema(MODEL)
LAYOUT = Layout(MODEL)
RECEIVED_MS = 1_790_000_000_123

STANDARD = {
    "corrupt": "detectedCorruption", "duplicate": "detectedDuplicate", "firstInSession": "firstInSession",
    "clientTimestamp": "clientTimestamp", "location": "location", "referer": "referer", "partyId": "partyId",
    "sessionId": "sessionId", "pageViewId": "pageViewId", "eventId": "eventId", "userAgentString": "userAgentString",
    "viewportPixelWidth": "viewportPixelWidth", "viewportPixelHeight": "viewportPixelHeight",
    "screenPixelWidth": "screenPixelWidth", "screenPixelHeight": "screenPixelHeight",
}  # fmt: skip
RECORDED = [one for one in vectors("rich") if (one["records"] or {}).get("dv-rich")]


def wanted(vector: Vector) -> dict[str, Any]:
    """What Divolte wrote, but for what dkd deliberately does otherwise (docs/wire.md)."""
    found = {**vector["records"]["dv-rich"]["value"], "timestamp": RECEIVED_MS}
    if vector["id"] in UNCORRUPTED:
        found["corrupt"] = False
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
        here = {**request, "target": request["target"].replace("/track/ev", "/csc-event")}
        result = collector(parsed(here, RECEIVED_MS)._replace(client=client(vector)))
    assert isinstance(result, Outcome)
    record = decoded(result.messages[0].value, SCHEMA)
    expected = wanted(vector)
    assert {name: record[own] for name, own in STANDARD.items()} == {name: expected[name] for name in STANDARD}
    assert {name: record[name] for name in RICH_FIELDS} == {own: expected[name] for own, name in RICH_FIELDS.items()}


JSON = [one for one in RECORDED if not browser(one)]


@pytest.mark.parametrize("vector", JSON, ids=lambda one: one["id"])
def test_the_mapping_of_a_json_event_is_divoltes(vector: Vector):
    """dkd has no JSON route of Divolte's form; what its sources find in such an event is the same."""
    expected = wanted(vector)
    found = mapped(vector, expected)
    assert found == {own: expected[name] for own, name in RICH_FIELDS.items()}


def mapped(vector: Vector, expected: dict[str, Any]) -> dict[str, Any]:
    body = json_body(vector)
    root = body.get("parameters")
    root = MISSING if root is None else root
    record: list[Any] = [None] * LAYOUT.size
    for name, own in (STANDARD | {"timestamp": "timestamp", "remoteHost": "remoteHost"}).items():
        record[LAYOUT.slot[own]] = expected[name]
    given = root if isinstance(root, dict) else {}
    place = Place(root, given, None, None, parsed(vector["request"], 0), client(vector), record, body.get("event_type"))
    for field in LAYOUT.fields:
        record[field.slot] = field.find(place)
    return {name: decoded(LAYOUT.value(event_typed(record)), SCHEMA)[name] for name in RICH_FIELDS}


def event_typed(record: list[Any]) -> list[Any]:
    record[LAYOUT.slot["eventType"]] = "unknown"
    return record
