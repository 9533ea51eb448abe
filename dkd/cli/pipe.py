"""The reader of our output goes away → the command ends, quietly and at once."""

import os
import select
import sys


def require_reader() -> None:
    """Raise BrokenPipeError when nobody reads stdout any more, though there is nothing to write just now."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except OSError:  # not a file, as in tests
        return
    if any(events & select.POLLERR for _, events in poll.poll(0)):
        raise BrokenPipeError


def let_go() -> None:
    """Send what Python still holds for a reader that has gone to nowhere; else it would complain as it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
