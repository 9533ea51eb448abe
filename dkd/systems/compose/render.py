"""A model becomes a compose file: Kafka and Druid, and by profile dkd's collector and enricher, or a real Divolte.

All services share the network of one that does nothing else, so 127.0.0.1 and a port mean the same to Druid, to dkd in
a container and to dkd on the host: target ``local``, whichever runs it. Only the ports named there are published, on
the host's loopback alone.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import dkd
from dkd.model.schema import Model
from dkd.systems.text import mark, yaml_text

Service = dict[str, Any]

BASE_PORT = 28200

_IMAGES: Mapping[str, str] = {
    "network": "busybox:1.37.0",
    "kafka": "apache/kafka:4.1.0",
    "zookeeper": "zookeeper:3.9.3",
    "metadata": "postgres:17.2",
    "druid": "apache/druid:33.0.0",
    "dkd": f"dkd:{dkd.__version__}",
    # Its registry's list of tags could not be read; another can be given.
    "divolte": "${DIVOLTE_IMAGE:-divolte/divolte-collector:0.9.0}",
}

DIVOLTE_PORT = 8290


class Ports(NamedTuple):
    """Ports of the services, in a row from the base port as the local stack has them, some left out."""

    coordinator: int
    broker: int
    historical: int
    indexer: int
    kafka: int
    controller: int
    collector: int
    explorer: int
    collector_admin: int
    enricher_admin: int

    @classmethod
    def at(cls, base_port: int) -> "Ports":
        """The ports of a stack whose first port is *base_port*; two before the coordinator's are not used here."""
        first = base_port + 2
        return cls(*range(first, first + len(cls._fields)))


def compose(model: Model, base_port: int = BASE_PORT) -> str:
    """``compose/<site>.yml``.

    Args:
        model: The site.
        base_port: First port of the stack, as for ``dkd up``.
    """
    ports = Ports.at(base_port)
    services: dict[str, Service] = {
        "network": _network(ports),
        "kafka": _kafka(ports),
        "zookeeper": _zookeeper(),
        "metadata": _metadata(),
        "coordinator": _druid("coordinator", ports, heap_mb=384, limit_mb=768),
        "broker": _druid("broker", ports, heap_mb=512, limit_mb=1536),
        "historical": _druid("historical", ports, heap_mb=512, limit_mb=1536),
        "indexer": _druid("indexer", ports, heap_mb=1024, limit_mb=2048),
        "collector": _dkd(model, "collect", ports),
        "enricher": _dkd(model, "enrich", ports),
        "divolte": _divolte(model, ports),
    }
    volumes: dict[str, Service] = {name: {} for name in ("kafka", "metadata", "druid", "spool")}
    whole = {"name": f"dkd-{model.site}", "services": services, "volumes": volumes}
    return mark(model.site, "#") + _PROFILES + yaml_text(whole)


_PROFILES = """\
# docker compose up                    Kafka and Druid
# docker compose --profile dkd up      and dkd's collector and enricher
# docker compose --profile divolte up  and a real Divolte, which reads specs/<site>/divolte
"""


def _network(ports: Ports) -> Service:
    """Holds the network alone, so that no other service's restart takes it from the rest."""
    published = (ports.coordinator, ports.broker, ports.kafka, ports.collector, DIVOLTE_PORT)
    return {
        "image": _IMAGES["network"],
        "command": ["tail", "-f", "/dev/null"],
        "init": True,
        "ports": [f"127.0.0.1:{port}:{port}" for port in published],
        "restart": "unless-stopped",
        "mem_limit": "16m",
    }


def _service(image: str, limit_mb: int, after: Mapping[str, str], **more: Any) -> Service:
    """A service in the shared network; *after* maps others to the condition that it waits for."""
    conditions = {"network": "service_started", **after}
    return {
        "image": _IMAGES[image],
        "network_mode": "service:network",
        "depends_on": {name: {"condition": condition} for name, condition in conditions.items()},
        **more,
        "restart": "unless-stopped",
        "mem_limit": f"{limit_mb}m",
    }


def _healthy(*command: str) -> Service:
    return {"test": ["CMD", *command], "interval": "5s", "timeout": "5s", "retries": 24, "start_period": "10s"}


def _answers(port: int, path: str) -> Service:
    return _healthy("wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}{path}")


def _kafka(ports: Ports) -> Service:
    environment = {
        "CLUSTER_ID": "ZGtkLWNvbXBvc2Uta2Fma2",
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@127.0.0.1:{ports.controller}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{ports.kafka},CONTROLLER://127.0.0.1:{ports.controller}",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{ports.kafka}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_HEAP_OPTS": "-Xmx384m",
    }
    return _service(
        "kafka", 768, {},
        environment=environment,
        volumes=["kafka:/var/lib/kafka/data"],
        healthcheck=_healthy("nc", "-z", "127.0.0.1", str(ports.kafka)),
    )  # fmt: skip


def _zookeeper() -> Service:
    environment = {"ZOO_ADMINSERVER_ENABLED": "false", "ZK_SERVER_HEAP": "128"}
    return _service(
        "zookeeper", 256, {}, environment=environment, healthcheck=_healthy("zkServer.sh", "status")
    )  # fmt: skip


def _metadata() -> Service:
    # No password: the port is published nowhere, and no other container shares this network.
    environment = {"POSTGRES_USER": "druid", "POSTGRES_DB": "druid", "POSTGRES_HOST_AUTH_METHOD": "trust"}
    return _service(
        "metadata", 256, {},
        environment=environment,
        volumes=["metadata:/var/lib/postgresql/data"],
        healthcheck=_healthy("pg_isready", "-U", "druid"),
    )  # fmt: skip


def _druid(name: str, ports: Ports, *, heap_mb: int, limit_mb: int) -> Service:
    port: int = getattr(ports, name)
    environment = {
        **_DRUID,
        **_OWN.get(name, {}),
        "DRUID_XMX": f"{heap_mb}m",
        "DRUID_XMS": f"{heap_mb // 2}m",
        "druid_plaintextPort": str(port),
    }
    first = {"zookeeper": "service_healthy", "metadata": "service_healthy"}
    return _service(
        "druid", limit_mb, first if name == "coordinator" else {"coordinator": "service_healthy"},
        command=[name],
        environment=environment,
        volumes=["druid:/opt/shared"],
        healthcheck=_answers(port, "/status/health"),
    )  # fmt: skip


_DRUID: Mapping[str, str] = {
    "DRUID_SET_HOST": "0",
    "DRUID_MAXDIRECTMEMORYSIZE": "512m",
    "druid_host": "127.0.0.1",
    "druid_zk_service_host": "127.0.0.1",
    "druid_extensions_loadList": json.dumps(
        ["druid-datasketches", "druid-kafka-indexing-service", "postgresql-metadata-storage"]
    ),
    "druid_metadata_storage_type": "postgresql",
    "druid_metadata_storage_connector_connectURI": "jdbc:postgresql://127.0.0.1:5432/druid",
    "druid_metadata_storage_connector_user": "druid",
    "druid_metadata_storage_connector_password": "",
    "druid_storage_type": "local",
    "druid_storage_storageDirectory": "/opt/shared/segments",
    "druid_indexer_logs_type": "file",
    "druid_indexer_logs_directory": "/opt/shared/indexing-logs",
    "druid_processing_numThreads": "2",
    # Two exact distinct counts in one query need three.
    "druid_processing_numMergeBuffers": "4",
    "druid_processing_buffer_sizeBytes": "50MiB",
    "druid_emitter": "noop",
}

_OWN: Mapping[str, Mapping[str, str]] = {
    "coordinator": {
        "druid_coordinator_asOverlord_enabled": "true",
        "druid_coordinator_asOverlord_overlordService": "druid/overlord",
        "druid_coordinator_startDelay": "PT1S",
        "druid_coordinator_period": "PT5S",
        "druid_indexer_queue_startDelay": "PT0S",
        "druid_indexer_runner_type": "httpRemote",
        "druid_indexer_storage_type": "metadata",
    },
    "broker": {"druid_sql_planner_metadataRefreshPeriod": "PT1S"},
    "historical": {
        "druid_segmentCache_locations": '[{"path": "/opt/druid/var/druid/segment-cache", "maxSize": "20g"}]'
    },
    # A restored task once wrote a row twice: it starts again from its last publish instead.
    "indexer": {"druid_worker_capacity": "8", "druid_indexer_task_restoreTasksOnRestart": "false"},
}


def _dkd(model: Model, command: str, ports: Ports) -> Service:
    arguments = ["dkd", command, f"specs/{model.site}.yaml", "--target", "local"]
    # The enricher's own port of target local; both answer otherwise than with 200 when they do not work.
    place, volumes = f"{ports.enricher_admin}/healthz", ["..:/project:ro"]
    if command == "collect":
        arguments += ["--host", "0.0.0.0", "--port", str(ports.collector)]  # noqa: S104  # in the shared network only
        place = f"{ports.collector}/ping"
        # What it has said is safe must outlive the container.
        arguments += ["--spool", "/spool"]
        volumes.append("spool:/spool")
    asked = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{place}', timeout=3)"
    environment = {"DKD_BASE_PORT": str(ports.coordinator - 2), "DKD_PSEUDONYM_KEY": None}
    return _service(
        "dkd", 1024, {"kafka": "service_healthy"},
        profiles=["dkd"],
        build=_BUILD,
        command=arguments,
        working_dir="/project",
        environment=environment,
        volumes=volumes,
        # The image has Python, and neither wget nor curl.
        healthcheck=_healthy("python", "-c", asked),
    )  # fmt: skip


_BUILD: Mapping[str, Any] = {
    "context": ".",
    # Compose fills in what follows a single $ itself, and would leave nothing to install.
    "dockerfile_inline": 'FROM python:3.12-slim\nARG PACKAGE\nRUN pip install --no-cache-dir "$$PACKAGE"\n',
    # Another package, such as a URL of a git repository or of a wheel, can be given.
    "args": {"PACKAGE": f"${{DKD_PACKAGE:-dkd[stream,collect]=={dkd.__version__}}}"},
}


def _divolte(model: Model, ports: Ports) -> Service:
    folder = "/etc/divolte"
    environment = {
        "DIVOLTE_CONF_DIR": folder,
        "DIVOLTE_HOST": "0.0.0.0",  # noqa: S104  # in the shared network only
        "KAFKA_SERVERS": f"127.0.0.1:{ports.kafka}",
    }
    volumes: list[Any] = [f"../specs/{model.site}/divolte:{folder}:ro"]
    database = model.collector.geo_database
    if database is not None:
        environment["DKD_GEO_DATABASE"] = "/var/lib/city.mmdb"
        source = database if database.startswith("/") else f"../{database}"
        # The long form, because a colon divides the short one.
        place = {"target": "/var/lib/city.mmdb", "read_only": True}
        volumes.append({"type": "bind", "source": source.replace("$", "$$"), **place})
    return _service(
        "divolte", 1024, {"kafka": "service_healthy"},
        profiles=["divolte"],
        environment=environment,
        volumes=volumes,
        # Its image has neither wget nor curl.
        healthcheck=_healthy("bash", "-c", f"</dev/tcp/127.0.0.1/{DIVOLTE_PORT}"),
    )  # fmt: skip
