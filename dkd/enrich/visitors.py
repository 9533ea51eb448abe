"""What is remembered of each visitor's behaviour: a row of numbers a party, in a few sorted runs, newest last.

As in :mod:`dkd.enrich.opened`, the newest run that knows a party is right about it, and an older table stays valid. A
row counts while its party was seen within the horizon of dedup; the watermark never falls, so whether and when older
rows are purged changes no answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.dedup import NEVER, Keys

VISITOR = np.dtype([
    ("key", "<u8"), ("seen_ms", "<i8"), ("page_ms", "<i8"), ("page", "<u8"), ("minute", "<i8"), ("gap_ms", "<i8"),
    ("gaps_ms", "<i8"), ("squares", "<i8"), ("events", "<u4"), ("pages", "<u4"), ("even", "<u4"), ("burst", "<u4"),
    ("clicks", "<u4"), ("flags", "<u2"), ("viewed", "u1"),
])  # fmt: skip
"""``key`` is the party's hash; ``seen_ms`` its greatest event time; ``page_ms`` and ``page`` time and hash of its
newest page; ``events`` and ``pages`` those of ``minute``; ``gap_ms`` lies between its two newest pages; ``even`` and
``burst`` count pages in a row; ``gaps_ms`` and ``squares`` sum what lies between the even ones; ``clicks`` those before
any page; ``flags`` are reasons; ``viewed`` holds :data:`VIEWED` once there was a page, and :data:`ACTED` once something
was done since the newest one."""

VIEWED, ACTED = 1, 2

Rows = NDArray[np.void]

_GROWTH = 3
_FEW = 16
"""The kernel looks at all runs for each party; of a state that is read back there may be a thousand."""

_WHOLE = np.dtype((np.void, VISITOR.itemsize))
"""As which rows are moved: numpy itself copies them field by field, many times slower."""


def no_rows(count: int = 0) -> Rows:
    """Rows of visitors of whom nothing is known."""
    rows = np.zeros(count, VISITOR)
    rows["seen_ms"] = rows["page_ms"] = rows["minute"] = NEVER
    return rows


def chained(parts: Iterable[Rows]) -> Rows:
    """Rows one after the other."""
    found: Rows = np.concatenate([rows.view(_WHOLE) for rows in parts]).view(VISITOR)
    return found


@dataclass(frozen=True, eq=False)
class Visitors:
    """The table; a value.

    Attributes:
        runs: By key, each key once; the newest run comes last, and each is several times longer than the next.
    """

    runs: tuple[Rows, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Of all runs, outdated rows among them."""
        return sum(run.nbytes for run in self.runs)

    def of(self, keys: Keys) -> Rows:
        """The row of each of *keys*, which are ascending and distinct; one of :func:`no_rows` for one not known."""
        found = no_rows(len(keys))
        whole = found.view(_WHOLE)
        for run in self.runs:
            known = _keys(run)
            places = np.minimum(np.searchsorted(known, keys), len(run) - 1)
            mine = known[places] == keys
            whole[mine] = run.view(_WHOLE)[places[mine]]
        return found

    def plus(self, rows: Rows, forget_before_ms: int) -> "Visitors":
        """The table after a batch that changed *rows*, by key."""
        runs, tail = list(self.runs), rows
        while runs and len(tail) and len(runs[-1]) <= _GROWTH * len(tail):
            tail = _newest((runs.pop(), tail), forget_before_ms)
        return Visitors((*runs, tail)) if len(tail) else Visitors(tuple(runs))

    def bucket(self, index: int, count: int, since_ms: int) -> Rows:
        """Rows of bucket *index* of *count* equal ranges of the key, of parties seen at *since_ms* or later."""
        low, high = (index << 64) // count, ((index + 1) << 64) // count
        return _newest((_between(run, low, high) for run in self.runs), since_ms)

    def since(self, time_ms: int) -> Rows:
        """All rows of parties seen at *time_ms* or later: what two equal tables have alike."""
        return self.bucket(0, 1, time_ms)

    @classmethod
    def restored(cls, parts: Sequence[tuple[int, Rows]]) -> "Visitors":
        """The table that was stored in pieces, each with its rank; of each party the highest rank counts."""
        whole = _newest(rows for _, rows in sorted(parts, key=lambda part: part[0]))
        return cls((whole,)) if len(whole) else cls()


def _newest(runs: Iterable[Rows], since_ms: int = NEVER) -> Rows:
    """Of each party the row of the last run that knows it, where it was seen at *since_ms* or later; by key."""
    found = [run for run in runs if len(run)]
    if kernel.IS_COMPILED and len(found) <= _FEW:
        from dkd.kernel import behaviour

        return behaviour.newest(found, since_ms, lambda count: np.empty(count, VISITOR))
    return _since(_last(found), since_ms)


def _last(found: Sequence[Rows]) -> Rows:
    if len(found) <= 1:
        return found[0] if found else no_rows()
    keys = np.concatenate([run["key"] for run in found])
    order = np.argsort(keys, kind="stable")
    last = np.append(keys[order][1:] != keys[order][:-1], True)
    newest: Rows = chained(found).view(_WHOLE)[order[last]].view(VISITOR)
    return newest


def _keys(run: Rows) -> Keys:
    return np.ascontiguousarray(run["key"])


def _since(rows: Rows, time_ms: int) -> Rows:
    live: Rows = rows.view(_WHOLE)[rows["seen_ms"] >= time_ms].view(VISITOR)
    return live


def _between(run: Rows, low: int, high: int) -> Rows:
    start = np.searchsorted(run["key"], np.uint64(low))
    end = np.searchsorted(run["key"], np.uint64(high)) if high < 1 << 64 else len(run)
    part: Rows = run[start:end]
    return part
