# cython: boundscheck=False, wraparound=False, cdivision=True
"""Sorted runs of pieces of sessions are read and merged. The plain form is ``dkd.enrich.runs``."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from dkd.kernel.memory cimport held
from dkd.kernel.pieces cimport Row

ROW_BYTES = sizeof(Row)


cdef struct Run:
    const Row *rows
    const int64_t *ends
    const char *text
    Py_ssize_t count
    Py_ssize_t text_bytes
    Py_ssize_t at


cdef int _blob(const Run *run, Py_ssize_t place, const char **start, Py_ssize_t *length) except -1:
    """Where the blob at *place* lies."""
    if place < 0 or place >= run.count:
        raise IndexError(place)
    cdef int64_t first = run.ends[place - 1] if place else 0, end = run.ends[place]
    if first < 0 or end < first or end > run.text_bytes:
        raise ValueError(f"no blob from {first} to {end}")
    start[0], length[0] = run.text + first, end - first
    return 0


cdef int _opened(Run *run, rows, ends, text) except -1:
    run.count, run.text_bytes, run.at = len(rows), len(text), 0
    run.rows = <const Row *> held(rows, run.count * <Py_ssize_t> sizeof(Row), False)
    run.ends = <const int64_t *> held(ends, run.count * 8, False)
    run.text = held(text, run.text_bytes, False)
    return 0


def blobs(rows, ends, text, places, Py_ssize_t count):
    """The blobs at *count* *places* of a run."""
    cdef Run run
    cdef const int64_t *wanted = <const int64_t *> held(places, count * 8, False)
    cdef const char *start = NULL
    cdef Py_ssize_t seq, length = 0
    _opened(&run, rows, ends, text)
    found = []
    for seq in range(count):
        _blob(&run, wanted[seq], &start, &length)
        found.append(PyBytes_FromStringAndSize(start, length))
    return found


cdef struct Pick:
    Py_ssize_t run
    Py_ssize_t place


cdef Py_ssize_t _picked(Run *runs, Py_ssize_t count, bint is_whole, Pick *picks) noexcept nogil:
    """Which rows tell what the newest run knows of each party, by party."""
    cdef Py_ssize_t seq, newest, done = 0
    cdef uint64_t key = 0
    cdef Run *run
    while True:
        newest = -1
        for seq in range(count):
            run = runs + seq
            if run.at < run.count and (newest < 0 or run.rows[run.at].key <= key):
                newest, key = seq, run.rows[run.at].key
        if newest < 0:
            return done
        for seq in range(count):
            run = runs + seq
            while run.at < run.count and run.rows[run.at].key == key:
                if seq == newest and (not is_whole or run.rows[run.at].events):
                    picks[done].run, picks[done].place = seq, run.at
                    done += 1
                run.at += 1


def merged(runs, bint is_whole, room):
    """What the newest of *runs* that knows it tells of each party: rows, ends of their blobs, and all blobs.

    Args:
        runs: Rows by party and time, ends of the blobs and text of each run; the newest comes last.
        is_whole: Whether rows of no events are left out.
        room: Makes arrays for so many rows and ends.
    """
    cdef Py_ssize_t count = len(runs), total = 0, text_bytes = 0, seq, length = 0, done
    cdef Run *opened = <Run *> calloc(count + 1, sizeof(Run))
    cdef Pick *picks = NULL
    cdef const char *start = NULL
    cdef char *written
    cdef Row *kept
    cdef int64_t *ended
    cdef bytes text
    try:
        if opened == NULL:
            raise MemoryError
        for seq in range(count):
            of_run, ends, text_of = runs[seq]
            _opened(opened + seq, of_run, ends, text_of)
            total += opened[seq].count
        picks = <Pick *> calloc(total + 1, sizeof(Pick))
        if picks == NULL:
            raise MemoryError
        done = _picked(opened, count, is_whole, picks)
        rows, ends = room(done)
        kept = <Row *> held(rows, done * <Py_ssize_t> sizeof(Row), True)
        ended = <int64_t *> held(ends, done * 8, True)
        for seq in range(done):
            _blob(opened + picks[seq].run, picks[seq].place, &start, &length)
            kept[seq] = opened[picks[seq].run].rows[picks[seq].place]
            text_bytes += length
            ended[seq] = text_bytes
        text = PyBytes_FromStringAndSize(NULL, text_bytes)
        written = PyBytes_AS_STRING(text)
        for seq in range(done):
            _blob(opened + picks[seq].run, picks[seq].place, &start, &length)
            memcpy(written, start, length)
            written += length
        return rows, ends, text
    finally:
        free(opened)
        free(picks)
