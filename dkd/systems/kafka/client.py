"""Topics of a live Kafka cluster are read, created and set, by kafka-python's admin client."""

import logging
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import AlterConfigOp, ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError, KafkaTimeoutError, for_code

from dkd.errors import DkdError
from dkd.settings import KafkaSettings, unreachable_remedy
from dkd.systems.change import Change
from dkd.systems.kafka.render import Topic

BOOTSTRAP_S = 4.0
REQUEST_S = 20.0
_DIAL_S = 3.0
_DEFAULT_PORT = 9092
_DOING = {"create": "creating", "update": "setting"}
_NAMES = re.compile(r"^(?:\w+Error: )?(?:\[Error \d+\] (?:\w+: )?)?")


class Topics:
    """The topics of one cluster."""

    def __init__(self, admin: KafkaAdminClient, servers: str) -> None:
        """Wrap a connected admin client of the cluster at *servers*."""
        self._admin = admin
        self._where = f"Kafka at {servers}"

    def read(self, names: Sequence[str]) -> dict[str, Topic]:
        """Those of *names* that exist, by name; two requests.

        Returns:
            Topics whose ``config`` holds the settings made on the topic itself, not the broker's defaults.

        Raises:
            DkdError: DKD702, when the cluster refuses or does not answer in time.
        """
        with self._said("reading its topics"):
            found = [topic for topic in self._admin.describe_topics(list(names)) if self._exists(topic)]
            resources = [ConfigResource(ConfigResourceType.TOPIC, topic["name"]) for topic in found]
            configs = self._admin.describe_configs(resources).get("topic", {}) if resources else {}
        return {topic["name"]: _topic(topic, configs.get(topic["name"], {})) for topic in found}

    def cluster_id(self) -> str:
        """The id that the cluster got when it was made; one request. Raises as :meth:`read` does."""
        with self._said("reading its cluster's id"):
            return str(self._admin.describe_cluster()["cluster_id"])

    def ends(self, name: str) -> dict[int, int]:
        """Next offset that each partition of a topic will give; three requests. Raises as :meth:`read` does."""
        with self._said(f"reading the ends of {name}"):
            (topic,) = self._admin.describe_topics([name])
            places = {TopicPartition(name, one["partition_index"]): OffsetSpec.LATEST for one in topic["partitions"]}
            found = self._admin.list_partition_offsets(places)
        return {place.partition: end.offset for place, end in found.items()}

    def delete(self, names: Sequence[str]) -> None:
        """Delete topics with all their records. Raises as :meth:`read` does."""
        with self._said(f"deleting {', '.join(names)}"):
            self._admin.delete_topics(list(names), timeout_ms=int(REQUEST_S * 1_000))

    def apply(self, change: Change) -> None:
        """Carry out *change*; a created topic has a leader in every partition when this returns.

        Raises:
            DkdError: DKD702, when the cluster refuses or does not answer in time.
        """
        with self._said(f"{_DOING[change.action]} topic {change.name}"):
            if change.action == "create":
                self._create(change)
            else:
                self._set(change)

    def _exists(self, topic: dict[str, Any]) -> bool:
        error = for_code(topic["error_code"])
        if error.__name__ == "UnknownTopicOrPartitionError":
            return False
        if topic["error_code"]:
            raise error(topic["name"])
        return True

    def _create(self, change: Change) -> None:
        wanted = change.wanted
        # The client's own exception is a dump of request and response; the broker's words are in the answer.
        answer = self._admin.create_topics(
            {
                change.name: {
                    "num_partitions": wanted["partitions"],
                    "replication_factor": wanted["replication"],
                    "configs": wanted["config"],
                }
            },
            timeout_ms=int(REQUEST_S * 1_000),
            raise_errors=False,
        )
        (made,) = answer["topics"]
        if made["error_code"]:
            raise KafkaError(made.get("error_message") or for_code(made["error_code"]).__name__)
        self._admin.wait_for_topics([change.name])

    def _set(self, change: Change) -> None:
        operations = {
            difference.path: (AlterConfigOp.DELETE, None)
            if difference.after is None
            else (AlterConfigOp.SET, difference.after)
            for difference in change.differences
        }
        resource = ConfigResource(ConfigResourceType.TOPIC, change.name, operations)
        answer = self._admin.alter_configs([resource], raise_on_unknown=False)["topic"][change.name]
        if answer != "OK":
            raise KafkaError(answer)

    @contextmanager
    def _said(self, doing: str) -> Iterator[None]:
        """Errors of the client become one of ours."""
        try:
            yield
        except (KafkaError, ValueError) as error:
            raise DkdError("DKD702", where=self._where, problem=f"{doing} failed: {_reason(error)}") from error


@contextmanager
def connected(kafka: KafkaSettings, bootstrap_s: float = BOOTSTRAP_S) -> Iterator[Topics]:
    """The topics of the cluster; the connection lasts as long as the block.

    Args:
        kafka: Where.
        bootstrap_s: How long a broker that listens may take to answer.

    Raises:
        DkdError: DKD701, at once when nobody listens, after *bootstrap_s* when what listens is not Kafka.
    """
    # Without a handler of its own, Python prints a library's warnings to stderr.
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    _dial(kafka.servers)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=_servers(kafka),
            client_id="dkd",
            bootstrap_timeout_ms=int(bootstrap_s * 1_000),
            request_timeout_ms=int(REQUEST_S * 1_000),
            **_security(kafka),
        )
    except (KafkaError, ssl.SSLError, OSError) as error:
        raise _unreachable(kafka, error, bootstrap_s) from error
    try:
        yield Topics(admin, kafka.servers)
    finally:
        admin.close()


def committed(kafka: KafkaSettings, topic: str) -> list[tuple[bytes, bytes | None]]:
    """Keys and values of a topic of one partition, from its beginning to its end; two requests.

    Raises:
        DkdError: DKD702, when the cluster refuses or does not answer in time.
    """
    place, found = TopicPartition(topic, 0), list[tuple[bytes, bytes | None]]()
    try:
        reader = KafkaConsumer(
            bootstrap_servers=_servers(kafka),
            client_id="dkd",
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
            **_security(kafka),
        )
        try:
            reader.assign([place])
            # A compacted topic begins at 0; asking for its beginning would be one more request.
            reader.seek(place, 0)
            until = time.monotonic() + REQUEST_S
            while reader.highwater(place) is None or reader.position(place) < reader.highwater(place):
                found += [(one.key, one.value) for one in reader.poll(200).get(place, [])]
                if time.monotonic() > until:
                    raise KafkaTimeoutError(f"{topic} could not be read to its end within {REQUEST_S:.0f} s")
        finally:
            reader.close()
    except (KafkaError, ssl.SSLError, OSError) as error:
        where = f"Kafka at {kafka.servers}"
        raise DkdError("DKD702", where=where, problem=f"reading {topic} failed: {_reason(error)}") from error
    return found


def _servers(kafka: KafkaSettings) -> list[str]:
    return [server.strip() for server in kafka.servers.split(",")]


def _security(kafka: KafkaSettings) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": kafka.security}
    if kafka.ca:
        options["ssl_cafile"] = kafka.ca
    if kafka.security.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.mechanism,
            "sasl_plain_username": kafka.user,
            "sasl_plain_password": kafka.password,
        }
    return options


def _dial(servers: str) -> None:
    """Find out at once, and with its reason, that nobody listens; the client itself only runs out of time."""
    reasons = []
    for server in servers.split(","):
        try:
            socket.create_connection(_address(server), timeout=_DIAL_S).close()
        except OSError as error:
            reasons.append(_reason(error))
        else:
            return
    raise DkdError(
        "DKD701",
        where=f"Kafka at {servers}",
        problem=f"no broker can be reached: {reasons[0]}",
        remedy=unreachable_remedy(servers),
    )


def _address(server: str) -> tuple[str, int]:
    host, colon, port = server.strip().rpartition(":")
    return (host.strip("[]"), int(port)) if colon and port.isdigit() else (server.strip(), _DEFAULT_PORT)


def _unreachable(kafka: KafkaSettings, error: Exception, bootstrap_s: float) -> DkdError:
    secured = "check the port, the security setting, user and password"
    if kafka.security.endswith("SSL"):
        secured += ", and ca, the certificate of Kafka's authority"
    return DkdError(
        "DKD701",
        where=f"Kafka at {kafka.servers}",
        problem=f"what listens there did not answer as Kafka with {kafka.security} within {bootstrap_s:.0f} s"
        if isinstance(error, KafkaTimeoutError)
        else f"connecting failed: {_reason(error)}",
        remedy=unreachable_remedy(kafka.servers) if kafka.security == "PLAINTEXT" else secured,
    )


def _reason(error: Exception) -> str:
    """What the error says, in one line, without the client's own names for it."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return _NAMES.sub("", " ".join(str(text).split()))[:300].rstrip(".")


def _topic(described: dict[str, Any], config: dict[str, Any]) -> Topic:
    own = {
        name: str(setting["value"])
        for name, setting in sorted(config.items())
        if setting["config_source"] == "DYNAMIC_TOPIC_CONFIG"
    }
    partitions = described["partitions"]
    replication = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
    return Topic(described["name"], len(partitions), replication, own, str(described.get("topic_id") or ""))
