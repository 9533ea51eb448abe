"""Odd input has a defined answer each, in bounded time: a table of what came, and what becomes of it.

The bound is a ratio: no odd event may cost more than many sound ones do in the same run.
"""

import functools
import json
import time

import pytest
from stream_site import AGENTS, NOW_MS, Writer, events, shop, work

from dkd.enrich.state import State
from dkd.stream.records import Batch

BASE = {
    "timestamp": NOW_MS, "clientTimestamp": NOW_MS, "partyId": "0:p:1", "eventId": "0:e:1", "eventType": "page_view",
    "location": "https://shop.example/a?b=c", "referer": None, "remoteHost": "8.8.8.0", "userAgentString": AGENTS[0],
}  # fmt: skip
SITE = "https://shop.example/"
SOUND, MOST = 1_000, 10
"""One odd event may cost so many times what so many sound ones do; measured: less than 1."""

NO_PAGE = {"page_host": None, "page_path": None, "page_query": None}
NO_AGENT = {"browser": None, "os": None, "device_type": "other"}

EVENTS = {
    "escapes that are not UTF-8": (
        {"location": f"{SITE}caf%E9/%ff%fe?utm_source=%ff%C3&utm_medium=%E9"},
        {"page_path": "/caf%E9/%ff%fe", "utm_source": "\ufffd\ufffd", "utm_medium": "\ufffd"},
    ),
    "escapes that are none": (
        {"location": f"{SITE}%zz%/%?utm_source=%zz%"}, {"page_path": "/%zz%/%", "utm_source": "%zz%"}),
    "an international host": (
        {"location": "https://b\u00fccher.example/stra\u00dfe?q=\u00fc"},
        {"page_host": "xn--bcher-kva.example", "page_path": "/stra\u00dfe", "page_query": "q=\u00fc"},
    ),
    "one of 100 KB": ({"location": f"https://{'é' * 100_000}.example/"}, NO_PAGE),
    "punycode of nothing": ({"location": "https://xn--a.example/"}, {"page_host": "xn--a.example"}),
    "a host with a zero byte": ({"location": "https://a\x00.example/"}, NO_PAGE),
    "a path with a zero byte": ({"location": f"{SITE}\x00"}, {"page_path": "/\x00"}),
    "an address of 100 KB": ({"location": SITE + "a" * 100_000}, {"page_path": "/" + "a" * 100_000}),
    "12,000 parameters": (
        {"location": f"{SITE}?{'&'.join(f'a{one}={one}' for one in range(12_000))}&utm_source=x"}, {"utm_source": "x"}),
    "33,000 folders up": ({"location": SITE + "../" * 33_000}, {"page_path": "/"}),
    "a referrer of 50,000 labels": ({"referer": f"https://{'a.' * 50_000}example/"}, {"referrer_medium": "unknown"}),
    "a half address of IPv6": ({"location": "https://[::1/"}, NO_PAGE),
    "a script for an address": ({"location": "javascript:alert(1)"}, NO_PAGE),
    "what a script has for no address": ({"location": "undefined"}, NO_PAGE),
    "nearly an e-mail address": ({"location": f"{SITE}?m={'a.' * 50_000}@"}, {"page_path": "/"}),
    "50,000 of them": ({"location": f"{SITE}?m={'a@' * 50_000}"}, {"page_path": "/"}),
    "33,000 escaped at signs": ({"location": f"{SITE}?m={'%40' * 33_000}"}, {"page_path": "/"}),
    "an agent of 1 MB": ({"userAgentString": "Mozilla/5.0 (" * 80_000}, NO_AGENT),
    "one that makes engines backtrack": (
        {"userAgentString": f"Mozilla/5.0 {'Android ' * 100_000}!"}, {"os": "Android", "device_type": "tablet"}),
    "a bot's name behind 1 MB": (
        {"userAgentString": "a" * 1_000_000 + "Googlebot"}, {**NO_AGENT, "is_bot": True, "bot_reason": "ua_generic"}),
    "an agent of a zero byte": ({"userAgentString": "\x00"}, NO_AGENT),
    **{
        f"an address that is none: {one[:20]}": ({"remoteHost": one}, {"country": None, "city": None})
        for one in ("999.1.2.3", "unknown", "1::2::3", "8.8.8.8/99", "010.8.8.8", "", "fe80::1%eth0", "1." * 500_000)
    },
    **{f"{one!r} for an event's id": ({"eventId": one}, {"event_id": None}) for one in ("null", "undefined", "")},
    "a price that is none": (
        {"eventType": "purchase", "order_id": "o", "revenue": float("nan")}, {"order_id": "o", "revenue": None}),
}  # fmt: skip

MISSING = ("DKD550", "missing_party")
UNREADABLE = ("DKD520", "unreadable_avro")


@functools.cache
def writer() -> Writer:
    return Writer(shop())


def refused() -> dict[str, tuple[bytes, tuple[str, str]]]:
    """What is no event: its bytes, and code and reason of its reject."""
    sound = writer().value(BASE)
    ids = (None, "", "null", "undefined", "NaN", "[object Object]")
    return {
        **{f"{one!r} for a party": (writer().value({**BASE, "partyId": one}), MISSING) for one in ids},
        "an event of no name": (writer().value({**BASE, "eventType": "no_such"}), ("DKD551", "unknown_event")),
        "cut off": (sound[:-3], UNREADABLE),
        "cut off behind its first byte": (sound[:6], UNREADABLE),
        "a byte too many": (sound + b"\x00", UNREADABLE),
        "no frame": (b"no avro", UNREADABLE),
        "nothing": (b"", UNREADABLE),
        "an unknown schema": (b"\x00\x00\x00\x00\x07" + sound[5:], ("DKD521", "unknown_schema")),
        "text that is not UTF-8": (sound.replace(b"shop.example", b"sh\xff\xfe.example"), UNREADABLE),
        "lengths below zero": (sound[:5] + b"\x01" * 50, UNREADABLE),
        "a length without end": (sound[:5] + b"\xff" * 1_000_000, UNREADABLE),
        "1 MB of zeros": (sound[:5] + bytes(1_000_000), UNREADABLE),
    }


@functools.cache
def sound_s() -> float:
    """CPU time of sound events that nobody has seen; lists and patterns are loaded after it."""
    return min(taken([writer().value(one) for one in events(SOUND, seed=seed)])[2] for seed in range(3))


def taken(values: list[bytes]) -> tuple[list[bytes], list[tuple[str, str]], float]:
    """Clean events, codes and reasons of rejects, and CPU time."""
    batch = Batch(0, range(len(values)), [b"key"] * len(values), values, [NOW_MS] * len(values))
    began_s = time.process_time()
    done = work().done(batch, State())
    took_s = time.process_time() - began_s
    headers = [dict(record.headers) for one in done for record in one.rejects.records()]
    refusals = [(one["dkd-code"].decode(), one["dkd-reason"].decode()) for one in headers]
    return [value or b"" for one in done for value in one.clean.values], refusals, took_s


@pytest.mark.parametrize("name", EVENTS)
def test_an_odd_event_has_its_answer_in_bounded_time(name):
    most_s, (changes, wanted) = MOST * sound_s(), EVENTS[name]
    (clean,), refusals, took_s = taken([writer().value({**BASE, **changes})])
    row = json.loads(clean)
    assert {column: row.get(column) for column in wanted} == wanted
    assert not refusals
    assert took_s <= most_s


@pytest.mark.parametrize("name", refused())
def test_what_is_no_event_is_refused_with_its_reason_in_bounded_time(name):
    most_s, (value, wanted) = MOST * sound_s(), refused()[name]
    clean, refusals, took_s = taken([value])
    assert (clean, refusals) == ([], [wanted])
    assert took_s <= most_s


def test_odd_records_change_nothing_of_their_neighbours():
    sound = [writer().value({**one, "eventId": f"n{seq}"}) for seq, one in enumerate(events(60))]
    odd = [*(value for value, _ in refused().values()), *(b"\x00" * size for size in range(4))]
    mixed = [value for seq, one in enumerate(sound) for value in (one, odd[seq % len(odd)])]
    alone, among = taken(sound), taken(mixed)
    assert among[0] == alone[0]
    assert len(among[1]) == len(alone[1]) + len(sound)
