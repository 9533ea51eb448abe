"""The end of the state topic becomes the newest head of each partition: what all its records together would tell."""

from collections.abc import Iterable

from confluent_kafka import Consumer, TopicPartition

from dkd.settings import KafkaSettings
from dkd.stream.changelog import require_count
from dkd.stream.clients import Names, let_go
from dkd.stream.kafka import bounds, read_to_end, state_reader
from dkd.stream.state import Head, newest

_TAIL = 16
_WIDER = 16


def newest_heads(reader: Consumer, topic: str, partitions: Iterable[int]) -> dict[int, Head]:
    """The newest head of each partition that has any.

    Args:
        reader: From :func:`dkd.stream.kafka.state_reader`.
        topic: Of states.
        partitions: Where to look.

    Raises:
        DkdError: DKD508, when the topic holds something else.
        KafkaException: When the broker refuses, or is silent for a while.
    """
    ends = {one: bounds(reader, TopicPartition(topic, one)) for one in partitions}
    heads: dict[int, Head] = {}
    tail = _TAIL
    while ends:
        values: dict[int, list[bytes]] = {one: [] for one in ends}
        for changed in read_to_end(reader, topic, {one: max(low, high - tail) for one, (low, high) in ends.items()}):
            values[changed.partition].append(changed.value or b"")
        found = {one: newest(filter(None, some)) for one, some in values.items()}
        heads |= {one: head for one, head in found.items() if head}
        # Where nothing was found, there were only markers and aborted records so far.
        ends = {one: (low, high) for one, (low, high) in ends.items() if one not in heads and high - tail > low}
        tail *= _WIDER
    return heads


def require_same_count(kafka: KafkaSettings, names: Names, partitions: int) -> None:
    """Return when every state was made of so many *partitions* of raw.

    Who takes over only partitions that were added since has no state that could tell.

    Raises:
        RefusedError: DKD503, when one was made of another number.
        DkdError, KafkaException: As :func:`newest_heads` does.
    """
    reader = state_reader(kafka, names)
    try:
        heads = newest_heads(reader, names.state, range(partitions))
    finally:
        let_go(reader.close)
    for head in heads.values():
        require_count(head, partitions)
