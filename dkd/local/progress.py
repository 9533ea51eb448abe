"""What the local stack says while it works: passing progress and lasting notes, to whoever listens."""

from typing import Protocol


class Listener(Protocol):
    """Where progress goes; ``cli`` writes it to stderr, tests keep it in a list."""

    def progress(self, text: str) -> None:
        """Something is under way; the next text replaces this one."""

    def note(self, text: str) -> None:
        """Something happened that is worth a line of its own."""


class Silent:
    """A listener that drops everything."""

    def progress(self, text: str) -> None:
        """Drop *text*."""

    def note(self, text: str) -> None:
        """Drop *text*."""
