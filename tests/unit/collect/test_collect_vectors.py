"""Every recorded request of Divolte's default profile gives Divolte's answer and Divolte's record."""

import hashlib

import pytest
from divolte_vectors import DERIVED, LIMITED, UNCORRUPTED, Vector, decoded, parsed, vectors

from dkd.collect.message import MALFORMED, Answer, Outcome
from dkd.collect.routes import Routes, routes
from dkd.model.load import load
from dkd.settings import settings
from dkd.systems.avro.render import frame, raw_schema, schema_id

RECEIVED_MS = 1_790_000_000_123
MODEL = load("dkd: 1\nsite: shop\ncollector: {ip: full}\nevents: {page_view: {}}\n", "shop.yaml")
SCHEMA = raw_schema(MODEL)
ON_THE_CONNECTION = {"p117"}
"""Known before there is a request; tests/contract has them over real HTTP."""
TAG = {"h001", "h003", "h005"}
"""The script itself is dkd's own."""
DEFAULT = [one for one in vectors("default") if one["id"] not in ON_THE_CONNECTION | LIMITED]


@pytest.fixture
def collector() -> Routes:
    return routes(MODEL, settings(MODEL, "local", {}))


def answer_of(result: Answer | Outcome) -> Answer:
    return result.answer if isinstance(result, Outcome) else result


def given_headers(answer: Answer) -> dict[str, str]:
    lines = answer.head.decode("latin-1").split("\r\n")[1:-1]
    found = dict(line.split(": ", 1) for line in lines)
    return found | ({"Date": "<date>"} if answer.dated else {}) | ({"Connection": "close"} if answer.framed else {})


@pytest.mark.parametrize("vector", DEFAULT, ids=lambda one: one["id"])
def test_the_answer_is_divoltes(vector: Vector, collector: Routes):
    answer = answer_of(collector(parsed(vector["request"], RECEIVED_MS)))
    wanted = vector["response"]
    assert answer.head.split()[1].decode() == str(wanted["status"])
    found, expected = given_headers(answer), dict(wanted["headers"])
    if vector["id"] in TAG:
        for name in ("Content-Length", "ETag"):
            assert found.pop(name)
            expected.pop(name)
    else:
        assert hashlib.sha256(answer.body).hexdigest() == wanted["body_sha256"]
    assert found == expected


@pytest.mark.parametrize("vector", DEFAULT, ids=lambda one: one["id"])
def test_the_record_is_divoltes(vector: Vector, collector: Routes):
    for before in vector.get("before", []):
        collector(parsed(before, RECEIVED_MS))
    result = collector(parsed(vector["request"], RECEIVED_MS))
    raw = [one for one in result.messages if one.topic == "shop.raw"] if isinstance(result, Outcome) else []
    expected = vector["records"]["dv-raw"] if vector["records"] else None
    if expected is None:
        assert raw == []
        return
    (message,) = raw
    assert message.key == expected["key"].encode()
    assert message.timestamp_ms == RECEIVED_MS
    assert message.headers == ()
    assert message.value[:5] == frame(schema_id(SCHEMA))
    record = decoded(message.value, SCHEMA)
    wanted = {name: value for name, value in expected["value"].items() if name not in DERIVED}
    wanted["timestamp"] = RECEIVED_MS
    if vector["id"] in UNCORRUPTED:
        wanted["detectedCorruption"] = False
    assert {name: record[name] for name in wanted} == wanted
    assert record["eventId"] == vector["request"]["target"].split("&e=")[1].split("&")[0].replace("%3A", ":")


def test_more_parameters_than_the_limit_are_refused(collector: Routes):
    for vector in vectors("default"):
        if vector["id"] in LIMITED:
            assert collector(parsed(vector["request"], RECEIVED_MS)) is MALFORMED


DROPPED = [one for one in DEFAULT if not (one["records"] or {}).get("dv-raw") and one["response"]["body_len"] == 37]


@pytest.mark.parametrize("vector", DROPPED, ids=lambda one: one["id"])
def test_what_divolte_drops_in_silence_is_a_reject_with_a_reason(vector: Vector, collector: Routes):
    result = collector(parsed(vector["request"], RECEIVED_MS))
    assert isinstance(result, Outcome)
    (message,) = result.messages
    headers = dict(message.headers)
    assert message.topic == "shop.rejects"
    assert message.value == vector["request"]["target"].encode()
    assert headers["dkd-reason"] in (b"missing_field", b"bad_party", b"bad_session", b"bad_time")
    assert headers["dkd-stage"] == b"collect"
    assert all(headers[f"dkd-{name}"] for name in ("reject-id", "code", "problem", "remedy", "received-ms"))
