"""Groups of messages → Kafka while it acknowledges, else the spool; each message is safe in one of them, or refused.

The breaker opens when a group fails or all brokers are gone. It closes when Kafka has acknowledged again, which the
replay of the spool tries; so an outage costs the senders one time limit, and no more.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from dkd.collect.commit import Sink
from dkd.collect.message import Message
from dkd.collect.spool import Spool, SpoolFull
from dkd.collect.unkept import RejectsTopic

Say = Callable[[str], None]


class Breaker:
    """Whether Kafka is passed by. The loop opens it, the replay closes it."""

    def __init__(self, where: str, say: Say) -> None:
        """A closed one; *say* is told of each change, and *where* Kafka is."""
        self._where, self._say = where, say
        self.is_open = False

    def open(self, problem: str) -> None:
        """Pass Kafka by from now on, because of *problem*."""
        if not self.is_open:
            self.is_open = True
            self._say(f"Kafka at {self._where} does not acknowledge: {problem}; events go to the spool until it does")

    def close(self) -> None:
        """Kafka has acknowledged a record."""
        if self.is_open:
            self.is_open = False
            self._say("Kafka acknowledges again")


class KafkaEnd(Sink, Protocol):
    """A sink that says what is wrong with it."""

    problem: str
    """Why the last messages failed, or what is wrong with the connection."""
    is_down: bool
    """Set when the last broker is lost."""


class Durable:
    """Kafka and the spool as one sink. Everything here runs in the loop, but for the writing.

    Attributes:
        breaker: Decides between the two.
        spooled: How many messages the spool has taken.
    """

    def __init__(self, kafka: KafkaEnd, spool: Spool, breaker: Breaker, rejects: RejectsTopic, say: Say) -> None:
        """Send to *kafka* while *breaker* is closed, to *spool* otherwise, and where *kafka* fails."""
        self._kafka, self._spool, self.breaker, self._rejects, self._say = kafka, spool, breaker, rejects, say
        self.spooled = 0
        self._writing: Future[None] | None = None
        self._written: Sequence[Message] = ()
        self._is_failing = False

    @property
    def is_safe(self) -> bool:
        """Whether an event that came now would be made durable."""
        return not self.breaker.is_open or self._spool.has_room()

    def send(self, messages: Sequence[Message]) -> None:
        """Take a group."""
        self._writing, self._written = None, ()
        messages = self._rejects.without(messages)
        if self.breaker.is_open and messages:
            self._write(messages)
        else:
            self._kafka.send(messages)

    def pending(self) -> int:
        """How many messages of the group are neither safe nor failed."""
        # Also while it is passed by: only so librdkafka tells of its connections, and lets go of what it holds.
        waiting = self._kafka.pending()
        if self._kafka.is_down:
            self._kafka.is_down = False
            self.breaker.open(self._kafka.problem)
        if self._writing is not None:
            return 0 if self._writing.done() else len(self._written)
        if waiting:
            return waiting
        failed = self._kafka.failed()
        if failed:
            self.breaker.open(self._kafka.problem)
            self._write(failed)
        return len(failed)

    def failed(self) -> Sequence[Message]:
        """The messages that neither Kafka nor the disk has."""
        writing, written = self._writing, self._written
        self._writing, self._written = None, ()
        error = writing.exception() if writing is not None else None
        self._tell(error)
        if error is not None:
            return written
        self.spooled += len(written)
        return ()

    def close(self) -> None:
        """Let go of both."""
        self._spool.close()
        self._kafka.close()

    def _write(self, messages: Sequence[Message]) -> None:
        self._written = messages
        self._writing = self._spool.write(messages)

    def _tell(self, error: BaseException | None) -> None:
        """Say once that the spool takes nothing."""
        if error is not None and not self._is_failing:
            problem = f"is full: {error}" if isinstance(error, SpoolFull) else f"cannot be written: {error}"
            self._say(f"the spool at {self._spool.folder} {problem}; events are answered with 503")
        self._is_failing = error is not None
