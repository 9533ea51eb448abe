# cython: boundscheck=False, wraparound=False, cdivision=True
"""Columns of arrow and ready fragments become JSON objects, row by row; the plain form is ``dkd.enrich.encode``."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from dkd.kernel.memory cimport held, size_of

cdef enum Kind:
    SHARED, QUOTED, BARE, NUMBER, TRUTH

KINDS = ("shared", "quoted", "bare", "number", "truth")
"""By number; see :func:`written`."""

cdef enum:
    SHORT = 12  # bytes of a text that stand in its view
    DIGITS = 20  # of a number of 64 bits, with its sign
    WORST = 6  # bytes that one byte becomes when it is escaped

cdef uint8_t[256] _ESCAPED  # 0 for what stands for itself, else the letter behind the backslash
memset(_ESCAPED, 0, 256)
memset(_ESCAPED, b"u", 32)
for _byte, _letter in zip(b'\b\t\n\f\r"\\', b'btnfr"\\'):
    _ESCAPED[_byte] = _letter


cdef struct Span:
    const uint8_t *at
    Py_ssize_t size


cdef struct Part:
    Kind kind
    Span before  # what stands before a value
    const uint8_t *live  # bits; NULL where every row has a value
    const uint8_t *values  # views, numbers, bits or places in the texts
    int64_t offset  # of the first row in both
    Span *texts  # that views lie in
    Py_ssize_t count  # of texts
    PyObject *shared  # list of the texts that rows share


cdef struct Line:
    uint8_t *at
    Py_ssize_t size
    Py_ssize_t room


cdef inline bint _bit(const uint8_t *bits, int64_t place) noexcept nogil:
    return bits[place >> 3] >> (place & 7) & 1


cdef inline int _make_room(Line *line, Py_ssize_t more) except -1:
    if line.size + more <= line.room:
        return 0
    cdef Py_ssize_t room = 2 * (line.size + more)
    cdef uint8_t *found = <uint8_t *> PyMem_Realloc(line.at, room)
    if found == NULL:
        raise MemoryError
    line.at, line.room = found, room
    return 0


cdef inline void _put(Line *line, Span text) noexcept nogil:
    memcpy(line.at + line.size, text.at, text.size)
    line.size += text.size


cdef inline bint _is_plain(uint64_t eight) noexcept nogil:
    """Whether none of eight bytes is a control character, a quote or a backslash."""
    cdef uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080
    cdef uint64_t quotes = eight ^ (ones * 0x22), slashes = eight ^ (ones * 0x5C)
    cdef uint64_t found = (eight - ones * 0x20) & ~eight
    found |= (quotes - ones) & ~quotes
    found |= (slashes - ones) & ~slashes
    return not found & tops


cdef void _put_quoted(Line *line, Span text) noexcept nogil:
    """A text as a JSON string."""
    cdef uint8_t *out = line.at + line.size
    cdef const uint8_t *at = text.at
    cdef const uint8_t *end = at + text.size
    cdef uint64_t eight
    cdef uint8_t letter
    out[0] = c'"'
    out += 1
    while at < end:
        if end - at >= 8:
            memcpy(&eight, at, 8)
            if _is_plain(eight):
                memcpy(out, &eight, 8)
                at += 8
                out += 8
                continue
        letter = _ESCAPED[at[0]]
        if letter:
            out[0] = c'\\'
            out[1] = letter
            out += 2
            if letter == c'u':
                memcpy(out, b"00", 2)
                out[2] = c'0' + (at[0] >> 4)
                out[3] = b"0123456789abcdef"[at[0] & 15]
                out += 4
        else:
            out[0] = at[0]
            out += 1
        at += 1
    out[0] = c'"'
    line.size = out + 1 - line.at


cdef void _put_number(Line *line, int64_t number) noexcept nogil:
    cdef uint8_t[DIGITS] digits
    cdef uint64_t rest = <uint64_t> number
    cdef int place = DIGITS
    if number < 0:
        rest = -rest
    while True:
        place -= 1
        digits[place] = c'0' + rest % 10
        rest //= 10
        if not rest:
            break
    if number < 0:
        place -= 1
        digits[place] = c'-'
    memcpy(line.at + line.size, digits + place, DIGITS - place)
    line.size += DIGITS - place


cdef int _text(Part *part, int64_t place, Span *found) except -1:
    """The text of a view of arrow."""
    cdef uint32_t[4] view
    memcpy(view, part.values + 16 * place, 16)
    found.size = view[0]
    if view[0] <= SHORT:
        found.at = part.values + 16 * place + 4
        return 0
    if view[2] >= part.count or view[3] + <int64_t> view[0] > part.texts[view[2]].size:
        raise ValueError("a view leaves its column")
    found.at = part.texts[view[2]].at + view[3]
    return 0


cdef inline int _shared(Part *part, int64_t number, Span *found) except -1:
    """The text of a list."""
    if number < 0 or number >= PyList_GET_SIZE(<list> part.shared):
        raise ValueError("a row shares no such text")
    found.at = <const uint8_t *> PyUnicode_AsUTF8AndSize(<object> PyList_GET_ITEM(<list> part.shared, number), &found.size)
    return 0


cdef int _put_member(Line *line, Part *part, int64_t row) except -1:
    """A row's value with what stands before it; nothing where it is null."""
    cdef int64_t place = part.offset + row, number
    cdef Span text
    if part.live != NULL and not _bit(part.live, place):
        return 0
    if part.kind == SHARED:
        memcpy(&number, part.values + 8 * place, 8)
        _shared(part, number, &text)
        _make_room(line, text.size)
        _put(line, text)
    elif part.kind == QUOTED or part.kind == BARE:
        _text(part, place, &text)
        _make_room(line, part.before.size + WORST * text.size + 2)
        _put(line, part.before)
        if part.kind == BARE:
            _put(line, text)
        else:
            _put_quoted(line, text)
    else:
        _make_room(line, part.before.size + DIGITS)
        _put(line, part.before)
        if part.kind == NUMBER:
            memcpy(&number, part.values + 8 * place, 8)
            _put_number(line, number)
        elif _bit(part.values, place):
            _put(line, _span(b"true", 4))
        else:
            _put(line, _span(b"false", 5))
    return 0


cdef inline Span _span(const char *at, Py_ssize_t size) noexcept nogil:
    cdef Span found
    found.at, found.size = <const uint8_t *> at, size
    return found


def written(list parts, Py_ssize_t count):
    """Each of *count* rows as a JSON object in UTF-8, of the members that it has.

    Args:
        parts: In the order of the members: kind, what stands before each value, the bits that tell which rows have
            one (None: all), values, the row from which on, and texts. A kind is a place in :data:`KINDS`: the
            members that rows share, which are texts that begin with a comma, by place; views of arrow of texts; of
            texts that are JSON already; 64-bit numbers; bits.
        count: Of rows.
    """
    cdef Line line
    cdef Py_ssize_t number = len(parts), seq, row
    cdef Part *part = <Part *> PyMem_Malloc(max(number, 1) * sizeof(Part))
    line.at, line.size, line.room = NULL, 0, 0
    if part == NULL:
        raise MemoryError
    memset(part, 0, max(number, 1) * sizeof(Part))
    try:
        # Even an empty text is copied to somewhere.
        _make_room(&line, 1)
        for seq in range(number):
            _open(&part[seq], parts[seq], count)
        found = []
        for row in range(count):
            line.size = 0
            for seq in range(number):
                _put_member(&line, &part[seq], row)
            found.append(_object(&line))
        return found
    finally:
        for seq in range(number):
            PyMem_Free(part[seq].texts)
        PyMem_Free(part)
        PyMem_Free(line.at)


cdef object _object(Line *line):
    """The members of a line between braces; the first comma becomes the opening one."""
    _make_room(line, 2)
    if not line.size:
        line.size = 1
    line.at[0] = c'{'
    line.at[line.size] = c'}'
    return PyBytes_FromStringAndSize(<char *> line.at, line.size + 1)


cdef int _open(Part *part, tuple given, Py_ssize_t count) except -1:
    """Where the values of a part lie, which must be those of *count* rows."""
    kind, before, live, values, offset, texts = given
    part.kind, part.offset = kind, offset
    if not 0 <= part.offset < 1 << 40:
        raise ValueError(f"rows from {offset} on")
    part.before = _span(<bytes?> before, len(before))
    cdef int64_t rows = part.offset + count
    cdef Py_ssize_t seq
    if live is not None:
        part.live = <const uint8_t *> held(live, (rows + 7) // 8, False)
    cdef int64_t room = (rows + 7) // 8 if part.kind == TRUTH else 16 * rows if part.kind in (QUOTED, BARE) else 8 * rows
    part.values = <const uint8_t *> held(values, room, False)
    if part.kind == SHARED:
        members = <list?> texts
        part.shared = <PyObject *> members
        return 0
    part.count = len(texts)
    part.texts = <Span *> PyMem_Malloc(max(part.count, 1) * sizeof(Span))
    if part.texts == NULL:
        raise MemoryError
    for seq, text in enumerate(texts):
        part.texts[seq] = _span(held(text, 0, False), size_of(text))
    return 0
