"""One visitor's events in time → how far through a funnel it came, and how long that took; exact."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple


class Hit(NamedTuple):
    """One event that fits a step.

    Attributes:
        time_ms: When.
        mask: Bit 0 is set where it fits the first step, bit 1 where it fits the second, and so on.
    """

    time_ms: int
    mask: int


class Done(NamedTuple):
    """A step that is done, with all before it, for the first time.

    Attributes:
        step: From 1 on.
        time_ms: When.
        start_ms: When the way there began; of several ways the one that began last.
    """

    step: int
    time_ms: int
    start_ms: int


def reached(hits: Iterable[Hit], count: int, window_ms: int | None, *, any_order: bool) -> int:
    """How many steps of the funnel were done, from the first on without a gap.

    Args:
        hits: In order of time.
        count: Steps of the funnel.
        window_ms: From the first to the last of the steps at most; None for no limit.
        any_order: The steps may come in any order, and one event may be several steps; otherwise each comes at a later
            time than the one before, so that of two at the same millisecond neither is first.
    """
    return max((one.step for one in done(hits, count, window_ms, any_order=any_order)), default=0)


def done(hits: Iterable[Hit], count: int, window_ms: int | None, *, any_order: bool) -> Iterator[Done]:
    """Each step that is done, in order, of several at once the last of them; arguments as of :func:`reached`."""
    found = 0
    # In order: the latest first step of all chains that end with this step. In any order: the step's latest time.
    latest: list[int | None] = [None] * count
    for time_ms, mask in _moments(hits):
        if any_order:
            latest = [time_ms if mask >> seq & 1 else was for seq, was in enumerate(latest)]
            starts = list(_earliest(latest))
        else:
            starts = [_start(latest, seq, time_ms, mask) for seq in range(count)]
            latest = [
                new if was is None or (new is not None and new > was) else was
                for new, was in zip(starts, latest, strict=True)
            ]
        for seq in reversed(range(found, count)):
            start = starts[seq]
            if start is not None and (window_ms is None or time_ms - start <= window_ms):
                yield Done(seq + 1, time_ms, start)
                found = seq + 1
                break


def took_ms(hits: Sequence[Hit], count: int, window_ms: int | None) -> int | None:
    """Time from the first to the last step of the first attempt that came through in order; None where none did.

    Each first step begins an attempt, which goes on with the earliest second step after it, and so on.

    Args:
        hits: In order of time.
        count: Steps of the funnel.
        window_ms: An attempt that takes longer does not come through.
    """
    times = [[hit.time_ms for hit in hits if hit.mask >> seq & 1] for seq in range(count)]
    at = [0] * count
    for start_ms in times[0]:
        time_ms = start_ms
        for seq in range(1, count):
            # Later attempts end later, so each step is looked through once.
            while at[seq] < len(times[seq]) and times[seq][at[seq]] <= time_ms:
                at[seq] += 1
            if at[seq] == len(times[seq]):
                return None
            time_ms = times[seq][at[seq]]
        if window_ms is None or time_ms - start_ms <= window_ms:
            return time_ms - start_ms
    return None


def _moments(hits: Iterable[Hit]) -> Iterator[Hit]:
    """All that happened at one time as one."""
    for time_ms, together in groupby(hits, key=lambda hit: hit.time_ms):
        mask = 0
        for hit in together:
            mask |= hit.mask
        yield Hit(time_ms, mask)


def _start(latest: Sequence[int | None], seq: int, time_ms: int, mask: int) -> int | None:
    if not mask >> seq & 1:
        return None
    return time_ms if seq == 0 else latest[seq - 1]


def _earliest(times: Sequence[int | None]) -> Iterator[int | None]:
    """The earliest of the first times up to each, None from the first that is missing."""
    earliest: int | None = None
    for seq, time_ms in enumerate(times):
        if time_ms is None or (seq and earliest is None):
            yield from [None] * (len(times) - seq)
            return
        earliest = time_ms if earliest is None else min(earliest, time_ms)
        yield earliest
