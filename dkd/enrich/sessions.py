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
from numpy.typing import NDArray

from dkd.enrich.dedup import Keys, distinct, known
from dkd.enrich.finished import Finished, finished
from dkd.enrich.opened import OpenSessions, SessionsDelta
from dkd.enrich.pieces import joined, origins_of
from dkd.enrich.placing import OPEN, Marks, placed
from dkd.enrich.rules import Rules
from dkd.enrich.runs import Pieces, united
from dkd.enrich.singles import Arrived, Events, rows_of
from dkd.model.enrichers import SESSION_ORIGIN, Sessions

Value = TypeVar("Value")

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
    """The session of each event, rows of sessions that ended, and the change of those that are open.

    Attributes:
        ids: As 32 hexadecimal digits; None for a late event.
        is_first: Whether the event opened its session; None for a late one.
        origins: How its session came to the site, :data:`dkd.enrich.contexts.ORIGIN` as a JSON array; None for a late
            one, and where the model does not ask.
        finished: Rows.
        delta: Change.
    """

    ids: list[str | None]
    is_first: list[bool | None]
    origins: list[bytes | None]
    finished: Finished
    delta: SessionsDelta


def sessionized(arrived: Arrived, marks: Marks, opened: OpenSessions, rules: Rules) -> Sessionized:
    """Sessions of a batch.

    Args:
        arrived: Clean events, late ones among them.
        marks: The watermark after each record of the batch that has a time, ticks among them; one or more.
        opened: Open sessions before the batch.
        rules: Of the model.
    """
    in_time = ~arrived.own["is_late"].to_numpy()
    early = arrived.kept(in_time)
    events = Events(early, rows_of(early, rules))
    before_ms = marks.last_ms - rules.open_ms
    existing = _concerned(opened, events.keys, before_ms)
    found = placed(existing, events, marks, rules)
    pieces = joined(existing, events, found.grouped)
    ended = np.flatnonzero(found.closed_at != OPEN)
    done = finished(pieces.at(ended), found.closed_at[ended], [found.closed_by[place] for place in ended], rules)
    alive = pieces.where(found.closed_at == OPEN)
    concerned = distinct(np.concatenate((existing.keys, events.keys)))
    empty = concerned[~known(concerned, np.sort(alive.keys))]
    grown = int(np.count_nonzero(alive.rows["linked"] == 0)) - int(np.count_nonzero(existing.rows["linked"] == 0))
    delta = SessionsDelta(united((alive, Pieces.gone(empty))).sorted(), before_ms, grown)
    asked = rules.has_origin
    origins: list[bytes | None] = [*origins_of(existing, events, found.origins)] if asked else [None] * len(events.rows)
    return Sessionized(
        _spread(_hex(found.session_ids), in_time),
        _spread(found.is_first.tolist(), in_time),
        _spread(origins, in_time),
        done,
        delta,
    )


def silent(count: int) -> Sessionized:
    """What *count* events get where there are no sessions."""
    return Sessionized([None] * count, [None] * count, [None] * count, Finished.none(), SessionsDelta.none())


def _concerned(opened: OpenSessions, keys: Keys, before_ms: int) -> Pieces:
    """Pieces of the parties *keys*, and of those of which a session ended before *before_ms*."""
    asked = distinct(np.concatenate((keys, opened.ended(before_ms))))
    existing = opened.of(asked)
    # A run may tell of an end that a newer one knows to be later.
    over = existing.keys[existing.rows["end_ms"] < before_ms]
    return existing.where(known(existing.keys, distinct(np.concatenate((keys, over)))))


def _hex(ids: NDArray[np.uint64]) -> list[str]:
    packed = np.ascontiguousarray(ids).tobytes().hex()
    return [packed[place : place + _ID_DIGITS] for place in range(0, len(packed), _ID_DIGITS)]


def _spread(values: Sequence[Value | None], in_time: NDArray[np.bool_]) -> list[Value | None]:
    """*values* of the events that are in time; None for the others."""
    if len(values) == len(in_time):
        return list(values)
    left = iter(values)
    return [next(left) if one else None for one in in_time.tolist()]
