"""Pointers into what Python holds: bytes, arrays of numpy, buffers of arrow."""

from cpython.buffer cimport Py_buffer, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer


cdef inline char *held(object owner, Py_ssize_t least, bint is_written) except? NULL:
    """The memory of *owner*, which must be of *least* bytes or more, and in one piece.

    It is let go again at once: who calls keeps *owner*, whose memory stays where it is as long as it lives.
    """
    cdef Py_buffer view
    PyObject_GetBuffer(owner, &view, PyBUF_WRITABLE if is_written else PyBUF_SIMPLE)
    cdef char *found = <char *> view.buf
    cdef Py_ssize_t size = view.len
    PyBuffer_Release(&view)
    # As a size it would be endless where memory is cleared.
    if least < 0 or size < least:
        raise ValueError(f"{size} bytes, and not {least}")
    return found


cdef inline Py_ssize_t size_of(object owner) except -1:
    """How many bytes the memory of *owner* has."""
    cdef Py_buffer view
    PyObject_GetBuffer(owner, &view, PyBUF_SIMPLE)
    cdef Py_ssize_t size = view.len
    PyBuffer_Release(&view)
    return size
