"""Questions asked of Druid side by side, each once for all who want it, and ended when nobody wants it any more."""

import pickle
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple

from dkd.errors import DkdError
from dkd.query.client import Druid
from dkd.settings import DruidSettings

_MOST_KEPT, _MOST_BYTES = 2_000, 64_000_000
_AT_ONCE, _AHEAD = 8, 2
_LOOK_S = 0.05
_PATIENCE_S = 2.0
_FIRST = 1
_USUAL_BYTES = 2_000
FOR_EVER_S = float("inf")


@dataclass(frozen=True)
class Job:
    """Something to ask.

    Attributes:
        key: Equal for equal questions of the same version of the data.
        work: Asks it; where it is an iterator, the last answer is the whole one, and those before lack some numbers.
        age_s: How old an answer may be.
        is_late: It is sent once those are answered that are asked beside it and are not so; of other pages' questions
            Druid does those first, where there is more to do than it has threads for.
        is_ahead: It does not queue behind the others, which take long where Druid does not answer.
        is_beside: It goes on for the next one who asks, also when nobody waits for it any more.
    """

    key: str
    work: Callable[[Druid], Any]
    age_s: float = 60.0
    is_late: bool = False
    is_ahead: bool = False
    is_beside: bool = False


@dataclass
class _Running:
    """A job on its way or done, and how many wait for it."""

    druid: Druid
    born_s: float
    early: "Future[Any]" = field(default_factory=Future)
    future: "Future[Any]" = field(default_factory=Future)
    is_beside: bool = False
    waiting: int = 0

    @property
    def byte_count(self) -> int:
        """About how many bytes the answer takes; 0 while there is none."""
        is_there = self.future.done() and not self.future.cancelled() and self.future.exception() is None
        return self.future.result().byte_count if is_there else 0


class _Kept(NamedTuple):
    """An answer and about how many bytes it takes."""

    answer: Any
    byte_count: int


class Asked:
    """Jobs that are out; each may be waited for by itself."""

    def __init__(self, running: Mapping[str, _Running], still_wanted: Callable[[], None]) -> None:
        self._running, self._still_wanted = running, still_wanted

    def within(self, names: Iterable[str], limit_s: float, *, early: bool = False) -> bool:
        """Whether these are answered before the time is up; returns as soon as they are.

        Raises what *still_wanted* raises, when nobody wants any of them any more.

        Args:
            names: Of jobs.
            limit_s: The time.
            early: An answer that lacks some numbers will do.
        """
        futures = [self._running[name].early if early else self._running[name].future for name in names]
        end_s = time.monotonic() + limit_s
        while (left_s := end_s - time.monotonic()) > 0:
            if not wait(futures, timeout=min(_LOOK_S, left_s)).not_done:
                return True
            self._still_wanted()
        return not wait(futures, timeout=0).not_done

    def outcomes(self) -> dict[str, Any]:
        """The best answer of each job that has one by now, or the DkdError that it ended in."""
        best = {name: one.future if one.future.done() else one.early for name, one in self._running.items()}
        return {name: _outcome(future) for name, future in best.items() if future.done()}


class Desk:
    """Where the pages of one site ask; for several threads."""

    def __init__(self, settings: DruidSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Ask the Druid of *settings*; nothing is sent yet."""
        self._settings, self._clock = settings, clock
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="explorer")
        self._late = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="explorer-late")
        self._ahead = ThreadPoolExecutor(_AHEAD, thread_name_prefix="explorer-ahead")
        # The page that is wanted now does not wait until Druid has ended what is not.
        self._ending = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="explorer-end")
        self._jobs: OrderedDict[str, _Running] = OrderedDict()
        self._left: SimpleQueue[Iterable[_Running]] = SimpleQueue()
        self._lock = Lock()

    def close(self) -> None:
        """End what is asked."""
        for one in self._jobs.values():
            one.druid.cancel()
        for pool in (self._pool, self._late, self._ahead):
            pool.shutdown(cancel_futures=True)
        self._ending.shutdown()

    def answers(self, jobs: Mapping[str, Job], still_wanted: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """The answer of each job by its name, or the DkdError that it ended in.

        Args:
            jobs: What to ask, all at once.
            still_wanted: Called every now and then while answers are out; it raises when nobody wants them any more,
                and then those are cancelled that nobody else waits for.
        """
        with self.asked(jobs, still_wanted) as asked:
            asked.within(jobs, FOR_EVER_S)
            return asked.outcomes()

    @contextmanager
    def asked(self, jobs: Mapping[str, Job], still_wanted: Callable[[], None]) -> Iterator[Asked]:
        """Ask all at once, and let go at the end of what is not answered by then; see :meth:`answers`."""
        with self._lock:
            self._end_left()
            running = {name: self._started(job) for name, job in jobs.items() if not job.is_late}
            first = [one.future for name, one in running.items() if not jobs[name].is_beside]
            running |= {name: self._started(job, first) for name, job in jobs.items() if job.is_late}
        try:
            yield Asked(running, still_wanted)
        finally:
            self._let_go(running.values())

    def last(self, key: str, age_s: float) -> Any:
        """The newest answer to a question, where it is not older; None where there is none, or it is on its way."""
        with self._lock:
            found = self._jobs.get(key)
        if found is None or not found.byte_count or self._clock() - found.born_s > age_s:
            return None
        return found.future.result().answer

    def forget(self, jobs: Iterable[Job]) -> None:
        """Keep no answer to any of these."""
        with self._lock:
            for job in jobs:
                self._jobs.pop(job.key, None)

    def _started(self, job: Job, first: Sequence["Future[Any]"] = ()) -> _Running:
        """The job's run, a new one unless a fresh enough answer is there or on its way; the caller holds the lock.

        A new one that is late waits for those that come *first*, so that they have the machine to themselves.
        """
        found = self._jobs.get(job.key)
        if found is None or self._is_stale(found, job.age_s):
            druid = Druid(self._settings, patience_s=_PATIENCE_S, priority=0 if job.is_late else _FIRST)
            found = _Running(druid, self._clock(), is_beside=job.is_beside)
            pool = self._ahead if job.is_ahead else self._late if job.is_late else self._pool
            found.future = pool.submit(_worked, job, druid, found.early, first)
            found.future.add_done_callback(partial(_ended, found.early))
            self._jobs[job.key] = found
        self._jobs.move_to_end(job.key)
        found.waiting += 1
        self._make_room()
        return found

    def _make_room(self) -> None:
        """Drop the answers that were wanted longest ago; the caller holds the lock."""
        byte_count = sum(one.byte_count for one in self._jobs.values())
        while len(self._jobs) > _MOST_KEPT or (byte_count > _MOST_BYTES and len(self._jobs) > 1):
            byte_count -= self._jobs.popitem(last=False)[1].byte_count

    def _is_stale(self, found: _Running, age_s: float) -> bool:
        if not found.future.done():
            return False
        return found.future.cancelled() or bool(found.future.exception()) or self._clock() - found.born_s > age_s

    def _let_go(self, running: Iterable[_Running]) -> None:
        self._left.put(running)
        # Python may throw away a page that somebody left, and so end here, within a thread that holds the lock: then
        # whoever takes it next does this.
        if self._lock.acquire(timeout=_LOOK_S):
            try:
                self._end_left()
            finally:
                self._lock.release()

    def _end_left(self) -> None:
        """End what was let go of and nobody else waits for; the caller holds the lock."""
        while not self._left.empty():
            running = self._left.get()
            for one in running:
                one.waiting -= 1
            unwanted = [one for one in running if not (one.waiting or one.is_beside or one.future.done())]
            keys = [key for key, one in self._jobs.items() if any(one is other for other in unwanted)]
            for key in keys:
                del self._jobs[key]
            for one in unwanted:
                one.future.cancel()
                self._ending.submit(one.druid.cancel)


def _worked(job: Job, druid: Druid, early: "Future[Any]", first: Sequence["Future[Any]"]) -> _Kept:
    wait(first)
    with druid:
        answer = job.work(druid)
        for found in answer if isinstance(answer, Iterator) else ():
            answer = found
            if not early.done():
                early.set_result(_Kept(answer, 0))
    return _Kept(answer, _size(answer))


def _ended(early: "Future[Any]", whole: "Future[Any]") -> None:
    """What had no answer before the whole one has that."""
    if early.done():
        return
    if whole.cancelled():
        early.cancel()
    elif (error := whole.exception()) is not None:
        early.set_exception(error)
    else:
        early.set_result(whole.result())


def _size(answer: object) -> int:
    try:
        return len(pickle.dumps(answer))
    except (pickle.PicklingError, TypeError, AttributeError):
        return _USUAL_BYTES


def _outcome(future: "Future[Any]") -> Any:
    error = future.exception()
    if error is None:
        return future.result().answer
    if isinstance(error, DkdError):
        return error
    raise error
