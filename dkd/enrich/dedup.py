"""Events whose id was seen before are told from fresh ones; the memory is sorted arrays, 16 bytes an event.

A memory entry is the 64-bit key of an event (:func:`keys_of`) with its event time. An entry counts while its time is
not older than ``watermark - late_after``. The watermark never falls, so whether and when dead entries are purged
changes no answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.hashing import hashed

Keys = NDArray[np.uint64]

Times = NDArray[np.int64]

NEVER = -(2**62)
"""An event time before all others; far enough from the end of 64 bits to subtract a duration."""

_GROWTH = 3


def distinct(keys: Keys) -> Keys:
    """*keys* ascending, each once; np.unique hashes them first, which takes several times as long."""
    ordered = np.sort(keys)
    return ordered[np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])]


def known(keys: Keys, among: Keys) -> NDArray[np.bool_]:
    """Which of *keys* are *among* others, which are ascending."""
    if not len(among):
        return np.zeros(len(keys), bool)
    found: NDArray[np.bool_] = among[np.minimum(np.searchsorted(among, keys), len(among) - 1)] == keys
    return found


@dataclass(frozen=True, eq=False)
class Entries:
    """Keys, ascending and distinct, and the event time in ms of each."""

    keys: Keys
    times: Times

    @classmethod
    def empty(cls) -> "Entries":
        """No entries."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64))

    @classmethod
    def of(cls, keys: Keys, times: Times) -> "Entries":
        """Entries from keys in any order; of equal ones the latest time counts."""
        order = np.argsort(keys, kind="stable")
        keys, times = keys[order], times[order]
        first = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
        if len(first) == len(keys):
            return cls(keys, times)
        return cls(keys[first], np.maximum.reduceat(times, first))

    def __len__(self) -> int:
        return len(self.keys)

    def since(self, time_ms: int) -> "Entries":
        """Those with an event time of *time_ms* or later."""
        live = self.times >= time_ms
        return Entries(self.keys[live], self.times[live])


def united(parts: Iterable[Entries]) -> Entries:
    """One set of entries from several; of equal keys the latest time counts."""
    found = [part for part in parts if len(part)]
    if len(found) <= 1:
        return found[0] if found else Entries.empty()
    return Entries.of(np.concatenate([part.keys for part in found]), np.concatenate([part.times for part in found]))


@dataclass(frozen=True, eq=False)
class Seen:
    """The memory, as a few sorted runs of which each is several times longer than the next.

    Adding a batch merges the short runs at the end only, so a batch costs its own length times the number of runs
    however long the memory is, and an older value of the memory stays as it was.
    """

    runs: tuple[Entries, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Entries]) -> "Seen":
        """A memory that holds *parts*, in any order."""
        whole = united(parts)
        return cls((whole,)) if len(whole) else cls()

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs)

    def times_of(self, keys: Keys) -> Times:
        """Event time of each of *keys*, which are ascending; :data:`NEVER` for a key that is not here."""
        found = np.full(len(keys), NEVER, np.int64)
        for run in self.runs:
            if kernel.IS_COMPILED:
                from dkd.kernel import entries

                entries.latest(keys, len(keys), run.keys, run.times, len(run), found)
                continue
            place = np.minimum(np.searchsorted(run.keys, keys), len(run) - 1)
            np.maximum(found, np.where(run.keys[place] == keys, run.times[place], NEVER), out=found)
        return found

    def plus(self, fresh: Entries, forget_before_ms: int) -> "Seen":
        """The memory with *fresh*; entries older than *forget_before_ms* go as their runs are merged."""
        runs, tail = list(self.runs), fresh
        while runs and len(runs[-1]) <= _GROWTH * len(tail):
            tail = _merged(runs.pop(), tail, forget_before_ms)
        return Seen((*runs, tail)) if len(tail) else Seen(tuple(runs))

    def bucket(self, index: int, count: int, since_ms: int) -> Entries:
        """Entries of bucket *index* of *count* equal ranges of the key, no older than *since_ms*."""
        low, high = (index << 64) // count, ((index + 1) << 64) // count
        return united(_between(run, low, high).since(since_ms) for run in self.runs)

    def since(self, time_ms: int) -> Entries:
        """All entries with an event time of *time_ms* or later, each key once: what two equal memories have alike."""
        return united(self.runs).since(time_ms)


def _merged(one: Entries, other: Entries, since_ms: int) -> Entries:
    """Both in one, without what is older than *since_ms*."""
    if not kernel.IS_COMPILED:
        return united((one, other)).since(since_ms)
    from dkd.kernel import entries

    keys, times = np.empty(len(one) + len(other), np.uint64), np.empty(len(one) + len(other), np.int64)
    count = entries.merged(one.keys, one.times, len(one), other.keys, other.times, len(other), since_ms, keys, times)
    return Entries(keys[:count], times[:count])


def _between(run: Entries, low: int, high: int) -> Entries:
    start = np.searchsorted(run.keys, np.uint64(low))
    end = np.searchsorted(run.keys, np.uint64(high)) if high < 1 << 64 else len(run)
    return Entries(run.keys[start:end], run.times[start:end])


def keys_of(party_id: pl.Series, event_id: pl.Series) -> Keys:
    """64-bit xxh3 of ``party_id NUL event_id`` for each event; 0 where the event has no id."""
    return hashed(party_id, event_id)


def fresh(keys: Keys, times: Times, watermarks: Times, seen: Seen, late_after_ms: int) -> NDArray[np.bool_]:
    """Which events were not seen within the horizon, neither in *seen* nor earlier in the batch.

    Args:
        keys: Key of each event, in offset order; 0 for one without an id, which is always fresh.
        times: Its event time in ms, never older than the horizon.
        watermarks: The watermark in ms when it came, itself included.
        seen: The memory before the batch.
        late_after_ms: Length of the horizon.
    """
    horizons = watermarks - late_after_ms
    order = np.argsort(keys, kind="stable")
    found = np.empty(len(keys), np.int64)
    found[order] = seen.times_of(keys[order])
    is_fresh: NDArray[np.bool_] = (found < horizons) | (keys == 0)
    ordered = keys[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(again):
        repeated = order[np.union1d(again, again + 1)]
        _settle(np.sort(repeated), keys, times, horizons, found, is_fresh)
    return is_fresh


def _settle(rows: Sequence[int] | NDArray[np.intp], keys: Keys, times: Times, horizons: Times, found: Times,
            is_fresh: NDArray[np.bool_]) -> None:  # fmt: skip
    """Decide one after the other about the few rows whose key comes more than once in the batch."""
    latest: dict[int, int] = {}
    for row in rows:
        key = int(keys[row])
        if key == 0:
            continue
        is_fresh[row] = latest.get(key, int(found[row])) < horizons[row]
        if is_fresh[row]:
            latest[key] = int(times[row])
