# cython: boundscheck=False, wraparound=False, cdivision=True
"""Rows of numbers become bytes, column by column. The plain form is ``dkd.stream.packing``."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from dkd.kernel.memory cimport held

cdef enum:
    HEAD_BYTES = 9

cdef int64_t NEVER = -(<int64_t> 1 << 62)


cdef uint64_t _above(
    const uint8_t *row, Py_ssize_t count, Py_ssize_t row_bytes, int width, uint64_t *found
) noexcept nogil:
    """The unsigned column that begins at *row* as what its values are above the least one, which is returned."""
    cdef Py_ssize_t seq
    cdef uint64_t value = 0, least = <uint64_t> -1
    for seq in range(count):
        value = 0
        if width == 8:
            memcpy(&value, row, 8)
        elif width == 4:
            memcpy(&value, row, 4)
        elif width == 2:
            memcpy(&value, row, 2)
        else:
            value = row[0]
        found[seq] = value
        least = min(least, value)
        row += row_bytes
    for seq in range(count):
        found[seq] -= least
    return least


cdef uint64_t _above_signed(
    const uint8_t *row, Py_ssize_t count, Py_ssize_t row_bytes, uint64_t *found
) noexcept nogil:
    """The same for signed numbers of 64 bits: what is never is 0, and the least of the others 1."""
    cdef Py_ssize_t seq
    cdef int64_t value, least = (<uint64_t> 1 << 63) - 1
    cdef bint is_empty = True
    for seq in range(count):
        memcpy(&value, row, 8)
        found[seq] = <uint64_t> value
        if value != NEVER:
            is_empty = False
            least = min(least, value)
        row += row_bytes
    if is_empty:
        least = 0
    for seq in range(count):
        found[seq] = 0 if found[seq] == <uint64_t> NEVER else found[seq] - <uint64_t> least + 1
    return <uint64_t> least


def packed(rows, Py_ssize_t count, Py_ssize_t row_bytes, columns):
    """*count* rows, one or more, of *row_bytes* each.

    Args:
        columns: Where each begins in a row, its width in bytes, and whether its numbers are signed.
    """
    cdef const uint8_t *text = <const uint8_t *> held(rows, count * row_bytes, False)
    cdef uint64_t *found = <uint64_t *> malloc((2 * count + 2) * 8)
    cdef uint8_t *written
    cdef uint64_t least, every
    cdef Py_ssize_t seq, start
    cdef int width, kept
    cdef bytes part
    if found == NULL:
        raise MemoryError
    try:
        parts = []
        for start, width, is_signed in columns:
            if start < 0 or start + width > row_bytes or width not in (1, 2, 4, 8) or is_signed and width < 8:
                raise ValueError(f"no column of {width} bytes at {start}")
            if is_signed:
                least = _above_signed(text + start, count, row_bytes, found)
            else:
                least = _above(text + start, count, row_bytes, width, found)
            every, kept = 0, 0
            for seq in range(count):
                every |= found[seq]
            while every:
                every >>= 8
                kept += 1
            # Eight bytes each time; the next value takes the place of those that are too many.
            written = <uint8_t *> (found + count)
            for seq in range(count):
                memcpy(written, found + seq, 8)
                written += kept
            part = PyBytes_FromStringAndSize(NULL, HEAD_BYTES + count * kept)
            written = <uint8_t *> PyBytes_AS_STRING(part)
            written[0] = kept
            memcpy(written + 1, &least, 8)
            memcpy(written + HEAD_BYTES, found + count, count * kept)
            parts.append(part)
        return b"".join(parts)
    finally:
        free(found)
