"""The open sessions of one partition: a table of which a batch changes what it touches, kept in sorted runs.

The table is cut by the party's hash into ranges. Each range is a few runs, as in :mod:`dkd.enrich.dedup`: the newest
run that knows a party knows all of its pieces, and a row of no events says that it has none. A batch adds one run to
each range that it touches, so it costs what it touches however many sessions are open, and the older table stays valid.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dkd.enrich.dedup import NEVER, Keys, distinct, known
from dkd.enrich.runs import Pieces, Run, merged_runs, pieces_of, united

_MOST_RANGES = 64
_FULL = 32_768
"""So many rows in each range, about, and there will be twice as many ranges."""

_GROWTH = 8
"""A run takes up the one before it where that is at most so many times as long, or twice as many, by the range; then
little of what is held is outdated."""


class SessionsDelta(NamedTuple):
    """What a batch changes of the open sessions.

    Attributes:
        changed: All pieces of every party that changed, by party and time; a row of no events for one without.
        swept_ms: No session that ended before it is left.
        opened: By how much the number of open sessions grew.
    """

    changed: Pieces
    swept_ms: int = NEVER
    opened: int = 0

    @classmethod
    def none(cls) -> "SessionsDelta":
        """No change."""
        return cls(Pieces.empty())


def _newest(runs: Iterable[Run]) -> Pieces:
    """What the newest run that knows it tells of each party, by party and time; *runs* begin with the oldest."""
    found, told = list[Pieces](), np.empty(0, np.uint64)
    for run in reversed(list(runs)):
        found.append(run.at(np.flatnonzero(~known(run.keys, told))))
        told = np.sort(np.concatenate((told, found[-1].keys)), kind="stable")
    return united(reversed(found)).by_party()


def _limits(keys: Keys, ranges: int) -> list[int]:
    """Where in *keys*, ascending, each of so many *ranges* begins, and the number of keys."""
    edges = np.arange(1, ranges, dtype=np.uint64) << np.uint64(64 - ranges.bit_length() + 1)
    return [0, *np.searchsorted(keys, edges).tolist(), len(keys)]


@dataclass(frozen=True, eq=False)
class OpenSessions:
    """The table; a value. Its length is the number of open sessions.

    Attributes:
        ranges: Runs of each range of the key, oldest first; their number is a power of two.
        count: Open sessions.
        swept_ms: No session that ended before it is here.
    """

    ranges: tuple[tuple[Run, ...], ...] = ((),)
    count: int = 0
    swept_ms: int = NEVER

    def __len__(self) -> int:
        return self.count

    @property
    def size_bytes(self) -> int:
        """Of all runs, outdated rows among them."""
        return sum(run.size_bytes for runs in self.ranges for run in runs)

    def ended(self, before_ms: int) -> Keys:
        """Parties that may have a session whose last event is older than *before_ms*; ascending."""
        found = [run.ended(self.swept_ms, before_ms) for runs in self.ranges for run in runs]
        return distinct(np.concatenate(found)) if found else np.empty(0, np.uint64)

    def of(self, keys: Keys) -> Pieces:
        """All pieces of the parties *keys*, which are ascending and distinct; by party and time."""
        limits = pairwise(_limits(keys, len(self.ranges)))
        parts = ((runs, keys[start:end]) for runs, (start, end) in zip(self.ranges, limits, strict=True) if end > start)
        return united(pieces_of(runs, asked) for runs, asked in parts)

    def plus(self, delta: SessionsDelta) -> "OpenSessions":
        """The table after a batch."""
        changed, ranges = delta.changed, self._enough()
        limits = _limits(changed.keys, len(ranges))
        for one, (start, end) in enumerate(pairwise(limits)):
            if end > start:
                # Ranges of one growth would all be rewritten by the same batch, and hold all memory twice.
                ranges[one] = _grown(
                    ranges[one],
                    Run.of(Pieces(changed.rows[start:end], changed.blobs[start:end])),
                    _GROWTH + _GROWTH * one // len(ranges),
                )
        return OpenSessions(tuple(ranges), self.count + delta.opened, max(self.swept_ms, delta.swept_ms))

    def _enough(self) -> list[tuple[Run, ...]]:
        """The ranges; twice as many, where they hold much: rewriting one should take little memory and time."""
        ranges, count = list(self.ranges), len(self.ranges)
        if count == _MOST_RANGES or sum(len(run) for runs in ranges for run in runs) <= _FULL * count:
            return ranges
        edges = [(one << 64) // (2 * count) for one in range(2 * count + 1)]
        halves = (
            tuple(run.between(low, high) for run in ranges[one // 2]) for one, (low, high) in enumerate(pairwise(edges))
        )
        return [tuple(run for run in runs if len(run)) for runs in halves]

    def bucket(self, index: int, count: int) -> Pieces:
        """Pieces of bucket *index* of *count* equal ranges of the key; by party and time."""
        low, high = (index << 64) // count, ((index + 1) << 64) // count
        ranges = len(self.ranges)
        touched = self.ranges[low * ranges >> 64 : (high * ranges + (1 << 64) - 1) >> 64]
        return united(_newest(run.between(low, high) for run in runs) for runs in touched if runs).alive()

    @classmethod
    def restored(cls, parts: Sequence[tuple[int, Run]]) -> "OpenSessions":
        """The table that was stored in pieces.

        Args:
            parts: Each with its rank; of each party the part of the highest rank counts, and is whole.
        """
        parts = [(rank, run) for rank, run in parts if len(run)]
        if not parts:
            return cls()
        ranks = np.concatenate([np.full(len(run), rank) for rank, run in parts])
        keys = np.concatenate([run.keys for _, run in parts])
        order = np.lexsort((ranks, keys))
        last = np.flatnonzero(np.append(keys[order][1:] != keys[order][:-1], True))
        newest = np.repeat(ranks[order][last], np.diff(last, prepend=-1))
        kept = np.empty(len(keys), bool)
        kept[order] = ranks[order] == newest
        return cls._of_runs(run.at(np.flatnonzero(mine)) for run, mine in _split(parts, kept))

    @classmethod
    def _of_runs(cls, parts: Iterable[Pieces]) -> "OpenSessions":
        shares: list[list[Pieces]] = [[] for _ in range(_MOST_RANGES)]
        for part in parts:
            limits = _limits(part.keys, _MOST_RANGES)
            for share, (start, end) in zip(shares, pairwise(limits), strict=True):
                share.append(Pieces(part.rows[start:end], part.blobs[start:end]))
        runs = [Run.of(united(share).alive().sorted()) for share in shares]
        count = sum(int(np.count_nonzero(run.rows["linked"] == 0)) for run in runs)
        return cls(tuple((run,) if len(run) else () for run in runs), count)


def _split(parts: Sequence[tuple[int, Run]], kept: NDArray[np.bool_]) -> Iterator[tuple[Run, NDArray[np.bool_]]]:
    start = 0
    for _, run in parts:
        yield run, kept[start : start + len(run)]
        start += len(run)


def _grown(runs: Sequence[Run], tail: Run, growth: int) -> tuple[Run, ...]:
    kept, length = len(runs), len(tail)
    while kept and len(runs[kept - 1]) <= growth * length:
        kept -= 1
        length += len(runs[kept])
    if kept == len(runs):
        return (*runs, tail) if len(tail) else tuple(runs)
    merged = merged_runs((*runs[kept:], tail), is_whole=not kept)
    return (*runs[:kept], merged) if len(merged) else tuple(runs[:kept])
