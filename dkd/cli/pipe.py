"""The reader of our output goes away → the command ends, quietly and at once."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def require_reader() -> None:
    """Raise BrokenPipeError when nobody reads stdout any more, though there is nothing to write just now."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except OSError:  # not a file, as in tests
        return
    if any(events & select.POLLERR for _, events in poll.poll(0)):
        raise BrokenPipeError


@contextmanager
def while_read() -> Iterator[None]:
    """What is done as long as somebody reads stdout; that the reader goes is no failure.

    Typer would turn it into exit code 1, and Python complain of what it still holds as it exits.
    """
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
