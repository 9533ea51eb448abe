"""A compacted topic of profiles is read: to its end at once, and before each batch what came since."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from dkd.enrich.profile import Profiles, Told, latest
from dkd.enrich.resources import Resources, open_resources
from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import KafkaSettings
from dkd.stream.clients import REQUEST_S, consumer

_READ_RECORDS = 10_000
_READ_S = 0.05
_MOST_S = 30.0


def resources_of(model: Model, kafka: KafkaSettings) -> Resources:
    """What the enrichers of *model* need for a job: of a topic of profiles the latest ones, as of now.

    Raises:
        DkdError: DKD708, when there is no such topic; KafkaException, when Kafka does not answer.
    """
    options = model.enrich.profile
    if options is None or options.topic is None:
        return open_resources(model)
    reader = ProfileReader(kafka, model.site, options.topic)
    try:
        found = ((one.key, one.fields) for one in reader.new())
        return open_resources(model, latest(found, tuple(dict.fromkeys(options.fields))))
    finally:
        reader.close()


class ProfileReader:
    """Reads one topic, as a member of no group; not for several threads."""

    def __init__(self, kafka: KafkaSettings, site: str, topic: str) -> None:
        """Nothing is asked yet."""
        self._topic, self._where = topic, f"Kafka at {kafka.servers}"
        more = {"enable.partition.eof": True, "fetch.wait.max.ms": 10, "auto.offset.reset": "earliest"}
        self._reader: Consumer = consumer(kafka, f"{site}.profiles", more)
        self._ends: dict[int, int] = {}
        self._since_ms: dict[int, int] = {}
        self._found: list[Told] = []

    def close(self) -> None:
        """Give the connections back."""
        self._reader.close()

    def new(self) -> list[Told]:
        """Records that came since the last time, by partition and offset; what is no profile is passed by.

        Whatever was committed to the topic before the call is among them.

        Raises:
            DkdError: DKD708, when there is no such topic.
            KafkaException: When Kafka does not answer.
        """
        if not self._ends:
            self._begin()
        wanted = {one: self._end(one) for one in self._ends}
        until_s = time.monotonic() + _MOST_S
        while any(self._ends[one] < end for one, end in wanted.items()):
            for message in self._reader.consume(_READ_RECORDS, _READ_S):
                told = self._told(message)
                # Kept here: what was read before an error does not come a second time.
                self._found += [told] if told else []
            if time.monotonic() > until_s:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        found, self._found = self._found, []
        return found

    def _begin(self) -> None:
        known = self._reader.list_topics(self._topic, timeout=REQUEST_S).topics[self._topic]
        if known.error is not None:
            remedy = "make it, with cleanup.policy=compact, or mend enrich: profile: topic"
            raise DkdError("DKD708", where=self._where, problem=f"there is no topic {self._topic}", remedy=remedy)
        self._reader.assign([TopicPartition(self._topic, one, OFFSET_BEGINNING) for one in known.partitions])
        self._ends = dict.fromkeys(sorted(known.partitions), 0)

    def _end(self, partition: int) -> int:
        """Where what can be read ends; nothing of it is left when it begins there."""
        place = TopicPartition(self._topic, partition)
        low, high = self._reader.get_watermark_offsets(place, timeout=REQUEST_S, cached=False)
        return int(high) if high > low else 0

    def _told(self, message: Message) -> Told | None:
        error, partition, offset = message.error(), message.partition() or 0, message.offset() or 0
        if error is not None:
            if error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            # Ends of transactions take offsets too, which no record tells of.
            self._ends[partition] = max(self._ends[partition], offset)
            return None
        self._ends[partition] = offset + 1
        since_ms = max(message.timestamp()[1], self._since_ms.get(partition, 0))
        self._since_ms[partition] = since_ms
        try:
            key = (message.key() or b"").decode()
            fields = None if message.value() is None else json.loads(message.value() or b"")
        except (ValueError, RecursionError):
            return None
        if not (fields is None or isinstance(fields, dict)):
            return None
        return Told(key, since_ms, f"{partition}:{offset}", cast(Mapping[str, object] | None, fields))


def follower(reader: ProfileReader, profiles: Profiles) -> Callable[[], None]:
    """What brings *profiles* up to date by *reader*."""

    def follow() -> None:
        new: Sequence[Told] = reader.new()
        if new:
            profiles.learn(new)

    return follow
