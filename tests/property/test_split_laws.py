"""Sessions that campaigns, midnights and events part, against a plain loop over a party's events by time."""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import test_session_laws as laws
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.enrich.chain import Setup
from dkd.enrich.rules import Rules, Splits
from dkd.enrich.settling import Arrival, Party, settled
from dkd.enrich.splits import CAMPAIGN, EVENT
from dkd.enrich.walking import Origin, Piece, order, walked

PAGE = "https://shop.example/a"
PAGES = [PAGE, f"{PAGE}?utm_source=mail&utm_medium=email", f"{PAGE}?utm_source=mail&utm_medium=email&utm_content=2",
         f"{PAGE}?utm_source=news", None]  # fmt: skip
REFERRERS = [None, None, "https://shop.example/", "https://www.google.com/"]
KINDS = ["page_view", "page_view", "click", "sign_up"]

MIDNIGHTS = [
    ("Europe/Amsterdam", "2026-03-29"), ("Europe/Amsterdam", "2026-03-30"),  # a day of 23 hours
    ("Europe/Amsterdam", "2026-10-25"), ("Europe/Amsterdam", "2026-10-26"),  # and one of 25
    ("Asia/Beirut", "2026-03-29"),  # begins at one o'clock
    ("America/Havana", "2026-11-01"),  # its first hour comes twice
    ("Asia/Kolkata", "2026-06-01"),
]  # fmt: skip


def midnight_ms(zone: str, day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@st.composite
def scenes(draw) -> tuple[laws.Scene, Splits]:
    """A scene around a midnight, and what parts its sessions."""
    scene, zone = draw(laws.scenes(parties=2)), None
    shift = 0
    if draw(st.booleans()):
        zone, day = draw(st.sampled_from(MIDNIGHTS))
        times = sorted(one.get("tick") or one["client_ms"] for one in scene.stream)
        shift = midnight_ms(zone, day) - draw(st.sampled_from(times)) + draw(st.sampled_from([-1, 0, 1]))
    stream = []
    for seq, one in enumerate(scene.stream):
        if "tick" in one:
            stream.append({"tick": one["tick"] + shift})
            continue
        stream.append({
            **one, "client_ms": one["client_ms"] + shift, "event_id": f"n{seq}",
            "event": draw(st.sampled_from(KINDS)), "page_url": draw(st.sampled_from(PAGES)),
            "referrer_url": draw(st.sampled_from(REFERRERS)), "user_agent": laws.AGENTS[0],
        })  # fmt: skip
    events = frozenset({"sign_up"}) if draw(st.booleans()) else frozenset()
    return laws.Scene(scene.times, stream), Splits(draw(st.booleans()), events, zone)


def split(times: laws.Times, splits: Splits, most_events: int = 10_000, **changes: bool) -> Setup:
    found = laws.ruled(times, most_events, **changes)
    assert found.sessions is not None
    return replace(found, sessions=replace(found.sessions, splits=splits))


# ---- the oracle -----------------------------------------------------------------------------------------------------


def campaign(event: laws.Event) -> tuple[str | None, ...] | None:
    query = parse_qs(urlsplit(event["page_url"] or "").query)
    return tuple(query.get(name, [None])[0] for name in ("utm_source", "utm_medium")) if query else None


def is_outside(event: laws.Event) -> bool:
    # A page's own host is known only on a page; the referrer of an event without one is just another site.
    own = event["page_url"] and event["referrer_url"] == "https://shop.example/"
    return bool(campaign(event) or (event["referrer_url"] and not own))


def why(session: Sequence[laws.Event], event: laws.Event, times: laws.Times, splits: Splits) -> str:
    """Why *event* does not go on with *session*; empty where it does."""
    if event["client_ms"] - session[-1]["client_ms"] > times.gap:
        return "gap"
    if splits.zone:
        first, last = (datetime.fromtimestamp(one["client_ms"] / 1000, UTC).astimezone(ZoneInfo(splits.zone)).date()
                       for one in (session[-1], event))  # fmt: skip
        if first != last:
            return "midnight"
    if event["event"] in splits.events:
        return "event"
    came = next(filter(is_outside, session), None)
    arrives = splits.campaign and event["event"] == "page_view" and campaign(event)
    if arrives and came and campaign(came) != campaign(event):
        return "campaign"
    return "cap_time" if event["client_ms"] - session[0]["client_ms"] > times.cap else ""


def sessions_of(events: Iterable[laws.Event], times: laws.Times, splits: Splits) -> list[tuple[str, list[laws.Event]]]:
    """Sessions of one party, each with why it ended."""
    sessions: list[list[laws.Event]] = []
    ends = []
    for event in sorted(events, key=laws.order_of):
        reason = why(sessions[-1], event, times, splits) if sessions else "gap"
        if reason:
            sessions.append([])
            ends.append(reason)
        sessions[-1].append(event)
    return list(zip([*ends[1:], "gap"], sessions, strict=True))


def came_by(session: Sequence[laws.Event]) -> laws.Event:
    return next(filter(is_outside, session), session[0])


def wanted(stream: Iterable[laws.Event], times: laws.Times, splits: Splits) -> list[tuple[object, ...]]:
    found = []
    for party, events in laws.by_party(laws.in_time(stream, times.grace)[0]).items():
        for reason, session in sessions_of(events, times, splits):
            came = came_by(session)
            found.append((party, session[0]["client_ms"], session[-1]["client_ms"], len(session), reason,
                          came["referrer_url"], (campaign(came) or (None,))[0]))  # fmt: skip
    return sorted(found, key=repr)


def told(rows: Iterable[laws.Row]) -> list[tuple[object, ...]]:
    names = ("party_id", "start_ms", "end_ms", "event_count", "closed_by", "referrer_url", "utm_source")
    return sorted((tuple(row.get(name) for name in names) for row in rows), key=repr)


# ---- laws -----------------------------------------------------------------------------------------------------------


@settings(max_examples=laws.examples(60), deadline=None, suppress_health_check=laws.slow)
@given(given=scenes())
def test_rows_are_those_of_the_rules_taken_at_their_word(given):
    (times, stream), splits = given
    stream = laws.closing(stream, times)
    run = laws.ran(split(times, splits), stream)
    assert told(run.rows) == wanted(stream, times, splits)
    assert len(run.state.sessions) == 0


@settings(max_examples=laws.examples(25), deadline=None, suppress_health_check=laws.slow)
@given(given=scenes(), cuts=st.sets(st.integers(1, 22), max_size=4), most=st.sampled_from([2, 3, 10_000]))
def test_neither_cuts_nor_restarts_nor_the_way_of_settling_change_a_byte(given, cuts, most):
    (times, stream), splits = given
    stream = laws.closing(stream, times)
    whole = laws.ran(split(times, splits, most), stream)
    cuts = {cut for cut in cuts if cut < len(stream)}
    for other in (
        laws.ran(split(times, splits, most), stream, cuts),
        laws.ran(split(times, splits, most), stream, cuts, restarts=True),
        laws.ran(split(times, splits, most, one_by_one=True), stream),
    ):
        assert other.sessions == whole.sessions
        assert other.clean == whole.clean


@settings(max_examples=laws.examples(20), deadline=None, suppress_health_check=laws.slow)
@given(given=scenes())
def test_each_event_names_a_session_that_is_a_row_or_was_merged_into_one(given):
    (times, stream), splits = given
    run = laws.ran(split(times, splits), laws.closing(stream, times))
    clean = [json.loads(value) for value in run.clean]
    opened = [one["session_id"] for one in clean if one.get("first_in_session")]
    # An event that is parted from its session later was none that opened one.
    assert len(set(opened)) == len(opened)
    ids = [row["session_id"] for row in run.rows]
    assert len(set(ids)) == len(ids)
    for party, rows in itertools.groupby(sorted(run.rows, key=lambda row: row["party_id"]),
                                         key=lambda row: row["party_id"]):  # fmt: skip
        known = {name for row in rows for name in (row["session_id"], *row.get("merged_ids", ()))}
        assert {one["session_id"] for one in clean if one["party_id"] == party and not one["is_late"]} <= known


@settings(max_examples=laws.examples(25), deadline=None, suppress_health_check=laws.slow)
@given(given=scenes())
def test_events_tell_how_their_session_came_as_far_as_known_when_they_did(given):
    (times, stream), splits = given
    run = laws.ran(split(times, splits), laws.closing(stream, times))
    clean = {row["event_id"]: row for row in map(json.loads, run.clean)}
    before: dict[str, list[laws.Event]] = {}
    for event in laws.in_time(stream, times.grace)[0]:
        mine = before.setdefault(event["party_id"], [])
        mine.append(event)
        sessions = (session for _, session in sessions_of(mine, times, splits))
        came = came_by(next(session for session in sessions if event in session))
        for name in ("channel", "referrer_source", "utm_source", "utm_medium", "utm_campaign"):
            assert clean[event["event_id"]].get(f"session_{name}") == clean[came["event_id"]].get(name)
    for row in clean.values():
        assert not row["is_late"] or "session_channel" not in row


# From outside or not, the campaign, and what it may begin: an event by each of these.
KIND = [(1, 0, 0), (0, 0, 0), (0, 1, 0), (0, 1, CAMPAIGN), (0, 2, CAMPAIGN), (1, 0, EVENT)]


def test_four_events_of_any_kinds_in_any_order_become_the_sessions_that_a_walk_gives():
    """All 31,104 cases: one that comes late changes what its session came by, and so what parts the next from it."""
    rules = Rules(10, 100, 120, 10_000, splits=Splits(campaign=True, events=frozenset({"login"})))

    def alone(place: int, time_ms: int, kind: int) -> Piece:
        inside, campaign, mark = KIND[kind]
        origin = Origin(inside, time_ms, place, place, campaign)
        return Piece(time_ms, time_ms, place, origin, mark, 0, None, False, 1, [place])

    for times in itertools.permutations(range(4)):
        for kinds in itertools.product(range(len(KIND)), repeat=4):
            pieces = [alone(*one) for one in zip(range(4), times, kinds, strict=True)]
            by_time = sorted(pieces, key=order)
            mine = next(one for one in walked(by_time, rules) if any(piece is pieces[3] for piece in one.pieces))
            arrived = [Arrival(place, 4, place, b"%d" % place, replace(piece)) for place, piece in enumerate(pieces)]
            assert settled(Party([], arrived), 4, rules).origins[3] == mine.origin.member
