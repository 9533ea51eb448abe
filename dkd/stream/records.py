"""What the loop takes in and gives out: a batch of one partition's raw records, and the rows that it becomes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from dkd.enrich.normalise import EARLIEST_MS, LATEST_MS

Headers = tuple[tuple[str, bytes], ...]
AnyHeaders = Mapping[str, Any] | Iterable[tuple[str, Any]] | None
"""As Kafka's client gives them."""

OutKind = Literal["clean", "sessions", "rejects", "state"]
"""Topics that the loop writes; raw is the one that it reads."""


TICK_HEADER = "dkd-tick"
_TICK_DIGITS = 15


class Record(NamedTuple):
    """One record as a topic keeps it; *timestamp_ms* is UTC since 1970."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()


class Tick(NamedTuple):
    """A record that tells that time has passed without events: the event time that its partition has reached."""

    offset: int
    time_ms: int


def tick_record(time_ms: int, timestamp_ms: int) -> Record:
    """The tick of event time *time_ms*, as a raw topic keeps it."""
    return Record(None, None, timestamp_ms, ((TICK_HEADER, str(time_ms).encode()),))


def tick_ms(headers: AnyHeaders) -> int | None:
    """The event time that the headers of a record without value tell; None where they tell none.

    Such a record is no tick: it moves no time and, as it has no value, counts nowhere.
    """
    text = dict(headers or ()).get(TICK_HEADER) or b""
    # No clock shows such times, and one beyond 64 bits would end the enricher.
    time_ms = int(text) if text.isdigit() and len(text) <= _TICK_DIGITS else 0
    return time_ms if EARLIEST_MS <= time_ms <= LATEST_MS else None


@dataclass(frozen=True)
class Batch:
    """Raw records of one partition, in offset order; the four columns have one entry for each record.

    Attributes:
        partition: Number of the partition.
        offsets: Ascending; there may be holes, where a topic keeps markers.
        keys: As produced.
        values: As produced; null where the record is a tick, or nothing that we know.
        timestamps_ms: When the collector received it.
        ticks: The ticks among the records, by offset.
    """

    partition: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    timestamps_ms: Sequence[int]
    ticks: Sequence[Tick] = ()

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def next_offset(self) -> int:
        """The first offset behind the batch."""
        return self.offsets[-1] + 1

    def part(self, start: int, end: int) -> "Batch":
        """The records from position *start* to before *end* of the batch."""
        offsets = self.offsets[start:end]
        return Batch(
            self.partition,
            offsets,
            self.keys[start:end],
            self.values[start:end],
            self.timestamps_ms[start:end],
            [tick for tick in self.ticks if offsets and offsets[0] <= tick.offset <= offsets[-1]],
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
            ticks_of((offset, record.headers) for offset, record in records if record.value is None),
        )


def ticks_of(empty: Iterable[tuple[int, AnyHeaders]]) -> list[Tick]:
    """The ticks among records without value, of which offset and headers are given."""
    times = ((offset, tick_ms(headers)) for offset, headers in empty)
    return [Tick(offset, time_ms) for offset, time_ms in times if time_ms is not None]


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
