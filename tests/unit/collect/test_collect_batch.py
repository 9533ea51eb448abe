"""``POST /collect``: what is accepted, what is refused and why, who is believed, and what a page may read."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from divolte_vectors import decoded

from dkd.collect.body import MOST_EVENT_BYTES, MOST_EVENTS, MOST_INFLATED_BYTES
from dkd.collect.message import Answer, Message, Outcome, Request
from dkd.collect.routes import Routes, routes
from dkd.model.load import load
from dkd.settings import KafkaSettings, Settings, settings
from dkd.systems.avro.render import raw_schema

RECEIVED_MS = 1_790_000_000_123
MODEL = load(
    """
dkd: 1
site: shop
collector: {ip: full, origins: ["https://shop.example"]}
events:
  page_view: {}
  add_to_cart:
    fields:
      product_id: {type: string, required: true}
      price: double
      quantity: int
      size: {type: enum, values: [small, large]}
      gift: boolean
      tags: list
      ready: timestamp
      secret: {type: string, privacy: drop}
fields:
  user_id: {type: string, privacy: pseudonymise}
  campaign_code: {type: string, from: query cc}
  coupon: {type: string, from: parameter couponCode}
  cart: {type: string, from: cookie cart}
""",
    "shop.yaml",
)
SCHEMA = raw_schema(MODEL)
PARTY, SESSION = "0:k0abc123:partyA", "0:k0abc123:sessA"
BROWSER = f"/collect?p={PARTY}&s={SESSION}"
VIEW = {"event": "page_view", "party_id": "me"}
CART = {"event": "add_to_cart", "party_id": "me", "product_id": "A-1"}


@pytest.fixture(scope="module")
def collector() -> Routes:
    return routes(MODEL, settings(MODEL, "local", {}))


@pytest.fixture(scope="module")
def remote() -> Routes:
    """The collector of a target where loopback is nobody special."""
    given = Settings("prod", KafkaSettings("k:9092"), settings(MODEL, "local", {}).druid, "", {"till": "s3cret-key"})
    return routes(MODEL, given)


def request(
    body: bytes, target: str = "/collect", method: str = "POST", client: str = "127.0.0.1", **headers: str
) -> Request:
    lowered = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(method, target.encode(), lowered, body, client, RECEIVED_MS)


def lines(*events: object) -> bytes:
    return b"\n".join(event if isinstance(event, bytes) else json.dumps(event).encode() for event in events)


def told(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found


def status(result: Answer | Outcome) -> int:
    return int((result.answer if isinstance(result, Outcome) else result).head.split()[1])


def taken(collector: Routes, asked: Request) -> tuple[dict[str, Any], list[dict[str, Any]], list[Message]]:
    """What is told, the raw records, and the rejects."""
    result = collector(asked)
    assert isinstance(result, Outcome), result
    raw = [decoded(one.value, SCHEMA) for one in result.messages if one.topic == "shop.raw"]
    return told(result.answer), raw, [one for one in result.messages if one.topic == "shop.rejects"]


def test_a_trusted_senders_event_becomes_a_record_with_its_own_words(collector: Routes):
    event = {
        **CART, "event_id": "e1", "timestamp_ms": 1_700_000_000_000, "collector_session_id": "any", "pageview_id": "v",
        "page_url": "https://shop.example/p?cc=X1", "referrer_url": "https://ref.example/", "viewport_width": 800,
        "viewport_height": 600, "screen_width": 1920, "screen_height": 1080, "first_in_session": True,
        "ip": "203.0.113.9", "user_agent": "Agent 😀", "price": 9, "quantity": 2, "size": "small", "gift": False,
        "tags": ["a", "b"], "ready": 5, "user_id": "u", "couponCode": "C", "secret": "x", "country": "NL", "os": None,
    }  # fmt: skip
    answer, (record,), rejects = taken(collector, request(lines(event), user_agent="python"))
    assert answer == {"accepted": 1, "rejected": [], "ignored": {}}
    assert rejects == []
    assert record == {
        "detectedDuplicate": False, "detectedCorruption": False, "firstInSession": True, "timestamp": RECEIVED_MS,
        "clientTimestamp": 1_700_000_000_000, "remoteHost": "203.0.113.9", "referer": "https://ref.example/",
        "location": "https://shop.example/p?cc=X1", "viewportPixelWidth": 800, "viewportPixelHeight": 600,
        "screenPixelWidth": 1920, "screenPixelHeight": 1080, "partyId": "me", "sessionId": "any", "pageViewId": "v",
        "eventId": "e1", "eventType": "add_to_cart", "userAgentString": "Agent 😀", "given": '{"country":"NL"}',
        "user_id": "u", "campaign_code": "X1", "coupon": "C", "cart": None, "product_id": "A-1", "price": 9.0,
        "quantity": 2, "size": "small", "gift": False, "tags": ["a", "b"], "ready": 5,
    }  # fmt: skip


def test_a_browsers_event_is_of_its_query_its_connection_and_its_corrected_clock(collector: Routes):
    event = {
        "event": "addToCart", "event_id": "e2", "timestamp_ms": 1000, "product_id": 42, "price": "9.50",
        "party_id": "someone else", "ip": "1.1.1.1", "user_agent": "another", "country": "NL", "nonsense": 1,
    }  # fmt: skip
    asked = request(lines(event), f"{BROWSER}&sent=4000", user_agent="Firefox", origin="http://x", cookie="cart=7")
    answer, (record,), _ = taken(collector, asked)
    assert answer["ignored"] == {"party_id": 1, "ip": 1, "user_agent": 1, "country": 1, "nonsense": 1}
    assert (record["partyId"], record["sessionId"]) == (PARTY, SESSION)
    assert record["clientTimestamp"] == RECEIVED_MS - 4000 + 1000
    assert (record["remoteHost"], record["userAgentString"], record["cart"]) == ("127.0.0.1", "Firefox", "7")
    assert (record["eventType"], record["product_id"], record["price"]) == ("addToCart", "42", 9.5)
    assert record["given"] is None


def test_a_page_on_this_machine_is_a_browser_and_not_a_trusted_program(collector: Routes):
    assert status(collector(request(lines(VIEW), origin="http://127.0.0.1:8000"))) == 400
    _, (record,), _ = taken(collector, request(lines({"event": "page_view", "party_id": "me"}), BROWSER))
    assert record["partyId"] == PARTY


REFUSED = [
    (b"{broken", "not_json", ""),
    (b"[1]", "not_an_object", ""),
    (b'{"a": "\xff"}', "not_json", ""),
    (b"[" * 5000, "too_large", ""),
    (b'{"a": ' + b"1" * 5000 + b"}", "not_json", ""),
    ({"party_id": "me"}, "missing_field", "event"),
    ({"event": 5, "party_id": "me"}, "bad_type", "event"),
    ({"event": "page_veiw", "party_id": "me"}, "unknown_event", "event"),
    ({"event": "page_view"}, "missing_party", "party_id"),
    ({"event": "page_view", "party_id": ""}, "bad_party", "party_id"),
    ({"event": "page_view", "party_id": "x" * 129}, "bad_party", "party_id"),
    ({"event": "page_view", "party_id": 7}, "bad_party", "party_id"),
    ({"event": "add_to_cart", "party_id": "me"}, "missing_field", "product_id"),
    ({**CART, "product_id": None}, "missing_field", "product_id"),
    ({**CART, "product_id": 5}, "bad_type", "product_id"),
    ({**CART, "price": "9.50"}, "bad_type", "price"),
    ({**CART, "price": True}, "bad_type", "price"),
    ({**CART, "quantity": 1.5}, "bad_type", "quantity"),
    ({**CART, "quantity": 1 << 31}, "bad_type", "quantity"),
    ({**CART, "size": "huge"}, "bad_enum", "size"),
    ({**CART, "gift": "yes"}, "bad_type", "gift"),
    ({**CART, "tags": "a"}, "bad_type", "tags"),
    ({**CART, "tags": [1]}, "bad_type", "tags"),
    ({**CART, "couponCode": 5}, "bad_type", "couponCode"),
    ({**VIEW, "timestamp_ms": "2026-01-01"}, "bad_time", "timestamp_ms"),
    ({**VIEW, "timestamp_ms": 1 << 63}, "bad_time", "timestamp_ms"),
    ({**VIEW, "viewport_width": "wide"}, "bad_type", "viewport_width"),
    ({**VIEW, "event_id": ""}, "bad_type", "event_id"),
    ({**VIEW, "country": 31}, "bad_type", "country"),
    ({**VIEW, "page_url": "x" * MOST_EVENT_BYTES}, "too_large", ""),
]


@pytest.mark.parametrize(("event", "reason", "field"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_wrong_event_is_refused_with_its_reason_and_its_neighbours_are_not(
    event: object, reason: str, field: str, collector: Routes
):
    body = lines(VIEW, event, {**VIEW, "event_id": "other"})
    asked = request(body, "/collect?batch=b7", content_type="application/x-ndjson")
    answer, raw, (reject,) = taken(collector, asked)
    assert answer["accepted"] == len(raw) == 2
    (found,) = answer["rejected"]
    assert (found["index"], found["reason"], found["field"]) == (1, reason, field)
    assert found["problem"]
    assert found["remedy"]
    assert found["code"].startswith("DKD4")
    sent = body.split(b"\n")[1]
    assert reject.value == sent[:65_536]
    headers = {name: value.decode() for name, value in reject.headers}
    assert headers == {
        "dkd-reject-id": "b7:1", "dkd-stage": "collect", "dkd-code": found["code"], "dkd-reason": reason,
        "dkd-problem": found["problem"], "dkd-remedy": found["remedy"], "dkd-received-ms": str(RECEIVED_MS),
    }  # fmt: skip


def test_the_nearest_names_are_told(collector: Routes):
    answer, _, _ = taken(collector, request(lines({**VIEW, "event": "pageVeiw"}, {**CART, "size": "smal"})))
    assert "page_view" in answer["rejected"][0]["remedy"]
    assert "small" in answer["rejected"][1]["remedy"]


def test_a_reject_without_a_batch_is_known_by_what_was_sent(collector: Routes):
    def reject_id(target: str) -> str:
        (reject,) = taken(collector, request(b'{"event": "nope"}', target))[2]
        return dict(reject.headers)["dkd-reject-id"].decode()

    assert reject_id(BROWSER) == reject_id(BROWSER) != reject_id("/collect")


@pytest.mark.parametrize(
    ("body", "kind", "count"),
    [
        (lines(VIEW, VIEW), "application/x-ndjson", 2),
        (b"\xef\xbb\xbf\n\r\n" + lines(VIEW) + b"\r\n\n", "application/x-ndjson", 1),
        (lines(VIEW, VIEW), "text/plain;charset=UTF-8", 2),
        (lines(VIEW, VIEW), "application/json", 2),
        (json.dumps([VIEW, VIEW, VIEW]).encode(), "application/json", 3),
        (json.dumps([VIEW, VIEW], indent=1).encode(), "text/plain", 2),
        (json.dumps(VIEW, indent=1).encode(), "application/json; charset=utf-8", 1),
        (json.dumps(VIEW).encode(), "", 1),
    ],
)
def test_lines_an_array_and_one_object_are_all_events(body: bytes, kind: str, count: int, collector: Routes):
    headers = {"content_type": kind} if kind else {}
    answer, raw, _ = taken(collector, request(body, **headers))
    assert answer["accepted"] == len(raw) == count


def test_an_event_without_an_id_is_known_by_its_line(collector: Routes):
    _, (one,), _ = taken(collector, request(lines(VIEW)))
    _, (two, three), _ = taken(collector, request(json.dumps([VIEW, {**VIEW, "page_url": "/"}]).encode()))
    assert one["eventId"] == two["eventId"] != three["eventId"]
    assert len(one["eventId"]) == 32


def test_a_trusted_event_without_a_time_happened_when_it_came(collector: Routes):
    _, (record,), _ = taken(collector, request(lines(VIEW)))
    assert record["clientTimestamp"] == record["timestamp"] == RECEIVED_MS
    assert record["remoteHost"] is None
    assert record["userAgentString"] is None


def test_a_repeat_is_marked_and_kept(collector: Routes):
    event = {**VIEW, "event_id": "twice"}
    _, records, _ = taken(collector, request(lines(event, event)))
    assert [record["detectedDuplicate"] for record in records] == [False, True]


def test_log_lines_of_a_trusted_sender_are_events(collector: Routes):
    line = b'203.0.113.9 - - [10/Oct/2025:13:55:36 +0000] "GET /a?cc=Z HTTP/1.1" 200 23 "-" "Firefox"'
    answer, raw, (reject,) = taken(collector, request(lines(line, b"no log", line), "/collect?format=combined&batch=x"))
    assert answer["accepted"] == 2
    assert answer["rejected"][0]["reason"] == "not_combined_log"
    assert reject.value == b"no log"
    assert [record["remoteHost"] for record in raw] == ["203.0.113.9"] * 2
    assert len({record["eventId"] for record in raw}) == 2, "equal lines are real requests"
    assert raw[0]["campaign_code"] == "Z"


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "expected"),
    [
        (b"", "application/json", "", 400),
        (b" \n", "application/json", "", 400),
        (b"hello", "text/plain", "", 400),
        (b"[broken", "application/json", "", 400),
        (b"5", "application/json", "", 400),
        (lines(VIEW), "application/x-www-form-urlencoded", "", 415),
        (lines(VIEW), "application/json", "br", 415),
        (lines(VIEW), "application/json", "gzip", 400),
        (gzip.compress(lines(VIEW), mtime=0), "application/json", "gzip", 200),
        (gzip.compress(lines(VIEW), mtime=0)[:-4], "application/json", "gzip", 400),
        (gzip.compress(lines(VIEW), mtime=0) * 2, "application/json", "gzip", 400),
        (gzip.compress(b" " * (MOST_INFLATED_BYTES + 1), mtime=0), "application/json", "gzip", 413),
        (lines(*[VIEW] * MOST_EVENTS), "application/x-ndjson", "", 200),
        (lines(*[VIEW] * (MOST_EVENTS + 1)), "application/x-ndjson", "", 413),
        (b"hello", "application/x-ndjson", "", 200),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_as_a_whole(body: bytes, kind: str, encoding: str, expected: int, collector: Routes):
    headers = {"content_type": kind} | ({"content_encoding": encoding} if encoding else {})
    result = collector(request(body, **headers))
    assert status(result) == expected
    answer = result.answer if isinstance(result, Outcome) else result
    if expected != 200:
        assert all(told(answer)[name] for name in ("code", "problem", "remedy"))


def test_even_a_body_that_is_no_json_is_kept_as_a_reject(collector: Routes):
    result = collector(request(b"hello", BROWSER))
    assert status(result) == 400
    assert isinstance(result, Outcome)
    assert [(one.topic, one.key, one.value) for one in result.messages] == [("shop.rejects", PARTY.encode(), b"hello")]


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/collect", {}, 400),
        ("/collect", {"authorization": "Bearer s3cret-key"}, 200),
        ("/collect", {"authorization": "bearer s3cret-key", "origin": "https://x"}, 200),
        ("/collect", {"authorization": "Bearer wrong"}, 401),
        ("/collect", {"authorization": "Basic s3cret-key"}, 401),
        ("/collect", {"authorization": "Basic " + b64encode(b"s3cret-key:").decode()}, 200),
        ("/collect", {"authorization": "basic " + b64encode(b"s3cret-key:what:ever").decode()}, 200),
        ("/collect", {"authorization": "Basic " + b64encode(b"app:s3cret-key").decode()}, 401),
        ("/collect", {"authorization": "Basic " + b64encode(b":").decode()}, 401),
        ("/collect", {"authorization": "Digest s3cret-key"}, 401),
        (BROWSER, {}, 200),
        ("/collect?p=nobody", {}, 400),
        (f"/collect?p={PARTY}&s=nothing", {}, 400),
        (f"/collect?p={PARTY}&sent=soon", {}, 400),
        (f"/collect?p={PARTY}&sent=%zz", {}, 400),
    ],
)
def test_elsewhere_a_sender_shows_its_key_or_its_party(
    target: str, headers: dict[str, str], expected: int, remote: Routes
):
    assert status(remote(request(lines(VIEW), target, **headers))) == expected


def test_a_key_that_was_set_to_nothing_opens_nothing():
    given = Settings("prod", KafkaSettings("k:9092"), settings(MODEL, "local", {}).druid, "", {"app": ""})
    collector = routes(MODEL, given)
    for text in ("Bearer", "Bearer "):
        assert status(collector(request(lines(VIEW), authorization=text))) == 401


@pytest.mark.parametrize("client", ["10.0.0.1", "2001:db8::1"])
def test_only_this_machine_is_trusted_without_a_key(client: str, collector: Routes):
    assert status(collector(request(lines(VIEW), client=client))) == 400


@pytest.mark.parametrize(
    ("origin", "on_local", "elsewhere"),
    [
        ("https://shop.example", True, True),
        ("https://SHOP.example", True, True),
        ("http://localhost:3000", True, False),
        ("http://127.0.0.1:8000", True, False),
        ("http://[::1]:8000", True, False),
        ("https://evil.example", False, False),
        ("https://shop.example.evil", False, False),
        ("http://localhost.evil.example", False, False),
        ("null", False, False),
        ("http://[", False, False),
    ],
)
def test_only_the_models_pages_and_those_of_this_machine_may_read_answers(
    origin: str, on_local: bool, elsewhere: bool, collector: Routes, remote: Routes
):
    for routes_, may in ((collector, on_local), (remote, elsewhere)):
        for asked in (request(lines(VIEW), BROWSER, origin=origin), request(b"", BROWSER, "OPTIONS", origin=origin)):
            result = routes_(asked)
            answer = result.answer if isinstance(result, Outcome) else result
            assert (f"Access-Control-Allow-Origin: {origin}\r\n".encode() in answer.head) == may
            assert b"Vary: Origin\r\n" in answer.head


def test_a_preflight_and_other_methods(collector: Routes):
    preflight = collector(request(b"", BROWSER, "OPTIONS", origin="https://shop.example"))
    assert isinstance(preflight, Answer)
    assert preflight.head.startswith(b"HTTP/1.1 204 ")
    assert b"Access-Control-Max-Age: 86400\r\n" in preflight.head
    assert b"Content-Length" not in preflight.head
    assert status(collector(request(b"", method="GET"))) == 405


def test_events_that_kafka_does_not_have_are_to_be_sent_again(collector: Routes):
    result = collector(request(lines(VIEW), origin="https://shop.example"))
    assert status(result) == 400, "an origin makes it a page"
    result = collector(request(lines(VIEW), BROWSER, origin="https://shop.example"))
    assert isinstance(result, Outcome)
    assert result.refusal.head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1\r\n" in result.refusal.head
    assert b"Access-Control-Allow-Origin: https://shop.example\r\n" in result.refusal.head


def test_a_refused_event_does_not_count_as_seen(collector: Routes):
    event = {"event": "add_to_cart", "party_id": "me", "event_id": "refused first"}
    for wrong in ({}, {"product_id": 5}, {"product_id": "A", "country": 31}, {"product_id": "A", "couponCode": 5}):
        answer, _, _ = taken(collector, request(lines({**event, **wrong})))
        assert answer["accepted"] == 0
    _, (record,), _ = taken(collector, request(lines({**event, "product_id": "A"})))
    assert record["detectedDuplicate"] is False
    _, (record,), _ = taken(collector, request(lines({**event, "product_id": "A"})))
    assert record["detectedDuplicate"] is True


@pytest.mark.parametrize(("depth", "accepted"), [(31, 1), (32, 0)])
def test_an_event_is_not_nested_for_ever(depth: int, accepted: int, collector: Routes):
    event = b'{"event": "page_view", "party_id": "me", "text": "[[[{{{\\"[[", "deep": %s}'
    answer, _, rejects = taken(collector, request(event % (b"[" * depth + b"]" * depth)))
    assert answer["accepted"] == accepted
    assert [dict(one.headers)["dkd-reason"] for one in rejects] == [b"too_large"] * (1 - accepted)


def test_what_is_read_at_once_is_what_is_read_name_by_name(collector: Routes):
    full = {
        **CART, "event_id": "e", "price": 9, "quantity": 2, "size": "small", "tags": ["a"], "ready": 5, "secret": "x",
        "page_url": "/p?cc=1", "couponCode": "C", "ip": "203.0.113.9", "user_agent": "A", "timestamp_ms": 7,
    }  # fmt: skip
    for target in ("/collect", BROWSER):
        _, (fast,), _ = taken(collector, request(lines(full), target))
        _, (slow,), _ = taken(collector, request(lines({**full, "unknown": 1}), target))
        assert fast | {"detectedDuplicate": None} == slow | {"detectedDuplicate": None}
