# cython: boundscheck=False, wraparound=False, cdivision=True
"""A query of Divolte's tag becomes the values of a record, and its mincode an object, where all is as the tag writes it.

Whatever is not so is left to the plain form, which is ``dkd.collect.pixel`` with what it uses: None is given then, and
nothing was done. A query's text is never read beyond its end, nor its decoded form written beyond it.
"""

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memcpy

from decimal import Decimal

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef enum:
    MOST_BYTES = 32768  # of a query
    MOST = 40  # parameters
    MOST_DIGITS = 12  # of base 36, which surely fit 64 bits
    FEW_DIGITS = 5  # which surely fit 32

cdef struct Part:
    const uint8_t *name
    Py_ssize_t name_size
    const uint8_t *value
    Py_ssize_t size


cdef inline int _hex(uint8_t byte) noexcept nogil:
    if 48 <= byte <= 57:
        return byte - 48
    byte |= 32
    return byte - 87 if 97 <= byte <= 102 else -1


cdef inline int _digit(uint8_t byte) noexcept nogil:
    """Of base 36; -1 where it is none."""
    if 48 <= byte <= 57:
        return byte - 48
    byte |= 32
    return byte - 87 if 97 <= byte <= 122 else -1


cdef bint _number(const uint8_t *at, Py_ssize_t size, Py_ssize_t most, int64_t *found) noexcept nogil:
    """Read base 36; False where it is none, or may be too large."""
    cdef int64_t number = 0
    cdef bint is_negative = size > 0 and at[0] == 45
    cdef Py_ssize_t step = 1 if is_negative else 0
    cdef int digit
    if size == step or size - step > most:
        return False
    while step < size:
        digit = _digit(at[step])
        if digit < 0:
            return False
        number = number * 36 + digit
        step += 1
    found[0] = -number if is_negative else number
    return True


cdef uint32_t _hash(const uint8_t *at, Py_ssize_t size) noexcept nogil:
    """MurmurHash3 of 32 bits, seed 0."""
    cdef uint32_t state = 0, block
    cdef Py_ssize_t rest = size & 3
    cdef const uint8_t *end = at + size - rest
    while at < end:
        memcpy(&block, at, 4)
        block = _little(block) * <uint32_t> 0xCC9E2D51
        block = (block << 15 | block >> 17) * <uint32_t> 0x1B873593
        state ^= block
        state = (state << 13 | state >> 19) * 5 + <uint32_t> 0xE6546B64
        at += 4
    block = 0
    if rest:
        while rest:
            rest -= 1
            block = block << 8 | at[rest]
        block *= <uint32_t> 0xCC9E2D51
        state ^= (block << 15 | block >> 17) * <uint32_t> 0x1B873593
    state ^= <uint32_t> size
    state = (state ^ state >> 16) * <uint32_t> 0x85EBCA6B
    state = (state ^ state >> 13) * <uint32_t> 0xC2B2AE35
    return state ^ state >> 16


cdef inline uint32_t _little(uint32_t block) noexcept nogil:
    """*block* as it was read from memory that a machine of the other order would read so too."""
    cdef uint8_t *at = <uint8_t *> &block
    return <uint32_t> at[0] | <uint32_t> at[1] << 8 | <uint32_t> at[2] << 16 | <uint32_t> at[3] << 24


cdef inline bint _is_plain(const uint8_t *at, Py_ssize_t size) noexcept nogil:
    """Whether it is ASCII."""
    cdef Py_ssize_t step
    for step in range(size):
        if at[step] > 0x7F:
            return False
    return True


cdef bint _is_id(const uint8_t *at, Py_ssize_t size) noexcept nogil:
    """Whether it is ``0:<base 36 ms>:<unique>`` in its one spelling."""
    cdef const uint8_t *end = at + size
    cdef const uint8_t *digits
    if size < 4 or at[0] != 48 or at[1] != 58:
        return False
    at += 2
    digits = at
    while at < end and (48 <= at[0] <= 57 or 97 <= at[0] <= 122):
        at += 1
    if at == end or at[0] != 58 or not 1 <= at - digits <= MOST_DIGITS or (digits[0] == 48 and at - digits > 1):
        return False
    at += 1
    return memchr(at, 58, end - at) == NULL


cdef object _text(const uint8_t *at, Py_ssize_t size):
    return PyUnicode_DecodeUTF8(<const char *> at, size, NULL)


cdef int _split(const uint8_t *at, Py_ssize_t size, uint8_t *out, Part *parts, bint *is_basic) noexcept nogil:
    """Decode a query to *out*, of as many bytes or more; how many parameters it has, -1 where it is no usual one."""
    cdef const uint8_t *end = at + size
    cdef uint8_t *begin = out
    cdef int count = 0, high, low
    cdef bint is_name = True
    cdef uint8_t byte
    is_basic[0] = True
    while True:
        if at == end or at[0] == 38:
            # An empty segment is none; one without = has an empty value.
            if not is_name or out > begin:
                if count == MOST:
                    return -1
                if is_name:
                    parts[count].name, parts[count].name_size = begin, out - begin
                    begin = out
                if not _is_plain(parts[count].name, parts[count].name_size):
                    return -1
                parts[count].value, parts[count].size = begin, out - begin
                count += 1
            if at == end:
                return count
            begin, is_name = out, True
            at += 1
            continue
        byte = at[0]
        at += 1
        if byte == 61 and is_name:
            if count == MOST:
                return -1
            parts[count].name, parts[count].name_size = begin, out - begin
            begin, is_name = out, False
            continue
        if byte == 43:
            byte = 32
        elif byte == 37:
            if end - at < 2:
                return -1
            high, low = _hex(at[0]), _hex(at[1])
            if high < 0 or low < 0:
                return -1
            byte = <uint8_t> (high << 4 | low)
            at += 2
            if byte >= 0xF0:
                is_basic[0] = False
        elif byte > 0x7E or byte < 0x21:
            return -1
        out[0] = byte
        out += 1


cdef bint _sorted(Part *parts, int count, int *order) noexcept nogil:
    """Put the parameters into the order of their names; False where a name comes twice."""
    cdef int at, place
    cdef int less
    for at in range(count):
        place = at
        while place:
            less = _compared(parts + at, parts + order[place - 1])
            if less == 0:
                return False
            if less > 0:
                break
            order[place] = order[place - 1]
            place -= 1
        order[place] = at
    return True


cdef inline int _compared(Part *one, Part *other) noexcept nogil:
    cdef Py_ssize_t shared = min(one.name_size, other.name_size)
    cdef int found = memcmp(one.name, other.name, shared)
    return found if found else (one.name_size > other.name_size) - (one.name_size < other.name_size)


cdef uint32_t _checksum(Part *parts, int count, int *order, uint8_t *out) noexcept nogil:
    """Of all but ``x``; *out* has room for every name and value, and three bytes more of each."""
    cdef uint8_t *at = out
    cdef Part *part
    cdef int place
    for place in range(count):
        part = parts + order[place]
        if part.name_size == 1 and part.name[0] == 120:
            continue
        memcpy(at, part.name, part.name_size)
        at += part.name_size
        at[0] = 61
        memcpy(at + 1, part.value, part.size)
        at += part.size + 1
        at[0], at[1] = 44, 59
        at += 2
    return _hash(out, at - out)


cdef class Queries:
    """Reads queries into records of one layout."""

    cdef Py_ssize_t size
    cdef Py_ssize_t corruption
    cdef Py_ssize_t[128] slots

    def __cinit__(self, Py_ssize_t size, Py_ssize_t corruption, dict slots):
        """Records have *size* values; whether the checksum is wrong stands at *corruption*, each letter in its slot."""
        self.size, self.corruption = size, corruption
        cdef int at
        for at in range(128):
            self.slots[at] = -1
        if set("cefhijlprstvw") != set(slots) or not all(0 <= slot < size for slot in (corruption, *slots.values())):
            raise ValueError("not a slot of the record for each letter")
        for letter, slot in slots.items():
            self.slots[<uint8_t> ord(letter) & 127] = slot

    def read(self, bytes query not None):
        """Record, event parameters and pixel ratio of a *query* that has no byte that must be escaped; None where the
        plain form must look."""
        cdef Part[MOST] parts
        cdef int[MOST] order
        cdef bint is_basic
        cdef Py_ssize_t size = len(query)
        cdef uint8_t *room
        cdef int count
        cdef uint32_t checksum
        if size > MOST_BYTES:
            return None
        room = <uint8_t *> malloc(2 * size + 3 * MOST + 1)
        if room == NULL:
            raise MemoryError
        try:
            count = _split(<const uint8_t *> <const char *> query, size, room, parts, &is_basic)
            if count < 0 or not _sorted(parts, count, order):
                return None
            checksum = _checksum(parts, count, order, room + size)
            return self.record(parts, count, <int32_t> checksum, is_basic)
        except UnicodeDecodeError:
            return None
        finally:
            free(room)

    cdef object record(self, Part *parts, int count, int32_t checksum, bint is_basic):
        cdef list record = [None] * self.size
        cdef Part *part
        cdef int64_t number
        cdef int seen = 0
        cdef bint is_intact = False
        cdef object ratio = None, given = None
        cdef uint8_t letter
        cdef int at
        for at in range(count):
            part = parts + at
            if part.name_size != 1:
                if not _is_plain(part.value, part.size):
                    # Bytes that are no UTF-8 count otherwise in the checksum.
                    _text(part.value, part.size)
                continue
            letter = part.name[0]
            if letter == 112 or letter == 115:  # p, s
                if not _is_id(part.value, part.size):
                    return None
                seen += 1
            elif letter == 99:  # c
                if not _number(part.value, part.size, MOST_DIGITS, &number):
                    return None
                record[self.slots[letter]] = number
                seen += 1
                continue
            elif letter == 102:  # f
                record[self.slots[letter]] = part.size == 1 and part.value[0] == 116
                _text(part.value, part.size)
                seen += 1
                continue
            elif letter == 120:  # x
                if not _number(part.value, part.size, MOST_DIGITS, &number):
                    return None
                is_intact = number == checksum
                if not is_intact and not is_basic:
                    return None
                continue
            elif letter == 119 or letter == 104 or letter == 105 or letter == 106 or letter == 107:  # w, h, i, j, k
                if not _number(part.value, part.size, FEW_DIGITS, &number):
                    return None
                if letter == 107:
                    ratio = number
                else:
                    record[self.slots[letter]] = number
                continue
            elif letter == 118 or letter == 101:  # v, e
                seen += 1
            elif letter == 110:  # n
                seen += 1
                _text(part.value, part.size)
                continue
            elif letter == 117:  # u
                given = _text(part.value, part.size)
                continue
            text = _text(part.value, part.size)
            if letter < 128 and self.slots[letter] >= 0:
                record[self.slots[letter]] = text
        if seen != 7:
            return None
        record[self.corruption] = not is_intact
        return record, given, ratio


def members(str text not None):
    """The members of an object in mincode that holds texts, numbers and constants alone; None of anything else."""
    cdef Py_ssize_t size = 0
    cdef const uint8_t *at
    cdef const uint8_t *end
    cdef dict found = {}
    cdef const uint8_t *stop
    cdef int64_t number
    cdef uint8_t kind
    try:
        at = <const uint8_t *> PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError:
        return None
    end = at + size
    if size < 2 or at[0] != 40:
        return None
    at += 1
    while at < end:
        kind = at[0]
        at += 1
        if kind == 41:
            return found
        if kind > 0x7F:
            # The first byte of a longer character, which is no type.
            return None
        stop = _stop(at, end)
        if stop == NULL:
            return None
        name = _text(at, stop - at)
        at = stop + 1
        if kind == 116 or kind == 102:  # t, f
            found[name] = kind == 116
            continue
        if kind == 110:  # n
            found[name] = None
            continue
        stop = _stop(at, end)
        if stop == NULL:
            return None
        if kind == 115:  # s
            found[name] = _text(at, stop - at)
        elif kind == 100:  # d
            if not _number(at, stop - at, MOST_DIGITS, &number):
                return None
            found[name] = number
        elif kind == 106 and _is_decimal(at, stop - at):  # j
            found[name] = Decimal(_text(at, stop - at))
        else:
            return None
        at = stop + 1
    return None


cdef const uint8_t *_stop(const uint8_t *at, const uint8_t *end) noexcept nogil:
    """The end of a text; NULL where it has none, or holds an escape."""
    while at < end and at[0] != 126:
        if at[0] == 33:
            return at
        at += 1
    return NULL


cdef bint _is_decimal(const uint8_t *at, Py_ssize_t size) noexcept nogil:
    """Whether it is digits with at most one point between them, and a minus before them."""
    cdef bint has_point = False, has_digit = False
    cdef Py_ssize_t step = 1 if size and at[0] == 45 else 0
    if size > 40:
        return False
    while step < size:
        if 48 <= at[step] <= 57:
            has_digit = True
        elif at[step] == 46 and has_digit and not has_point:
            has_point, has_digit = True, False
        else:
            return False
        step += 1
    return has_digit
