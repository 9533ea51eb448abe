"""A party's events become sessions by event time: ids on the events, one row for each session that has ended.

With gap *g*, grace *r* and watermark *w*, the greatest event time of the partition so far:

* An event is late when ``t < w - r``. It joins no session, even where it touches one that is open.
* Events of a party no further apart than *g* are one session; an event between two sessions merges them, and the id of
  the one that starts first wins.
* A session closes when ``last + g + r < w``. What could still extend it would be late, so nothing ever touches a closed
  session, and its row is final. Events and ticks move the watermark, record by record.
* A session that would last longer than the cap is cut there: see :mod:`dkd.enrich.settling`.

A session's id is the hash of its party and of the event that opened it, the first in the order of the partition. Its
attributes depend on the set of its events alone.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.dedup import Keys, Times, distinct, known
from dkd.enrich.finished import Finished, finished
from dkd.enrich.opened import OpenSessions, SessionsDelta
from dkd.enrich.pieces import joined
from dkd.enrich.placing import OPEN, Marks, placed
from dkd.enrich.rules import Rules
from dkd.enrich.runs import Pieces, united
from dkd.enrich.singles import Events, rows_of
from dkd.model.enrichers import Sessions


def add_sessions(batch: pl.DataFrame, options: Sessions) -> pl.DataFrame:
    """``is_conversion`` by the model's list; null where the model lists none.

    ``session_id`` and ``first_in_session`` are null; :func:`sessionized` finds them, once privacy was done.
    """
    events = [conversion.event for conversion in options.conversions]
    # Not select alone: of constants it makes one row, however long the batch is.
    return batch.with_columns(
        pl.lit(None, pl.String).alias("session_id"),
        pl.lit(None, pl.Boolean).alias("first_in_session"),
        (pl.col("event").is_in(events) if events else pl.lit(None, pl.Boolean)).alias("is_conversion"),
    ).select("session_id", "first_in_session", "is_conversion")


class Arrived(NamedTuple):
    """Clean events in offset order, and for each its place in raw, the watermark when it came, and its hash or 0."""

    clean: pl.DataFrame
    offsets: NDArray[np.int64]
    watermarks: Times
    ties: Keys


class Sessionized(NamedTuple):
    """Clean events with their sessions, the rows of sessions that ended, and the change of those that are open."""

    clean: pl.DataFrame
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
    in_time = ~arrived.clean["is_late"].to_numpy()
    frame = arrived.clean.filter(pl.Series(in_time))
    rows = rows_of(frame, arrived.ties[in_time], rules.conversions)
    events = Events(frame, arrived.offsets[in_time], arrived.watermarks[in_time], rows)
    before_ms = marks.last_ms - rules.open_ms
    existing = _concerned(opened, events.keys, before_ms)
    found = placed(existing, events, marks, rules)
    pieces = joined(existing, events, found.grouped)
    ended = np.flatnonzero(found.closed_at != OPEN)
    done = finished(pieces.at(ended), found.closed_at[ended], [found.closed_by[place] for place in ended], rules)
    alive = pieces.at(np.flatnonzero(found.closed_at == OPEN))
    concerned = distinct(np.concatenate((existing.keys, events.keys)))
    empty = concerned[~known(concerned, np.sort(alive.keys))]
    grown = int(np.count_nonzero(alive.rows["linked"] == 0)) - int(np.count_nonzero(existing.rows["linked"] == 0))
    delta = SessionsDelta(united((alive, Pieces.gone(empty))).sorted(), before_ms, grown)
    return Sessionized(_with_ids(arrived.clean, in_time, found.session_ids, found.is_first), done, delta)


def _concerned(opened: OpenSessions, keys: Keys, before_ms: int) -> Pieces:
    """Pieces of the parties *keys*, and of those of which a session ended before *before_ms*."""
    asked = distinct(np.concatenate((keys, opened.ended(before_ms))))
    existing = opened.of(asked)
    # A run may tell of an end that a newer one knows to be later.
    over = existing.keys[existing.rows["end_ms"] < before_ms]
    return existing.at(np.flatnonzero(known(existing.keys, distinct(np.concatenate((keys, over))))))


def _with_ids(
    clean: pl.DataFrame, in_time: NDArray[np.bool_], ids: NDArray[np.uint64], is_first: NDArray[np.bool_]
) -> pl.DataFrame:
    packed = np.ascontiguousarray(ids).tobytes()
    texts = pl.Series([packed[place : place + 16] for place in range(0, len(packed), 16)], dtype=pl.Binary)
    places = pl.Series(np.where(in_time, np.cumsum(in_time) - 1, 0))
    has_session = pl.lit(pl.Series(in_time))
    if not len(texts):
        return clean
    return clean.with_columns(
        pl.when(has_session).then(texts.bin.encode("hex").gather(places)).alias("session_id"),
        pl.when(has_session).then(pl.Series(is_first).gather(places)).alias("first_in_session"),
    )
