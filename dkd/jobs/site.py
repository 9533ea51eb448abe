"""A running site's topics, its enricher's books and its datasource → what a replay must know of them."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from dkd.errors import DkdError
from dkd.jobs.books import Ledger, total
from dkd.jobs.rejects import COLLECT, texts
from dkd.jobs.settle import Counted, Unavailable
from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.settings import Settings, unreachable_remedy
from dkd.stream.clients import Names
from dkd.stream.reader import Found, TopicReader
from dkd.stream.records import tick_record
from dkd.stream.writer import Addressed, Writer


class Refused(NamedTuple):
    """What was added to the rejects topic.

    Attributes:
        collected: Rejects of the collector for one replay, each counted once.
        enriched: Rejects of the enricher, by reason, each counted once.
    """

    collected: int
    enriched: Mapping[str, int]


class LiveSite:
    """One site on one target; not for several threads."""

    def __init__(self, model: Model, settings: Settings) -> None:
        """Look at the site of *model* at *settings*; nothing is asked yet."""
        self._model, self._kafka = model, settings.kafka
        self._names = Names.of(model)
        self._reader = TopicReader(settings.kafka, model.site)
        self._ledger = Ledger(settings.kafka, model)
        self._druid = Druid(settings.druid, patience_s=0)
        self._druid_remedy = unreachable_remedy(settings.druid.broker)

    def close(self) -> None:
        """Give the connections back."""
        self._reader.close()
        self._ledger.close()
        self._druid.close()

    def raw_ends(self) -> dict[int, int]:
        """Next offset that each partition of raw will give.

        Raises:
            DkdError: DKD808, when the topic does not exist.
            Unavailable: When Kafka does not answer.
        """
        return self.ends("raw")

    def ends(self, kind: str) -> dict[int, int]:
        """Next offset of each partition of one of the site's topics; raises as :meth:`raw_ends` does."""
        with self._waitable():
            return {number: found.high for number, found in self._reader.ranges(self._model.topic(kind)).items()}

    def counted(self) -> Counted:
        """The enricher's books, as of its last commits; raises as :meth:`raw_ends` does."""
        with self._waitable():
            books = self._ledger.read()
            # What retention deleted unread will never be counted.
            begins = {number: found.low for number, found in self._reader.ranges(self._names.raw).items()}
        return Counted(
            books=total(books),
            consumed={one.partition: max(one.counted, begins[one.partition]) for one in books},
            watermarks={one.partition: one.watermark_ms for one in books if one.watermark_ms is not None},
        )

    def rows(self, kind: str = "events") -> int:
        """Rows of one of the site's datasources; 0 while there is none."""
        try:
            return rows_of(self._druid, self._model.datasource(kind))
        except DkdError as error:
            raise Unavailable(f"Druid does not answer ({error.problems[0].problem}); {self._druid_remedy}") from error

    def refused(self, since: Mapping[int, int], run: str) -> Refused:
        """Rejects that were added since the offsets *since*; *run* opens the collector's ids for one replay."""
        collected: set[str] = set()
        enriched: dict[str, str] = {}
        for one in self._records(self._names.rejects, since):
            headers = texts(one.record)
            reject_id = headers.get("dkd-reject-id")
            if reject_id is None:
                continue  # the mark of one that was replayed
            if headers.get("dkd-stage") != COLLECT:
                enriched[reject_id] = headers.get("dkd-reason", "")
            elif reject_id.startswith(f"{run}-"):
                collected.add(reject_id)
        return Refused(len(collected), Counter(enriched.values()))

    def events(self, since: Mapping[int, int], until: Mapping[int, int]) -> int:
        """Records with a value that raw holds from the offsets *since* to before *until*."""
        found = self._records(self._names.raw, since)
        return sum(one.record.value is not None and one.offset < until.get(one.partition, 0) for one in found)

    def tick(self, ticks: Mapping[int, int]) -> None:
        """Write a tick of the event time *ticks* to each partition of raw; again does no harm."""
        now_ms = round(time.time() * 1000)
        places = ticks.items()
        with self._waitable():
            Writer(self._kafka).write(
                Addressed(self._names.raw, number, tick_record(time_ms, now_ms)) for number, time_ms in places
            )

    def _records(self, topic: str, since: Mapping[int, int]) -> Iterator[Found]:
        """Committed records of *topic* from the offsets *since* to its end."""
        with self._waitable():
            yield from self._reader.to_end(topic, since)

    @contextmanager
    def _waitable(self) -> Iterator[None]:
        """That Kafka does not answer is waited for."""
        try:
            yield
        except DkdError as error:
            if error.problems[0].code != "DKD820":
                raise
            raise Unavailable(error.problems[0].line()) from error


def rows_of(druid: Druid, table: str, timeout_s: float = 30.0) -> int:
    """Rows of the datasource *table*; 0 while there is none.

    Raises:
        DkdError: DKD301 to DKD305, when Druid does not answer.
    """
    try:
        query = f'SELECT COUNT(*) FROM "{table}"'  # noqa: S608  # a checked name
        return int(druid.sql(query, timeout_s=timeout_s).value() or 0)
    except DkdError as error:
        problem = error.problems[0]
        if problem.code == "DKD302" and f"Object '{table}' not found" in problem.problem:
            return 0
        raise
