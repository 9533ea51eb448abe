"""A restarted Druid reads again what it had not published; wait until its tasks are where Kafka's topics end."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from dkd.errors import DkdError
from dkd.local.ports import HOST
from dkd.local.probe import document
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.settings import Ports

LIMIT_S = 180.0
_STILL_S = 15.0
_POLL_S = 0.5
_ANSWER_S = 10.0

Offsets = dict[int, int]
Reading = Callable[[], Offsets | None]
"""Where the readers of one topic are: next offset by partition; None while nobody reads."""
Gone = Callable[[], str | None]
"""Why the readers are gone for good; None while they live."""


def catch_up(model: Model, ports: Ports, gone: Gone, listener: Listener) -> None:
    """Wait until the rows that were visible before a restart are visible again.

    Args:
        model: Its topics clean and sessions, and the datasources that are filled from them.
        ports: The stack's.
        gone: Why Druid can't go on.
        listener: Told how many records are left; and at the end, when it did not come that far.

    Raises:
        DkdError: DKD623, when Druid dies.
    """
    for topic, datasource in (("clean", "events"), ("sessions", "sessions")):
        ends = _ends(model.topic(topic), ports)
        table = model.datasource(datasource)
        left = wait_for(ends, partial(_offsets, table, ports), gone, listener, table)
        if left:
            listener.note(f"{table} still lacks {left:,} records of {model.topic(topic)}; they will follow")


def wait_for(
    ends: Offsets, reading: Reading, gone: Gone, listener: Listener, name: str, *, limit_s: float = LIMIT_S
) -> int:
    """Poll *reading* until it has come to *ends*.

    A transaction ends in a marker that takes an offset and is never read, so one behind is there; where more markers
    end the topic, standing still is.

    Args:
        ends: Next offset that each partition will give.
        reading: Where the readers are.
        gone: Why they will never come there; asked while they are silent.
        listener: Told how far it is.
        name: What is read into.
        limit_s: When to give up.

    Returns:
        Records that are left; 0 when all are read.

    Raises:
        DkdError: DKD623, when *gone* says why.
    """
    began = moved = time.monotonic()
    before, left = -1, lag(ends, {})
    while left and time.monotonic() - began < limit_s:
        found = reading()
        why = gone() if found is None else None
        if why:
            raise DkdError("DKD623", where=name, problem=f"it can't be read again: {why}")
        left = lag(ends, found or {})
        if not left:
            break
        if left != before or found is None:
            before, moved = left, time.monotonic()
        elif time.monotonic() - moved > _STILL_S:
            break
        listener.progress(f"{name} reads again: {left:,} records to go")
        time.sleep(_POLL_S)
    return left


def lag(ends: Offsets, found: Offsets) -> int:
    """Records before *ends* that were not read, a last one in each partition left out as a marker."""
    behind = (end - found.get(partition, 0) for partition, end in ends.items())
    return sum(count for count in behind if count > 1)


def _ends(topic: str, ports: Ports) -> Offsets:
    consumer = Consumer({"bootstrap.servers": f"{HOST}:{ports.kafka}", "group.id": "dkd.up", "log_level": 0})
    try:
        partitions = consumer.list_topics(topic, timeout=_ANSWER_S).topics[topic].partitions
        return {number: _end(consumer, TopicPartition(topic, number)) for number in partitions}
    except KafkaException:
        # Nothing to wait for where the topic does not answer; status says what is wrong with Kafka.
        return {}
    finally:
        consumer.close()


def _end(consumer: Consumer, partition: TopicPartition) -> int:
    """Next offset of a partition; 0 when retention has left nothing in it."""
    low, high = consumer.get_watermark_offsets(partition, timeout=_ANSWER_S, cached=False)
    return int(high) if high > low else 0


def _offsets(datasource: str, ports: Ports) -> Offsets | None:
    """Where the reading tasks are, asked of the tasks themselves: what the supervisor says is seconds old."""
    status = document(ports.coordinator, f"/druid/indexer/v1/supervisor/{datasource}/status")
    tasks = (status or {}).get("payload", {}).get("activeTasks") or []
    found: Offsets = {}
    for task in tasks:
        current: Any = document(ports.indexer, f"/druid/worker/v1/chat/{task['id']}/offsets/current")
        found.update({int(partition): int(offset) for partition, offset in (current or {}).items()})
    return found or None
