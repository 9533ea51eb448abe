"""Where results go: all rows of a step together with the positions they were made from, or nothing at all."""

from collections.abc import Sequence
from typing import Protocol

from dkd.stream.records import Result


class Sink(Protocol):
    """Topics clean, sessions, rejects and state, and the committed positions in raw."""

    def commit(self, results: Sequence[Result]) -> None:
        """Write the rows and positions of *results* as one whole.

        When this returns, readers of committed records see all of it. When it raises, either all or nothing was
        written, and only reading back what is committed tells which.
        """

    def close(self) -> None:
        """Let go; nothing is open, because a commit leaves nothing half done."""
