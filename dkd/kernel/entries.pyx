# cython: boundscheck=False, wraparound=False, cdivision=True
"""The sorted runs of dedup's memory are asked and merged. The plain form is ``dkd.enrich.dedup``."""

from libc.stdint cimport int64_t, uint64_t

from dkd.kernel.memory cimport held


def latest(asked, Py_ssize_t count, keys, times, Py_ssize_t length, found):
    """Raise *found* to the time of each key that a run knows.

    Args:
        asked: Keys, ascending.
        count: Of these.
        keys, times: Of the run, by key.
        length: Of the run.
        found: A time for each of the keys.
    """
    cdef const uint64_t *wanted = <const uint64_t *> held(asked, count * 8, False)
    cdef const uint64_t *key = <const uint64_t *> held(keys, length * 8, False)
    cdef const int64_t *time = <const int64_t *> held(times, length * 8, False)
    cdef int64_t *best = <int64_t *> held(found, count * 8, True)
    cdef Py_ssize_t seq, at = 0, start, end, middle, step
    for seq in range(count):
        # By steps that double, as what is asked lies at about equal distances.
        start, end, step = at, at, 1
        while end < length and key[end] < wanted[seq]:
            start, end, step = end + 1, end + step, 2 * step
        end = min(end, length)
        while start < end:
            middle = start + (end - start) // 2
            if key[middle] < wanted[seq]:
                start = middle + 1
            else:
                end = middle
        at = start
        if at < length and key[at] == wanted[seq]:
            best[seq] = max(best[seq], time[at])


def merged(keys, times, Py_ssize_t count, more_keys, more_times, Py_ssize_t more, int64_t since_ms, found_keys,
           found_times):
    """Both runs in one, of equal keys with the later time, and without what is older than *since_ms*.

    Args:
        keys, times, count: A run, by key, and its length.
        more_keys, more_times, more: Another one.
        since_ms: Least time.
        found_keys, found_times: Get the entries; as long as both runs.

    Returns:
        How many there are.
    """
    cdef const uint64_t *key = <const uint64_t *> held(keys, count * 8, False)
    cdef const int64_t *time = <const int64_t *> held(times, count * 8, False)
    cdef const uint64_t *other_key = <const uint64_t *> held(more_keys, more * 8, False)
    cdef const int64_t *other_time = <const int64_t *> held(more_times, more * 8, False)
    cdef uint64_t *into = <uint64_t *> held(found_keys, (count + more) * 8, True)
    cdef int64_t *into_time = <int64_t *> held(found_times, (count + more) * 8, True)
    cdef Py_ssize_t one = 0, other = 0, done = 0
    while one < count or other < more:
        if other >= more or one < count and key[one] < other_key[other]:
            into[done], into_time[done] = key[one], time[one]
            one += 1
        elif one >= count or other_key[other] < key[one]:
            into[done], into_time[done] = other_key[other], other_time[other]
            other += 1
        else:
            into[done], into_time[done] = key[one], max(time[one], other_time[other])
            one, other = one + 1, other + 1
        if into_time[done] >= since_ms:
            done += 1
    return done
