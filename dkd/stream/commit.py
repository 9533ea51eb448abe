"""Results become one Kafka transaction: all rows and the positions they were made from, or nothing."""

import threading
import time
import warnings
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as Place

from dkd.stream.clients import REQUEST_S, Names, reason_of
from dkd.stream.records import Result, Rows

_GRACE_S = 3.0

Patience = Callable[[float], bool]
"""Whether to go on trying, after so many seconds."""


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
            with warnings.catch_warnings():
                # It warns where it could not abort, as when the broker is away.
                warnings.simplefilter("ignore", RuntimeWarning)
                self._writer.close()

    def _produce(self, rows: Rows, partition: int) -> None:
        # Not produce_batch: version 2.16 takes neither times nor headers there.
        topic, produce = getattr(self._names, rows.kind), self._writer.produce
        if rows.headers:
            for key, value, time_ms, headers in rows.records():
                produce(topic, value, key, partition, timestamp=time_ms, headers=list(headers) or None)
            return
        for key, value, time_ms in zip(rows.keys, rows.values, rows.timestamps_ms, strict=True):
            produce(topic, value, key, partition, timestamp=time_ms)


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
