"""Groups of messages → Kafka, acknowledged by all in-sync replicas; or a list in memory."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from dkd.collect.message import Message
from dkd.errors import DkdError
from dkd.settings import KafkaSettings

_ANY_PARTITION = -1
TIMEOUT_MS = 1_500
"""How long a message may take; then it has failed, and goes to the spool."""


class MemorySink:
    """Keeps messages in a list."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Message] = []

    def send(self, messages: Sequence[Message]) -> None:
        """Keep *messages*."""
        self.messages.extend(messages)

    def pending(self) -> int:
        """Nothing ever is."""
        return 0

    def failed(self) -> Sequence[Message]:
        """Nothing ever does."""
        return ()

    def close(self) -> None:
        """Keep everything."""


class KafkaSink:
    """Sends messages to Kafka and outlives its restarts.

    Attributes:
        problem: Why the last messages failed, or what is wrong with the connection.
        is_down: Set when the last broker is lost; whoever reads it takes it back.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        """Connect to *kafka* in the background.

        Raises:
            DkdError: DKD463, when what the target says of its connection cannot be.
        """
        self._kafka = kafka
        self.problem = ""
        self.is_down = False
        self._is_fatal = False
        self._group: Sequence[Message] = ()
        self._unsent: list[Message] = []
        self._failures: set[tuple[str, bytes | None, bytes]] = set()
        try:
            self._producer = self._fresh()
        except KafkaException as error:
            raise DkdError(
                "DKD463",
                where=kafka.servers,
                problem=f"no connection can be made as the target says: {error.args[0].str()}",
                remedy="correct security, mechanism and ca of the target's kafka",
            ) from error

    def send(self, messages: Sequence[Message]) -> None:
        """Hand *messages* to librdkafka."""
        if self._is_fatal:
            self._producer, self._is_fatal = self._fresh(), False
        self._group, self._unsent, self._failures = messages, [], set()
        produce = self._producer.produce
        for message in messages:
            topic, key, value, timestamp_ms, headers = message
            try:
                # By position: to name its arguments would double what the call costs.
                produce(topic, value, key, _ANY_PARTITION, None, None, timestamp_ms, list(headers) if headers else None)
            except (BufferError, KafkaException) as error:
                self._unsent.append(message)
                self._note(error.args[0] if isinstance(error, KafkaException) else str(error))

    def pending(self) -> int:
        """Serve librdkafka's reports, and count what is still on its way."""
        self._producer.poll(0)
        return len(self._producer)

    def failed(self) -> Sequence[Message]:
        """What was not acknowledged in time."""
        group, self._group = self._group, ()
        if self._unsent or self._failures:
            lost = self._failures
            return [*self._unsent, *(one for one in group if (one.topic, one.key, one.value) in lost)]
        return ()

    def topics(self, timeout_s: float) -> Collection[str] | None:
        """The topics that Kafka has; None where no broker answers within *timeout_s*, which is waited for."""
        try:
            return frozenset(self._producer.list_topics(timeout=timeout_s).topics)
        except KafkaException as error:
            self._note(error.args[0])
            return None

    def close(self) -> None:
        """Wait shortly for what librdkafka still does."""
        self._producer.flush(1)

    def _fresh(self) -> Producer:
        return Producer(
            {
                **_connection(self._kafka),
                "acks": "all",
                "enable.idempotence": True,
                # As Java's producers choose, Divolte among them; librdkafka's own default would split a party.
                "partitioner": "murmur2_random",
                # A group comes at once: what is longer only keeps it waiting.
                "linger.ms": 2,
                "compression.type": "lz4",
                "message.timeout.ms": TIMEOUT_MS,
                "batch.size": 262_144,
                "queue.buffering.max.kbytes": 131_072,
                "queue.buffering.max.messages": 1_000_000,
                "delivery.report.only.error": True,
                # Below the time limit, or the first group after an outage would fail too.
                "reconnect.backoff.max.ms": 500,
                # A topic that comes late is known soon.
                "topic.metadata.refresh.interval.ms": 10_000,
                "on_delivery": self._on_failure,
                "error_cb": self._note,
            },
            logger=_silent(),
        )

    def _on_failure(self, error: KafkaError, message: Any) -> None:
        self._failures.add((message.topic(), message.key(), message.value()))
        self._note(error)

    def _note(self, error: KafkaError | str) -> None:
        if isinstance(error, KafkaError):
            self._is_fatal = self._is_fatal or error.fatal()
            self.is_down = self.is_down or error.code() == KafkaError._ALL_BROKERS_DOWN
        self.problem = error.str() if isinstance(error, KafkaError) else error


def _connection(kafka: KafkaSettings) -> dict[str, object]:
    found: dict[str, object] = {"bootstrap.servers": kafka.servers, "security.protocol": kafka.security}
    if kafka.ca:
        found["ssl.ca.location"] = kafka.ca
    if kafka.user is not None:
        found |= {"sasl.mechanism": kafka.mechanism, "sasl.username": kafka.user, "sasl.password": kafka.password or ""}
    return found


def _silent() -> logging.Logger:
    """Hears librdkafka, which repeats itself for every connection attempt; one line of ours says the same."""
    logger = logging.getLogger("dkd.collect.librdkafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
