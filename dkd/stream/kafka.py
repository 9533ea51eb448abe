"""A consumer group's partitions become batches, and the state topic beside them becomes what it tells."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place

from dkd.errors import RefusedError
from dkd.settings import KafkaSettings
from dkd.stream.clients import REQUEST_S, Names, consumer, let_go
from dkd.stream.records import Batch, ticks_of
from dkd.stream.source import Changed, Limits, Owner

_SLICE = 500
"""Messages taken at a time: larger slices are slower through the cache, and could overshoot the limit of bytes."""

_SILENT_S = 15.0
_LEAVING_S = 0.5


class Last(NamedTuple):
    """The last record of a partition; *next_offset* lies behind it, and *time_ms* is the broker's time of it."""

    next_offset: int
    time_ms: int


class KafkaSource:
    """The raw partitions that the group gives us. The broker's rebalances are carried out inside :meth:`poll`."""

    def __init__(self, member: Consumer, kafka: KafkaSettings, names: Names, note: Callable[[str], None]) -> None:
        """Join the group.

        Args:
            member: Of the group, not yet subscribed.
            kafka: For readers of the state topic.
            names: Topics.
            note: Told what a person should know.
        """
        self._member = member
        self._kafka = kafka
        self._names = names
        self._note = note
        self._owner: Owner | None = None
        self._raised: Exception | None = None
        self._begin: dict[int, int] = {}
        self._last: dict[int, Last] = {}
        self._end: dict[int, int] = {}
        member.subscribe([names.raw], on_assign=self._assigned, on_revoke=self._gone, on_lost=self._gone)

    def poll(self, owner: Owner, limits: Limits) -> list[Batch]:
        """Batches of what came in time; see :class:`dkd.stream.source.Source`.

        Raises:
            KafkaException: When the client can't go on; it is to be closed then.
        """
        self._owner = owner
        found: dict[int, list[Message]] = defaultdict(list)
        for message in self._messages(limits):
            found[message.partition() or 0].append(message)
        for partition, messages in found.items():
            self._last[partition] = Last((messages[-1].offset() or 0) + 1, messages[-1].timestamp()[1])
        batches = (_batch(partition, self._ours(partition, messages)) for partition, messages in found.items())
        return [batch for batch in batches if len(batch)]

    def silent(self) -> Mapping[int, Last]:
        """The last record of each partition that is read to its end, as far as the last answer of the broker tells."""
        return {one: last for one, last in self._last.items() if self._end.get(one, 0) >= last.next_offset}

    def ends(self) -> Mapping[int, int]:
        """The offset behind the last record of each of our partitions, as far as the broker has told it."""
        places = [Place(self._names.raw, one) for one in self._begin]
        found = {place.partition: self._member.get_watermark_offsets(place, cached=True)[1] for place in places}
        return {one: end for one, end in found.items() if end >= 0}

    def is_at_end(self, partition: int) -> bool:
        """Whether the broker, asked now, has nothing beyond the end that we have read to."""
        try:
            _, end = self._member.get_watermark_offsets(Place(self._names.raw, partition), REQUEST_S)
        except KafkaException:
            return False
        return end <= self._end.get(partition, 0)

    def changelog(self, partitions: Collection[int]) -> Iterator[Changed]:
        """The state topic of *partitions*, up to the last stable offset.

        There is no local snapshot beside it. A million sessions are read and put together again in about ten seconds,
        and a snapshot could be older than the topic, of another partition count, or of a disk that is gone: a second
        truth, checked against the first at every start.
        """
        reader = state_reader(self._kafka, self._names)
        try:
            yield from read_to_end(reader, self._names.state, dict.fromkeys(partitions, OFFSET_BEGINNING))
        finally:
            let_go(reader.close)

    def leave(self) -> None:
        """Give our place in the group up, as closing does not, and with it all partitions."""
        self._member.unsubscribe()
        until_s = time.monotonic() + REQUEST_S
        while self._begin and time.monotonic() < until_s:
            self._member.consume(1, _LEAVING_S)
        # The client tells the broker in a thread of its own, and a client that is closed meanwhile does not.
        self._member.consume(1, _LEAVING_S)

    def close(self) -> None:
        """Stop reading; the group keeps our place for a while, so that a restart moves no state."""
        self._owner = None
        self._member.close()

    def _messages(self, limits: Limits) -> Iterator[Message]:
        until, events, value_bytes = time.monotonic() + limits.wait_s, 0, 0
        while events < limits.events and value_bytes < limits.value_bytes:
            wanted = min(_SLICE, limits.events - events)
            # consume() waits its whole timeout for a full slice; there is no "what is there now".
            taken = self._member.consume(wanted, max(until - time.monotonic(), 0.0))
            if self._raised:
                raise self._raised
            for message in taken:
                error = message.error()
                if error is None:
                    events += 1
                    value_bytes += len(message)
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._end[message.partition() or 0] = message.offset() or 0
                else:
                    raise KafkaException(error)
            if len(taken) < wanted:
                return

    def _ours(self, partition: int, messages: list[Message]) -> list[Message]:
        """Without the record before our first."""
        begin = self._begin.get(partition, 0)
        if (messages[0].offset() or 0) >= begin:
            return messages
        return [message for message in messages if (message.offset() or 0) >= begin]

    def _assigned(self, member: Consumer, places: list[Place]) -> None:
        try:
            self._take_over(member, places)
        except Exception as error:  # noqa: BLE001  # the client would hand it on as another type; poll raises it
            self._raised = error

    def _take_over(self, member: Consumer, places: list[Place]) -> None:
        """Offsets first, the state after them, or a transaction that ends in between is missed."""
        if self._owner is None:
            return
        committed = {place.partition: place.offset for place in member.committed(places, REQUEST_S)} if places else {}
        known = {one: offset if offset >= 0 else None for one, offset in committed.items()}
        begin = {one: self._start(one, at) for one, at in self._owner.gained(known).items()}
        self._begin |= {one: first for one, (_, first) in begin.items()}
        # From one record earlier, because its time tells how long the silence has lasted, should there be nothing more;
        # where it was deleted, silence is counted from now.
        now_ms = int(time.time() * 1_000)
        self._last |= {one: Last(first, now_ms) for one, (low, first) in begin.items() if low == first}
        places = [Place(self._names.raw, one, max(low, first - 1)) for one, (low, first) in begin.items()]
        member.incremental_assign(places)

    def _start(self, partition: int, wanted: int | None) -> tuple[int, int]:
        """The topic's first offset, and where to begin; else an error, or a note about what is gone."""
        low, high = bounds(self._member, Place(self._names.raw, partition), wanted or 0)
        if (wanted or 0) > high:
            raise RefusedError(
                "DKD505",
                where=f"{self._names.raw} partition {partition}",
                problem=f"it ends at offset {high}, but {wanted} was read already: the topic was made anew",
                remedy="delete the site's state topic too: dkd destroy, then dkd deploy",
            )
        if wanted is not None and wanted < low:
            gone = f"offsets {wanted} to {low - 1} were deleted before they were read"
            self._note(f"{self._names.raw} partition {partition}: {gone}")
        return low, max(wanted or 0, low)

    def _gone(self, _: Consumer, places: list[Place]) -> None:
        # Nothing is in flight here: a step commits before it polls again.
        for place in places:
            for known in (self._begin, self._last, self._end):
                known.pop(place.partition, None)
        if self._owner is not None:
            self._owner.lost([place.partition for place in places])


def bounds(asker: Consumer, place: Place, wanted: int = 0) -> tuple[int, int]:
    """First and next offset of the partition at *place*, of which the next is *wanted* or more.

    A leader that has just begun may not know them at once, so it is asked again for some seconds.

    Raises:
        KafkaException: When it still does not know them.
    """
    until_s = time.monotonic() + REQUEST_S
    while True:
        try:
            low, high = asker.get_watermark_offsets(place, REQUEST_S)
            if high >= wanted or time.monotonic() > until_s:
                return low, high
        except KafkaException:
            if time.monotonic() > until_s:
                raise
        time.sleep(0.2)


def state_reader(kafka: KafkaSettings, names: Names) -> Consumer:
    """A consumer for :func:`read_to_end`."""
    # A short wait: at the end of an idle topic the broker would hold each answer back for so long.
    return consumer(kafka, f"{names.group}.state", {"enable.partition.eof": True, "fetch.wait.max.ms": 10})


def read_to_end(reader: Consumer, topic: str, starts: Mapping[int, int]) -> Iterator[Changed]:
    """Committed records of *topic*, of each partition from its offset in *starts* to its last stable offset.

    Raises:
        KafkaException: When the broker refuses, or is silent for a while.
    """
    reader.assign([Place(topic, partition, start) for partition, start in starts.items()])
    open_ones, silent_until = set(starts), time.monotonic() + _SILENT_S
    while open_ones:
        for message in reader.consume(_SLICE, 0.05):
            silent_until = time.monotonic() + _SILENT_S
            error = message.error()
            if error is None:
                yield Changed(message.partition() or 0, message.key() or b"", message.value())
            elif error.code() == KafkaError._PARTITION_EOF:
                open_ones.discard(message.partition() or 0)
            else:
                raise KafkaException(error)
        if time.monotonic() > silent_until:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"reading {topic}"))
    reader.unassign()


def _batch(partition: int, messages: Sequence[Message]) -> Batch:
    offsets, values = [message.offset() or 0 for message in messages], [message.value() for message in messages]
    return Batch(
        partition,
        offsets,
        [message.key() for message in messages],
        values,
        [message.timestamp()[1] for message in messages],
        ticks_of((offsets[place], messages[place].headers()) for place, value in enumerate(values) if value is None),
    )
