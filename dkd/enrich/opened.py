"""The sessions of one partition that may still grow."""

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class OpenSessions:
    """Open sessions; a value."""

    count: int = 0

    def __len__(self) -> int:
        return self.count
