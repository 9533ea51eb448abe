"""Further requests by Divolte's protocol, each with what the protocol notes say that Divolte makes of it."""

from typing import Any
from urllib.parse import quote

import mmh3
import pytest
from divolte_vectors import decoded

from dkd.collect import base36
from dkd.collect.checksum import canonical_text
from dkd.collect.connection import HEAD_S, Connection, Shared
from dkd.collect.instant import instant_ms
from dkd.collect.message import MALFORMED, Answer, Outcome, Request
from dkd.collect.routes import Routes, routes
from dkd.collect.target import parameters
from dkd.model.load import load
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema

MODEL = load(
    "dkd: 1\nsite: shop\ncollector: {ip: full}\nevents: {page_view: {}}\n"
    "fields: {sku: string, n: long, tags: list, deep: {type: string, from: 'path $.a.b'}}\n",
    "shop.yaml",
)
SCHEMA = raw_schema(MODEL)
BASE = {
    "p": "0:k0abc123:partyA", "s": "0:k0abc123:sessA", "v": "0:pv", "e": "0:pv0", "c": "k0abc124", "n": "t", "f": "t",
}  # fmt: skip


@pytest.fixture(scope="module")
def collector() -> Routes:
    return routes(MODEL, settings(MODEL, "local", {}))


def asked(collector: Routes, query: str, method: str = "GET", **headers: str) -> Answer | Outcome:
    lowered = [(name.replace("_", "-").encode(), text.encode("latin-1")) for name, text in headers.items()]
    return collector(Request(method, f"/csc-event?{query}".encode(), lowered, b"", "10.0.0.1", 1_790_000_000_000))


def query(**changed: str | None) -> str:
    given = {name: text for name, text in {**BASE, **changed}.items() if text is not None}
    return "&".join(f"{name}={quote(text, safe='')}" for name, text in given.items())


def record(collector: Routes, text: str) -> dict[str, Any]:
    result = asked(collector, text)
    assert isinstance(result, Outcome), result
    (message,) = result.messages
    assert message.topic == "shop.raw", message
    return decoded(message.value, SCHEMA)


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("w", "1e3", "viewportPixelWidth", 1803), ("w", "100.5", "viewportPixelWidth", None),
        ("i", "+100", "screenPixelWidth", 1296), ("h", "-1", "viewportPixelHeight", -1),
        ("j", "ZZ", "screenPixelHeight", 1295), ("j", "zik0zk", "screenPixelHeight", None),
        ("w", "", "viewportPixelWidth", None), ("f", "T", "firstInSession", False),
        ("f", "", "firstInSession", False), ("f", "true", "firstInSession", False),
        ("c", "-1", "clientTimestamp", -1), ("c", "1y2p0ij32e8e7", "clientTimestamp", (1 << 63) - 1),
        ("c", "0", "clientTimestamp", 0), ("v", "", "pageViewId", ""), ("e", "", "eventId", ""),
        ("p", "0:K0ABC123:PartyA", "partyId", "0:k0abc123:PartyA"), ("s", "0:-1:", "sessionId", "0:-1:"),
        ("p", "0:+00001:x", "partyId", "0:1:x"), ("t", "", "eventType", ""), ("t", "a\x00b", "eventType", "a\x00b"),
        ("t", "🎉", "eventType", "🎉"), ("l", "not an address", "location", "not an address"), ("r", "", "referer", ""),
    ],
)  # fmt: skip
def test_a_parameter(collector: Routes, name: str, text: str, field: str, value: object):
    assert record(collector, query(**{name: text}))[field] == value


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("%ff%fe", "��"), ("%c3", "�"), ("%c0%af", "��"), ("%F0%9F%98%80", "😀"), ("%ed%a0%80", "���"), ("a+b", "a b"),
        ("%2B", "+"), ("%e2%82%ac", "€"), ("a%26b%3Dc", "a&b=c"), ("a=b=c", "a=b=c"), ("%00", "\x00"), ("a;b", "a;b"),
    ],
)  # fmt: skip
def test_bytes_of_a_text(collector: Routes, raw: str, text: str):
    assert record(collector, f"{query()}&t={raw}")["eventType"] == text


@pytest.mark.parametrize("raw", ["%", "%z1", "%a", "%%", "a b", 'a"b', "<", "\\", "^", "`", "{", "|", "}", "#", "é"])
def test_what_must_be_escaped(collector: Routes, raw: str):
    target = f"/csc-event?{query()}&t={raw}".encode()
    assert collector(Request("GET", target, [], b"", "10.0.0.1", 0)) is MALFORMED


def test_of_a_repeated_parameter_the_first_counts_and_all_enter_the_checksum(collector: Routes):
    text = f"{query()}&t=first&t=second&&=&x2"
    given = parameters(text)
    assert (given["t"], given[""], given["x2"]) == (["first", "second"], [""], [""])
    checksum = base36.write(mmh3.hash(canonical_text(given).encode(), 0))
    found = record(collector, f"{text}&x={checksum}")
    assert (found["eventType"], found["detectedCorruption"]) == ("first", False)
    assert record(collector, f"{text}&x={checksum}1")["detectedCorruption"] is True
    assert record(collector, f"t=second&{text}&x={checksum}")["detectedCorruption"] is True


@pytest.mark.parametrize("text", ["café", "😀", "a😀b😀", "\U0010ffff", "日本語", "̈", "\x7f\x01"])
def test_a_text_of_any_plane_is_intact_by_the_tags_checksum(collector: Routes, text: str):
    given = parameters(query(t="page_view", u=f"(ssku!{text}!)"))
    checksum = base36.write(mmh3.hash(canonical_text(given).encode(), 0))
    found = record(collector, query(t="page_view", u=f"(ssku!{text}!)", x=checksum))
    assert (found["sku"], found["detectedCorruption"]) == (text, False)


@pytest.mark.parametrize(
    ("mincode", "found"),
    [
        ("(ssku!a!)trailing", {"sku": "a"}), ("(ssku!a!ssku!b!)", {"sku": "b"}), ("(ssku!~!~~~a!)", {"sku": "!~a"}),
        ("(dn!zz!)", {"n": 1295}), ("(dn!-1y2p0ij32e8e8!)", {"n": -(1 << 63)}), ("(jn!1.50!)", {"n": None}),
        ("(atags!sa!sb!.)", {"tags": ["a", "b"]}), ("(atags!.)", {"tags": []}), ("((a!sb!x!))", {"deep": "x"}),
        ("(ssku!a!", {"sku": None}), ("(ssku!a", {"sku": None}), ("x", {"sku": None}), ("()", {"sku": None}),
        ("(s!a!)", {"sku": None}), ("ssku!", {"sku": None}), ("(nsku!)", {"sku": None}), ("(tsku!)", {"sku": "true"}),
        ("(" * 32 + ")" * 32, {"sku": None}), ("(o)", {"sku": None}), ("(ssku!a!]", {"sku": None}),
    ],
)  # fmt: skip
def test_event_parameters(collector: Routes, mincode: str, found: dict[str, object]):
    stored = record(collector, query(u=mincode))
    assert {name: stored[name] for name in found} == found


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE", "BREW", "head"])
def test_no_method_but_get(collector: Routes, method: str):
    found = asked(collector, query(), method)
    assert isinstance(found, Answer)
    assert found.head.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET\r\n" in found.head
    assert found.body.decode() == f"HTTP method {method} not allowed."
    assert isinstance(asked(collector, query(), "get"), Outcome), "methods compare in any case"


TAG = '"6b3edc43-20ec-4078-bc47-e965dd76b88a"'


@pytest.mark.parametrize(
    ("given", "is_known"),
    [
        (TAG, True), (f"W/{TAG}", True), (f'"x" , {TAG}', True), (f'"x",W/{TAG},"y"', True), ("*", False),
        ('"x"', False), (TAG.strip('"'), False), ("", False), (TAG.upper(), False),
    ],
)  # fmt: skip
def test_who_has_the_pixel_sends_no_event(collector: Routes, given: str, is_known: bool):
    found = asked(collector, query(), if_none_match=given)
    assert isinstance(found, Answer) == is_known
    if isinstance(found, Answer):
        assert found.head.startswith(b"HTTP/1.1 304 ")
        assert b"Content-Length" not in found.head


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00Z", 0), ("1970-01-01t00:00:00.9999z", 999),
        ("1970-01-01T01:00:00.1+01:00", 100), ("1969-12-31T23:59:59.5Z", -500), ("1970-01-01T00:00:01-00:00:01", 2000),
        ("2000-02-29T00:00:00Z", 951_782_400_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("-0001-12-31T00:00:00Z", -62_167_305_600_000), ("+10000-01-01T00:00:00Z", 253_402_300_800_000),
        ("1970-01-01T00:00:00", None), ("1900-02-29T00:00:00Z", None), ("1970-13-01T00:00:00Z", None),
        ("1970-01-01T24:00:00Z", None), ("1970-01-01T00:00:60Z", None), ("1970-01-01T00:00:00+18:01", None),
        ("1970-01-01 00:00:00Z", None), ("10000-01-01T00:00:00Z", None), ("", None), ("1970-01-01T00:00:00+1", None),
    ],
)  # fmt: skip
def test_a_time_with_its_offset(text: str, ms: int | None):
    assert instant_ms(text) == ms


def test_line_ends_before_a_request_do_not_hold_a_connection_for_ever():
    connection = Connection(Shared(lambda _: MALFORMED, None))  # type: ignore[arg-type]  # nothing is answered
    idle = connection.deadline
    connection.data_received(b"\r\n")
    first = connection.deadline
    assert first < idle - 2 * HEAD_S
    connection.data_received(b"\r\n")
    connection.data_received(b"GET /")
    assert connection.deadline == first
