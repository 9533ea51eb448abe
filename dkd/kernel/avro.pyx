# cython: boundscheck=False, wraparound=False, cdivision=True
"""Avro bodies become columns of arrow in one pass: which end exactly where they should, and where their values lie.

What a body says is believed nowhere: each step first looks whether the body still has so many bytes. The plain form is
``dkd.stream.structure``.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy, memset

from dkd.kernel.memory cimport held
from dkd.kernel.text cimport is_text

cdef enum:
    TEXT, BYTES, BOOLEAN, INT, LONG, FLOAT, DOUBLE, NULL_, LIST
    SHORT = 12  # bytes of a text that stand in its view
    LONGEST_LIST = 64  # items; a longer list is left to a slower reader, as the plain form leaves it

cdef enum Verdict:
    SOUND, BROKEN, UNSURE

cdef Py_ssize_t CHUNK_BYTES = 1 << 20
"""Bodies are copied so many at a time, to be walked through while they are in the processor's cache. A larger block of
memory would be given back to the system when it is freed, and faulted in anew by each batch."""

KINDS = ("string", "bytes", "boolean", "int", "long", "float", "double", "null", "array")
"""By number."""


cdef struct Place:
    const uint8_t *at
    const uint8_t *end
    const uint8_t *text  # in which the body stands, among others
    uint32_t number  # of the text


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


cdef inline void _view(Place *place, uint8_t *view, uint32_t length) noexcept nogil:
    """A view of arrow: length, first four bytes, number of the text, place in it; or the length and a short text."""
    cdef uint32_t start = <uint32_t> (place.at - place.text)
    memcpy(view, &length, 4)
    memcpy(view + 4, place.at, length if length <= SHORT else 4)
    if length > SHORT:
        memcpy(view + 8, &place.number, 4)
        memcpy(view + 12, &start, 4)


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


cdef inline Verdict _value(Place *place, int32_t kind, uint8_t *written, int64_t row) noexcept nogil:
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
    if kind == TEXT and not is_text(place.at, place.at + number):
        return BROKEN
    if written != NULL:
        _view(place, written + 16 * row, <uint32_t> number)
    place.at += number
    return SOUND


cdef Verdict _items(Place *place, Kind kind) noexcept nogil:
    """Step over a list: blocks of items, of which the last is empty."""
    cdef int64_t count = 0, size = 0, passed = 0, done
    cdef bint is_live = False
    cdef Verdict found
    while True:
        # Behind a count below 0 is the block's length in bytes, for readers that want to skip it.
        if not _number(place, &count) or (count < 0 and not _number(place, &size)):
            return BROKEN
        if count == 0:
            return SOUND
        # The least number has no absolute value.
        if count > LONGEST_LIST or count < -LONGEST_LIST:
            return UNSURE
        count = -count if count < 0 else count
        passed += count
        if passed > LONGEST_LIST:
            return UNSURE
        for done in range(count):
            found = _branch(place, kind, &is_live)
            if found == SOUND and is_live:
                found = _value(place, kind.kind, NULL, 0)
            if found != SOUND:
                return found


cdef Verdict _list(Place *place, Kind kind, uint8_t *written, int64_t row) noexcept nogil:
    """Step over a list, and have its bytes in the column *written*."""
    cdef Place start = place[0]
    cdef Verdict found = _items(place, kind)
    if found == SOUND:
        _view(&start, written + 16 * row, <uint32_t> (place.at - start.at))
    return found


cdef Verdict _record(Place *place, Column *columns, Py_ssize_t count, int64_t row) noexcept nogil:
    """Step over a body, and have its values in the columns."""
    cdef Verdict found
    cdef bint is_live = False
    cdef Column *column
    cdef Py_ssize_t seq
    for seq in range(count):
        column = &columns[seq]
        found = _branch(place, column.own, &is_live)
        if found == SOUND and is_live:
            column.live[row >> 3] |= 1 << (row & 7)
            if column.own.kind == LIST:
                found = _list(place, column.items, column.values, row)
            else:
                found = _value(place, column.own.kind, column.values, row)
        if found != SOUND:
            return found
    return SOUND if place.at == place.end else BROKEN


cdef void _erase(Column *columns, Py_ssize_t count, int64_t row) noexcept nogil:
    """Nothing is left of a body that is not sound: nobody may take what is no text for one."""
    cdef Py_ssize_t seq
    for seq in range(count):
        columns[seq].live[row >> 3] &= ~(1 << (row & 7))
        if columns[seq].own.kind in (TEXT, BYTES, LIST):
            memset(columns[seq].values + 16 * row, 0, 16)


def walk(list values, uint32_t frame_bytes, kinds, list columns, verdicts):
    """The values of all bodies, by column; the columns come empty, all zeros.

    Args:
        values: Bodies with what stands before each of them.
        frame_bytes: How much that is; it is not looked at.
        kinds: Six numbers of 32 bits for each field: kind, branches and branch of its values, and of its items.
        columns: For each field, room for its values and for a bit for each body: whether it has one that is not null.
            Values of texts are views of arrow; so are lists, as bytes that are still to be read.
        verdicts: Room for a byte for each body: 0 for sound, 1 for broken, 2 where a slower reader must decide.

    Returns:
        The texts that views lie in.
    """
    cdef Py_ssize_t rows = len(values), row = 0, end
    cdef uint8_t *verdict = <uint8_t *> held(verdicts, rows, True)
    cdef Column *column = _columns(columns, kinds, rows)
    cdef Place place
    texts = []
    try:
        while row < rows:
            text = _room_for(values, row, &end)
            place.text, place.number = <uint8_t *> PyBytes_AS_STRING(text), <uint32_t> len(texts)
            place.end = place.text
            for row in range(row, end):
                verdict[row] = _body(&place, values[row], frame_bytes, column, len(columns), row)
            texts.append(text)
            row = end
    finally:
        free(column)
    return texts


cdef bytes _room_for(list values, Py_ssize_t row, Py_ssize_t *end):
    """Room for the bodies from *row* to before *end*: some, or a single one that is larger."""
    cdef Py_ssize_t size = 0, more
    end[0] = row
    while end[0] < len(values):
        more = len(<bytes?> values[end[0]])
        if size + more > CHUNK_BYTES and size:
            break
        size += more
        end[0] += 1
    if size >> 31:
        raise ValueError(f"{size} bytes are too many")
    return PyBytes_FromStringAndSize(NULL, size)


cdef Verdict _body(Place *place, bytes value, uint32_t frame, Column *columns, Py_ssize_t count, int64_t row) noexcept:
    """Copy a body behind the one before, and step over it."""
    cdef Py_ssize_t size = len(value) - <Py_ssize_t> frame
    cdef Verdict found = BROKEN
    place.at = place.end
    if size >= 0:
        memcpy(<uint8_t *> place.at, PyBytes_AS_STRING(value) + frame, size)
        place.end = place.at + size
        found = _record(place, columns, count, row)
    if found != SOUND:
        _erase(columns, count, row)
    return found


def one_head(list values, uint32_t size):
    """The first *size* bytes of all *values* where they are the same; None where not, and where one is shorter or None."""
    cdef bytes first = values[0][:size] if values and type(values[0]) is bytes else b""
    for value in values:
        if type(value) is not bytes or len(<bytes> value) < size or memcmp(<char *> value, <char *> first, size):
            return None
    return first or None


cdef Column *_columns(list columns, kinds, Py_ssize_t rows) except NULL:
    """Where the columns lie, each of which must have room for *rows*."""
    cdef Py_ssize_t count = len(columns), seq
    cdef const int32_t *kind = <const int32_t *> held(kinds, 24 * count, False)
    cdef Column *found = <Column *> calloc(max(count, 1), sizeof(Column))
    if found == NULL:
        raise MemoryError
    try:
        for seq in range(count):
            memcpy(&found[seq], kind + 6 * seq, 24)  # its own kind, and that of its items
            values, live = columns[seq]
            found[seq].values = <uint8_t *> held(values, _room(found[seq].own.kind, rows), True)
            found[seq].live = <uint8_t *> held(live, (rows + 7) // 8, True)
    except:
        free(found)
        raise
    return found


cdef Py_ssize_t _room(int32_t kind, Py_ssize_t rows) except -1:
    """How many bytes the values of a column take; booleans are bits."""
    if not TEXT <= kind <= LIST:
        raise ValueError(f"no kind has the number {kind}")
    if kind == BOOLEAN:
        return (rows + 7) // 8
    return rows * (16 if kind in (TEXT, BYTES, LIST) else 8 if kind in (LONG, DOUBLE) else 4 if kind != NULL_ else 0)
