"""Where raw records come from: partitions are gained and lost, and read in batches."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from dkd.stream.records import Batch, Positions


class Limits(NamedTuple):
    """How much one step may read: as soon as one of these is reached, it is enough.

    Attributes:
        events: Records of all partitions together.
        value_bytes: Length of their values together; passed by a few records at most.
        wait_s: How long to wait for more.
    """

    events: int = 20_000
    value_bytes: int = 16 * 1024 * 1024
    wait_s: float = 0.1


class Changed(NamedTuple):
    """One record of the state topic."""

    partition: int
    key: bytes
    value: bytes | None


class Owner(Protocol):
    """Who reads partitions and keeps their state."""

    def gained(self, committed: Positions) -> Mapping[int, int | None]:
        """Take over partitions, and say at which offset to read each; None means its first record.

        Args:
            committed: The partitions, each with the offset last committed by whoever had it before.
        """

    def lost(self, partitions: Collection[int]) -> None:
        """Forget partitions: somebody else may have them now."""


class Source(Protocol):
    """Raw records of the partitions that are ours, and the state topic that lies beside them."""

    def poll(self, owner: Owner, limits: Limits) -> list[Batch]:
        """Batches of different partitions; none when nothing came in time.

        Partitions that came or went are made known to *owner* before any record is read from them.
        """

    def changelog(self, partitions: Collection[int]) -> Iterable[Changed]:
        """Every committed record of the state topic's *partitions*, in order within a partition."""

    def close(self) -> None:
        """Let go of the partitions; the owner is not asked any more."""
