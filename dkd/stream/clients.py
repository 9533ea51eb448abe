"""Settings become clients of Kafka's data plane, and their errors are sorted: try again, somebody else, or give up."""

import faulthandler
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from dkd.errors import DkdError
from dkd.model.schema import Model
from dkd.settings import KafkaSettings
from dkd.systems.kafka.render import LARGEST_RECORD_BYTES

REQUEST_S = 5.0
TRANSACTION_S = 20.0
"""A transaction left open by a killed enricher hides what follows it in the topics for so long at most."""

SESSION_S = 8.0
"""Partitions of an enricher that shows no sign of life go to another one after this time."""

HEARTBEAT_S = 2.0
_CLOSE_S, _FROZEN_S = 5.0, 15.0
_STDERR = 2

_DENIED = frozenset(
    (
        KafkaError._AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    )
)
_FENCED = frozenset((KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH))


class Names(NamedTuple):
    """Topics and group of a site, and the name under which one enricher is known to Kafka."""

    raw: str
    clean: str
    sessions: str
    rejects: str
    state: str
    group: str
    instance: str

    @classmethod
    def of(cls, model: Model, instance: str = "1") -> "Names":
        """Names of the site; enrichers of one site that run side by side need different *instance* names."""
        group = f"{model.site}.enrich"
        raw, clean, sessions, rejects, state = map(model.topic, ("raw", "clean", "sessions", "rejects", "state"))
        return cls(raw, clean, sessions, rejects, state, group, f"{group}.{instance}")

    @property
    def written(self) -> tuple[str, ...]:
        """Topics that an enricher writes."""
        return self.clean, self.sessions, self.rejects, self.state


Notice = Callable[[KafkaError], None]
"""Told of errors that the client itself gets over, such as a lost connection."""


def common(kafka: KafkaSettings) -> dict[str, Any]:
    """What every client of the cluster is set to."""
    # The client's own lines would go to stderr beside ours.
    quiet = logging.getLogger("dkd.kafka")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    found: dict[str, Any] = {
        "bootstrap.servers": kafka.servers,
        "client.id": "dkd",
        "security.protocol": kafka.security,
        "reconnect.backoff.max.ms": 1_000,
        "socket.connection.setup.timeout.ms": 5_000,
        "logger": quiet,
    }
    if kafka.ca:
        found["ssl.ca.location"] = kafka.ca
    if kafka.security.startswith("SASL"):
        found |= {"sasl.mechanism": kafka.mechanism, "sasl.username": kafka.user, "sasl.password": kafka.password}
    return found


def consumer(kafka: KafkaSettings, group: str, more: Mapping[str, Any]) -> Consumer:
    """A reader of committed records that commits nothing by itself; *more* settings win."""
    wanted = {
        "group.id": group,
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "error",
        # The default of 1 s stops a full-speed reader again and again.
        "fetch.queue.backoff.ms": 20,
        "queued.max.messages.kbytes": 32 * 1024,
    }
    return Consumer({**common(kafka), **wanted, **more})


def member(kafka: KafkaSettings, names: Names, notice: Notice) -> Consumer:
    """A member of the site's group; it keeps its partitions over a restart within :data:`SESSION_S`."""
    more = {
        "group.instance.id": names.instance,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(SESSION_S * 1_000),
        "heartbeat.interval.ms": int(HEARTBEAT_S * 1_000),
        "max.poll.interval.ms": 120_000,
        "enable.partition.eof": True,
        "error_cb": notice,
    }
    return consumer(kafka, names.group, more)


def producer(kafka: KafkaSettings, names: Names, notice: Notice) -> Producer:
    """A producer of transactions under the enricher's name, which shuts out any earlier one of that name."""
    wanted = {
        "transactional.id": names.instance,
        "transaction.timeout.ms": int(TRANSACTION_S * 1_000),
        "linger.ms": 5,
        "compression.type": "lz4",
        "message.max.bytes": LARGEST_RECORD_BYTES,
        # A batch must always fit: it is limited before it is produced.
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 1024 * 1024,
        "error_cb": notice,
    }
    return Producer({**common(kafka), **wanted})


def let_go(close: Callable[[], object]) -> None:
    """Close a client, and leave one that does not return from it.

    librdkafka's consumers sometimes never do, when they are closed while partitions move
    (confluentinc/librdkafka#4792). A fresh client takes over our place in the group all the same. Nor does it matter
    when a client can't end its last transaction: who writes next under its name does.

    Its callback was also seen to wait with Python's lock in its hand, and then nothing of ours runs any more, signals
    included. Such a process ends itself, with a traceback: whoever runs it starts it again, as after a kill.
    """

    def closed() -> None:
        with suppress(KafkaException):
            close()

    closing = threading.Thread(target=closed, daemon=True)
    faulthandler.dump_traceback_later(_CLOSE_S + _FROZEN_S, exit=True, file=_STDERR)
    closing.start()
    closing.join(_CLOSE_S)
    faulthandler.cancel_dump_traceback_later()


def reason_of(error: KafkaException) -> KafkaError:
    """The error that an exception carries."""
    found: KafkaError = error.args[0]
    return found


def fenced(error: KafkaError) -> bool:
    """Whether the broker knows a newer producer of our name, or gave our transaction up after its timeout."""
    return error.code() in _FENCED


def require_passable(error: KafkaError, where: str) -> None:
    """Return when waiting and beginning again can help.

    Raises:
        DkdError: DKD506, when another enricher has our name; DKD507, when the cluster denies us something.
    """
    # Librdkafka hands it on under the code _FATAL, so only its text tells what it is.
    if error.code() == KafkaError.FENCED_INSTANCE_ID or "same group.instance.id" in error.str():
        raise taken_over(where)
    if error.code() in _DENIED:
        raise DkdError(
            "DKD507", where=where, problem=f"Kafka refuses: {error.str()}", remedy="check user, password and ACLs"
        )


def taken_over(where: str) -> DkdError:
    """The error of an enricher in whose place another one of the same name works."""
    return DkdError(
        "DKD506",
        where=where,
        problem="another enricher of this name took over",
        remedy="to run several, give each its own --instance",
    )
