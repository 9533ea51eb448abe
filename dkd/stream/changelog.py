"""A partition's state becomes records of the compacted state topic, and those records become the state again.

With every batch goes a *delta*, which holds what the batch changed, under the key ``d<seq mod RING>``, and now and then
a *bucket*, which holds all that is live of one of BUCKETS equal ranges, under ``b<index>``. A bucket is due as soon as
the deltas since the last one weigh as much as it does, at the latest in time for each bucket to be written again before
the deltas that it needs are overwritten. Deltas that no bucket needs any more are taken out. So writing costs at most
twice the deltas, however small batches are, and compaction keeps the topic near twice the size of the state, or as many
deltas above it as there are buckets, where batches are large.

A delta holds the events that dedup added, the visitors whose behaviour it saw, and all pieces of every party whose
sessions changed; a row of no events says that a party has none left. A bucket is whole, so the newest of both that
knows a party is right about it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dkd.enrich.state import State, StateDelta
from dkd.errors import DkdError, RefusedError
from dkd.stream.state import ENTRY_BYTES, Head, Held, Piece, Shape, part_key, read, records

Change = tuple[bytes, bytes | None]
"""Key and value of a record of the state topic; without a value it takes the key out."""


@dataclass(frozen=True)
class Changelog:
    """What is written next for one partition; a value, taken over when its records are committed.

    Attributes:
        shape: Layout.
        partitions: Of the raw topic, where they are known.
        written: Seq at which each bucket was last written; 0 for never.
        parts: Records of each bucket that are in the topic.
        deltas: Seq and number of records of each delta that is in the topic, oldest first.
        debt_bytes: Weight of the deltas since the last bucket.
    """

    shape: Shape
    partitions: int | None
    written: tuple[int, ...]
    parts: tuple[int, ...]
    deltas: tuple[tuple[int, int], ...] = ()
    debt_bytes: int = 0

    @classmethod
    def new(cls, shape: Shape, partitions: int | None = None) -> "Changelog":
        """The changelog of a partition that has none."""
        return cls(shape, partitions, (0,) * shape.buckets, (0,) * shape.buckets)

    def after(self, state: State, delta: StateDelta, next_offset: int) -> tuple["Changelog", list[Change]]:
        """The changelog after a batch, and the records to write.

        Args:
            state: After the batch.
            delta: Of the batch.
            next_offset: Where in raw to read on.
        """
        head = Head(state.seq, next_offset, state.watermark_ms, state.books, self.shape, 0, 1, self.partitions,
                    len(state.sessions))  # fmt: skip
        changes: list[Change] = list(
            records(self._key(state.seq), head, Held(delta.seen, delta.sessions.changed, delta.visitors))
        )
        count, debt = len(changes), self.debt_bytes + _weight(changes)
        written, parts = list(self.written), list(self.parts)
        gone, oldest = list[Change](), min(range(self.shape.buckets), key=self.written.__getitem__)
        share = _size_bytes(state) // self.shape.buckets
        if debt >= share or state.seq - written[oldest] >= self.shape.ring // 2:
            held = Held(*state.bucket(oldest, self.shape.buckets, delta.forget_before_ms))
            bucket = list(records(f"b{oldest}", head, held))
            changes += bucket
            gone += [(part_key(f"b{oldest}", part), None) for part in range(len(bucket), parts[oldest])]
            debt, written[oldest], parts[oldest] = 0, state.seq, len(bucket)
        kept = [(seq, held_in) for seq, held_in in self.deltas if seq >= min(written)]
        gone += self._gone(self.deltas[: len(self.deltas) - len(kept)], {key for key, _ in changes})
        log = Changelog(
            self.shape, self.partitions, tuple(written), tuple(parts), (*kept, (state.seq, count)), debt
        )  # fmt: skip
        # What is gone comes first: who looks for the newest head begins at the end of the topic.
        return log, gone + changes

    def _key(self, seq: int) -> str:
        return f"d{seq % self.shape.ring}"

    def _gone(self, deltas: Iterable[tuple[int, int]], used: set[bytes]) -> list[Change]:
        """What takes out *deltas*, but for the keys that are *used* again."""
        keys = (part_key(self._key(seq), part) for seq, parts in deltas for part in range(parts))
        return [(key, None) for key in keys if key not in used]


def _weight(changes: Iterable[Change]) -> int:
    return sum(len(value or b"") for _, value in changes)


def _size_bytes(state: State) -> int:
    return len(state.seen) * ENTRY_BYTES + state.sessions.size_bytes + state.visitors.size_bytes


class Recovered(NamedTuple):
    """A partition's state as its records tell it; *next_offset* is None where there are none."""

    state: State
    changelog: Changelog
    next_offset: int | None


def recovered(found: Iterable[Change], shape: Shape, partitions: int | None = None) -> Recovered:
    """The state that was live when the last of some records was written.

    Args:
        found: Keys and values of the partition's committed state records in order, compacted or not.
        shape: Layout for a partition that has no records yet.
        partitions: Of the raw topic; None leaves them unchecked.

    Raises:
        DkdError: DKD508, when records are missing or written by another dkd.
        RefusedError: DKD503, when raw had another number of partitions.
    """
    newest: dict[bytes, bytes] = {}
    for key, value in found:
        if value is None:
            newest.pop(key, None)
        else:
            newest[key] = value
    pieces = {key.decode(): read(value) for key, value in newest.items()}
    if not pieces:
        return Recovered(State(), Changelog.new(shape, partitions), None)
    head = max((piece.head for piece in pieces.values()), key=lambda one: one.seq)
    require_count(head, partitions)
    whole = dict(_whole(pieces))
    buckets = [whole.get(f"b{index}", ()) for index in range(head.shape.buckets)]
    written = tuple(parts[0].head.seq if parts else 0 for parts in buckets)
    deltas = {parts[0].head.seq: parts for key, parts in whole.items() if key.startswith("d")}
    _require_deltas(deltas, min(written), head)
    # Older deltas may be left of which the ones that followed are gone: they would bring closed sessions back.
    needed = [deltas[seq] for seq in sorted(deltas) if seq > min(written)]
    # A bucket is written after the delta of the same batch.
    ranked = [
        *((2 * parts[0].head.seq, parts) for parts in needed),
        *((2 * seq + 1, parts) for seq, parts in zip(written, buckets, strict=True)),
    ]
    state = State.restored(
        head.watermark_ms,
        head.seq,
        head.books,
        [piece.entries for _, parts in ranked for piece in parts],
        [(rank, piece.sessions) for rank, parts in ranked for piece in parts],
        [(rank, piece.visitors) for rank, parts in ranked for piece in parts],
    )
    sizes = tuple((seq, len(deltas[seq])) for seq in sorted(deltas))
    log = Changelog(head.shape, partitions or head.partitions, written, tuple(map(len, buckets)), sizes)
    return Recovered(state, log, head.next_offset)


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


def require_count(head: Head, partitions: int | None) -> None:
    """Return when the state of *head* was made of as many partitions of raw as there are, or one of both is unknown.

    Raises:
        RefusedError: DKD503, when it was not.
    """
    if partitions and head.partitions and head.partitions != partitions:
        raise other_count(head.partitions, partitions)


def other_count(found: int, wanted: int) -> RefusedError:
    """The error of states that were made of *found* partitions where raw has *wanted*."""
    return RefusedError(
        "DKD503",
        where="state topic",
        problem=f"it was written for {found} partitions of raw, and it has {wanted}: visitors would lose their state",
        remedy="a topic's partitions cannot be taken back: begin anew with dkd destroy and dkd deploy",
    )
