"""A running site's topics, its enricher's books and its datasource → what a replay must know of them."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import NamedTuple, TypeVar, cast

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from dkd.errors import DkdError
from dkd.jobs.books import Ledger, total
from dkd.jobs.settle import Counted, Unavailable
from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.settings import Settings, unreachable_remedy
from dkd.stream.clients import REQUEST_S, Names, consumer, reason_of

_READ_S = 0.1
_SILENT_S = 10.0
_READ_RECORDS = 1000
Value = TypeVar("Value")


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
        self._where = f"Kafka at {settings.kafka.servers}"
        self._consumer = consumer(settings.kafka, f"{model.site}.replay", {})
        self._ledger = Ledger(settings.kafka, model)
        self._druid = Druid(settings.druid, patience_s=0)
        self._druid_remedy = unreachable_remedy(settings.druid.broker)

    def close(self) -> None:
        """Give the connections back."""
        self._consumer.close()
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
        return {number: high for number, (_, high) in self._offsets(self._model.topic(kind)).items()}

    def counted(self) -> Counted:
        """The enricher's books, as of its last commits; raises as :meth:`raw_ends` does."""
        try:
            books = self._ledger.read()
        except DkdError as error:
            if error.problems[0].code != "DKD820":
                raise
            raise Unavailable(error.problems[0].line()) from error
        # What retention deleted unread will never be counted.
        begins = {number: low for number, (low, _) in self._offsets(self._names.raw).items()}
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
        for message in self._records(self._names.rejects, since):
            headers = dict(cast(list[tuple[str, bytes]], message.headers() or []))
            reject_id = headers.get("dkd-reject-id", b"").decode()
            if headers.get("dkd-stage") != b"collect":
                enriched[reject_id] = headers.get("dkd-reason", b"").decode()
            elif reject_id.startswith(f"{run}-"):
                collected.add(reject_id)
        return Refused(len(collected), Counter(enriched.values()))

    def _records(self, topic: str, since: Mapping[int, int]) -> Iterator[Message]:
        """Committed records of *topic* from the offsets *since* to its end."""
        left = set(since)
        more = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
        with closing(consumer(self._kafka, f"{self._model.site}.replay", more)) as reader:
            self._asked(lambda: reader.assign([TopicPartition(topic, *place) for place in since.items()]))
            silent_s = time.monotonic() + _SILENT_S
            while left:
                for message in self._asked(lambda: reader.consume(_READ_RECORDS, _READ_S)):
                    silent_s, error = time.monotonic() + _SILENT_S, message.error()
                    if error is None:
                        yield message
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition())
                    else:
                        raise self._silent(error)
                if time.monotonic() > silent_s:
                    raise self._silent(KafkaError(KafkaError._TIMED_OUT))

    def _offsets(self, topic: str) -> dict[int, tuple[int, int]]:
        """First offset and next offset of each partition."""
        found = self._asked(lambda: self._consumer.list_topics(topic, timeout=REQUEST_S)).topics[topic]
        if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise DkdError("DKD808", where=self._where, problem=f"there is no topic {topic}", remedy="run dkd deploy")
        if found.error is not None:
            raise self._silent(found.error)
        return {number: self._bounds(TopicPartition(topic, number)) for number in sorted(found.partitions)}

    def _bounds(self, place: TopicPartition) -> tuple[int, int]:
        low, high = self._asked(lambda: self._consumer.get_watermark_offsets(place, timeout=REQUEST_S, cached=False))
        return int(low), int(high)

    def _asked(self, ask: Callable[[], Value]) -> Value:
        try:
            return ask()
        except KafkaException as error:
            raise self._silent(reason_of(error)) from error

    def _silent(self, error: KafkaError) -> Unavailable:
        return Unavailable(f"{self._where} does not answer ({error.str()}); {unreachable_remedy(self._kafka.servers)}")


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
