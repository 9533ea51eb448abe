"""What Kafka knows of a site, read behind the page's back: its deploys and its books; no page waits for Kafka."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from dkd.errors import DkdError
from dkd.jobs.books import PartitionBooks, read_books
from dkd.jobs.deployed import read_journal
from dkd.model.schema import Model
from dkd.plan.journal import Journal
from dkd.settings import Settings

_AGE_S = 15.0


@dataclass(frozen=True)
class Seen:
    """What Kafka said.

    Attributes:
        journal: Of the site's deploys; None where it could not be read.
        books: Of each partition; None where they could not be read.
        problems: Why not, a sentence each.
    """

    journal: Journal | None = None
    books: tuple[PartitionBooks, ...] | None = None
    problems: tuple[str, ...] = ()


class Watch:
    """The newest word of something slow, which is asked again when it is old; for several threads."""

    def __init__(self, read: Callable[[], Seen], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to read; *read* may take its time, but raises nothing."""
        self._read, self._clock = read, clock
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._seen: Seen | None = None
        self._asked_s = clock()
        self._coming: Future[Seen] = self._pool.submit(read)

    def now(self) -> Seen | None:
        """What was last heard, None before the first word; never waits."""
        with self._lock:
            if self._coming.done():
                self._seen = self._coming.result()
                if self._clock() - self._asked_s > _AGE_S:
                    self._asked_s, self._coming = self._clock(), self._pool.submit(self._read)
            return self._seen


def seen(settings: Settings, model: Model) -> Seen:
    """What the Kafka of *settings* says of a site now; seconds long where it does not answer."""
    problems: list[str] = []
    journal = books = None
    try:
        journal = read_journal(model, settings)
    except DkdError as error:
        problems.append(_said("deploys", error))
    try:
        books = read_books(settings, model)
    except DkdError as error:
        problems.append(_said("books", error))
    return Seen(journal, books, tuple(problems))


def _said(what: str, error: DkdError) -> str:
    one = error.problems[0]
    return f"{what} not known: {one.where + ': ' if one.where else ''}{one.problem}"
