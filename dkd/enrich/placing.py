"""Each event of a batch is given its session: all parties at once where their events came in order, else one by one.

*In order* means that no event of the party came before one that begins another session, so that the newest piece is the
only one that its events can join. The others go to :mod:`dkd.enrich.settling`, which follows the rules event by event;
a party gets the same sessions from both.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from dkd.enrich.dedup import NEVER, Keys, Times, distinct, known
from dkd.enrich.pieces import Grouped
from dkd.enrich.rules import Rules
from dkd.enrich.runs import TIME_BITS, Pieces, Places, Rows
from dkd.enrich.settling import Arrival, Party, Settled, settled
from dkd.enrich.singles import Events
from dkd.enrich.splits import days
from dkd.enrich.walking import Origin, Piece

OPEN = -1
"""Stands in the place of an offset for a session that is not closed."""

NEVER_CLOSED = 2**62
"""An end that no mark passes."""


class Marks(NamedTuple):
    """The watermark after each record of a batch, in offset order."""

    offsets: NDArray[np.int64]
    watermarks: Times

    @property
    def last_ms(self) -> int:
        """After the whole batch."""
        return int(self.watermarks[-1]) if len(self.watermarks) else NEVER

    def after(self, rules: Rules) -> "Marks":
        """By how far the watermark has left sessions behind: one that ended before a mark is closed."""
        return Marks(self.offsets, self.watermarks - rules.open_ms)

    def passed(self, times: Times) -> NDArray[np.int64]:
        """Offset of the first record that moved the watermark beyond each of *times*; :data:`OPEN` for none."""
        place = np.searchsorted(self.watermarks, times, "right")
        return np.append(self.offsets, OPEN)[place]


class Placed(NamedTuple):
    """What became of a batch's events and of the pieces of their parties.

    Attributes:
        grouped: Which pieces and events become one piece.
        session_ids: Two halves of the session's id for each event.
        is_first: Whether the event opened its session.
        origins: Which piece or event its session came from when the event was placed.
        closed_at: Offset of the record that closed each group's session, or :data:`OPEN`.
        closed_by: Why.
    """

    grouped: Grouped
    session_ids: NDArray[np.uint64]
    is_first: NDArray[np.bool_]
    origins: Places
    closed_at: NDArray[np.int64]
    closed_by: list[str]


def placed(existing: Pieces, events: Events, marks: Marks, rules: Rules) -> Placed:
    """Sessions of *events*.

    Args:
        existing: All pieces of the events' parties, and of parties of which a session may have ended; by party and
            time.
        events: None of them late.
        marks: Of the batch.
        rules: Of the model.
    """
    lines = _lines(existing.rows, events, rules)
    slow = _slow_keys(existing.rows, lines, rules)
    at_once = _at_once(existing.rows, events, lines, slow, marks.after(rules))
    found = [settled(party, marks.last_ms, rules) for party in _parties(existing.rows, events, slow, rules)]
    return _both(at_once, found, marks.after(rules)) if found else at_once


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


def _lines(rows: Rows, events: Events, rules: Rules) -> _Lines:
    order = np.argsort(events.keys, kind="stable")
    keys, times = events.keys[order], events.rows["start_ms"][order]
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
    if rules.one_by_one or rules.splits.by_event:
        return distinct(np.concatenate((rows["key"], lines.parties)))
    segment_keys = lines.parties[lines.party[lines.begins]]
    bad_keys = lines.parties[lines.party[lines.is_bad]]
    return distinct(np.concatenate((rows["key"][of_rows], segment_keys[of_segments], bad_keys)))


def _at_once(rows: Rows, events: Events, lines: _Lines, slow: Keys, marks: Marks) -> Placed:
    """Groups of the parties that are not *slow*: one for each piece, then one for each new segment."""
    mine, of_segment = ~known(rows["key"], slow), ~known(lines.parties, slow)[lines.party[lines.begins]]
    piece_group, fresh = np.cumsum(mine) - 1, of_segment & ~lines.joins
    count = int(np.count_nonzero(mine))
    newest = lines.newest[lines.party[lines.begins]]
    segment_group = np.where(fresh, count + np.cumsum(fresh) - 1, np.append(piece_group, OPEN)[newest])
    groups = np.full(len(rows) + len(lines.order), OPEN, np.int64)
    groups[: len(rows)][mine] = piece_group[mine]
    groups[len(rows) + lines.order] = np.where(of_segment, segment_group, OPEN)[lines.segment]
    openers = lines.order[lines.begins[fresh]]
    ids = np.concatenate((rows["id"][mine], ids_of(events, openers)))
    ends = np.concatenate((rows["end_ms"][mine], lines.end_ms[fresh]))
    joins = of_segment & lines.joins
    ends[segment_group[joins]] = lines.end_ms[joins]
    is_first = np.zeros(len(lines.order), bool)
    is_first[openers] = True
    linked = np.zeros(len(ids), bool)
    session_ids = np.append(ids, np.zeros((1, 2), np.uint64), axis=0)[groups[len(rows) :]]
    return Placed(
        Grouped(groups, ids, linked, {}), session_ids, is_first, _origins(rows, events, lines), marks.passed(ends),
        ["gap"] * len(ids),
    )  # fmt: skip


def _origins(rows: Rows, events: Events, lines: _Lines) -> Places:
    """Which piece or event each event's session came from: the first from outside of those that are there already."""
    columns = (np.concatenate((rows[name], events.rows[name])) for name in ("origin_tie", "origin_ms", "inside"))
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


def ids_of(events: Events, places: Places) -> NDArray[np.uint64]:
    """Ids of the sessions that the events at *places* open: the hash of party, event id and time.

    An event without an id is known by its place in raw, which a replay of the topic repeats.
    """
    arrived, chosen = events.arrived, places.tolist()
    parties, event_ids = ([column[place] for place in chosen] for column in (arrived.parties, arrived.event_ids))
    times, offsets = events.rows["start_ms"][places].tolist(), arrived.offsets[places].tolist()
    texts = (
        b"%b\0%b\0%d" % (party, event if event is not None else b"@%d" % offset, time_ms)
        for party, event, time_ms, offset in zip(parties, event_ids, times, offsets, strict=True)
    )
    return as_ids(map(xxhash.xxh3_128_digest, texts))


def as_ids(digests: Iterable[bytes]) -> NDArray[np.uint64]:
    """Digests of 16 bytes as they are kept in rows."""
    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)


def _parties(rows: Rows, events: Events, slow: Keys, rules: Rules) -> Iterator[Party]:
    """The pieces and events of each slow party."""
    held, came = np.flatnonzero(known(rows["key"], slow)), np.flatnonzero(known(events.keys, slow))
    came = came[np.argsort(events.keys[came], kind="stable")]
    ids = [one.tobytes() for one in ids_of(events, came)]
    columns = (
        came.tolist(),
        *(column[came].tolist() for column in (events.arrived.watermarks, events.arrived.offsets)),
    )
    alone = _pieces(events.rows[came], len(rows) + came, [None] * len(came), rules)
    arrived = list(map(Arrival, *columns, ids, alone))
    pieces = list(_pieces(rows[held], held, [one.tobytes() for one in rows["id"][held]], rules))
    piece_limits, event_limits = (
        zip(np.searchsorted(keys, slow).tolist(), np.searchsorted(keys, slow, "right").tolist(), strict=True)
        for keys in (rows["key"][held], events.keys[came])
    )
    for (first, end), (start, stop) in zip(piece_limits, event_limits, strict=True):
        yield Party(pieces[first:end], arrived[start:stop])


def _pieces(rows: Rows, members: Places, ids: Sequence[bytes | None], rules: Rules) -> Iterator[Piece]:
    origins = map(Origin, *(rows[name].tolist() for name in ("inside", "origin_ms", "origin_tie")), members.tolist(),
                  rows["campaign"].tolist())  # fmt: skip
    return map(
        Piece, *(rows[name].tolist() for name in ("start_ms", "end_ms", "first_tie")), origins, rows["mark"].tolist(),
        days(rows["start_ms"], rules.splits).tolist(), ids, (rows["linked"] > 0).tolist(), rows["events"].tolist(),
        ([member] for member in members.tolist()),
    )  # fmt: skip


def _both(at_once: Placed, found: Sequence[Settled], marks: Marks) -> Placed:
    """*at_once*, and the groups of the parties that were settled one by one."""
    grouped, session_ids, is_first, origins, _, _ = at_once
    groups, count = grouped.groups, len(grouped.ids)
    pieces = [piece for party in found for piece in party.pieces]
    sizes = [len(piece.members) for piece in pieces]
    members = list(chain.from_iterable(piece.members for piece in pieces))
    groups[members] = np.repeat(np.arange(count, count + len(pieces)), sizes)
    merged = {group: b"".join(piece.merged) for group, piece in enumerate(pieces, count) if piece.merged}
    places = list(chain.from_iterable(party.sessions for party in found))
    session_ids[places] = as_ids(chain.from_iterable(party.sessions.values() for party in found))
    origins[places] = list(chain.from_iterable(party.origins.values() for party in found))
    is_first[list(chain.from_iterable(party.openers for party in found))] = True
    ends = np.array([piece.end_ms if piece.closed_by else NEVER_CLOSED for piece in pieces], np.int64)
    closed_at = marks.passed(ends)
    sealed = np.array([OPEN if piece.sealed_at is None else piece.sealed_at for piece in pieces], np.int64)
    return Placed(
        Grouped(
            groups,
            np.concatenate((grouped.ids, as_ids(piece.id or b"" for piece in pieces))),
            np.append(grouped.linked, np.array([piece.linked for piece in pieces], bool)),
            merged,
        ),
        session_ids,
        is_first,
        origins,
        np.append(at_once.closed_at, np.where(sealed == OPEN, closed_at, sealed)),
        [*at_once.closed_by, *(piece.closed_by for piece in pieces)],
    )
