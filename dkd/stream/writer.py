"""Single records go into topics by hand, outside of the enricher's transactions; written when the call returns."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from dkd.errors import DkdError
from dkd.settings import KafkaSettings, unreachable_remedy
from dkd.stream.clients import common, reason_of
from dkd.stream.records import Record
from dkd.systems.kafka.render import LARGEST_RECORD_BYTES

_WITHIN_S = 30.0


class Addressed(NamedTuple):
    """A record and where it goes."""

    topic: str
    partition: int
    record: Record


class Writer:
    """Writes to one cluster, acknowledged by all in-sync replicas."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """Write to *kafka*; nothing is asked yet."""
        self._servers = kafka.servers
        wanted = {
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": "lz4",
            "message.max.bytes": LARGEST_RECORD_BYTES,
            "message.timeout.ms": int(_WITHIN_S * 1_000),
            "delivery.report.only.error": True,
            "on_delivery": self._on_failure,
        }
        self._failures: list[KafkaError] = []
        self._producer = Producer({**common(kafka), **wanted})

    def write(self, records: Iterable[Addressed]) -> None:
        """Write *records*, in their order within a partition.

        Raises:
            DkdError: DKD820, when one of them was not acknowledged in time; the others may be written.
        """
        self._failures.clear()
        try:
            for topic, partition, (key, value, timestamp_ms, headers) in records:
                self._producer.produce(
                    topic, value, key, partition, timestamp=timestamp_ms, headers=list(headers) or None
                )
            left = self._producer.flush(_WITHIN_S)
        except (BufferError, KafkaException) as error:
            problem = reason_of(error).str() if isinstance(error, KafkaException) else str(error)
            raise self._unwritten(problem) from error
        if self._failures or left:
            raise self._unwritten(self._failures[0].str() if self._failures else "no answer in time")

    def _on_failure(self, error: KafkaError, _message: Any) -> None:
        self._failures.append(error)

    def _unwritten(self, problem: str) -> DkdError:
        where, remedy = f"Kafka at {self._servers}", unreachable_remedy(self._servers)
        return DkdError("DKD820", where=where, problem=f"it does not take records: {problem}", remedy=remedy)
