"""What the loop takes in and gives out: a batch of one partition's raw records, and the rows that it becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Headers = tuple[tuple[str, bytes], ...]

OutKind = Literal["clean", "sessions", "rejects", "state"]
"""Topics that the loop writes; raw is the one that it reads."""


class Record(NamedTuple):
    """One record as a topic keeps it; *timestamp_ms* is UTC since 1970."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()


@dataclass(frozen=True)
class Batch:
    """Raw records of one partition, in offset order; the four columns have one entry for each record.

    Attributes:
        partition: Number of the partition.
        offsets: Ascending; there may be holes, where a topic keeps markers.
        keys: As produced.
        values: As produced; null is a tick.
        timestamps_ms: When the collector received it.
    """

    partition: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    timestamps_ms: Sequence[int]

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def next_offset(self) -> int:
        """The first offset behind the batch."""
        return self.offsets[-1] + 1

    def part(self, start: int, end: int) -> "Batch":
        """The records from position *start* to before *end* of the batch."""
        return Batch(
            self.partition,
            self.offsets[start:end],
            self.keys[start:end],
            self.values[start:end],
            self.timestamps_ms[start:end],
        )

    @classmethod
    def of(cls, partition: int, records: Sequence[tuple[int, Record]]) -> "Batch":
        """A batch of records with their offsets."""
        return cls(
            partition,
            [offset for offset, _ in records],
            [record.key for _, record in records],
            [record.value for _, record in records],
            [record.timestamp_ms for _, record in records],
        )


@dataclass(frozen=True)
class Rows:
    """Records for one partition of one topic, in the order in which they are to stand there.

    Attributes:
        kind: Which topic.
        keys: One for each row.
        values: One for each row.
        timestamps_ms: One for each row.
        headers: One for each row, or empty where no row has headers.
    """

    kind: OutKind
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    timestamps_ms: Sequence[int]
    headers: Sequence[Headers] = ()

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, kind: OutKind, records: Sequence[Record]) -> "Rows":
        """Rows with headers."""
        return cls(
            kind,
            [record.key for record in records],
            [record.value for record in records],
            [record.timestamp_ms for record in records],
            [record.headers for record in records],
        )

    def records(self) -> list[Record]:
        """The rows one by one."""
        headers = self.headers or [()] * len(self)
        return [Record(*row) for row in zip(self.keys, self.values, self.timestamps_ms, headers, strict=True)]


@dataclass(frozen=True)
class Result:
    """All that one batch gives: rows for partition *partition* of each topic, and where to read on."""

    partition: int
    next_offset: int
    rows: Sequence[Rows]


Positions = Mapping[int, int | None]
"""Offset of the next record to read by partition; None where nothing was ever committed."""
