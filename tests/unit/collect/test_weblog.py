"""Log lines: what an independent reading of the format says they mean."""

import calendar
import time

import pytest

from dkd.collect.weblog import LogShape, line_id, log_event, log_shape
from dkd.errors import Problem
from dkd.model.schema import Collector, Event, Field, Model

SHAPE = LogShape("page_view", "https://shop.example", {})
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"


def line(
    host="203.0.113.9", user="-", moment="10/Oct/2026:13:55:36 -0700", request="GET /a?b=c HTTP/1.1", status="200",
    size="2326", referrer="https://www.google.com/", agent=AGENT,
) -> bytes:  # fmt: skip
    return f'{host} - {user} [{moment}] "{request}" {status} {size} "{referrer}" "{agent}"'.encode()


def event(raw: bytes, shape: LogShape = SHAPE, occurrence: int = 0) -> dict[str, str | int]:
    found = log_event(raw, shape, occurrence)
    assert not isinstance(found, Problem), found.line()
    return found


def test_a_line_becomes_the_event_that_its_fields_say():
    assert event(line()) == {
        "event": "page_view",
        "event_id": line_id(line()),
        "timestamp_ms": calendar.timegm((2026, 10, 10, 20, 55, 36)) * 1000,
        "party_id": event(line())["party_id"],
        "ip": "203.0.113.9",
        "user_agent": AGENT,
        "page_url": "https://shop.example/a?b=c",
        "referrer_url": "https://www.google.com/",
    }


@pytest.mark.parametrize(
    ("zone", "ahead_s"), [("+0000", 0), ("+0530", 19800), ("-0330", -12600), ("-0030", -1800), ("+1400", 50400)]
)
def test_the_time_is_utc_whatever_the_servers_zone(zone, ahead_s):
    local = time.strptime("29 Feb 2028 00:10:59", "%d %b %Y %H:%M:%S")
    expected = (calendar.timegm(local) - ahead_s) * 1000
    assert event(line(moment=f"29/Feb/2028:00:10:59 {zone}"))["timestamp_ms"] == expected


def test_a_dash_means_that_nothing_was_said():
    found = event(line(referrer="-", agent="-"))
    assert {"referrer_url", "user_agent"}.isdisjoint(found)


def test_one_address_and_browser_is_one_party_and_a_secret_hides_it():
    same = {event(line(request=f"GET /{n} HTTP/1.1"))["party_id"] for n in range(5)}
    others = {event(line(agent="curl/8"))["party_id"], event(line(host="203.0.113.10"))["party_id"]}
    keyed = event(line(), SHAPE._replace(key=b"k" * 32))["party_id"]
    assert len(same) == 1
    assert len(same | others | {keyed}) == 4


def test_equal_lines_are_different_events_and_the_same_ones_again_when_read_again():
    first, second = (event(line(), occurrence=n)["event_id"] for n in range(2))
    assert first != second
    assert [first, second] == [event(line(), occurrence=n)["event_id"] for n in range(2)]


@pytest.mark.parametrize(
    ("request_line", "page_url"),
    [
        ("GET / HTTP/2.0", "https://shop.example/"),
        ("POST /a b HTTP/1.1", "https://shop.example/a b"),
        ("GET http://other.example/x HTTP/1.1", "http://other.example/x"),
        ("GET /old", "https://shop.example/old"),
        ("OPTIONS * HTTP/1.1", None),
        ("CONNECT mail:25 HTTP/1.1", None),
        (r"\x16\x03\x01", None),
        ("-", None),
    ],
)
def test_the_page_is_what_was_asked_for(request_line, page_url):
    assert event(line(request=request_line)).get("page_url") == page_url


def test_bytes_that_the_server_wrote_in_hex_are_read_back():
    found = event(line(request=r"GET /gr\xc3\xb6\xc3\x9fe HTTP/1.1", agent=r"say \"hi\" \x22there\x22 \\o/"))
    assert found["page_url"] == "https://shop.example/größe"
    assert found["user_agent"] == r'say "hi" "there" \o/'


def test_a_name_in_place_of_an_address_is_no_ip_but_a_party():
    found = event(line(host="proxy.example.org"))
    assert "ip" not in found
    assert found["party_id"]
    assert event(line(host="2001:DB8::1"))["ip"] == "2001:db8::1"


def test_fields_behind_the_agent_are_let_be():
    assert event(line() + b' "10.0.0.1" 0.004')["user_agent"] == AGENT


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"-",
        b'{"event":"page_view"}',
        line()[:40],
        line()[:-1],
        line(status="20"),
        line(moment="31/Feb/2026:00:00:00 +0000"),
        line(moment="10/Okt/2026:00:00:00 +0000"),
        line(moment="10/Oct/2026:25:00:00 +0000"),
        b'203.0.113.9 - - [10/Oct/2026:13:55:36 -0700] "GET / HTTP/1.1" 200 5',
    ],
)
def test_anything_else_is_a_problem_with_a_remedy(broken):
    found = log_event(broken, SHAPE)
    assert isinstance(found, Problem)
    assert found.code == "DKD412"
    assert found.remedy


def test_a_line_made_to_backtrack_is_answered_at_once():
    began = time.perf_counter()
    log_event(b"1 - " + b'[01/Jan/2026:00:00:00 +0000] "' * 2_000 + b'\\"' * 20_000, SHAPE)
    assert time.perf_counter() - began < 1


def model(**fields: Field) -> Model:
    return Model(dkd=1, site="logs", events={"page_view": Event(fields=fields)})


def test_the_models_own_fields_are_filled_in_their_types():
    own = {"status": Field(type="int"), "bytes": Field(type="string"), "method": Field(), "request": Field(),
           "userid": Field(), "agent": Field()}  # fmt: skip
    found = event(line(user="ann", size="-"), log_shape(model(**own)))
    assert {name: found[name] for name in own} == {
        "status": 200, "bytes": "0", "method": "GET", "request": "GET /a?b=c HTTP/1.1", "userid": "ann", "agent": AGENT,
    }  # fmt: skip
    assert set(own).isdisjoint(event(line(), log_shape(model())))


def test_event_and_origin_come_from_the_model():
    assert log_shape(model())[:2] == ("page_view", "http://logs.invalid")
    other = Model(
        dkd=1,
        site="logs",
        events={"request": Event(), "error": Event()},
        collector=Collector(origins=("https://a.b/",)),
    )
    assert log_shape(other)[:2] == ("request", "https://a.b")


@pytest.mark.parametrize(
    ("request_line", "status", "name"),
    [
        ("GET / HTTP/1.1", "200", "page_view"),
        ("GET /a.b/shoes?size=4.5 HTTP/1.1", "304", "page_view"),
        ("GET /site/LOGIN.html HTTP/1.1", "200", "page_view"),
        ("GET /app.js?v=a/b HTTP/1.1", "200", "request"),
        ("GET /images/track.png HTTP/1.1", "200", "request"),
        ("GET /shoes HTTP/1.1", "301", "request"),
        ("GET /shoes HTTP/1.1", "404", "request"),
        ("HEAD /shoes HTTP/1.1", "200", "request"),
        ("POST /shoes HTTP/1.1", "200", "request"),
        ("nonsense", "400", "request"),
    ],
)
def test_what_shows_no_page_is_a_request_where_the_model_has_both(request_line, status, name):
    both = Model(dkd=1, site="logs", events={"request": Event(), "page_view": Event()})
    raw = line(request=request_line, status=status)
    assert event(raw, log_shape(both))["event"] == name
    assert event(raw, log_shape(model()))["event"] == "page_view"
