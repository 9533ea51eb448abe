"""An answer and its connection's state → the bytes that are sent."""

import time
from email.utils import formatdate
from functools import lru_cache

from dkd.collect.message import Answer

_KEPT, _CLOSED = b"Connection: keep-alive\r\n", b"Connection: close\r\n"


def reply(given: Answer, keeps: bool, method: str) -> bytes:
    """The response *given* to a request by *method*; whether the connection *keeps* is said where the answer does."""
    framing = (_KEPT if keeps else _CLOSED) if given.framed else b""
    date = _date(int(time.time())) if given.dated else b""
    return b"%b%b%b\r\n%b" % (given.head, framing, date, b"" if method == "HEAD" else given.body)


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
