"""What the model says of visitors holds on every route: their address, wish, cookie, secrets in addresses, and rate."""

from typing import Any
from urllib.parse import quote

import pytest
from divolte_vectors import decoded

from dkd.collect.duplicates import Duplicates
from dkd.collect.message import Answer, Outcome, Request
from dkd.collect.rate import Rate
from dkd.collect.routes import Kept, Routes, routes
from dkd.collect.salt import Salts
from dkd.collect.scrub import Scrub
from dkd.model.load import load
from dkd.model.schema import Model
from dkd.settings import KafkaSettings, Settings, settings
from dkd.systems.avro.render import raw_schema

DAY_MS = 86_400_000
NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
PARTY, SESSION = "0:k0abc123:partyA", "0:k0abc123:sessA"
PIXEL = f"/csc-event?p={PARTY}&s={SESSION}&v=0:v&e=0:e1&c=k0abc124&n=t&f=t&t=page_view"
BATCH = f"/collect?p={PARTY}&s={SESSION}"
JSON = f"/json?p={PARTY}"
VIEW = b'{"event": "page_view", "event_id": "e1", "collector_session_id": "0:k0:other"}'
GIVEN = (
    b'{"session_id":"0:k0abc123:sessA","event_id":"e1","is_new_party":true,"is_new_session":true,'
    b'"client_timestamp_iso":"2026-01-02T03:04:05Z"}'
)


def model_of(options: str) -> Model:
    return load(
        f"""
dkd: 1
site: shop
collector: {{ip: full, json_source: {{path: /json}}, origins: ["https://shop.example"], {options}}}
events: {{page_view: {{fields: {{where: string, places: list, cart: {{type: string, from: cookie cart}}}}}}}}
""",
        "shop.yaml",
    )


def collector_of(options: str, sender_keys: dict[str, str] | None = None) -> tuple[Routes, Any]:
    model = model_of(options)
    local = settings(model, "local", {})
    given = Settings("prod", KafkaSettings("k:9092"), local.druid, "", sender_keys or {})
    return routes(model, given), raw_schema(model)


def asked(
    target: str, body: bytes = b"", client: str = "203.0.113.9", now_ms: int = NOON_MS, **headers: str
) -> Request:
    kind = {"content_type": "application/json"} if target.startswith("/json") else {}
    lowered = [(name.replace("_", "-").encode(), text.encode()) for name, text in (kind | headers).items()]
    return Request("POST" if body else "GET", target.encode(), lowered, body, client, now_ms)


def test_a_record_that_kafka_would_never_take_is_a_reject():
    fields = "".join(f"  agent{number}: {{type: string, from: header user-agent}}\n" for number in range(12))
    head = "dkd: 1\nsite: shop\ncollector: {json_source: {path: /json}}\nevents: {page_view: {}}\nfields:\n"
    model = load(head + fields, "shop.yaml")
    collector = routes(model, settings(model, "local", {}))
    for target, body in EACH:
        for letters, topic in ((60_000, "shop.raw"), (70_000, "shop.rejects")):
            result = collector(asked(target, body, user_agent="a" * letters))
            assert isinstance(result, Outcome)
            (message,) = result.messages
            assert message.topic == topic
            assert (b"too_large" in dict(message.headers).values()) == (topic == "shop.rejects")


def test_what_many_rejects_say_of_one_browser_stays_small():
    collector, _ = collector_of("opt_out: ignore")
    result = collector(asked(BATCH, b"{}\n" * 500, content_type="application/x-ndjson", user_agent="a" * 60_000))
    assert isinstance(result, Outcome)
    assert sum(len(value) for message in result.messages for _, value in message.headers) < 2_000_000


EACH = [(PIXEL, b""), (BATCH, VIEW), (JSON, GIVEN)]


def status(result: Answer | Outcome) -> int:
    return int((result.answer if isinstance(result, Outcome) else result).head.split()[1])


def record_of(result: Answer | Outcome, schema: Any) -> dict[str, Any]:
    assert isinstance(result, Outcome), result
    (message,) = result.messages
    assert message.topic == "shop.raw", message
    record = decoded(message.value, schema)
    assert message.key == record["partyId"].encode()
    return record


@pytest.mark.parametrize(("target", "body"), EACH, ids=["pixel", "batch", "json"])
@pytest.mark.parametrize("header", ["sec_gpc", "dnt"])
def test_who_asks_not_to_be_followed_is_dropped_where_the_model_says_so(target: str, body: bytes, header: str):
    collector, schema = collector_of("opt_out: drop")
    dropped = collector(asked(target, body, **{header: "1"}))
    assert isinstance(dropped, Answer)
    assert status(dropped) in (200, 204)
    for other in ({}, {header: "0"}, {header: ""}):
        assert record_of(collector(asked(target, body, **other)), schema)["partyId"] == PARTY
    ignoring, schema = collector_of("opt_out: ignore")
    assert record_of(ignoring(asked(target, body, **{header: "1"})), schema)["partyId"] == PARTY


@pytest.mark.parametrize(("target", "body"), EACH, ids=["pixel", "batch", "json"])
def test_an_anonymous_party_is_one_for_a_day_and_says_nothing_of_the_browser(target: str, body: bytes):
    collector, schema = collector_of("opt_out: anonymous, cookie: server")

    def stored(**other: Any) -> dict[str, Any]:
        given = {"sec_gpc": "1", "user_agent": "Firefox", "cookie": "cart=7"} | other
        result = collector(asked(target, body, **given))
        assert b"Set-Cookie" not in (result.answer.head if isinstance(result, Outcome) else result.head)
        return record_of(result, schema)

    first = stored()
    assert first["partyId"] == stored(now_ms=NOON_MS + DAY_MS // 3)["partyId"] == first["sessionId"]
    others = [
        stored(client="203.0.113.8"), stored(user_agent="Chrome"), stored(now_ms=NOON_MS + DAY_MS),
    ]  # fmt: skip
    assert len({first["partyId"], PARTY, *(one["partyId"] for one in others)}) == 5
    assert first["remoteHost"] == "203.0.113.0", "although the model keeps whole addresses"
    assert first["cart"] is None
    assert PARTY not in str(first)
    assert SESSION not in str(first)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (PIXEL.replace("&c=", "&x="), b""),
        (BATCH, b'{"event": "nothing", "collector_session_id" : "%s", "page_url": "/?s=x"}' % SESSION.encode()),
        (JSON, b"{}"),
        (JSON, GIVEN.replace(b"T03:04:05Z", b"")),
    ],
)
def test_a_reject_of_an_anonymous_visitor_does_not_hold_its_cookie(target: str, body: bytes):
    collector, _ = collector_of("opt_out: anonymous")
    result = collector(asked(target, body, dnt="1"))
    assert isinstance(result, Outcome)
    (reject,) = result.messages
    assert reject.topic == "shop.rejects"
    assert not any(cookie.encode() in str(reject).encode() for cookie in (PARTY, SESSION))


@pytest.mark.parametrize(
    ("peer", "forwarded", "visitor"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1,203.0.113.7 , 10.9.9.9", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::5]", "2001:db8:0:0:0:0:0:5"),
        ("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7:80", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.1.1.1", "10.1.1.1"),
        ("192.0.2.1", "203.0.113.7", "192.0.2.1"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
    ],
)
def test_only_listed_proxies_are_believed_and_only_the_last_step_before_them(peer: str, forwarded: str, visitor: str):
    collector, schema = collector_of('proxies: ["10.0.0.0/8"]')
    record = record_of(collector(asked(PIXEL, client=peer, x_forwarded_for=forwarded)), schema)
    assert record["remoteHost"] == visitor


def test_what_a_proxy_on_this_machine_hands_on_is_not_trusted_as_a_program_here():
    model = model_of("rate: 0")
    local = routes(model, settings(model, "local", {}))
    body = b'{"event": "page_view", "party_id": "somebody"}'
    assert status(local(asked("/collect", body, client="127.0.0.1"))) == 200
    assert status(local(asked("/collect", body, client="127.0.0.1", x_forwarded_for="203.0.113.7"))) == 400


SECRET = "https://a.example/x?a=1&Token=s3cret&b=2#e%6Dail=s3cret&z"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (SECRET, "https://a.example/x?a=1&b=2#z"),
        ("https://a.example/?token=s3cret", "https://a.example/"),
        ("/p?to%6ben=s3cret&q=%2Fy%3Ftoken%3Ds3cret%26c%3D1", "/p?q=%2Fy%3Ftoken%3D%26c%3D1"),
        ("GET /p?token=s3cret HTTP/1.1", "GET /p? HTTP/1.1"),
        ("/#/route?token=s3cret&a=1", "/#/route?a=1"),
        ("a=1&tokens=2?", "a=1&tokens=2?"),
        ("/p?", "/p?"),
        ("/p?a&a&&b=", "/p?a&a&&b="),
        ("token is a word", "token is a word"),
        ("?x=%zz&%zz=1", "?x=%zz&%zz=1"),
    ],
)
def test_listed_parameters_are_cut_out_of_an_address(text: str, left: str):
    assert Scrub(["token", "EMAIL"]).text(text) == left


def test_no_secret_of_an_address_is_stored_on_any_route():
    collector, _ = collector_of("scrub: [token, email]")
    url = quote(SECRET.replace("%6D", "m"), safe="")
    plain = SECRET.replace("%6D", "m").encode()
    event = b'{"event": "page_view", "page_url": "%s", "referrer_url": "%s", "where": "%s", "places": ["%s"]}'
    sent = [
        asked(f"{PIXEL}&l={url}&r={url}&u=(swhere!{url}!)"),
        asked(f"{PIXEL.replace('&c=', '&y=')}&l={url}"),
        asked(BATCH, event % (plain, plain, plain, plain)),
        asked(BATCH, (event % (plain, plain, plain, plain)).replace(b"page_view", b"page_veiw")),
        asked(BATCH, b'{"broken": "' + plain.replace(b"&", b"\\u0026")),
        asked(JSON, GIVEN[:-1] + b',"parameters":{"where":"%s"}}' % plain),
        asked(JSON, GIVEN[:-1] + b',"unknown":"%s"}' % plain),
    ]
    for request in sent:
        result = collector(request)
        assert isinstance(result, Outcome)
        assert "s3cret" not in str(result.messages), request
        assert "b=2" in str(result.messages) or "b%3D2" in str(result.messages), "what is not listed stays"


def test_the_servers_cookie_is_the_visitors_own_and_nobody_can_put_headers_into_it():
    collector, _ = collector_of("cookie: server, cookie_domain: shop.example")

    def cookie(target: str, **headers: str) -> list[str]:
        result = collector(asked(target, VIEW, **headers))
        head = (result.answer if isinstance(result, Outcome) else result).head.decode()
        return [line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Set-Cookie")]

    wanted = f"_dvp={PARTY}; Path=/; Max-Age=63072000; SameSite=Lax; Secure; Domain=shop.example"
    assert cookie(BATCH, origin="https://shop.example") == cookie(BATCH) == [wanted]
    assert cookie(BATCH, origin="http://shop.example") == [wanted.replace(" Secure;", "")]
    assert cookie("/collect?p=0:k0:a%0d%0aX:%20y") == cookie("/collect?p=0:k0:a;b") == []
    result = collector(asked(BATCH, VIEW, origin="https://shop.example"))
    assert isinstance(result, Outcome)
    assert b"Access-Control-Allow-Credentials: true\r\n" in result.answer.head
    plain, _ = collector_of("cookie: script")
    result = plain(asked(BATCH, VIEW, origin="https://shop.example"))
    assert isinstance(result, Outcome)
    assert b"Set-Cookie" not in result.answer.head
    assert b"Credentials" not in result.answer.head


@pytest.mark.parametrize(("target", "body"), EACH, ids=["pixel", "batch", "json"])
def test_a_network_that_sends_too_much_is_told_when_to_come_back(target: str, body: bytes):
    collector, _ = collector_of("rate: 2", {"till": "key"})
    answers = [collector(asked(target, body)) for _ in range(25)]
    assert [status(one) for one in answers] == [200 if target != JSON else 204] * 20 + [429] * 5
    refused = answers[-1]
    assert isinstance(refused, Answer)
    assert b"Retry-After: 1\r\n" in refused.head
    assert status(collector(asked(target, body, client="203.0.113.200"))) == 429, "the same /24"
    assert status(collector(asked(target, body, client="203.0.114.9"))) < 300, "another one"
    assert status(collector(asked(target, body, now_ms=NOON_MS + 500))) < 300, "half a second, one event"
    assert status(collector(asked(target, body, now_ms=NOON_MS + 500))) == 429
    assert status(collector(asked(target, body, client="127.0.0.1"))) < 300
    key = {"authorization": "Bearer key"}
    trusted = [collector(asked("/collect", b'{"event":"page_view","party_id":"x"}', **key)) for _ in range(30)]
    assert {status(one) for one in trusted} == {200}


def test_a_body_counts_as_many_as_it_holds():
    collector, _ = collector_of("rate: 5")
    body = b"\n".join([VIEW] * 30)
    assert [status(collector(asked(BATCH, body))) for _ in range(2)] == [200, 429]
    refused = collector(asked(BATCH, body))
    assert isinstance(refused, Answer)
    assert b"Retry-After: 2\r\n" in refused.head, "ten are missing"
    assert status(collector(asked(BATCH, body, now_ms=NOON_MS + 2000))) == 200
    assert status(collector(asked(BATCH, b"\n".join([VIEW] * 80), now_ms=NOON_MS + 20_000))) == 200, "a full bucket"


def test_the_memory_of_networks_does_not_grow_for_ever():
    rate = Rate(1)
    for number in range(140_000):
        assert rate.wait_s(f"{number >> 16}.{number >> 8 & 255}.{number & 255}.1", 1, NOON_MS) == 0
    assert len(rate._buckets) <= 65_536
    assert rate.wait_s("no address", 10**6, NOON_MS) == 0


def test_processes_share_the_rate():
    model = model_of("rate: 4")
    given = Settings("prod", KafkaSettings("k:9092"), settings(model, "local", {}).druid, "", {})
    collector = routes(model, given, Kept(Salts(), Duplicates(), 2))
    assert [status(collector(asked(PIXEL))) for _ in range(22)] == [200] * 20 + [429] * 2
