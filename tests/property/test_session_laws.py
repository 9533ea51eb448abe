"""Laws of sessions, against plain loops that sort a party's events and cut them where the rules say so."""

import functools
import itertools
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dkd.enrich.chain import Setup, enrich, prepare
from dkd.enrich.encode import encode
from dkd.enrich.resources import open_resources
from dkd.enrich.state import State
from dkd.model.schema import Model
from dkd.stream.changelog import Changelog, recovered
from dkd.stream.state import Shape

EXAMPLES = int(os.environ.get("DKD_TEST_EXAMPLES", "0"))
NOW_MS = 1_780_000_000_000
LATE_AFTER, DAY = 4_000, 86_400_000
SMALL = Shape(ring=8, buckets=3, part_bytes=700)
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "curl/8.5.0")

Event = Mapping[str, Any]
Row = dict[str, Any]


class Times(NamedTuple):
    """Of sessions, in ms, short enough for random ones to meet every limit."""

    gap: int
    grace: int
    cap: int


class Scene(NamedTuple):
    """Events and ticks in offset order, and the times by which they become sessions."""

    times: Times
    stream: list[Event]

    def __repr__(self) -> str:
        """Without what is null: a whole one is longer than hypothesis likes to show."""
        stream = [{name: value for name, value in one.items() if value is not None} for one in self.stream]
        return f"Scene({self.times}, {stream})"


def examples(count: int) -> int:
    return EXAMPLES or count


@functools.cache
def shop() -> Setup:
    model = Model.model_validate({
        "dkd": 1, "site": "shop",
        "events": {"page_view": {}, "click": {}, "menu_click": {}, "heartbeat": {},
                   "purchase": {"fields": {"revenue": {"type": "double"}}}, "sign_up": {}},
        "enrich": {"url": {}, "campaign": {}, "referrer": {}, "agent": {}, "geo": {}, "bots": {},
                   "sessions": {"origin": True,
                                "conversions": [{"event": "purchase", "value": "revenue"}, {"event": "sign_up"}]}},
    })  # fmt: skip
    return prepare(model, open_resources(model), None)


def ruled(times: Times, most_events: int = 10_000, **changes: bool) -> Setup:
    """The shop with other times."""
    rules = shop().sessions
    assert rules is not None
    found = replace(rules, gap_ms=times.gap, grace_ms=times.grace, cap_ms=times.cap, most_events=most_events, **changes)
    return replace(shop(), sessions=found, grace_ms=times.grace, late_after_ms=LATE_AFTER)


# ---- random streams -------------------------------------------------------------------------------------------------

# Where grace is longer than the gap, a visitor may have several open sessions.
PACES = [(1_000, 300), (300, 1_000), (500, 500), (200, 1_500), (1_000, 0)]


def around(*edges: int) -> list[int]:
    return sorted({edge + by for edge in edges for by in (-1, 0, 1) if edge + by >= 0})


@functools.cache
def steps(gap: int, grace: int) -> st.SearchStrategy[int]:
    return st.sampled_from(around(0, gap, grace, gap + grace)) | st.integers(0, gap // 2)


@functools.cache
def delays(grace: int, may_be_late: bool) -> st.SearchStrategy[int]:
    edges = around(0, grace, LATE_AFTER)
    return st.sampled_from([one for one in edges if may_be_late or one <= grace]) | st.integers(0, grace)


@st.composite
def scenes(draw, may_be_late: bool = True, parties: int = 3) -> Scene:
    """Of some parties: time goes on by steps, and events may lie behind it."""
    gap, grace = draw(st.sampled_from(PACES))
    cap = draw(st.sampled_from([gap + grace + 1, 2 * gap + grace, 3 * gap + grace + 7, DAY]))
    now, found = 10 * LATE_AFTER, list[Event]()
    for seq in range(draw(st.integers(1, 22))):
        now += draw(steps(gap, grace))
        if found and draw(st.integers(0, 11)) == 0:
            found.append({"tick": NOW_MS + now})
            continue
        if found and draw(st.integers(0, 9)) == 0:
            found.append(found[draw(st.integers(0, len(found) - 1))])
            continue
        found.append({
            "event": draw(st.sampled_from(["page_view", "page_view", "click", "menu_click", "heartbeat", "purchase",
                                           "sign_up"])),
            "party_id": f"p{draw(st.integers(1, parties))}",
            "event_id": draw(st.just(f"e{seq}") | st.none() if seq % 3 else st.just(f"e{seq}")),
            "client_ms": NOW_MS + now - draw(delays(grace, may_be_late)),
            "page_url": draw(st.sampled_from([
                None, "https://shop.example/a", "https://shop.example/b?utm_source=mail&utm_medium=email", "junk"])),
            "referrer_url": draw(st.sampled_from([None, "https://shop.example/", "https://www.google.com/"])),
            "user_agent": draw(st.sampled_from(AGENTS)),
            "ip": "8.8.8.8",
            "revenue": draw(st.sampled_from([None, 0.1, 19.99, -3.0, 1e13, float("nan")])),
            "screen_width": seq,
        })  # fmt: skip
    return Scene(Times(gap, grace, cap), found)


def closing(stream: Sequence[Event], times: Times) -> list[Event]:
    """*stream*, and a tick that closes all."""
    last = max(one.get("tick") or one["client_ms"] for one in stream)
    return [*stream, {"tick": last + times.gap + times.grace + 1}]


# ---- the code under test --------------------------------------------------------------------------------------------


class Run:
    """The enricher on one partition."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.state = State()
        self.clean: list[bytes] = []
        self.sessions: list[bytes] = []
        self.log = Changelog.new(SMALL)
        self.records: dict[bytes, bytes | None] = {}

    def take(self, batch: Iterable[tuple[int, Event]]) -> None:
        events, ticks, last = list[dict[str, object]](), list[tuple[int, int]](), 0
        for offset, one in batch:
            if "tick" in one:
                ticks.append((offset, one["tick"]))
            else:
                events.append({"offset": offset, "received_ms": one["client_ms"], **one})
            last = offset
        outcome = enrich(pl.DataFrame(events, schema=self.setup.raw_schema), self.state, self.setup, ticks)
        self.state = self.state.applied(outcome.delta)
        # What is written is put together of kept parts, and must be what the columns say.
        assert outcome.values == encode(outcome.clean)
        self.clean += outcome.values
        self.sessions += outcome.finished.values
        self.log, changes = self.log.after(self.state, outcome.delta, last + 1)
        self.records |= dict(changes)

    def restart(self) -> None:
        """Go on with what the state topic tells."""
        found = recovered(self.records.items(), SMALL)
        assert len(found.state.sessions) == len(self.state.sessions)
        self.state, self.log = found.state, found.changelog

    @property
    def rows(self) -> list[Row]:
        return [json.loads(value) for value in self.sessions]


def ran(setup: Setup, stream: Sequence[Event], cuts: Iterable[int] = (), restarts: bool = False) -> Run:
    run = Run(setup)
    numbered = list(enumerate(stream))
    for start, end in itertools.pairwise(sorted({0, *cuts, len(stream)})):
        run.take(numbered[start:end])
        if restarts:
            run.restart()
    return run


# ---- the oracle -----------------------------------------------------------------------------------------------------


def order_of(event: Event) -> tuple[int, int]:
    """Events of a session by time, and those of one time by the hash of party and id."""
    return event["client_ms"], xxhash.xxh3_64_intdigest(f"{event['party_id']}\0{event['event_id']}".encode())


def in_time(stream: Iterable[Event], grace: int) -> tuple[list[Event], int]:
    """Events that are neither repeats nor late, and how many are late."""
    watermark, seen, kept, late = 0, dict[tuple[str, str], int](), list[Event](), 0
    for one in stream:
        time_ms = one.get("tick") or one["client_ms"]
        watermark = max(watermark, time_ms)
        if "tick" in one or time_ms < watermark - LATE_AFTER:
            continue
        key = (one["party_id"], one["event_id"])
        if one["event_id"] and seen.get(key, 0) >= watermark - LATE_AFTER:
            continue
        if one["event_id"]:
            seen[key] = time_ms
        if time_ms < watermark - grace:
            late += 1
        else:
            kept.append(one)
    return kept, late


def sessions_of(events: Iterable[Event], times: Times) -> list[tuple[str, list[Event]]]:
    """Sessions of one party, each with why it ended."""
    found: list[list[Event]] = []
    for event in sorted(events, key=order_of):
        goes_on = found and event["client_ms"] - found[-1][-1]["client_ms"] <= times.gap
        if goes_on and event["client_ms"] - found[-1][0]["client_ms"] <= times.cap:
            found[-1].append(event)
        else:
            found.append([event])
    ends = [
        "cap_time" if after and after[0]["client_ms"] - one[-1]["client_ms"] <= times.gap else "gap"
        for one, after in itertools.zip_longest(found, found[1:])
    ]
    return list(zip(ends, found, strict=False))


def path_of(event: Event) -> str | None:
    url = event["page_url"]
    return url.partition("?")[0].removeprefix("https://shop.example") if url and "://" in url else None


def origin_of(events: Sequence[Event]) -> Row:
    def outside(event: Event) -> bool:
        tagged = "utm_source" in (event["page_url"] or "")
        # A page's own host is known only on a page; the referrer of an event without one is just another site.
        page = (event["page_url"] or "").startswith("https://shop.example")
        referrer = event["referrer_url"]
        return tagged or bool(referrer and not (page and referrer == "https://shop.example/"))

    one = next(filter(outside, events), events[0])
    referrer, url = one["referrer_url"], one["page_url"] or ""
    found: Row = {}
    if referrer:
        found["referrer_url"] = referrer
    if "utm" in url:
        found |= {"utm_source": "mail", "utm_medium": "email"}
    return found


def row_of(closed_by: str, events: Sequence[Event]) -> Row:
    views = [one for one in events if one["event"] == "page_view"]
    pages = [path for one in views if (path := path_of(one)) is not None]
    bought = [one["revenue"] for one in events if one["event"] == "purchase"]
    conversions = len(bought) + sum(one["event"] == "sign_up" for one in events)
    engaged_s = 10.0 * sum(one["event"] == "heartbeat" for one in events)
    start, end = events[0]["client_ms"], events[-1]["client_ms"]
    row: Row = {
        "party_id": events[0]["party_id"],
        "party_number": xxhash.xxh3_64_intdigest(events[0]["party_id"].encode()) % 2**53,
        "start_ms": start, "end_ms": end, "duration_s": (end - start) / 1000,
        "engaged_s": engaged_s, "event_count": len(events), "pageview_count": len(views),
        "click_count": sum(one["event"] in ("click", "menu_click") for one in events),
        "entry_page": pages[0] if pages else None, "exit_page": pages[-1] if pages else None,
        "pages": pages[:100] or None, "pages_truncated": len(pages) > 100, **origin_of(events),
        "browser": "Firefox" if events[0]["user_agent"] == AGENTS[0] else "curl", "country": "US",
        "is_bounce": len(views) == 1 and not conversions and engaged_s < 20,
        "converted": conversions > 0, "conversions": conversions,
        "conversion_value": sum(round(100 * one) for one in bought if one is not None and one == one) / 100,
        "is_bot": any(one["user_agent"] == AGENTS[1] for one in events),
        "bot_reason": "ua_list,ua_generic" if any(one["user_agent"] == AGENTS[1] for one in events) else None,
        "closed_by": closed_by,
    }  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


def by_party(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for one in events:
        found.setdefault(one["party_id"], []).append(one)
    return found


def wanted_rows(stream: Iterable[Event], times: Times) -> list[Row]:
    parties = by_party(in_time(stream, times.grace)[0])
    return [row_of(*one) for party in sorted(parties) for one in sessions_of(parties[party], times)]


def comparable(rows: Iterable[Row]) -> list[Row]:
    """Rows by party and time, without ids and what only the enrichers of single events decide."""
    ignored = {"session_id", "merged_ids", "referrer_medium", "referrer_source", "channel", "browser_version", "os",
               "os_version", "device_type"}  # fmt: skip
    bare = [{name: value for name, value in row.items() if name not in ignored} for row in rows]
    return sorted(bare, key=lambda row: (row["party_id"], row["start_ms"]))


# ---- laws -----------------------------------------------------------------------------------------------------------

slow = [HealthCheck.too_slow, HealthCheck.data_too_large]


def named(stream: Sequence[Event]) -> list[Event]:
    """*stream* with an id on each event: where ids are missing, the code orders events of one time by their content."""
    return [one if "tick" in one else {**one, "event_id": one["event_id"] or f"n{place}"}
            for place, one in enumerate(stream)]  # fmt: skip


@settings(max_examples=examples(300), deadline=None, suppress_health_check=slow)
@given(scene=scenes())
def test_rows_are_those_of_the_rules_taken_at_their_word(scene):
    times, stream = scene.times, closing(named(scene.stream), scene.times)
    run = ran(ruled(times), stream)
    assert comparable(run.rows) == wanted_rows(stream, times)
    assert len(run.state.sessions) == 0
    assert run.state.books.sessions == len(run.rows)
    assert run.state.books.late == in_time(stream, times.grace)[1]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=slow)
@given(scene=scenes(), cuts=st.sets(st.integers(1, 22), max_size=4), most=st.sampled_from([2, 3, 10_000]))
def test_neither_cuts_nor_restarts_nor_the_way_of_settling_change_a_byte(scene, cuts, most):
    times, stream = scene.times, closing(scene.stream, scene.times)
    whole = ran(ruled(times, most), stream)
    cuts = {cut for cut in cuts if cut < len(stream)}
    for other in (
        ran(ruled(times, most), stream, cuts),
        ran(ruled(times, most), stream, cuts, restarts=True),
        ran(ruled(times, most, one_by_one=True), stream),
    ):
        assert other.sessions == whole.sessions
        assert other.clean == whole.clean


def prompt(stream: Sequence[Event], grace: int) -> list[Event]:
    """*stream* without what is late: repeats of events of long before."""
    times = [one.get("tick") or one["client_ms"] for one in stream]
    latest = itertools.accumulate(times, max)
    return [one for one, time_ms, now in zip(stream, times, latest, strict=True) if time_ms >= now - grace]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=slow)
@given(scene=scenes(may_be_late=False, parties=5), partitions=st.integers(2, 4))
def test_where_nothing_is_late_the_number_of_partitions_changes_no_row(scene, partitions):
    times, stream = scene.times, closing(prompt(named(scene.stream), scene.times.grace), scene.times)
    whole = ran(ruled(times), stream)
    assert whole.state.books.late == whole.state.books.rejects == 0
    parts = [
        [one for one in stream if "tick" in one or int(one["party_id"][1:]) % partitions == number]
        for number in range(partitions)
    ]
    found = [value for part in parts for value in ran(ruled(times), part).sessions]
    assert sorted(found) == sorted(whole.sessions)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=slow)
@given(scene=scenes())
def test_each_event_names_a_session_that_is_a_row_or_was_merged_into_one(scene):
    run = ran(ruled(scene.times), closing(scene.stream, scene.times))
    clean = [json.loads(value) for value in run.clean]
    assert all(("session_id" in one) != one["is_late"] for one in clean)
    opened = [one["session_id"] for one in clean if one.get("first_in_session")]
    assert sorted(opened) == sorted({one["session_id"] for one in clean if not one["is_late"]})
    ids = [row["session_id"] for row in run.rows]
    assert len(set(ids)) == len(ids)
    for one in clean:
        mine = [row for row in run.rows if row["party_id"] == one["party_id"]]
        holding = [row for row in mine if row["start_ms"] <= one["timestamp_ms"] <= row["end_ms"]]
        known = mine if scene.times.cap < DAY else holding
        assert one["is_late"] or one["session_id"] in {
            name for row in known for name in (row["session_id"], *row.get("merged_ids", ()))
        }


@settings(max_examples=examples(40), deadline=None, suppress_health_check=slow)
@given(scene=scenes(may_be_late=False), seed=st.randoms(use_true_random=False))
def test_any_order_within_grace_gives_the_same_rows(scene, seed):
    """In the order of a time that is shaken by up to grace, no event falls behind by more."""
    times, events = scene.times, [one for one in named(scene.stream) if "tick" not in one]
    events = list({one["event_id"]: one for one in events}.values())
    if not events:
        return
    rows = []
    for _ in range(2):
        shaken = sorted(events, key=lambda one: one["client_ms"] + seed.randrange(times.grace + 1))
        rows.append(comparable(ran(ruled(times), closing(shaken, times)).rows))
    assert rows[0] == rows[1] == wanted_rows(sorted(events, key=order_of), times)


@pytest.mark.parametrize("cut", [(), *((place,) for place in range(1, 7)), tuple(range(1, 7))])
def test_ids_of_sessions_that_merged_in_several_steps_stand_in_one_order(cut):
    times = Times(gap=500, grace=3_500, cap=DAY)
    usual = {"event": "click", "party_id": "p", "page_url": None, "referrer_url": None, "user_agent": None, "ip": None}
    # Four sessions; the last two become one, then the first two, then all.
    stream = closing([{**usual, "client_ms": NOW_MS + ms, "event_id": str(ms)}
                      for ms in (0, 900, 1_800, 2_700, 2_250, 450, 1_350)], times)  # fmt: skip
    run, whole = ran(ruled(times), stream, cut), ran(ruled(times), stream)
    assert [len(row["merged_ids"]) for row in whole.rows] == [3]
    assert run.sessions == whole.sessions
