"""A topic is read by people and jobs: from chosen offsets to its end or for ever; nothing is committed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dkd.errors import DkdError
from dkd.settings import KafkaSettings, unreachable_remedy
from dkd.stream.clients import REQUEST_S, consumer, reason_of
from dkd.stream.records import Headers, Record

_READ_RECORDS = 1000
_READ_S = 0.1
_SILENT_S = 10.0
_SPARE = 8
_WIDER = 8
Value = TypeVar("Value")


class Range(NamedTuple):
    """What a partition holds: offset of the first record, and the one behind the last."""

    low: int
    high: int


class Found(NamedTuple):
    """A committed record and where it stands."""

    partition: int
    offset: int
    record: Record


class TopicReader:
    """Reads committed records of one cluster, as a member of no group; not for several threads.

    Every method raises DkdError: DKD820 when Kafka does not answer, DKD808 when there is no such topic.
    """

    def __init__(self, kafka: KafkaSettings, site: str) -> None:
        """Read from *kafka* for *site*; nothing is asked yet."""
        self._servers = kafka.servers
        # A short wait: at the end of an idle topic the broker would hold each answer back for so long.
        more = {"enable.partition.eof": True, "fetch.wait.max.ms": 50, "auto.offset.reset": "earliest"}
        self._reader: Consumer = consumer(kafka, f"{site}.read", more)

    def __enter__(self) -> "TopicReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._reader.close()

    def ranges(self, topic: str) -> dict[int, Range]:
        """What each partition of *topic* holds."""
        found = self._asked(lambda: self._reader.list_topics(topic, timeout=REQUEST_S)).topics[topic]
        if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            problem = f"there is no topic {topic}"
            raise DkdError("DKD808", where=f"Kafka at {self._servers}", problem=problem, remedy="run dkd deploy")
        if found.error is not None:
            raise self._silent(found.error)
        return {number: self._range(TopicPartition(topic, number)) for number in sorted(found.partitions)}

    def to_end(self, topic: str, starts: Mapping[int, int]) -> Iterator[Found]:
        """Records of *topic*, of each partition from its offset in *starts* to where it ends at the moment."""
        if starts:
            yield from self._to_end(topic, starts)
            # It would go on fetching, for nobody.
            self._reader.unassign()

    def _to_end(self, topic: str, starts: Mapping[int, int]) -> Iterator[Found]:
        left, silent_s = set(starts), time.monotonic() + _SILENT_S
        for message in self._messages(topic, starts):
            if message is None:
                if time.monotonic() > silent_s:
                    raise self._silent(KafkaError(KafkaError._TIMED_OUT))
                continue
            silent_s = time.monotonic() + _SILENT_S
            if message.error() is None:
                yield _found(message)
                continue
            left.discard(message.partition() or 0)
            if not left:
                return

    def follow(self, topic: str, starts: Mapping[int, int]) -> Iterator[Found | None]:
        """Records of *topic* from the offsets *starts* on, without end; None each time that none came for a moment."""
        for message in self._messages(topic, starts):
            if message is None:
                yield None
            elif message.error() is None:
                yield _found(message)

    def last(self, topic: str, count: int) -> tuple[list[Found], dict[int, int]]:
        """The newest *count* records of *topic* by their time, oldest first, and the offsets from which to read on.

        Offsets alone do not tell how many records there are: ends of transactions take some, too.
        """
        ranges, spread = self.ranges(topic), count + _SPARE
        while True:
            starts = {number: max(low, high - spread) for number, (low, high) in ranges.items()}
            found = list(self.to_end(topic, starts))
            counts = Counter(one.partition for one in found)
            if all(start == ranges[number].low or counts[number] >= count for number, start in starts.items()):
                break
            spread *= _WIDER
        ends = {number: high for number, (_, high) in ranges.items()}
        for one in found:
            ends[one.partition] = max(ends[one.partition], one.offset + 1)
        found.sort(key=lambda one: one.record.timestamp_ms)
        return found[max(0, len(found) - count) :], ends

    def _messages(self, topic: str, starts: Mapping[int, int]) -> Iterator[Message | None]:
        """Records and ends of partitions, without end; None after each reading that brought nothing."""
        places = [TopicPartition(topic, number, offset) for number, offset in starts.items()]
        self._asked(lambda: self._reader.assign(places))
        while True:
            messages = self._asked(lambda: self._reader.consume(_READ_RECORDS, _READ_S))
            for message in messages:
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise self._silent(error)
                yield message
            if not messages:
                yield None

    def _range(self, place: TopicPartition) -> Range:
        low, high = self._asked(lambda: self._reader.get_watermark_offsets(place, timeout=REQUEST_S, cached=False))
        return Range(int(low), int(high))

    def _asked(self, ask: Callable[[], Value]) -> Value:
        try:
            return ask()
        except KafkaException as error:
            raise self._silent(reason_of(error)) from error

    def _silent(self, error: KafkaError) -> DkdError:
        where, remedy = f"Kafka at {self._servers}", unreachable_remedy(self._servers)
        return DkdError("DKD820", where=where, problem=f"it does not answer: {error.str()}", remedy=remedy)


def _found(message: Message) -> Found:
    headers: Headers = tuple(cast(list[tuple[str, bytes]], message.headers() or []))
    record = Record(message.key(), message.value(), message.timestamp()[1], headers)
    return Found(message.partition() or 0, message.offset() or 0, record)
