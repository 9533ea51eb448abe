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


cdef struct Pick:
    Py_ssize_t run
    Py_ssize_t place


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


def blob_ends(rows, Py_ssize_t count, ends):
    """Where the blob of each of *count* rows ends, when all stand one after the other; *ends* gets it."""
    cdef const Row *row = <const Row *> held(rows, count * <Py_ssize_t> sizeof(Row), False)
    cdef int64_t *found = <int64_t *> held(ends, count * 8, True)
    cdef int64_t end = 0
    cdef Py_ssize_t seq
    for seq in range(count):
        end += <int64_t> row[seq].party_bytes + row[seq].device_bytes + row[seq].origin_bytes
        end += <int64_t> row[seq].pages_bytes + row[seq].merged_bytes
        found[seq] = end


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


cdef Py_ssize_t _first(const uint64_t *keys, Py_ssize_t count, Py_ssize_t start, uint64_t key) noexcept nogil:
    """Where the first of *keys*, which are ascending, is that is not below *key*; all before *start* are."""
    cdef Py_ssize_t step = 1, end = start, middle
    while end < count and keys[end] < key:
        start, end, step = end + 1, end + step, 2 * step
    end = min(end, count)
    while start < end:
        middle = start + (end - start) // 2
        if keys[middle] < key:
            start = middle + 1
        else:
            end = middle
    return start


def found(runs, keys, Py_ssize_t asked, room):
    """The pieces of *asked* parties, of each as the newest run has them that knows it: rows and blobs.

    Args:
        runs: Keys, rows, ends of the blobs and text of each run, all by party; the newest comes last.
        keys: Of the parties, ascending and distinct.
        room: Makes an array for so many rows.
    """
    cdef Py_ssize_t count = len(runs), seq, place, done = 0, total = 0, length = 0
    cdef const uint64_t *wanted = <const uint64_t *> held(keys, asked * 8, False)
    cdef Run *opened = <Run *> calloc(count + 1, sizeof(Run))
    cdef const uint64_t **keys_of = <const uint64_t **> calloc(count + 1, sizeof(uint64_t *))
    cdef Pick *picks = NULL
    cdef Run *run
    cdef const char *start = NULL
    cdef Row *kept
    try:
        if opened == NULL or keys_of == NULL:
            raise MemoryError
        for seq in range(count):
            run_keys, of_run, ends, text_of = runs[seq]
            _opened(opened + seq, of_run, ends, text_of)
            keys_of[seq] = <const uint64_t *> held(run_keys, opened[seq].count * 8, False)
        for done in range(2):
            # Once to know how many there are.
            if done:
                picks = <Pick *> calloc(total + 1, sizeof(Pick))
                if picks == NULL:
                    raise MemoryError
            total = 0
            for seq in range(count):
                opened[seq].at = 0
            for place in range(asked):
                for seq in range(count - 1, -1, -1):
                    run = opened + seq
                    run.at = _first(keys_of[seq], run.count, run.at, wanted[place])
                    if run.at < run.count and keys_of[seq][run.at] == wanted[place]:
                        while run.at < run.count and keys_of[seq][run.at] == wanted[place]:
                            if run.rows[run.at].events:
                                if done:
                                    picks[total].run, picks[total].place = seq, run.at
                                total += 1
                            run.at += 1
                        break
        rows = room(total)
        kept = <Row *> held(rows, total * <Py_ssize_t> sizeof(Row), True)
        blobs = []
        for seq in range(total):
            _blob(opened + picks[seq].run, picks[seq].place, &start, &length)
            kept[seq] = opened[picks[seq].run].rows[picks[seq].place]
            blobs.append(PyBytes_FromStringAndSize(start, length))
        return rows, blobs
    finally:
        free(opened)
        free(keys_of)
        free(picks)


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
