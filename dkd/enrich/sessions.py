"""A party's events become sessions by event time: ids on the events, one row for each session that has ended.

With gap *g*, grace *r* and watermark *w*, the greatest event time of the partition so far:

* An event is late when ``t < w - r``. It joins no session, even where it touches one that is open.
* Events of a party no further apart than *g* are one session; an event between two sessions merges them, and the id of
  the one that starts first wins.
* A session closes when ``last + g + r < w``. What could still extend it would be late, so nothing ever touches a closed
  session, and its row is final. Events and ticks move the watermark, record by record.
* A session that would last longer than the cap is cut there, and so is one that meets a campaign, a midnight or an
  event that is to begin another: see :mod:`dkd.enrich.settling`.

A session's id is the hash of its party and of the event that opened it, the first in the order of the partition. Its
attributes depend on the set of its events alone.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dkd.enrich.dedup import Keys, distinct, known
from dkd.enrich.finished import Ended
from dkd.enrich.opened import OpenSessions, SessionsDelta
from dkd.enrich.pieces import joined, origins_of
from dkd.enrich.placing import OPEN, Marks, Placed, placed
from dkd.enrich.rules import Rules
from dkd.enrich.runs import Pieces, Rows, taken, united
from dkd.enrich.singles import Arrived, Events
from dkd.model.enrichers import SESSION_ORIGIN, Sessions

Value = TypeVar("Value", bound=np.generic)

_ID_DIGITS = 32


def add_sessions(batch: pl.DataFrame, options: Sessions) -> pl.DataFrame:
    """``is_conversion`` by the model's list; null where the model lists none.

    What tells of the session is null; :func:`sessionized` finds it, once privacy was done.
    """
    events = [conversion.event for conversion in options.conversions]
    origin = SESSION_ORIGIN if options.origin else ()
    # Not select alone: of constants it makes one row, however long the batch is.
    return batch.with_columns(
        *(pl.lit(None, pl.String).alias(name) for name in ("session_id", *origin)),
        pl.lit(None, pl.Boolean).alias("first_in_session"),
        (pl.col("event").is_in(events) if events else pl.lit(None, pl.Boolean)).alias("is_conversion"),
    ).select("session_id", "first_in_session", "is_conversion", *origin)


class Sessionized(NamedTuple):
    """The session of each event, the sessions that ended, and the change of those that are open.

    Attributes:
        in_time: Which events have a session; the others are late.
        ids: Two halves of the id of each event's session.
        is_first: Whether the event opened its session.
        origins: How its session came to the site, :data:`dkd.enrich.contexts.ORIGIN` as a JSON array; None for a late
            event, and where the model does not ask.
        ended: Sessions that ended.
        delta: Change.
    """

    in_time: NDArray[np.bool_]
    ids: NDArray[np.uint64]
    is_first: NDArray[np.bool_]
    origins: Sequence[bytes | None]
    ended: Ended
    delta: SessionsDelta


def sessionized(arrived: Arrived, rows: Rows, marks: Marks, opened: OpenSessions, rules: Rules) -> Sessionized:
    """Sessions of a batch.

    Args:
        arrived: Clean events of one partition, late ones among them.
        rows: A piece of each alone.
        marks: The watermark after each record of the batch that has a time, ticks among them; one or more.
        opened: Open sessions before the batch.
        rules: Of the model.
    """
    in_time = ~arrived.own["is_late"].to_numpy()
    events = Events(arrived.kept(in_time), rows if in_time.all() else taken(rows, np.flatnonzero(in_time)))
    before_ms = marks.last_ms - rules.open_ms
    existing = _concerned(opened, events.keys, before_ms)
    found = placed(existing, events, marks, rules)
    pieces = joined(existing, events, found.grouped)
    alive, ended = _ended(pieces, existing, events, found)
    grown = _count(alive) - _count(existing)
    origins = list[bytes | None]()
    if rules.has_origin:
        told = iter(origins_of(existing, events, found.origins))
        origins = [next(told) if one else None for one in in_time.tolist()]
    return Sessionized(
        in_time,
        _spread(found.session_ids, in_time),
        _spread(found.is_first, in_time),
        origins or [None] * len(in_time),
        ended,
        SessionsDelta(alive.sorted(), before_ms, grown),
    )


def _count(pieces: Pieces) -> int:
    """How many sessions they are."""
    return int(np.count_nonzero((pieces.rows["linked"] == 0) & (pieces.rows["events"] > 0)))


def silent(count: int) -> Sessionized:
    """What *count* events get where there are no sessions."""
    in_time, ids = np.zeros(count, bool), np.zeros((count, 2), np.uint64)
    return Sessionized(in_time, ids, in_time, [None] * count, Ended.none(), SessionsDelta.none())


def _ended(pieces: Pieces, existing: Pieces, events: Events, found: Placed) -> tuple[Pieces, Ended]:
    """The pieces that are left, with a row of no events for each party that has none, and the others."""
    is_open = found.closed_at == OPEN
    if is_open.all():
        return pieces, Ended.none()
    ended = np.flatnonzero(~is_open)
    done = Ended(pieces.at(ended), found.closed_at[ended], [found.closed_by[place] for place in ended.tolist()])
    alive = pieces.where(is_open)
    concerned = distinct(np.concatenate((existing.keys, events.keys)))
    empty = concerned[~known(concerned, np.sort(alive.keys))]
    return united((alive, Pieces.gone(empty))), done


def _concerned(opened: OpenSessions, keys: Keys, before_ms: int) -> Pieces:
    """Pieces of the parties *keys*, and of those of which a session ended before *before_ms*."""
    ended = opened.ended(before_ms)
    if not len(ended):
        return opened.of(distinct(keys))
    existing = opened.of(distinct(np.concatenate((keys, ended))))
    # A run may tell of an end that a newer one knows to be later.
    over = existing.keys[existing.rows["end_ms"] < before_ms]
    return existing.where(known(existing.keys, distinct(np.concatenate((keys, over)))))


def _spread(values: NDArray[Value], in_time: NDArray[np.bool_]) -> NDArray[Value]:
    """*values* of the events that are in time; zeros for the others."""
    if len(values) == len(in_time):
        return values
    found = np.zeros((len(in_time), *values.shape[1:]), values.dtype)
    found[in_time] = values
    return found


def hexadecimal(ids: NDArray[np.uint64], is_there: NDArray[np.bool_]) -> pl.Series:
    """Ids as texts of 32 hexadecimal digits; null where *is_there* is not."""
    digits = np.ascontiguousarray(ids).tobytes().hex().encode()
    ends = pa.py_buffer(np.arange(len(ids) + 1, dtype=np.int64) * _ID_DIGITS)
    live = None if is_there.all() else pa.py_buffer(np.packbits(is_there, bitorder="little"))
    return pl.Series(pa.Array.from_buffers(pa.large_string(), len(ids), [live, ends, pa.py_buffer(digits)]))
