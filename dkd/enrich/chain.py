"""One batch of raw records of one partition becomes clean events, finished sessions, rejects, and a change of state.

For the loop that calls this::

    setup = prepare(model, open_resources(model), pseudonym_key)     # once; dkd.enrich.resources opens the files
    state = State()                                                   # or State.restored(...)
    outcome = enrich(raw, state, setup)                               # pure: raw and state stay as they are
    values, keys = outcome.values, outcome.keys                       # clean events as JSON, and their parties
    rows = outcome.finished                                           # of sessions that ended: offsets, keys, JSON
    state = state.applied(outcome.delta)                              # cheap; shares what did not change

*raw* holds the records of ONE partition in offset order: ``offset`` (Int64) and any of the columns of
``setup.raw_schema`` (``RAW_FIELDS`` by their standard column names, then the model's fields). Columns that are missing
count as null and ones that are not known are ignored, so records of an older schema need no special care;
``pl.concat(frames, how="diagonal_relaxed").sort("offset")`` unites frames of several schemas.

:func:`enrich_lanes` does the same for several partitions at once, which costs little more than one. What enrichers
find is kept by distinct value and put into JSON from there (:mod:`dkd.enrich.contexts`); ``outcome.clean`` has them run
over all rows instead, which gives the same.

Records that could not be decoded never come here: count them with ``outcome.delta.with_rejects(n)``.

A delta to be stored holds ``delta.seen``, ``delta.sessions.changed`` and ``delta.visitors``, beside the new state's
``watermark_ms``, ``seq`` and ``books`` (cumulative); a bucket holds ``state.bucket(index, count, forget_before_ms)``
in the same form.

Nothing here depends on how a stream is cut into batches: clean, sessions and rejects are byte for byte the same, and so
is the state but for ``seq``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich import dedup, normalise
from dkd.enrich.behaviour import watched
from dkd.enrich.bots import SIGNS, hinted
from dkd.enrich.clean import Kept, columns_of
from dkd.enrich.finished import Finished, finished
from dkd.enrich.kinds import KIND, kinds_of
from dkd.enrich.lanes import Lane, Passed, late_rejects, limits, passed
from dkd.enrich.sessions import Sessionized, sessionized, silent
from dkd.enrich.setup import Setup, prepare
from dkd.enrich.singles import PARTY, Arrived, party_keys, party_numbers, rows_of
from dkd.enrich.state import Books, State, StateDelta
from dkd.enrich.visitors import Rows

__all__ = ["Lane", "Outcome", "Setup", "enrich", "enrich_lanes", "prepare"]


@dataclass(frozen=True)
class Outcome:
    """What became of one batch.

    Attributes:
        values: Clean events as JSON, in offset order.
        keys: Their parties.
        received_ms: When they were received.
        finished: Rows of the sessions that ended, in the order of their topic.
        rejects: ``offset``, ``code``, ``reason``, ``stage``, ``problem``, ``remedy`` of each record refused, by offset.
        delta: Change of the partition's state.
    """

    values: list[bytes]
    keys: list[bytes]
    received_ms: list[int]
    finished: Finished
    rejects: pl.DataFrame
    delta: StateDelta
    _clean: Callable[[], pl.DataFrame] = field(repr=False)

    @cached_property
    def clean(self) -> pl.DataFrame:
        """Clean events as columns, as ``event_columns(model)``; made when they are first asked for."""
        return self._clean()


def enrich(raw: pl.DataFrame, state: State, setup: Setup, ticks: Sequence[tuple[int, int]] = ()) -> Outcome:
    """Clean events, finished sessions, rejects and the change of state for the next records of one partition.

    Args:
        raw: ``offset`` and columns of ``setup.raw_schema``, in offset order; see the module's text.
        state: After all records before these.
        setup: Of :func:`prepare`.
        ticks: Offset and event time of each tick among the records, by offset.
    """
    lane = Lane(state, raw["offset"].to_numpy().astype(np.int64), ticks)
    return enrich_lanes(raw.with_columns(pl.int_range(pl.len()).alias("offset")), [lane], setup)[0]


def enrich_lanes(raw: pl.DataFrame, lanes: Sequence[Lane], setup: Setup) -> list[Outcome]:
    """The same for records of several partitions, one outcome for each of them.

    Args:
        raw: As :func:`enrich` takes it, but ``offset`` is the place among the records of all *lanes*, one after the
            other; records may be missing.
        lanes: Of different partitions, one or more.
        setup: Of :func:`prepare`.
    """
    events, invalid = normalise.normalised(raw, setup.model, setup.raw_schema, setup.rules)
    timed = _timed(events, lanes, setup)
    late = timed.behind_ms > setup.late_after_ms
    refused = late_rejects(events.filter(pl.Series(late)), timed.behind_ms[late])
    rejects = pl.concat((invalid, refused)).sort("offset") if len(refused) else invalid
    events = events.with_columns(pl.Series("is_late", timed.behind_ms > setup.grace_ms))
    fresh, visitors = _signed(events.filter(pl.Series(timed.is_fresh)), timed, lanes, setup)
    unseen = Kept.of(fresh, setup)
    bots = setup.model.enrich.bots
    is_kept = ~unseen.are_bots if bots and bots.action == "drop" else np.ones(unseen.events.height, bool)
    batch = _Batch(lanes, timed, unseen.kept(is_kept), np.flatnonzero(timed.is_fresh)[is_kept], visitors, setup)
    found = batch.sessions()
    return batch.outcomes(found, raw["offset"], unseen.events["offset"], rejects)


@dataclass(frozen=True)
class _Timed:
    """What became of the events of all lanes by their times, and of their partitions."""

    offsets: NDArray[np.int64]
    keys: dedup.Keys
    limits: list[tuple[int, int]]
    passed: list[Passed]

    @cached_property
    def behind_ms(self) -> dedup.Times:
        return np.concatenate([one.behind_ms for one in self.passed])

    @cached_property
    def watermarks(self) -> dedup.Times:
        return np.concatenate([one.watermarks for one in self.passed])

    @cached_property
    def is_fresh(self) -> NDArray[np.bool_]:
        return np.concatenate([one.is_fresh for one in self.passed])


def _timed(events: pl.DataFrame, lanes: Sequence[Lane], setup: Setup) -> _Timed:
    places, times = events["offset"].to_numpy(), events["timestamp_ms"].to_numpy()
    offsets = np.concatenate([lane.offsets for lane in lanes])[places]
    keys, found = dedup.keys_of(events["party_id"], events["event_id"]), limits(places, lanes)
    spans = [slice(start, end) for start, end in found]
    done = [
        passed(lane, offsets[span], times[span], keys[span], setup.late_after_ms)
        for lane, span in zip(lanes, spans, strict=True)
    ]
    return _Timed(offsets, keys, found, done)


def _signed(
    events: pl.DataFrame, timed: _Timed, lanes: Sequence[Lane], setup: Setup
) -> tuple[pl.DataFrame, list[Rows]]:
    """*events* with the hash of their parties and their signs of bots, and the visitors that each lane changes."""
    keys, kinds = party_keys(events["party_id"]), pl.Series(KIND, kinds_of(events["event"]))
    watermarks = pl.Series("?watermark", timed.watermarks[timed.is_fresh])
    events = events.with_columns(pl.Series(PARTY, keys), party_numbers(keys), kinds, watermarks)
    tables = [
        (lane.state.visitors, *span)
        for lane, span in zip(lanes, limits(events["offset"].to_numpy(), lanes), strict=True)
    ]
    behaved = watched(events, tables, setup.late_after_ms, setup.model)
    return events.with_columns(pl.Series(SIGNS, behaved.reasons | hinted(events))), behaved.changed


@dataclass(frozen=True)
class _Batch:
    """Events that are kept, *rows*, their places among all that have a time, and the visitors that lanes change."""

    lanes: Sequence[Lane]
    timed: _Timed
    kept: Kept
    rows: NDArray[np.intp]
    visitors: Sequence[Rows]
    setup: Setup

    @cached_property
    def limits(self) -> list[tuple[int, int]]:
        return limits(self.kept.events["offset"].to_numpy(), self.lanes)

    @cached_property
    def own(self) -> pl.DataFrame:
        return self.kept.own()

    @cached_property
    def parties(self) -> list[bytes]:
        return self.kept.events["party_id"].cast(pl.Binary).to_list()

    @cached_property
    def keys(self) -> dedup.Keys:
        return self.kept.events[PARTY].to_numpy()

    def sessions(self) -> list[Sessionized]:
        """Of each lane."""
        rules, timed = self.setup.sessions, self.timed
        if rules is None:
            return [silent(end - start) for start, end in self.limits]
        events = self.kept.events
        arrived = Arrived(
            self.own, timed.offsets[self.rows], timed.watermarks[self.rows], timed.keys[self.rows], self.keys,
            events[KIND].to_numpy(), self.parties, events["event_id"], self.kept.shared, self.kept.whole,
        )  # fmt: skip
        alone = rows_of(arrived, rules)
        return [
            sessionized(arrived.part(start, end), alone[start:end], one.marks, lane.state.sessions, rules)
            if len(one.marks.offsets)
            else silent(end - start)
            for lane, one, (start, end) in zip(self.lanes, timed.passed, self.limits, strict=True)
        ]

    def outcomes(
        self, found: Sequence[Sessionized], raw: pl.Series, unseen: pl.Series, rejects: pl.DataFrame
    ) -> list[Outcome]:
        """What became of each lane.

        Args:
            found: Of :meth:`sessions`.
            raw: Places of all records.
            unseen: Places of the events that were not seen before.
            rejects: Of all lanes, ``offset`` being the place.
        """
        values = self.kept.encoded(self.own, columns_of(found, self.setup))
        counts = (limits(places.to_numpy(), self.lanes) for places in (raw, unseen, rejects["offset"]))
        offsets = np.concatenate([lane.offsets for lane in self.lanes])
        rejects = rejects.with_columns(pl.Series("offset", offsets[rejects["offset"].to_numpy()], pl.Int64))
        rules = self.setup.sessions
        done = finished([one.ended for one in found], rules) if rules else [Finished.none() for _ in found]
        parts = zip(found, done, zip(*counts, strict=True), strict=True)
        return [self._outcome(seq, *one, values, rejects) for seq, one in enumerate(parts)]

    def _outcome(
        self,
        seq: int,
        found: Sessionized,
        done: Finished,
        spans: tuple[tuple[int, int], ...],
        values: list[bytes],
        rejects: pl.DataFrame,
    ) -> Outcome:
        (start, end), timed = self.limits[seq], self.timed.passed[seq]
        consumed, unseen, refused = (after - before for before, after in spans)
        late = int(self.own["is_late"][start:end].sum())
        in_time = consumed - refused
        books = Books(consumed, end - start, unseen - (end - start), in_time - unseen, refused, late, len(done))
        return Outcome(
            values[start:end],
            self.parties[start:end],
            self.own["received_ms"][start:end].to_list(),
            done,
            rejects[spans[2][0] : spans[2][1]],
            StateDelta(timed.watermark_ms, books, timed.seen, timed.forget_before_ms, found.delta, self.visitors[seq]),
            partial(_whole, self.kept, start, end, found),
        )


def _whole(kept: Kept, start: int, end: int, found: Sessionized) -> pl.DataFrame:
    return kept.whole(slice(start, end)).with_columns(columns_of([found], kept.setup))
