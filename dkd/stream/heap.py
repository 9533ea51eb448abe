"""What a process frees goes back to the system: batch after batch, its memory would else look as if it grew."""

import ctypes
import gc

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 1024 * 1024
_YOUNG = 500_000
"""Containers between two looks for cycles: more than a batch makes and drops again."""


def keep_small() -> None:
    """Have glibc keep little of what is freed, before any thread is started; another C library is left as it is.

    By itself it learns from each large block that is freed to keep the next ones, up to 64 MB in each of many arenas
    (mallopt(3), M_MMAP_THRESHOLD). The tables of a state are such blocks: each is a little larger than the one before.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _LARGE_BYTES), (_ARENA_MAX, 2)):
            mallopt(parameter, value)


def collect_rarely() -> None:
    """Look for cycles of dead objects seldom, as the enricher makes next to none.

    By default Python looks after each 700 new tuples, through all that it holds every so often; with the answers that
    enrichers keep, that took a quarter of the enricher's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
