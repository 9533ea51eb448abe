"""Kafka's topics as source and sink: a consumer group's partitions in, one transaction for each commit out."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Place

from dkd.errors import RefusedError
from dkd.settings import KafkaSettings
from dkd.stream.clients import REQUEST_S, Names, consumer, reason_of
from dkd.stream.records import Batch, Result, Rows, ticks_of
from dkd.stream.source import Changed, Limits, Owner

_SLICE = 500
"""Messages taken at a time: larger slices are slower through the cache, and could overshoot the limit of bytes."""

_SILENT_S = 15.0
_GRACE_S = 3.0

Patience = Callable[[float], bool]
"""Whether to go on trying, after so many seconds."""


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
        member.subscribe([names.raw], on_assign=self._assigned, on_revoke=self._gone, on_lost=self._gone)

    def poll(self, owner: Owner, limits: Limits) -> list[Batch]:
        """Batches of what came in time; see :class:`dkd.stream.source.Source`.

        Raises:
            KafkaException: When the client can't go on; it is to be closed then.
        """
        self._owner = owner
        found: dict[int, list[Message]] = {}
        for message in self._messages(limits):
            found.setdefault(message.partition() or 0, []).append(message)
        return [_batch(partition, messages) for partition, messages in found.items()]

    def changelog(self, partitions: Collection[int]) -> Iterator[Changed]:
        """The state topic of *partitions*, up to the last stable offset."""
        with closing(state_reader(self._kafka, self._names)) as reader:
            yield from read_to_end(reader, self._names.state, dict.fromkeys(partitions, OFFSET_BEGINNING))

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
                if message.error() is not None:
                    raise KafkaException(message.error())
                value_bytes += len(message)
                yield message
            events += len(taken)
            if len(taken) < wanted:
                return

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
        begin = self._owner.gained(known)
        member.incremental_assign([Place(self._names.raw, one, self._start(one, at)) for one, at in begin.items()])

    def _start(self, partition: int, wanted: int | None) -> int:
        """Where to begin, if the topic still has it; else an error, or a note about what is gone."""
        low, high = self._bounds(partition, wanted or 0)
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
        return max(wanted or 0, low)

    def _bounds(self, partition: int, wanted: int) -> tuple[int, int]:
        """First and next offset of a raw partition; a leader that has just begun may not know them at once."""
        until_s = time.monotonic() + REQUEST_S
        while True:
            try:
                low, high = self._member.get_watermark_offsets(Place(self._names.raw, partition), REQUEST_S)
                if high >= wanted or time.monotonic() > until_s:
                    return low, high
            except KafkaException:
                if time.monotonic() > until_s:
                    raise
            time.sleep(0.2)

    def _gone(self, _: Consumer, places: list[Place]) -> None:
        # Nothing is in flight here: a step commits before it polls again.
        if self._owner is not None:
            self._owner.lost([place.partition for place in places])


class KafkaSink:
    """One transaction for each commit: all rows, and the positions under the group's generation."""

    def __init__(self, writer: Producer, member: Consumer, names: Names, patience: Patience) -> None:
        """Write with *writer*, whose ``init_transactions`` was called.

        Args:
            writer: Of transactions.
            member: Whose group commits the positions; the broker refuses those of a member that was replaced.
            names: Topics.
            patience: Asked while the broker does not answer; a commit that is given up is in doubt.
        """
        self._writer = writer
        self._member = member
        self._names = names
        self._patience = patience
        self._ending = Bounded("ending the transaction")

    def commit(self, results: Sequence[Result]) -> None:
        """Write all in one transaction; see :class:`dkd.stream.sink.Sink`.

        Raises:
            KafkaException: When it failed or is in doubt; the writer is to be closed then.
        """
        self._writer.begin_transaction()
        for result in results:
            for rows in result.rows:
                self._produce(rows, result.partition)
        ends = [Place(self._names.raw, result.partition, result.next_offset) for result in results]
        metadata = self._member.consumer_group_metadata()

        def end() -> None:
            insist(lambda: self._writer.send_offsets_to_transaction(ends, metadata, REQUEST_S), self._patience)
            insist(lambda: self._writer.commit_transaction(REQUEST_S), self._patience)

        self._ending.run(end, self._patience)

    def close(self) -> None:
        """Drop what was not sent; the broker aborts it when the next writer of our name begins."""
        if not self._ending.is_stuck:
            self._writer.purge()
            self._writer.close()

    def _produce(self, rows: Rows, partition: int) -> None:
        # Not produce_batch: version 2.16 takes neither times nor headers there.
        topic, produce = getattr(self._names, rows.kind), self._writer.produce
        for key, value, time_ms, headers in rows.records():
            produce(topic, value, key, partition, timestamp=time_ms, headers=list(headers) or None)


class Bounded:
    """Runs calls in a thread of their own, and leaves a call that does not return.

    librdkafka's ``send_offsets_to_transaction`` has no working timeout: after a restart of the broker that coordinates
    the group it may never return (confluentinc/librdkafka#5456 and #5511). Its client can't be closed then either.
    """

    def __init__(self, doing: str) -> None:
        """*doing* names the call in errors."""
        self._doing = doing
        self.is_stuck = False

    def run(self, call: Callable[[], None], patience: Patience) -> None:
        """Run *call*; what it raises is raised here.

        Raises:
            KafkaException: Of code ``_TIMED_OUT``, when it did not return while *patience* lasted, and some seconds
                more, in which a call that heeds it would have returned.
        """
        raised: list[BaseException] = []

        def caught() -> None:
            try:
                call()
            except BaseException as error:  # noqa: BLE001  # raised again by who waits for it
                raised.append(error)

        thread, since_s = threading.Thread(target=caught, daemon=True), time.monotonic()
        thread.start()
        while thread.is_alive() and patience(time.monotonic() - since_s - _GRACE_S):
            thread.join(_GRACE_S / 10)
        if thread.is_alive():
            self.is_stuck = True
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, self._doing))
        if raised:
            raise raised[0]


def insist(call: Callable[[], object], patience: Patience) -> None:
    """Repeat *call* while it fails with an error that repeating can cure and *patience* lasts."""
    since_s = time.monotonic()
    while True:
        try:
            call()
        except KafkaException as error:
            if not reason_of(error).retriable() or not patience(time.monotonic() - since_s):
                raise
        else:
            return


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
