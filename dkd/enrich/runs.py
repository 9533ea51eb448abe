"""What is known of open sessions as rows and texts, and sorted runs of them, which never change.

A *piece* is what is known of a session that may still grow: a row of numbers (:data:`ROW`) and a blob of texts. Almost
every session is one piece; :mod:`dkd.enrich.settling` tells of the few that are two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.dedup import NEVER, Keys, known

ROW = np.dtype([
    ("key", "<u8"), ("start_ms", "<i8"), ("end_ms", "<i8"), ("id", "<u8", (2,)), ("first_tie", "<u8"),
    ("origin_ms", "<i8"), ("origin_tie", "<u8"), ("last_page_ms", "<i8"), ("last_page_tie", "<u8"),
    ("units", "<i8"), ("micros", "<i8"), ("events", "<u4"), ("pageviews", "<u4"), ("clicks", "<u4"),
    ("heartbeats", "<u4"), ("conversions", "<u4"), ("pages", "<u4"), ("party_bytes", "<u4"), ("device_bytes", "<u4"),
    ("origin_bytes", "<u4"), ("pages_bytes", "<u4"), ("merged_bytes", "<u4"), ("campaign", "<u4"), ("mark", "<u4"),
    ("bot", "<u2"), ("inside", "u1"), ("linked", "u1"),
])  # fmt: skip
"""Numbers of a piece. ``key`` is the party's hash; ``*_tie`` orders events of one time; ``units`` and ``micros`` sum
the conversions' values; ``pages`` counts pageviews with a path; ``bot`` holds the
reasons of :mod:`dkd.enrich.bots`; ``inside`` is 1 while no event came from outside;
``campaign`` is that of the event with its origin, and ``mark`` tells of its first event (:mod:`dkd.enrich.splits`);
``linked`` is 1 while the piece goes on with the session of the piece before it. The blob's parts follow each other in
the order of their lengths here."""

BLOB_PARTS = ("party_bytes", "device_bytes", "origin_bytes", "pages_bytes", "merged_bytes")

TIME_BITS = 42
"""Event times end before 2109; the bits above may hold the number of a party, a segment or a group."""

Rows = NDArray[np.void]
Places = NDArray[np.intp]


WHOLE = np.dtype((np.void, ROW.itemsize))
"""As which rows are moved."""


def taken(rows: Rows, places: NDArray[Any]) -> Rows:
    """The rows at *places*; numpy itself copies rows field by field, 15 times slower."""
    found: Rows = rows.view(WHOLE)[places].view(ROW)
    return found


def chained(parts: Iterable[Rows]) -> Rows:
    """Rows one after the other; see :func:`taken`."""
    found: Rows = np.concatenate([rows.view(WHOLE) for rows in parts]).view(ROW)
    return found


class Pieces(NamedTuple):
    """Rows and their blobs."""

    rows: Rows
    blobs: list[bytes]

    @classmethod
    def empty(cls) -> "Pieces":
        """None."""
        return cls(np.empty(0, ROW), [])

    @classmethod
    def gone(cls, keys: Keys) -> "Pieces":
        """What says that each of *keys* has no piece any more."""
        rows = np.zeros(len(keys), ROW)
        rows["key"] = keys
        return cls(rows, [b""] * len(keys))

    def sorted(self) -> "Pieces":
        """By party and time."""
        keys = np.ascontiguousarray(self.keys)
        if (keys[1:] > keys[:-1]).all():
            return self
        order = np.argsort(keys)
        found = keys[order]
        if (found[1:] == found[:-1]).any():
            order = np.lexsort((self.rows["start_ms"], keys))
        return self.at(order)

    def by_party(self) -> "Pieces":
        """By party; those of one party stay in their order."""
        keys = np.ascontiguousarray(self.keys)
        if (keys[1:] >= keys[:-1]).all():
            return self
        # Quick where few sorted runs follow each other.
        return self.at(np.argsort(keys, kind="stable"))

    def where(self, mask: NDArray[np.bool_]) -> "Pieces":
        """The pieces that *mask* marks."""
        return self if mask.all() else self.at(np.flatnonzero(mask))

    def at(self, places: Places) -> "Pieces":
        """The pieces at *places*."""
        return Pieces(taken(self.rows, places), list(map(self.blobs.__getitem__, places.tolist())))

    def alive(self) -> "Pieces":
        """Those that are a piece at all."""
        return self.where(self.rows["events"] > 0)

    @property
    def keys(self) -> Keys:
        """Of the rows."""
        keys: Keys = self.rows["key"]
        return keys


def blob_ends(rows: Rows) -> NDArray[np.int64]:
    """Where the blob of each row ends, when all stand one after the other."""
    lengths = np.zeros(len(rows), np.int64)
    if kernel.IS_COMPILED and rows.flags.c_contiguous:
        from dkd.kernel import runs

        runs.blob_ends(rows, len(rows), lengths)
        return lengths
    for name in BLOB_PARTS:
        lengths += rows[name]
    return np.cumsum(lengths)


def united(parts: Iterable[Pieces]) -> Pieces:
    """All of *parts*, one after the other."""
    found = [part for part in parts if len(part.rows)]
    if len(found) <= 1:
        return found[0] if found else Pieces.empty()
    return Pieces(chained(part.rows for part in found), [blob for part in found for blob in part.blobs])


@dataclass(frozen=True, eq=False)
class Run:
    """Pieces by party and time, their blobs as one text."""

    rows: Rows
    ends: NDArray[np.int64]
    text: bytes | memoryview

    @classmethod
    def of(cls, pieces: Pieces) -> "Run":
        """A run of *pieces*, which are by party and time."""
        return cls(pieces.rows, blob_ends(pieces.rows), b"".join(pieces.blobs))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def keys(self) -> Keys:
        """Of the rows, side by side in memory: what is searched again and again."""
        return np.ascontiguousarray(self.rows["key"])

    @cached_property
    def size_bytes(self) -> int:
        """Of rows and texts."""
        return self.rows.nbytes + len(self.text)

    @property
    def texts(self) -> Any:
        """The blobs as an array of arrow."""
        starts = pa.py_buffer(np.append(0, self.ends))
        return pa.Array.from_buffers(pa.large_binary(), len(self), [None, starts, pa.py_buffer(self.text)])

    @cached_property
    def _earliest_ms(self) -> int:
        """The least end of its pieces."""
        ends = self.rows["end_ms"][self.rows["events"] > 0]
        return int(ends.min()) if len(ends) else 2**62

    @cached_property
    def _by_end(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        ends = np.where(self.rows["events"] > 0, self.rows["end_ms"], NEVER)
        order = np.argsort(ends, kind="stable")
        return ends[order], order.astype(np.uint32)

    def ended(self, since_ms: int, before_ms: int) -> Keys:
        """Parties of the pieces whose last event lies in the span."""
        if before_ms <= self._earliest_ms:
            return self.keys[:0]
        ends, order = self._by_end
        first, last = np.searchsorted(ends, (since_ms, before_ms))
        return self.keys[order[first:last]]

    def at(self, places: Places) -> Pieces:
        """The pieces at *places*."""
        if kernel.IS_COMPILED:
            from dkd.kernel import runs

            blobs = runs.blobs(self.rows, self.ends, self.text, np.ascontiguousarray(places, np.int64), len(places))
            return Pieces(taken(self.rows, places), blobs)
        text, ends = self.text, self.ends[places].tolist()
        starts = np.where(places > 0, self.ends[places - 1], 0).tolist()
        return Pieces(taken(self.rows, places), list(map(bytes, map(text.__getitem__, map(slice, starts, ends)))))

    def of_keys(self, keys: Keys) -> tuple[Places, NDArray[np.bool_]]:
        """Places of all rows of *keys*, and which of *keys* are known here."""
        first = np.searchsorted(self.keys, keys)
        found = self.keys[np.minimum(first, len(self) - 1)] == keys
        first = first[found]
        counts = np.searchsorted(self.keys, keys[found], "right") - first
        places = np.repeat(first, counts)
        again = np.flatnonzero(counts > 1)
        if len(again):
            places = places + np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return places, found

    def between(self, low: int, high: int) -> "Run":
        """The part of the parties from *low* to before *high*."""
        start = np.searchsorted(self.keys, np.uint64(low))
        end = np.searchsorted(self.keys, np.uint64(high)) if high < 1 << 64 else len(self)
        return Run.of(self.at(np.arange(start, end)))


def pieces_of(runs: Sequence[Run], keys: Keys) -> Pieces:
    """What the newest of *runs* that knows it tells of each party; by party and time.

    Args:
        runs: The newest comes last.
        keys: Of the parties, ascending and distinct.
    """
    if kernel.IS_COMPILED:
        from dkd.kernel import runs as compiled

        parts = [(run.keys, run.rows, run.ends, run.text) for run in runs]
        return Pieces(*compiled.found(parts, np.ascontiguousarray(keys), len(keys), lambda count: np.empty(count, ROW)))
    found = list[Pieces]()
    for run in reversed(runs):
        if not len(keys):
            break
        places, is_here = run.of_keys(keys)
        found.append(run.at(places))
        keys = keys[~is_here]
    return united(found).alive().by_party()


def merged_runs(runs: Sequence[Run], *, is_whole: bool) -> Run:
    """What the newest of *runs* that knows it tells of each party; the newest run comes last.

    Args:
        runs: Two or more.
        is_whole: Whether no older run is left, so that rows which say that a party has no piece can go.
    """
    if kernel.IS_COMPILED:
        from dkd.kernel import runs as compiled

        parts = [(run.rows, run.ends, run.text) for run in runs]
        return Run(*compiled.merged(parts, is_whole, lambda count: (np.empty(count, ROW), np.empty(count, np.int64))))
    places, told, start = list[Places](), np.empty(0, np.uint64), sum(map(len, runs))
    for run in reversed(runs):
        start -= len(run)
        mine = ~known(run.keys, told)
        if is_whole:
            places.append(np.flatnonzero(mine & (run.rows["events"] > 0)) + start)
        else:
            places.append(np.flatnonzero(mine) + start)
        told = np.sort(np.concatenate((told, run.keys[mine])), kind="stable")
    kept = np.concatenate(places[::-1])
    rows, keys = chained(run.rows for run in runs), np.concatenate([run.keys for run in runs])
    kept = kept[np.argsort(keys[kept], kind="stable")]
    # Texts are moved as a whole, without an object for each.
    texts = pa.concat_arrays([run.texts for run in runs]).take(pa.array(kept))
    _, ends, text = texts.buffers()
    return Run(taken(rows, kept), np.frombuffer(ends, np.int64)[1 : len(kept) + 1], memoryview(text or b""))
