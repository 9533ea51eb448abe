"""Questions asked of Druid side by side, each once for all who want it, and ended when nobody wants it any more."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from dkd.errors import DkdError
from dkd.query.client import Druid
from dkd.settings import DruidSettings

_MOST_KEPT = 400
_AT_ONCE = 8
_LOOK_S = 0.05
_PATIENCE_S = 2.0


@dataclass(frozen=True)
class Job:
    """Something to ask.

    Attributes:
        key: Equal for equal questions of the same version of the data.
        work: Asks it.
        age_s: How old an answer may be.
    """

    key: str
    work: Callable[[Druid], Any]
    age_s: float = 60.0


@dataclass
class _Running:
    """A job on its way or done, and how many wait for it."""

    druid: Druid
    born_s: float
    future: "Future[Any]"
    waiting: int = 0


class Desk:
    """Where the pages of one site ask; for several threads."""

    def __init__(self, settings: DruidSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Ask the Druid of *settings*; nothing is sent yet."""
        self._settings, self._clock = settings, clock
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="explorer")
        self._jobs: OrderedDict[str, _Running] = OrderedDict()
        self._lock = Lock()

    def close(self) -> None:
        """End what is asked."""
        for one in self._jobs.values():
            one.druid.cancel()
        self._pool.shutdown(cancel_futures=True)

    def answers(self, jobs: Mapping[str, Job], still_wanted: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """The answer of each job by its name, or the DkdError that it ended in.

        Args:
            jobs: What to ask, all at once.
            still_wanted: Called every now and then while answers are out; it raises when nobody wants them any more,
                and then those are cancelled that nobody else waits for.
        """
        with self._waited_for(jobs.values()) as running:
            futures = [one.future for one in running]
            while wait(futures, timeout=_LOOK_S).not_done:
                still_wanted()
        return {name: _outcome(one.future) for name, one in zip(jobs, running, strict=True)}

    @contextmanager
    def _waited_for(self, jobs: Iterable[Job]) -> Any:
        with self._lock:
            running = [self._started(job) for job in jobs]
        try:
            yield running
        finally:
            self._let_go(running)

    def _started(self, job: Job) -> _Running:
        """The job's run, a new one unless a fresh enough answer is there or on its way; the caller holds the lock."""
        found = self._jobs.get(job.key)
        if found is None or self._is_stale(found, job.age_s):
            druid = Druid(self._settings, patience_s=_PATIENCE_S)
            found = _Running(druid, self._clock(), self._pool.submit(_worked, job, druid))
            self._jobs[job.key] = found
        self._jobs.move_to_end(job.key)
        found.waiting += 1
        while len(self._jobs) > _MOST_KEPT:
            self._jobs.popitem(last=False)
        return found

    def _is_stale(self, found: _Running, age_s: float) -> bool:
        if not found.future.done():
            return False
        return found.future.cancelled() or bool(found.future.exception()) or self._clock() - found.born_s > age_s

    def _let_go(self, running: Iterable[_Running]) -> None:
        with self._lock:
            for one in running:
                one.waiting -= 1
            unwanted = [one for one in running if not one.waiting and not one.future.done()]
            keys = [key for key, one in self._jobs.items() if any(one is other for other in unwanted)]
            for key in keys:
                del self._jobs[key]
        for one in unwanted:
            one.future.cancel()
            one.druid.cancel()


def _worked(job: Job, druid: Druid) -> Any:
    with druid:
        return job.work(druid)


def _outcome(future: "Future[Any]") -> Any:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, DkdError):
        return error
    raise error
