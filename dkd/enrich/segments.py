"""Which events of a batch came in order, by party, and which pieces or new sessions these join."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.dedup import NEVER, Keys, Times, distinct, known
from dkd.enrich.rules import Rules
from dkd.enrich.runs import TIME_BITS, Places, Rows
from dkd.enrich.splits import days


class Ordered(NamedTuple):
    """Groups of the parties whose events came in order: one for each of their pieces, then one for each new session.

    Attributes:
        groups: Of each piece and event; -1 for those of other parties.
        is_first: Whether each event opened its session.
        origins: The piece or event that each event's session came from.
        ends: When the last event of each group was.
        openers: Events that open the new sessions.
        slow: The other parties, ascending.
    """

    groups: NDArray[np.int64]
    is_first: NDArray[np.bool_]
    origins: Places
    ends: Times
    openers: Places
    slow: Keys


def ordered(rows: Rows, events: Rows, rules: Rules) -> Ordered:
    """Groups of *events*, rows of single ones in offset order, and of pieces, *rows* by party and time."""
    is_one_by_one = rules.one_by_one or rules.splits.by_event
    if kernel.IS_COMPILED and not is_one_by_one and rules.splits.zone is None:
        return _compiled(rows, events, rules)
    lines = _lines(rows, events, rules)
    slow = distinct(np.concatenate((rows["key"], lines.parties))) if is_one_by_one else _slow_keys(rows, lines, rules)
    return _plain(rows, events, lines, slow)


def _compiled(rows: Rows, events: Rows, rules: Rules) -> Ordered:
    from dkd.kernel import sessions

    order, count = np.argsort(events["key"], kind="stable"), len(rows) + len(events)
    groups, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    is_first, origins = np.zeros(len(events), bool), np.empty(len(events), np.int64)
    openers = np.empty(len(events), np.int64)
    # A session that may still be extended can only meet its cap when it is about so long already.
    limits = (rules.gap_ms, rules.cap_ms - rules.open_ms, rules.most_events)
    kept, fresh, slow = sessions.placed(
        rows, len(rows), events, len(events), order, limits, groups, is_first, origins, ends, openers
    )
    return Ordered(groups, is_first, origins, ends[: kept + fresh], openers[:fresh], np.array(slow, np.uint64))


class _Lines(NamedTuple):
    """Events by party, in offset order, and the segments that silence cuts them into.

    Attributes:
        order: Of the events.
        parties: Distinct keys.
        party: Of each sorted event, as a place in *parties*.
        newest: Place of each party's newest piece; -1 for none.
        begins: Sorted events that begin a segment.
        segment: Of each sorted event.
        joins: Whether the segment goes on with its party's newest piece.
        is_bad: Sorted events that came before one that begins another session.
        start_ms, end_ms, events: Of each segment, its piece included.
    """

    order: Places
    parties: Keys
    party: Places
    newest: Places
    begins: Places
    segment: Places
    joins: NDArray[np.bool_]
    is_bad: NDArray[np.bool_]
    start_ms: Times
    end_ms: Times
    events: NDArray[np.int64]


def _lines(rows: Rows, events: Rows, rules: Rules) -> _Lines:
    order = np.argsort(events["key"], kind="stable")
    keys, times = events["key"][order], events["start_ms"][order]
    is_head = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    party, parties = np.cumsum(is_head) - 1, keys[is_head]
    newest, before = _newest(rows, parties)
    held = newest >= 0
    # One more row, found under -1: of a piece that is nowhere.
    start_of, end_of = np.append(rows["start_ms"], NEVER), np.append(rows["end_ms"], NEVER)
    greatest = np.maximum.accumulate(times + (party << TIME_BITS)) - (party << TIME_BITS)
    silent_since = np.maximum(np.where(is_head, NEVER, np.roll(greatest, 1)), end_of[newest][party])
    is_new = times > silent_since + rules.gap_ms
    begins = np.flatnonzero(is_new | is_head)
    segment = np.cumsum(is_new | is_head) - 1
    of_begin, joins = party[begins], ~is_new[begins]
    opened_ms = np.where(joins, start_of[newest][of_begin], times[begins])
    shift = segment << TIME_BITS
    least = np.minimum.accumulate(times - shift) + shift
    # The first of a segment has none before it but those of the piece that it joins.
    opened = opened_ms[segment]
    earlier = np.where(is_new | is_head, opened, np.minimum(np.roll(least, 1), opened))
    other_ms = np.where(joins, end_of[before][of_begin], silent_since[begins])[segment]
    # Nothing can be near a session that is not there; NEVER is far enough away for that.
    is_bad = (times < earlier - rules.gap_ms) | ((times < earlier) & (times - other_ms <= rules.gap_ms))
    count = np.diff(np.append(begins, len(times)))
    kept = joins & held[of_begin]
    return _Lines(
        order, parties, party, newest, begins, segment, joins, is_bad,
        start_ms=np.minimum(np.minimum.reduceat(times, begins), opened_ms) if len(begins) else opened_ms,
        end_ms=np.maximum(_greatest(times, begins), np.where(kept, end_of[newest][of_begin], NEVER)),
        events=count + np.where(kept, np.append(rows["events"], 0)[newest][of_begin], 0),
    )  # fmt: skip


def _greatest(times: Times, begins: Places) -> Times:
    found: Times = np.maximum.reduceat(times, begins) if len(begins) else times
    return found


def _newest(rows: Rows, parties: Keys) -> tuple[Places, Places]:
    """Places of the newest piece of each party and of the one before it; -1 for none."""
    first, end = np.searchsorted(rows["key"], parties), np.searchsorted(rows["key"], parties, "right")
    return np.where(end > first, end - 1, -1), np.where(end > first + 1, end - 2, -1)


def _slow_keys(rows: Rows, lines: _Lines, rules: Rules) -> Keys:
    """Parties whose events are settled one by one: any that the rules of order, or the caps, may concern."""
    # A session that may still be extended can only meet its cap when it is about so long already.
    long_ms = rules.cap_ms - rules.open_ms
    same = rows["key"][1:] == rows["key"][:-1]
    near = same & (rows["start_ms"][1:] - rows["end_ms"][:-1] <= rules.gap_ms)
    of_rows = (rows["linked"] > 0) | (rows["end_ms"] - rows["start_ms"] > long_ms) | np.append(near, False)[: len(rows)]
    of_segments = (lines.end_ms - lines.start_ms > long_ms) | (lines.events >= rules.most_events)
    of_segments |= days(lines.start_ms, rules.splits) != days(lines.end_ms, rules.splits)
    segment_keys = lines.parties[lines.party[lines.begins]]
    bad_keys = lines.parties[lines.party[lines.is_bad]]
    return distinct(np.concatenate((rows["key"][of_rows], segment_keys[of_segments], bad_keys)))


def _plain(rows: Rows, events: Rows, lines: _Lines, slow: Keys) -> Ordered:
    mine, of_segment = ~known(rows["key"], slow), ~known(lines.parties, slow)[lines.party[lines.begins]]
    piece_group, fresh = np.cumsum(mine) - 1, of_segment & ~lines.joins
    count = int(np.count_nonzero(mine))
    newest = lines.newest[lines.party[lines.begins]]
    segment_group = np.where(fresh, count + np.cumsum(fresh) - 1, np.append(piece_group, -1)[newest])
    groups = np.full(len(rows) + len(lines.order), -1, np.int64)
    groups[: len(rows)][mine] = piece_group[mine]
    groups[len(rows) + lines.order] = np.where(of_segment, segment_group, -1)[lines.segment]
    openers = lines.order[lines.begins[fresh]]
    ends = np.concatenate((rows["end_ms"][mine], lines.end_ms[fresh]))
    joins = of_segment & lines.joins
    ends[segment_group[joins]] = lines.end_ms[joins]
    is_first = np.zeros(len(lines.order), bool)
    is_first[openers] = True
    return Ordered(groups, is_first, _origins(rows, events, lines), ends, openers, slow)


def _origins(rows: Rows, events: Rows, lines: _Lines) -> Places:
    """Which piece or event each event's session came from: the first from outside of those that are there already."""
    columns = (np.concatenate((rows[name], events[name])) for name in ("origin_tie", "origin_ms", "inside"))
    by_origin = np.lexsort(tuple(columns))
    ranks = np.empty(len(by_origin), np.intp)
    ranks[by_origin] = np.arange(len(by_origin))
    found, newest = ranks[len(rows) + lines.order], lines.newest[lines.party[lines.begins]]
    goes_on = lines.joins & (newest >= 0)
    places = lines.begins[goes_on]
    found[places] = np.minimum(found[places], ranks[newest[goes_on]])
    shift = lines.segment * len(ranks)
    origins = np.empty(len(lines.order), np.intp)
    origins[lines.order] = by_origin[np.minimum.accumulate(found - shift) + shift]
    return origins
