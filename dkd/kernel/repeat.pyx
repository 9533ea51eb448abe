# cython: boundscheck=False, wraparound=False, cdivision=True
"""The ids of an event become its place in Divolte's memory of duplicates. The plain form is ``dkd.collect.duplicates``."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    void *PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)

cdef enum:
    MOST = 512  # characters of all three

cdef uint64_t C1 = <uint64_t> 0x87C37B91114253D5
cdef uint64_t C2 = <uint64_t> 0x4CF5AD432745937F


cdef inline uint64_t _rotated(uint64_t value, int by) noexcept nogil:
    return value << by | value >> (64 - by)


cdef inline uint64_t _little(const uint8_t *at) noexcept nogil:
    cdef uint64_t found = 0
    cdef int step
    for step in range(8):
        found |= <uint64_t> at[step] << 8 * step
    return found


cdef inline uint64_t _mixed(uint64_t value) noexcept nogil:
    value = (value ^ value >> 33) * <uint64_t> 0xFF51AFD7ED558CCD
    value = (value ^ value >> 33) * <uint64_t> 0xC4CEB9FE1A85EC53
    return value ^ value >> 33


cdef void _digest(uint8_t *at, size_t size, uint64_t *one, uint64_t *other) noexcept nogil:
    """MurmurHash3 of 128 bits for 64-bit machines, seed 0; behind the *size* bytes are sixteen zeros."""
    cdef uint64_t h1 = 0, h2 = 0
    cdef const uint8_t *end = at + (size & ~<size_t> 15)
    while at < end:
        h1 ^= _rotated(_little(at) * C1, 31) * C2
        h1 = (_rotated(h1, 27) + h2) * 5 + 0x52DCE729
        h2 ^= _rotated(_little(at + 8) * C2, 33) * C1
        h2 = (_rotated(h2, 31) + h1) * 5 + 0x38495AB5
        at += 16
    # Of what is left, zeros change nothing.
    h2 ^= _rotated(_little(at + 8) * C2, 33) * C1
    h1 ^= _rotated(_little(at) * C1, 31) * C2
    h1 ^= size
    h2 ^= size
    h1 += h2
    h2 += h1
    h1, h2 = _mixed(h1), _mixed(h2)
    h1 += h2
    one[0], other[0] = h1, h2 + h1


cdef inline uint64_t _turned(uint64_t value) noexcept nogil:
    """The bytes in the other order."""
    cdef uint64_t found = 0
    cdef int step
    for step in range(8):
        found = found << 8 | (value >> 8 * step & 0xFF)
    return found


def place(str party not None, str session not None, str event not None):
    """Which of 2^31 slots an event has, and its signature; None for ids that are long, or not all of Latin-1."""
    cdef uint8_t[2 * MOST + 16] room
    cdef size_t size = 0
    cdef Py_ssize_t step, length
    cdef const uint8_t *text
    cdef uint64_t one, other
    for part in (party, session, event):
        length = PyUnicode_GET_LENGTH(part)
        if PyUnicode_KIND(part) != 1 or size + 2 * length > 2 * MOST:
            return None
        text = <const uint8_t *> PyUnicode_DATA(part)
        for step in range(length):
            room[size], room[size + 1] = text[step], 0
            size += 2
    for step in range(16):
        room[size + step] = 0
    _digest(room, size, &one, &other)
    return <int64_t> (_turned(one) >> 32 & 0x7FFFFFFF), <int64_t> _turned(other)
