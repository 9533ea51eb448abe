# cython: boundscheck=False, wraparound=False, cdivision=True
"""Texts of arrow are hashed where they lie, by xxh3 of 64 bits (https://github.com/Cyan4973/xxHash); the plain form is
``dkd.enrich.hashing``. Texts beyond 240 bytes, which are rare, are left to the library.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from dkd.kernel.memory cimport held

cdef extern from *:
    """
    static uint64_t dkd_folded(uint64_t one, uint64_t other) {
    #ifdef __SIZEOF_INT128__
        unsigned __int128 found = (unsigned __int128) one * other;
        return (uint64_t) found ^ (uint64_t) (found >> 64);
    #else
        uint64_t low = (one & 0xFFFFFFFF) * (other & 0xFFFFFFFF), high = (one >> 32) * (other >> 32);
        uint64_t mixed = (one >> 32) * (other & 0xFFFFFFFF), rest = (one & 0xFFFFFFFF) * (other >> 32);
        uint64_t carry = (low >> 32) + (mixed & 0xFFFFFFFF) + rest;
        return ((carry << 32) | (low & 0xFFFFFFFF)) ^ ((mixed >> 32) + (carry >> 32) + high);
    #endif
    }
    static uint64_t dkd_turned(uint64_t one) {
        one = ((one & 0x00FF00FF00FF00FFULL) << 8) | ((one >> 8) & 0x00FF00FF00FF00FFULL);
        one = ((one & 0x0000FFFF0000FFFFULL) << 16) | ((one >> 16) & 0x0000FFFF0000FFFFULL);
        return (one << 32) | (one >> 32);
    }
    """
    uint64_t dkd_folded(uint64_t one, uint64_t other) noexcept nogil
    uint64_t dkd_turned(uint64_t one) noexcept nogil

cdef enum:
    SHORT = 12  # bytes of a text that stand in its view
    MOST = 240
    LEAST_SECRET = 136

cdef const uint8_t *SECRET = (
    b"\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe\x7c\x01\x81\x2c\xf7\x21\xad\x1c\xde\xd4\x6d\xe9\x83\x90\x97\xdb\x72\x40\xa4\xa4"
    b"\xb7\xb3\x67\x1f\xcb\x79\xe6\x4e\xcc\xc0\xe5\x78\x82\x5a\xd0\x7d\xcc\xff\x72\x21\xb8\x08\x46\x74\xf7\x43\x24\x8e"
    b"\xe0\x35\x90\xe6\x81\x3a\x26\x4c\x3c\x28\x52\xbb\x91\xc3\x00\xcb\x88\xd0\x65\x8b\x1b\x53\x2e\xa3\x71\x64\x48\x97"
    b"\xa2\x0d\xf9\x4e\x38\x19\xef\x46\xa9\xde\xac\xd8\xa8\xfa\x76\x3f\xe3\x9c\x34\x3f\xf9\xdc\xbb\xc7\xc7\x0b\x4f\x1d"
    b"\x8a\x51\xe0\x4b\xcd\xb4\x59\x31\xc8\x9f\x7e\xc9\xd9\x78\x73\x64\xea\xc5\xac\x83\x34\xd3\xeb\xc3\xc5\x81\xa0\xff"
    b"\xfa\x13\x63\xeb\x17\x0d\xdd\x51\xb7\xf0\xda\x49\xd3\x16\x55\x26\x29\xd4\x68\x9e\x2b\x16\xbe\x58\x7d\x47\xa1\xfc"
    b"\x8f\xf8\xb8\xd1\x7a\xd0\x31\xce\x45\xcb\x3a\x8f\x95\x16\x04\x28\xaf\xd7\xfb\xca\xbb\x4b\x40\x7e"
)
"""As the algorithm has it."""

cdef uint64_t ONE = 0x9E3779B185EBCA87, TWO = 0xC2B2AE3D27D4EB4F, THREE = 0x165667B19E3779F9
cdef uint64_t FIRST_MIX = 0x165667919E3779F9, SECOND_MIX = 0x9FB21C651E98DF25


cdef inline uint64_t _eight(const uint8_t *at) noexcept nogil:
    cdef uint64_t found
    memcpy(&found, at, 8)
    return found


cdef inline uint64_t _four(const uint8_t *at) noexcept nogil:
    cdef uint32_t found
    memcpy(&found, at, 4)
    return found


cdef inline uint64_t _mixed(const uint8_t *at, const uint8_t *secret) noexcept nogil:
    """What sixteen bytes add."""
    return dkd_folded(_eight(at) ^ _eight(secret), _eight(at + 8) ^ _eight(secret + 8))


cdef inline uint64_t _spread(uint64_t found) noexcept nogil:
    found = (found ^ (found >> 37)) * FIRST_MIX
    return found ^ (found >> 32)


cdef inline uint64_t _spread_old(uint64_t found) noexcept nogil:
    found = (found ^ (found >> 33)) * TWO
    found = (found ^ (found >> 29)) * THREE
    return found ^ (found >> 32)


cdef inline uint64_t _short(const uint8_t *at, uint64_t size) noexcept nogil:
    """Of 16 bytes at most."""
    cdef uint64_t low, high, found
    if size > 8:
        low = _eight(at) ^ _eight(SECRET + 24) ^ _eight(SECRET + 32)
        high = _eight(at + size - 8) ^ _eight(SECRET + 40) ^ _eight(SECRET + 48)
        return _spread(size + dkd_turned(low) + high + dkd_folded(low, high))
    if size >= 4:
        found = _four(at + size - 4) + (_four(at) << 32) ^ _eight(SECRET + 8) ^ _eight(SECRET + 16)
        found ^= (found << 49 | found >> 15) ^ (found << 24 | found >> 40)
        found *= SECOND_MIX
        found ^= (found >> 35) + size
        found *= SECOND_MIX
        return found ^ (found >> 28)
    if size:
        found = <uint64_t> at[0] << 16 | <uint64_t> at[size >> 1] << 24 | at[size - 1] | size << 8
        return _spread_old(found ^ _four(SECRET) ^ _four(SECRET + 4))
    return _spread_old(_eight(SECRET + 56) ^ _eight(SECRET + 64))


cdef uint64_t _hash(const uint8_t *at, uint64_t size) noexcept nogil:
    """Of :data:`MOST` bytes at most."""
    if size <= 16:
        return _short(at, size)
    cdef uint64_t found = size * ONE, last
    cdef uint64_t seq
    if size <= 128:
        for seq in range((size - 1) // 32 + 1):
            found += _mixed(at + 16 * seq, SECRET + 32 * seq)
            found += _mixed(at + size - 16 * (seq + 1), SECRET + 32 * seq + 16)
        return _spread(found)
    for seq in range(8):
        found += _mixed(at + 16 * seq, SECRET + 16 * seq)
    found, last = _spread(found), _mixed(at + size - 16, SECRET + LEAST_SECRET - 17)
    for seq in range(8, size // 16):
        last += _mixed(at + 16 * seq, SECRET + 16 * (seq - 8) + 3)
    return _spread(found + last)


cdef struct Span:
    const uint8_t *at
    Py_ssize_t size


cdef struct Column:
    const uint8_t *live  # bits; NULL where every row has a text
    const uint8_t *views
    int64_t offset
    Span *texts  # that views lie in
    Py_ssize_t count  # of texts


cdef int _open(Column *column, tuple given, Py_ssize_t rows) except -1:
    live, views, column.offset, texts = given
    if not 0 <= column.offset < <int64_t> 1 << 40:
        raise ValueError(f"rows from {column.offset} on")
    if live is not None:
        column.live = <const uint8_t *> held(live, (column.offset + rows + 7) // 8, False)
    column.views = <const uint8_t *> held(views, 16 * (column.offset + rows), False)
    column.texts = <Span *> calloc(len(texts) + 1, sizeof(Span))
    if column.texts == NULL:
        raise MemoryError
    for text in texts:
        column.texts[column.count].size = len(text)
        column.texts[column.count].at = <const uint8_t *> held(text, len(text), False)
        column.count += 1
    return 0


cdef bint _found(const Column *column, Py_ssize_t row, Span *found) except -1:
    """Whether there is a text, and where."""
    cdef int64_t place = column.offset + row
    cdef uint32_t[4] view
    if column.live != NULL and not column.live[place >> 3] >> (place & 7) & 1:
        return False
    memcpy(view, column.views + 16 * place, 16)
    found.size, found.at = view[0], column.views + 16 * place + 4
    if view[0] <= SHORT:
        return True
    if view[2] >= column.count or view[3] + <int64_t> view[0] > column.texts[view[2]].size:
        raise ValueError("a view leaves its column")
    found.at = column.texts[view[2]].at + view[3]
    return True


def hashed(columns, Py_ssize_t rows, digest, found):
    """The hash of each row's texts, with a zero byte between them; 0 where one is null.

    Args:
        columns: Of each: the bits that tell which rows have a text (None: all), views of arrow, the row from which on,
            and the texts that they lie in.
        rows: How many.
        digest: Hash of bytes by the library.
        found: Gets the hashes.
    """
    cdef Py_ssize_t count = len(columns), seq, row, size
    cdef uint64_t *hashes = <uint64_t *> held(found, rows * 8, True)
    cdef Column *opened = <Column *> calloc(count + 1, sizeof(Column))
    cdef Span *spans = <Span *> calloc(count + 1, sizeof(Span))
    cdef uint8_t[MOST] joined
    cdef bint is_whole
    try:
        if opened == NULL or spans == NULL:
            raise MemoryError
        for seq in range(count):
            _open(opened + seq, columns[seq], rows)
        for row in range(rows):
            size, is_whole = count - 1, True
            for seq in range(count):
                is_whole = is_whole and _found(opened + seq, row, spans + seq)
                size += spans[seq].size
            if not is_whole:
                hashes[row] = 0
            elif size > MOST:
                hashes[row] = digest(b"\0".join(
                    [PyBytes_FromStringAndSize(<const char *> spans[seq].at, spans[seq].size) for seq in range(count)]
                ))
            elif count == 1:
                hashes[row] = _hash(spans[0].at, size)
            else:
                size = 0
                for seq in range(count):
                    if seq:
                        joined[size] = 0
                        size += 1
                    memcpy(joined + size, spans[seq].at, spans[seq].size)
                    size += spans[seq].size
                hashes[row] = _hash(joined, size)
    finally:
        if opened != NULL:
            for seq in range(count):
                free(opened[seq].texts)
        free(opened)
        free(spans)
