"""Topics in memory: appended to as one whole, read by offset."""

from collections.abc import Mapping, Sequence

from dkd.stream.records import Record
from dkd.stream.source import Limits


class MemoryStore:
    """A :class:`dkd.stream.store.Store` that lasts as long as the process."""

    def __init__(self, partitions: int = 1) -> None:
        """Empty topics of *partitions* partitions each."""
        self._partitions = partitions
        self._topics: dict[tuple[str, int], list[Record]] = {}
        self._positions: dict[int, int] = {}

    @property
    def partitions(self) -> int:
        """Number of partitions of each topic."""
        return self._partitions

    def read(self, kind: str, partition: int, start: int, limits: Limits) -> list[tuple[int, Record]]:
        """Records from offset *start* on."""
        found, value_bytes = [], 0
        for offset, record in enumerate(self._topics.get((kind, partition), [])[start : start + limits.events], start):
            if value_bytes >= limits.value_bytes:
                break
            found.append((offset, record))
            value_bytes += len(record.value or b"")
        return found

    def positions(self) -> Mapping[int, int]:
        """Committed positions in raw."""
        return dict(self._positions)

    def append(self, rows: Mapping[tuple[str, int], Sequence[Record]], positions: Mapping[int, int]) -> None:
        """Add rows and set positions."""
        for place, records in rows.items():
            self._topics.setdefault(place, []).extend(records)
        self._positions.update(positions)
