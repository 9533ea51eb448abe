"""The right to change a site: held in its journal by one process at a time, and writing to the journal while it lasts.

The record tells others; what keeps two from writing at once is Kafka: a producer of the same transactional id shuts out
the one before it. A holder that died is known by its process on its own machine, elsewhere by a record that is not
renewed any longer; no two clocks are compared.
"""

import getpass
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import KafkaException, Producer

import dkd
from dkd.errors import DkdError, RefusedError
from dkd.plan.journal import Journal, Lock, Records, encoded, locked, released
from dkd.settings import KafkaSettings, unreachable_remedy
from dkd.stream.clients import common, fenced, reason_of
from dkd.systems.kafka.render import LARGEST_RECORD_BYTES

PATIENCE_S = 20.0
"""How long a held lock is waited for: longer than it takes to see that its holder is dead."""

_RENEW_S = 3.0
DEAD_S = 12.0
_WITHIN_S = 30.0
_TRANSACTION_S = 10.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 4.0


def now_text() -> str:
    """Now, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Held:
    """A held lock; a context manager that gives it back, unless the journal's last record has done so."""

    def __init__(self, kafka: KafkaSettings, topic: str, lock: Lock, read: Callable[[], Journal]) -> None:
        """Use :func:`acquired` instead."""
        self._kafka, self._topic, self._read = kafka, topic, read
        # By it a site's deployers shut each other out.
        self._id = topic.replace("_dkd.", "dkd-")
        self.lock = lock
        self._busy, self._ended = threading.Lock(), threading.Event()
        self._lost: DkdError | None = None
        self._producer = self._fresh()

    def __enter__(self) -> "Held":
        threading.Thread(target=self._renew, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended.is_set() and self._lost is None:
            self.write(released())
        self._ended.set()

    def write(self, records: Records, *, last: bool = False) -> None:
        """Write *records* in one transaction; with *last* they give the lock back.

        Raises:
            RefusedError: DKD714, when another deploy has taken over.
            DkdError: DKD702, when Kafka does not take them.
        """
        with self._busy:
            if self._lost is not None:
                raise self._lost
            self._write(records)
            if last:
                self._ended.set()

    def _write(self, records: Records) -> None:
        try:
            try:
                self._transact(records)
            except KafkaException as error:
                # One that came second shuts us out for a moment, sees our record, and leaves.
                if not _shut_out(error) or not self._is_ours():
                    raise
                self._producer = self._fresh()
                self._transact(records)
        except KafkaException as error:
            self._lost = self._error(error)
            raise self._lost from error

    def _transact(self, records: Records) -> None:
        self._producer.begin_transaction()
        for key, value in encoded(records):
            self._producer.produce(self._topic, value, key, 0)
        self._producer.commit_transaction(_WITHIN_S)

    def _is_ours(self) -> bool:
        lock = self._read().lock
        return lock is not None and lock.id == self.lock.id

    def _fresh(self) -> Producer:
        wanted = {
            "transactional.id": self._id,
            "transaction.timeout.ms": int(_TRANSACTION_S * 1_000),
            "acks": "all",
            "linger.ms": 0,
            # What the control plane's client, which reads the journal, can read without more libraries.
            "compression.type": "gzip",
            "message.max.bytes": LARGEST_RECORD_BYTES,
        }
        producer = Producer({**common(self._kafka), **wanted})
        try:
            producer.init_transactions(_WITHIN_S)
        except KafkaException as error:
            raise self._error(error) from error
        return producer

    def _renew(self) -> None:
        """Show others that we live, until the lock is given back."""
        while not self._ended.wait(_RENEW_S):
            self.lock = replace(self.lock, renewed=self.lock.renewed + 1)
            with self._busy:
                if self._ended.is_set() or self._lost is not None:
                    return
                try:
                    self._write(locked(self.lock))
                except DkdError:
                    return  # whoever writes next is told

    def _error(self, error: KafkaException) -> DkdError:
        reason = reason_of(error)
        if _shut_out(error):
            return RefusedError(
                "DKD714",
                where=self._topic,
                problem="another deploy has taken over",
                remedy="wait for it, then plan again",
            )
        where, remedy = f"Kafka at {self._kafka.servers}", unreachable_remedy(self._kafka.servers)
        return DkdError("DKD702", where=where, problem=f"writing {self._topic} failed: {reason.str()}", remedy=remedy)


def _shut_out(error: KafkaException) -> bool:
    reason = reason_of(error)
    return fenced(reason) or "fenced" in reason.str().lower()


def acquired(
    kafka: KafkaSettings,
    topic: str,
    read: Callable[[], Journal],
    operation: str,
    patience_s: float = PATIENCE_S,
    dead_s: float = DEAD_S,
) -> Held:
    """The lock of a site, once nobody else holds it.

    Args:
        kafka: Where.
        topic: The site's journal, which must exist.
        read: Reads the journal.
        operation: What it is held for.
        patience_s: How long a held lock is waited for.
        dead_s: How long a holder elsewhere may not have renewed it, until it is taken for dead.

    Raises:
        RefusedError: DKD714, when somebody else holds it for longer than that.
        DkdError: DKD702, when Kafka does not answer.
    """
    left = _wait_for(read, topic, patience_s, dead_s)
    held = Held(kafka, topic, _mine(operation), read)
    # Whoever came between our look and our shutting others out was first, and shall go on.
    other = read().lock
    if other not in (None, left):
        raise _held(other, topic)
    held.write(locked(held.lock))
    return held


def _wait_for(read: Callable[[], Journal], topic: str, patience_s: float, dead_s: float) -> Lock | None:
    """The lock of a holder that is dead, once it is known to be; None where nobody holds one any more."""
    began, pause = time.monotonic(), _PAUSE_S
    seen: Lock | None = None
    unchanged_s = began
    while (lock := read().lock) is not None and not is_dead(lock):
        now_s = time.monotonic()
        if lock != seen:
            seen, unchanged_s = lock, now_s
        if now_s - unchanged_s > dead_s:
            return lock
        if now_s - began + pause > patience_s:
            raise _held(lock, topic)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
    return lock


def _held(lock: Lock, topic: str) -> RefusedError:
    problem = f"{lock.who} has held the lock for {lock.operation} {lock.id} since {lock.created}"
    remedy = f"wait until that is done; if its process died, run this again and wait {DEAD_S + 1:.0f} s or longer"
    return RefusedError("DKD714", where=topic, problem=problem, remedy=remedy)


def _mine(operation: str) -> Lock:
    return Lock(uuid.uuid4().hex[:8], operation, who(), f"{_machine()}:{os.getpid()}", dkd.__version__, now_text())


def who() -> str:
    """The user and the machine, for people."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _machine() -> str:
    """Names the machine and, in a container, its view of processes: a process id means nothing elsewhere."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{uuid.getnode():x}/{space}"


def is_dead(lock: Lock) -> bool:
    """Whether the holder was a process of this machine that is gone; False where that cannot be known."""
    machine, _, pid = lock.process.rpartition(":")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
