"""What is text, byte by byte."""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy


cdef inline bint is_text(const uint8_t *at, const uint8_t *end) noexcept nogil:
    """Whether it is UTF-8: no longer forms, no surrogates, nothing beyond U+10FFFF."""
    cdef uint64_t eight
    cdef uint8_t first, least, most
    cdef int more, step
    while at < end:
        if end - at >= 8:
            memcpy(&eight, at, 8)
            if not eight & <uint64_t> 0x8080808080808080:
                at += 8
                continue
        first = at[0]
        at += 1
        if first < 0x80:
            continue
        if first < 0xC2 or first > 0xF4:
            return False
        more = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        if end - at < more:
            return False
        least = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        most = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        if at[0] < least or at[0] > most:
            return False
        for step in range(1, more):
            if at[step] & 0xC0 != 0x80:
                return False
        at += more
    return True
