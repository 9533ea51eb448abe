"""A partition's state becomes records of the compacted state topic, and those records become the state again.

With every batch goes a *delta*, which holds what the batch added, under the key ``d<seq mod RING>``, and now and then a
*bucket*, which holds all live entries of one of BUCKETS equal ranges, under ``b<index>``. A bucket is due as soon as
the deltas since the last one weigh as much as it does, at the latest in time for each bucket to be written again before
the deltas that it needs are overwritten. So compaction keeps the topic near the size of the state, and writing costs
about twice the deltas, however small batches are.

A record is the length of its head (4 bytes, little-endian), the head, and the entries: all keys (unsigned 64 bits),
then all event times (signed 64 bits, ms), as numpy keeps them. The head is JSON, so that people can read it, and is the
same in every record: position, watermark and books after the batch. A record that would be too large is cut: part n is
kept under ``<key>.<n>``, the first under the key itself.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from dkd.enrich.dedup import Entries
from dkd.enrich.state import Books, State, StateDelta
from dkd.errors import DkdError

VERSION = 1
_ENTRY_BYTES = 16


class Shape(NamedTuple):
    """How a changelog is laid out; fixed for a partition by its first record.

    Attributes:
        ring: Deltas that are kept; twice the buckets or more.
        buckets: Parts into which the whole state is cut.
        part_entries: Entries in one record at most: 16 bytes each, and the topic takes records of 1 MB and more.
    """

    ring: int = 1024
    buckets: int = 64
    part_entries: int = 50_000


class Head(NamedTuple):
    """What every record of the state topic tells; it holds after the batch that wrote it.

    Attributes:
        seq: Batches since the partition's first.
        next_offset: Where in raw to read on.
        watermark_ms: Greatest event time seen.
        books: Counts since the partition's first record.
        shape: Layout of the changelog.
        part: Of the record, from 0.
        parts: How many records hold this delta or bucket.
    """

    seq: int
    next_offset: int
    watermark_ms: int | None
    books: Books
    shape: Shape
    part: int
    parts: int


class Piece(NamedTuple):
    """One record of the state topic, read."""

    head: Head
    entries: Entries


@dataclass(frozen=True)
class Changelog:
    """What is written next for one partition; a value, taken over when its records are committed.

    Attributes:
        shape: Layout.
        written: Seq at which each bucket was last written; 0 for never.
        debt_bytes: Weight of the deltas since the last bucket.
    """

    shape: Shape
    written: tuple[int, ...]
    debt_bytes: int = 0

    @classmethod
    def new(cls, shape: Shape) -> "Changelog":
        """The changelog of a partition that has none."""
        return cls(shape, (0,) * shape.buckets)

    def after(self, state: State, delta: StateDelta, next_offset: int) -> tuple["Changelog", list[tuple[bytes, bytes]]]:
        """The changelog after a batch, and the keys and values to write.

        Args:
            state: After the batch.
            delta: Of the batch.
            next_offset: Where in raw to read on.
        """
        head = Head(state.seq, next_offset, state.watermark_ms, state.books, self.shape, 0, 1)
        records = list(_records(f"d{state.seq % self.shape.ring}", head, delta.seen))
        debt = self.debt_bytes + sum(len(value) for _, value in records)
        oldest = min(range(self.shape.buckets), key=self.written.__getitem__)
        size = len(state.seen) * _ENTRY_BYTES // self.shape.buckets
        overdue = state.seq - self.written[oldest] >= self.shape.ring // 2
        if debt < size and not overdue:
            return replace(self, debt_bytes=debt), records
        entries = state.bucket(oldest, self.shape.buckets, delta.forget_before_ms)
        records += _records(f"b{oldest}", head, entries)
        written = (*self.written[:oldest], state.seq, *self.written[oldest + 1 :])
        return Changelog(self.shape, written), records


class Recovered(NamedTuple):
    """A partition's state as its records tell it; *next_offset* is None where there are none."""

    state: State
    changelog: Changelog
    next_offset: int | None


def recovered(records: Iterable[tuple[bytes, bytes | None]], shape: Shape) -> Recovered:
    """The state that was live when the last of *records* was written.

    Args:
        records: Keys and values of the partition's committed state records in order, compacted or not.
        shape: Layout for a partition that has no records yet.

    Raises:
        DkdError: DKD508, when records are missing or written by a newer dkd.
    """
    newest: dict[bytes, bytes] = {}
    for key, value in records:
        if value is None:
            newest.pop(key, None)
        else:
            newest[key] = value
    pieces = {key.decode(): read(value) for key, value in newest.items()}
    if not pieces:
        return Recovered(State(), Changelog.new(shape), None)
    head = max((piece.head for piece in pieces.values()), key=lambda found: found.seq)
    whole = dict(_whole(pieces))
    deltas = {found[0].head.seq: found for key, found in whole.items() if key.startswith("d")}
    buckets = {int(key[1:]): found for key, found in whole.items() if key.startswith("b")}
    written = tuple(buckets[index][0].head.seq if index in buckets else 0 for index in range(head.shape.buckets))
    _require_deltas(deltas, min(written), head)
    used = [*buckets.values(), *(deltas[seq] for seq in sorted(deltas))]
    parts = [piece.entries for found in used for piece in found]
    state = State.restored(head.watermark_ms, head.seq, head.books, parts)
    return Recovered(state, Changelog(head.shape, written), head.next_offset)


def newest(values: Iterable[bytes]) -> Head | None:
    """The newest of some state records of one partition, by its head; None where there are none."""
    return max((read_head(value)[0] for value in values), key=lambda head: head.seq, default=None)


def read(value: bytes) -> Piece:
    """One record of the state topic.

    Raises:
        DkdError: DKD508, when it is not one that this dkd can read.
    """
    head, start, count = read_head(value)
    keys = np.frombuffer(value, "<u8", count, start).astype(np.uint64, copy=False)
    return Piece(
        head, Entries(keys, np.frombuffer(value, "<i8", count, start + 8 * count).astype(np.int64, copy=False))
    )


def _records(key: str, head: Head, entries: Entries) -> Iterator[tuple[bytes, bytes]]:
    most = head.shape.part_entries
    parts = max(1, -(-len(entries) // most))
    for part in range(parts):
        chosen = slice(part * most, (part + 1) * most)
        keys, times = entries.keys[chosen], entries.times[chosen]
        packed = _packed(head._replace(part=part, parts=parts), len(keys))
        name = f"{key}.{part}" if part else key
        yield name.encode(), packed + keys.astype("<u8").tobytes() + times.astype("<i8").tobytes()


def _packed(head: Head, count: int) -> bytes:
    text = json.dumps(
        {
            "version": VERSION,
            "seq": head.seq,
            "next_offset": head.next_offset,
            "watermark_ms": head.watermark_ms,
            "books": asdict(head.books),
            "shape": head.shape._asdict(),
            "part": head.part,
            "parts": head.parts,
            "entries": count,
        },
        separators=(",", ":"),
    ).encode()
    return len(text).to_bytes(4, "little") + text


def read_head(value: bytes) -> tuple[Head, int, int]:
    """Head of a state record, where its entries begin, and how many they are.

    Raises:
        DkdError: DKD508, when it is not one that this dkd can read.
    """
    end = 4 + int.from_bytes(value[:4], "little")
    try:
        found: Mapping[str, Any] = json.loads(value[4:end])
        if found["version"] != VERSION:
            raise DkdError(
                "DKD508",
                where="state topic",
                problem=f"it is written in version {found['version']}, and this dkd knows version {VERSION}",
                remedy="use the dkd that wrote it, or a newer one",
            )
        head = Head(
            found["seq"],
            found["next_offset"],
            found["watermark_ms"],
            Books(**found["books"]),
            Shape(**found["shape"]),
            found["part"],
            found["parts"],
        )
        return head, end, int(found["entries"])
    except (ValueError, KeyError, TypeError) as error:
        raise DkdError(
            "DKD508",
            where="state topic",
            problem=f"a record of {len(value)} bytes is no state of an enricher",
            remedy="only dkd enrich may write to this topic",
        ) from error


def _whole(pieces: Mapping[str, Piece]) -> Iterator[tuple[str, list[Piece]]]:
    """Deltas and buckets with all their parts; parts left over from an earlier, larger one are passed by."""
    for key, first in pieces.items():
        if "." in key:
            continue
        parts = [first, *(pieces.get(f"{key}.{part}") for part in range(1, first.head.parts))]
        if any(part is None or part.head.seq != first.head.seq for part in parts):
            raise _hole(f"a part of {key}", first.head)
        yield key, [part for part in parts if part]


def _require_deltas(found: Mapping[int, Sequence[Piece]], since: int, head: Head) -> None:
    missing = next((seq for seq in range(since + 1, head.seq + 1) if seq not in found), None)
    if missing is not None:
        raise _hole(f"delta {missing}", head)


def _hole(what: str, head: Head) -> DkdError:
    return DkdError(
        "DKD508",
        where="state topic",
        problem=f"{what} is missing, and the newest record is number {head.seq}",
        remedy="records of the state topic must not be deleted; its cleanup.policy must be compact alone",
    )
