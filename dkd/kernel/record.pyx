# cython: boundscheck=False, wraparound=False, cdivision=True
"""The values of a record become its Avro, with what stands before it. The plain form is ``dkd.collect.avro``."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.math cimport isinf
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef enum:
    TEXT, BOOLEAN, INT, LONG, FLOAT, DOUBLE, LIST
    ROOM = 4096  # bytes that most records have
    NUMBER = 10  # bytes of the longest number
    NO_UNION = -1

KINDS = ("string", "boolean", "int", "long", "float", "double", "array")
"""By number."""


cdef struct Kind:
    int32_t kind  # of values that are not null
    int32_t null  # branch of null in the union


cdef struct Field:
    Kind own
    Kind items


cdef struct Out:
    uint8_t *data
    size_t size
    size_t room
    uint8_t first[ROOM]


cdef int _grow(Out *out, size_t size) except -1:
    cdef size_t room = (out.size + size) * 2
    cdef uint8_t *data
    if out.data == out.first:
        data = <uint8_t *> malloc(room)
        if data != NULL:
            memcpy(data, out.first, out.size)
    else:
        data = <uint8_t *> realloc(out.data, room)
    if data == NULL:
        raise MemoryError
    out.data, out.room = data, room
    return 0


cdef inline int _put(Out *out, const void *content, size_t size) except -1:
    if out.room - out.size < size:
        _grow(out, size)
    memcpy(out.data + out.size, content, size)
    out.size += size
    return 0


cdef inline int _byte(Out *out, uint8_t value) except -1:
    return _put(out, &value, 1)


cdef inline int _number(Out *out, int64_t value) except -1:
    """Write a zigzag number, seven bits to a byte, the lowest first."""
    cdef uint8_t digits[NUMBER]
    cdef int size = 0
    cdef uint64_t rest = (<uint64_t> value << 1) ^ <uint64_t> (value >> 63)
    while rest > 0x7F:
        digits[size] = <uint8_t> (rest & 0x7F | 0x80)
        size += 1
        rest >>= 7
    digits[size] = <uint8_t> rest
    return _put(out, digits, size + 1)


cdef int _text(Out *out, object value) except -1:
    cdef Py_ssize_t size = 0
    cdef const char *content
    cdef bytes mended
    if not isinstance(value, str):
        raise TypeError(f"{type(value)} is no text")
    try:
        content = PyUnicode_AsUTF8AndSize(value, &size)
    except UnicodeEncodeError:
        # Half of a surrogate pair, which UTF-8 has no bytes for.
        mended = value.encode("utf-8", "replace")
        content, size = mended, len(mended)
    _number(out, size)
    return _put(out, content, size)


cdef int _real(Out *out, double value, bint is_double) except -1:
    cdef float narrow
    if is_double:
        return _put(out, &value, 8)
    narrow = <float> value
    if isinf(narrow) and not isinf(value):
        raise OverflowError("float too large to pack with f format")
    return _put(out, &narrow, 4)


cdef int _value(Out *out, Kind kind, object value) except -1:
    """Write a value that is no list, and before it its branch."""
    if kind.null != NO_UNION:
        if value is None:
            return _number(out, kind.null)
        _number(out, 1 - kind.null)
    if kind.kind == TEXT:
        return _text(out, value)
    if kind.kind == BOOLEAN:
        if not isinstance(value, bool):
            raise TypeError(f"{type(value)} is no boolean")
        return _byte(out, value is True)
    if kind.kind == FLOAT or kind.kind == DOUBLE:
        return _real(out, value, kind.kind == DOUBLE)
    if not isinstance(value, int):
        raise TypeError(f"{type(value)} is no whole number")
    return _number(out, value)


cdef int _list(Out *out, Field *field, object value) except -1:
    cdef list items
    if field.own.null != NO_UNION:
        if value is None:
            return _number(out, field.own.null)
        _number(out, 1 - field.own.null)
    items = list(value)
    if items:
        _number(out, len(items))
        for item in items:
            _value(out, field.items, item)
    return _byte(out, 0)


cdef class Writer:
    """Writes records of one schema."""

    cdef bytes before
    cdef Py_ssize_t count
    cdef Field *fields

    def __cinit__(self, bytes before, list kinds):
        """Write *before*, then values of *kinds*: number of the type, branch of null, and the same of a list's items."""
        cdef int32_t kind, null, item, item_null
        self.before, self.count = before, len(kinds)
        self.fields = <Field *> malloc(max(self.count, 1) * sizeof(Field))
        if self.fields == NULL:
            raise MemoryError
        for at, (kind, null, item, item_null) in enumerate(kinds):
            self.fields[<Py_ssize_t> at] = Field(Kind(kind, null), Kind(item, item_null))

    def __dealloc__(self):
        free(self.fields)

    def write(self, list values not None):
        """One record of *values*."""
        cdef Out out
        cdef Py_ssize_t at
        cdef Field *field
        if len(values) != self.count:
            raise TypeError(f"{len(values)} values, and not {self.count}")
        out.data, out.size, out.room = out.first, 0, ROOM
        try:
            _put(&out, <const char *> self.before, len(self.before))
            for at in range(self.count):
                field = self.fields + at
                # What a value does when it is asked may change the list.
                if at >= len(values):
                    raise TypeError("fewer values than before")
                if field.own.kind == LIST:
                    _list(&out, field, values[at])
                else:
                    _value(&out, field.own, values[at])
            return PyBytes_FromStringAndSize(<char *> out.data, out.size)
        finally:
            if out.data != out.first:
                free(out.data)
