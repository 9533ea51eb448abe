# cython: boundscheck=False, wraparound=False, cdivision=True
"""The bytes of a plain GET become its target and headers. What is not plain is httptools', whose results these are."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.string cimport memcmp

cdef enum:
    MOST_BYTES = 16384
    MOST_NAME = 40
    MOST = 64  # headers

_FRAMING = frozenset({
    b"connection", b"content-length", b"expect", b"keep-alive", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
})
"""What says how the message, or the one behind it, is read."""

cdef uint8_t[256] _TARGET
cdef uint8_t[256] _NAME
for _code in range(256):
    _TARGET[_code] = 0x21 <= _code < 0x7F and chr(_code) not in '"#<>\\^`{|}'
    _NAME[_code] = ord(chr(_code).lower()) if _code < 0x7F and (chr(_code).isalnum() or _code == 0x2D) else 0


def plain(bytes data not None):
    """Target and headers of *data*, where it is one whole GET of HTTP/1.1 without a body and without anything odd, whose
    connection stays; else None. Names are in lower case."""
    cdef const uint8_t *begin = <const uint8_t *> <const char *> data
    cdef const uint8_t *end = begin + len(data)
    cdef const uint8_t *at = begin + 4
    cdef const uint8_t *start
    cdef uint8_t[MOST_NAME] name
    cdef int size
    cdef list headers = []
    if end - begin < 18 or end - begin > MOST_BYTES or memcmp(begin, b"GET /", 5):
        return None
    while at < end and _TARGET[at[0]]:
        at += 1
    if end - at < 13 or memcmp(at, b" HTTP/1.1\r\n", 11):
        return None
    target = PyBytes_FromStringAndSize(<const char *> begin + 4, at - begin - 4)
    at += 11
    while end - at > 2:
        size = 0
        while at < end and size < MOST_NAME and _NAME[at[0]]:
            name[size] = _NAME[at[0]]
            size += 1
            at += 1
        if not size or end - at < 2 or at[0] != 58 or at[1] != 32:
            return None
        at += 2
        start = at
        while at < end and 0x20 <= at[0] < 0x7F:
            at += 1
        # Blanks around a value are not of it.
        if at == start or end - at < 2 or start[0] == 32 or (at - 1)[0] == 32 or at[0] != 13 or at[1] != 10:
            return None
        called = PyBytes_FromStringAndSize(<const char *> name, size)
        value = PyBytes_FromStringAndSize(<const char *> start, at - start)
        if called in _FRAMING and not (called == b"connection" and value.lower() == b"keep-alive"):
            return None
        if len(headers) == MOST:
            return None
        headers.append((called, value))
        at += 2
    return (target, headers) if end - at == 2 and at[0] == 13 and at[1] == 10 else None
