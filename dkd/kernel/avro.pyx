# cython: boundscheck=False, wraparound=False, cdivision=True
"""Avro bodies become columns of arrow in one pass: which end exactly where they should, and where their values lie.

What a body says is believed nowhere: each step first looks whether the body still has so many bytes. The plain form is
``dkd.stream.structure``.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from dkd.kernel.memory cimport held

cdef enum:
    TEXT, BYTES, BOOLEAN, INT, LONG, FLOAT, DOUBLE, NULL_, LIST
    SHORT = 12  # bytes of a text that stand in its view
    LONGEST_LIST = 64  # items; a longer list is left to a slower reader, as the plain form leaves it

cdef enum Verdict:
    SOUND, BROKEN, UNSURE

KINDS = ("string", "bytes", "boolean", "int", "long", "float", "double", "null", "array")
"""By number."""

_WIDTHS = (16, 16, 0, 4, 8, 4, 8, 0, 8)
"""Bytes of a value in its column; booleans are bits."""


cdef struct Place:
    const uint8_t *at
    const uint8_t *end


cdef struct Kind:
    int32_t kind  # of values that are not null
    int32_t branches  # of the union; 0 where there is none
    int32_t chosen  # branch of such values; -1 where there is none


cdef struct Column:
    Kind own
    Kind items
    uint8_t *values
    uint8_t *live


cdef inline bint _number(Place *place, int64_t *found) noexcept nogil:
    """Read a zigzag number; False where the body ends in it, or it has more than 64 bits."""
    cdef uint64_t number = 0
    cdef int shift = 0
    cdef uint8_t byte
    while place.at < place.end and shift < 70:
        byte = place.at[0]
        place.at += 1
        if shift == 63 and byte > 1:
            return False
        number |= (<uint64_t> (byte & 0x7F)) << shift
        if byte < 0x80:
            found[0] = <int64_t> (number >> 1) ^ -<int64_t> (number & 1)
            return True
        shift += 7
    return False


cdef inline Verdict _branch(Place *place, Kind kind, bint *is_live) noexcept nogil:
    """Read which branch of a union follows."""
    is_live[0] = kind.kind != NULL_
    if not kind.branches:
        return SOUND
    if place.at >= place.end:
        return BROKEN
    cdef uint8_t chosen = place.at[0]
    if chosen > 0x7F:
        return UNSURE
    if chosen & 1 or chosen >= 2 * kind.branches:
        return BROKEN
    place.at += 1
    is_live[0] = is_live[0] and chosen == 2 * kind.chosen
    return SOUND


cdef inline bint _is_text(const uint8_t *at, const uint8_t *end) noexcept nogil:
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


cdef inline void _view(uint8_t *view, const uint8_t *text, const uint8_t *at, uint32_t length) noexcept nogil:
    """A view of arrow: length, first four bytes, number of the buffer, place in it; or the length and a short text."""
    cdef uint32_t place = <uint32_t> (at - text)
    memcpy(view, &length, 4)
    if length <= SHORT:
        memcpy(view + 4, at, length)
        return
    memcpy(view + 4, at, 4)
    memcpy(view + 12, &place, 4)


cdef inline Verdict _fixed(Place *place, int32_t kind, uint8_t *written, int64_t row) noexcept nogil:
    """Step over a float, a double or a boolean that is not null."""
    cdef int width = 1 if kind == BOOLEAN else 4 if kind == FLOAT else 8
    if place.end - place.at < width or (kind == BOOLEAN and place.at[0] > 1):
        return BROKEN
    if written != NULL:
        if kind == BOOLEAN:
            written[row >> 3] |= place.at[0] << (row & 7)
        else:
            memcpy(written + width * row, place.at, width)
    place.at += width
    return SOUND


cdef inline Verdict _value(Place *place, int32_t kind, const uint8_t *text, uint8_t *written, int64_t row) noexcept nogil:
    """Step over a value that is not null, and have it in the column *written*, which may be NULL."""
    cdef int64_t number = 0
    cdef int32_t narrow
    if kind == FLOAT or kind == DOUBLE or kind == BOOLEAN:
        return _fixed(place, kind, written, row)
    if not _number(place, &number):
        return BROKEN
    if kind == LONG:
        if written != NULL:
            memcpy(written + 8 * row, &number, 8)
        return SOUND
    if kind == INT:
        narrow = <int32_t> number
        if narrow != number:
            return BROKEN
        if written != NULL:
            memcpy(written + 4 * row, &narrow, 4)
        return SOUND
    if number < 0 or number > place.end - place.at:
        return BROKEN
    if kind == TEXT and not _is_text(place.at, place.at + number):
        # It ends where it should, but no reader takes it.
        return BROKEN
    if written != NULL:
        _view(written + 16 * row, text, place.at, <uint32_t> number)
    place.at += number
    return SOUND


cdef Verdict _items(Place *place, Kind kind, const uint8_t *text) noexcept nogil:
    """Step over a list: blocks of items, of which the last is empty."""
    cdef int64_t count = 0, size = 0, passed = 0, done
    cdef bint is_live = False
    cdef Verdict found
    while True:
        if not _number(place, &count):
            return BROKEN
        # The block's length in bytes, for readers that want to skip it.
        if count < 0 and not _number(place, &size):
            return BROKEN
        if count == 0:
            return SOUND
        # The least number there is has no absolute value.
        if count > LONGEST_LIST or count < -LONGEST_LIST:
            return UNSURE
        passed += -count if count < 0 else count
        if passed > LONGEST_LIST:
            return UNSURE
        for done in range(-count if count < 0 else count):
            found = _branch(place, kind, &is_live)
            if found == SOUND and is_live:
                found = _value(place, kind.kind, text, NULL, 0)
            if found != SOUND:
                return found


cdef Verdict _record(Place place, Column *columns, Py_ssize_t count, const uint8_t *text, int64_t row) noexcept nogil:
    """Step over a body, and have its values in the columns."""
    cdef Verdict found
    cdef bint is_live = False
    cdef int64_t start
    cdef Column *column
    cdef Py_ssize_t seq
    for seq in range(count):
        column = &columns[seq]
        found = _branch(&place, column.own, &is_live)
        if found == SOUND and is_live:
            if column.own.kind == LIST:
                start = place.at - text
                memcpy(column.values + 8 * row, &start, 8)
                found = _items(&place, column.items, text)
            else:
                found = _value(&place, column.own.kind, text, column.values, row)
            column.live[row >> 3] |= 1 << (row & 7)
        if found != SOUND:
            return found
    return SOUND if place.at == place.end else BROKEN


cdef void _erase(Column *columns, Py_ssize_t count, int64_t row) noexcept nogil:
    """Nothing is left of a body that is not sound: nobody may take what is no text for one."""
    cdef Py_ssize_t seq
    for seq in range(count):
        columns[seq].live[row >> 3] &= ~(1 << (row & 7))
        if columns[seq].own.kind == TEXT:
            memset(columns[seq].values + 16 * row, 0, 16)


def walk(bytes text, ends, int frame_bytes, kinds, list columns, verdicts):
    """The values of all bodies, by column; the columns come empty, all zeros.

    Args:
        text: Bodies that stand one after the other, below 2 GiB.
        ends: Of each body, 64 bits each.
        frame_bytes: What stands before each body and is not looked at.
        kinds: Six numbers of 32 bits for each field: kind, branches and branch of its values, and of its items.
        columns: For each field, room for its values (of lists, for the places where they begin), and for a bit for each
            body: whether it has a value that is not null.
        verdicts: Room for a byte for each body: 0 for sound, 1 for broken, 2 where a slower reader must decide.
    """
    cdef Py_ssize_t rows = len(verdicts), count = len(columns), row
    cdef const int64_t *end = <const int64_t *> held(ends, 8 * rows, False)
    cdef uint8_t *verdict = <uint8_t *> held(verdicts, rows, True)
    cdef const uint8_t *start = <const uint8_t *> text
    cdef Place place
    cdef int64_t before = 0
    if len(text) >> 31:
        raise ValueError(f"{len(text)} bytes are too many")
    cdef Column *column = _columns(columns, kinds, rows)
    try:
        for row in range(rows):
            if end[row] < before or end[row] > len(text):
                raise ValueError("the bodies do not follow each other")
            if end[row] - before < frame_bytes:
                verdict[row] = BROKEN
            else:
                place.at, place.end = start + before + frame_bytes, start + end[row]
                verdict[row] = _record(place, column, count, start, row)
            if verdict[row] != SOUND:
                _erase(column, count, row)
            before = end[row]
    finally:
        free(column)


cdef Column *_columns(list columns, kinds, Py_ssize_t rows) except NULL:
    """Where the columns lie, each of which must have room for *rows*."""
    cdef Py_ssize_t count = len(columns), seq
    cdef const int32_t *kind = <const int32_t *> held(kinds, 24 * count, False)
    cdef Column *found = <Column *> calloc(max(count, 1), sizeof(Column))
    if found == NULL:
        raise MemoryError
    try:
        for seq in range(count):
            memcpy(&found[seq].own, kind + 6 * seq, 12)
            memcpy(&found[seq].items, kind + 6 * seq + 3, 12)
            values, live = columns[seq]
            found[seq].values = <uint8_t *> held(values, _room(found[seq].own.kind, rows), True)
            found[seq].live = <uint8_t *> held(live, (rows + 7) // 8, True)
    except:
        free(found)
        raise
    return found


cdef Py_ssize_t _room(int32_t kind, Py_ssize_t rows) except -1:
    if kind == BOOLEAN:
        return (rows + 7) // 8
    return rows * <int> _WIDTHS[kind]
