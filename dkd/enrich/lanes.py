"""Events of several partitions get their watermarks: which are late, which are too late, and which were seen before."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich import dedup
from dkd.enrich.dedup import Entries, Keys, Times
from dkd.enrich.placing import Marks
from dkd.enrich.state import State

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Lane:
    """Records of one partition among those of several.

    Attributes:
        state: After all records before these.
        offsets: Where the records stand in raw.
        ticks: Offset and event time of each tick among the records, by offset.
    """

    state: State
    offsets: NDArray[np.int64]
    ticks: Sequence[tuple[int, int]] = ()


class Passed(NamedTuple):
    """What a lane's events do to its partition.

    Attributes:
        marks: The watermark after each record that has a time.
        watermarks: When each event came.
        behind_ms: How far each event is behind it.
        is_fresh: Which events are neither refused as late nor seen before.
        seen: Entries of these for the memory of dedup.
        watermark_ms: After all.
        forget_before_ms: Entries with an older event time are never asked for again.
    """

    marks: Marks
    watermarks: Times
    behind_ms: Times
    is_fresh: Mask
    seen: Entries
    watermark_ms: int | None
    forget_before_ms: int


def limits(places: NDArray[np.int64], lanes: Sequence[Lane]) -> list[tuple[int, int]]:
    """Which of *places* among the records of all lanes, ascending, belong to each lane."""
    ends = np.cumsum([len(lane.offsets) for lane in lanes])
    return list(pairwise([0, *np.searchsorted(places, ends).tolist()]))


def passed(lane: Lane, offsets: NDArray[np.int64], times: Times, keys: Keys, late_after_ms: int) -> Passed:
    """What events at *offsets* of *lane*, with their event *times* and the *keys* of dedup, do to its partition."""
    state = lane.state
    before = dedup.NEVER if state.watermark_ms is None else state.watermark_ms
    marks, watermarks = _marks(offsets, times, lane.ticks, before)
    behind, after = watermarks - times, max(marks.last_ms, before)
    is_fresh = behind <= late_after_ms
    in_time = slice(None) if is_fresh.all() else is_fresh.copy()
    is_fresh[in_time] = dedup.fresh(keys[in_time], times[in_time], watermarks[in_time], state.seen, late_after_ms)
    remembered = is_fresh & (keys != 0)
    return Passed(
        marks,
        watermarks,
        behind,
        is_fresh,
        Entries.of(keys[remembered], times[remembered]),
        None if after == dedup.NEVER else after,
        after - late_after_ms,
    )


def _marks(
    offsets: NDArray[np.int64], times: Times, ticks: Sequence[tuple[int, int]], before_ms: int
) -> tuple[Marks, Times]:
    """The watermark after each event and tick, and after each event alone."""
    if not ticks:
        watermarks = np.maximum(np.maximum.accumulate(times), before_ms)
        return Marks(offsets, watermarks), watermarks
    count, ticked = len(times), np.array(ticks, np.int64).reshape(-1, 2)
    offsets, times = np.append(offsets, ticked[:, 0]), np.append(times, ticked[:, 1])
    order = np.argsort(offsets, kind="stable")
    watermarks = np.empty(len(order), np.int64)
    watermarks[order] = np.maximum(np.maximum.accumulate(times[order]), before_ms)
    return Marks(offsets[order], watermarks[order]), watermarks[:count]


def late_rejects(events: pl.DataFrame, behind_ms: Times) -> pl.DataFrame:
    """A reject for each event that is further behind the watermark than the model allows."""
    return events.select(
        "offset",
        pl.lit("DKD555").alias("code"),
        pl.lit("late").alias("reason"),
        pl.lit("late").alias("stage"),
        pl.format("the event is {} ms behind its partition's watermark", pl.Series(behind_ms, dtype=pl.Int64)).alias(
            "problem"
        ),
        pl.lit("load history with dkd backfill, or raise late_after").alias("remedy"),
    )
