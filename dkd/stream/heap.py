"""How a process that enriches for weeks uses memory and processor: settings of the C library, Python and polars."""

import ctypes
import gc
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 4 * 1024 * 1024
_SPARE_BYTES = 64 * 1024 * 1024
"""More than a batch takes and frees again: giving that back each time took a fifth of the enricher's time."""

_YOUNG = 500_000
"""Containers between two looks for cycles: more than a batch makes and drops again."""


def keep_small() -> None:
    """Have glibc keep no more of what is freed than the next batch takes; another C library is left as it is.

    Before any thread is started.

    By itself it learns from each large block that is freed to keep the next ones, up to 64 MB in each of many arenas
    (mallopt(3), M_MMAP_THRESHOLD). The tables of a state are such blocks: each is a little larger than the one before.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _SPARE_BYTES), (_ARENA_MAX, 2)):
            mallopt(parameter, value)


def collect_rarely() -> None:
    """Look for cycles of dead objects seldom, as the enricher makes next to none.

    By default Python looks after each 700 new tuples, through all that it holds every so often; with the answers that
    enrichers keep, that took a quarter of the enricher's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)


def one_thread() -> None:
    """Have polars work in one thread, before it is imported: batches are small, and threads that wait for each other
    took a tenth to a fifth of the enricher's time. Who has more processors runs more enrichers.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
