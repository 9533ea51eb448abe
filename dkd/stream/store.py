"""A store of topics becomes a source and a sink: what tests and offline runs use in Kafka's place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from dkd.stream.records import Batch, Record, Result
from dkd.stream.source import Changed, Limits, Owner


class Store(Protocol):
    """Topics of equal partition count and the positions committed in raw; one writer at a time."""

    @property
    def partitions(self) -> int:
        """Number of partitions of each topic."""

    def read(self, kind: str, partition: int, start: int, limits: Limits) -> list[tuple[int, Record]]:
        """Committed records of one partition with their offsets, from offset *start* on, as many as *limits* allow."""

    def positions(self) -> Mapping[int, int]:
        """Committed position in raw by partition; partitions never read are absent."""

    def append(self, rows: Mapping[tuple[str, int], Sequence[Record]], positions: Mapping[int, int]) -> None:
        """Add rows by topic and partition, and set positions: as one whole."""


class StoreSource:
    """All partitions of a store's raw topic, in turn."""

    def __init__(self, store: Store) -> None:
        """Read from *store*; the first poll gains every partition."""
        self._store = store
        self._next: dict[int, int] = {}

    def poll(self, owner: Owner, limits: Limits) -> list[Batch]:
        """Batches of what is there; see :class:`dkd.stream.source.Source`. Never waits."""
        if not self._next:
            committed = self._store.positions()
            wanted = {partition: committed.get(partition) for partition in range(self._store.partitions)}
            self._next = {partition: start or 0 for partition, start in owner.gained(wanted).items()}
        batches = []
        for partition, start in self._next.items():
            if limits.events <= 0:
                break
            found = self._store.read("raw", partition, start, limits)
            if found:
                batches.append(Batch.of(partition, found))
                self._next[partition] = batches[-1].next_offset
                limits = limits._replace(events=limits.events - len(found))
        return batches

    def changelog(self, partitions: Collection[int]) -> Iterator[Changed]:
        """The state topic of *partitions*."""
        for partition in partitions:
            for _, record in self._store.read("state", partition, 0, ALL):
                if record.key is not None:
                    yield Changed(partition, record.key, record.value)

    def close(self) -> None:
        """Forget where it read."""
        self._next = {}


class StoreSink:
    """Results into a store."""

    def __init__(self, store: Store) -> None:
        """Write to *store*."""
        self._store = store

    def commit(self, results: Sequence[Result]) -> None:
        """Add the rows; see :class:`dkd.stream.sink.Sink`."""
        rows: dict[tuple[str, int], list[Record]] = {}
        for result in results:
            for part in result.rows:
                rows.setdefault((part.kind, result.partition), []).extend(part.records())
        self._store.append(rows, {result.partition: result.next_offset for result in results})

    def close(self) -> None:
        """Nothing to let go."""


ALL = Limits(events=1 << 60, value_bytes=1 << 60)
