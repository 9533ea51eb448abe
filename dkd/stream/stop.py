"""The wish to end becomes a flag that a loop asks between two steps."""

import time


class Stop:
    """The wish to end; asked for once, from a signal handler or another thread."""

    def __init__(self) -> None:
        self._asked_s: float | None = None

    def ask(self) -> None:
        """Ask for the end."""
        if self._asked_s is None:
            self._asked_s = time.monotonic()

    @property
    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked_s is not None

    def over(self, limit_s: float) -> bool:
        """Whether it was asked for longer than *limit_s* ago."""
        return self._asked_s is not None and time.monotonic() - self._asked_s > limit_s
