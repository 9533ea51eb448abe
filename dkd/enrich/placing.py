"""Each event of a batch is given its session: all parties at once where their events came in order, else one by one.

*In order* means that no event of the party came before one that begins another session, so that the newest piece is the
only one that its events can join. The others go to :mod:`dkd.enrich.settling`, which follows the rules event by event;
a party gets the same sessions from both.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd.enrich.dedup import NEVER, Keys, Times, known
from dkd.enrich.pieces import Grouped
from dkd.enrich.rules import Rules
from dkd.enrich.runs import Pieces, Places, Rows
from dkd.enrich.segments import Ordered, ordered
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
    in_order = ordered(existing.rows, events.rows, rules)
    at_once = _at_once(existing, events, in_order, marks.after(rules))
    if not len(in_order.slow):
        return at_once
    found = [settled(party, marks.last_ms, rules) for party in _parties(existing.rows, events, in_order.slow, rules)]
    return _both(at_once, found, marks.after(rules))


def _at_once(existing: Pieces, events: Events, found: Ordered, marks: Marks) -> Placed:
    """What became of the parties whose events came in order."""
    groups, count = found.groups, len(existing.rows)
    held: NDArray[np.uint64] = existing.rows["id"][groups[:count] >= 0]
    ids = np.concatenate((held, ids_of(events, found.openers)))
    session_ids = np.append(ids, np.zeros((1, 2), np.uint64), axis=0)[groups[count:]]
    return Placed(
        Grouped(groups, ids, np.zeros(len(ids), bool), {}), session_ids, found.is_first, found.origins,
        marks.passed(found.ends), ["gap"] * len(ids),
    )  # fmt: skip


def ids_of(events: Events, places: Places) -> NDArray[np.uint64]:
    """Ids of the sessions that the events at *places* open: the hash of party, event id and time.

    An event without an id is known by its place in raw, which a replay of the topic repeats.
    """
    arrived, chosen = events.arrived, places.tolist()
    if not chosen:
        return as_ids(())
    parties = [arrived.parties[place] for place in chosen]
    event_ids = arrived.event_ids.gather(places).cast(pl.Binary).to_list()
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
