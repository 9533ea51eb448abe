"""A layout and ports become one Kafka node: its configuration files, its command, its readiness."""

import base64
import os
import subprocess
import uuid
from pathlib import Path

from dkd.errors import DkdError
from dkd.local.jars import class_path
from dkd.local.java import arguments, environment, java, properties
from dkd.local.layout import Layout
from dkd.local.ports import HOST
from dkd.local.probe import kafka_answers
from dkd.settings import Ports

HEAP_MB = 256
RESIDENT_MB = 320


def write_conf(layout: Layout, ports: Ports, store: Path) -> None:
    """Write Kafka's files into ``conf/``."""
    (layout.conf / "server.properties").write_text(properties(server(layout, ports)), "ascii")
    text = arguments(
        _options(layout), class_path("kafka", store), ["kafka.Kafka", str(layout.conf / "server.properties")]
    )
    (layout.conf / "kafka.args").write_text(text, "utf-8")


def format_once(layout: Layout, store: Path) -> None:
    """Give Kafka's data folder its cluster id, before the first start only.

    Raises:
        DkdError: DKD620, when Kafka's own tool refuses.
    """
    if (layout.data / "kafka" / "meta.properties").is_file():
        return
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    conf = str(layout.conf / "server.properties")
    # An id that starts with a dash would be read as an option, hence the equals sign.
    program = ["kafka.tools.StorageTool", "format", "--ignore-formatted", f"--cluster-id={cluster_id}", "-c", conf]
    args = layout.conf / "format.args"
    args.write_text(arguments(_options(layout), class_path("kafka", store), program), "utf-8")
    done = subprocess.run(
        [java(), f"@{args}"], capture_output=True, text=True, env=environment(os.environ), check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise DkdError(
            "DKD620",
            where=str(layout.data / "kafka"),
            problem=f"Kafka can't prepare its data folder: {said[-1] if said else f'exit {done.returncode}'}",
            remedy="dkd down --wipe starts afresh",
        )


def command(layout: Layout) -> list[str]:
    """The command that starts Kafka."""
    return [str(java()), f"@{layout.conf / 'kafka.args'}"]


def missing(ports: Ports) -> str:
    """What is not ready yet; empty when Kafka answers."""
    return "" if kafka_answers(ports.kafka) else "broker"


def server(layout: Layout, ports: Ports) -> dict[str, str]:
    """The broker's settings: one node that is broker and controller, on loopback, with small pools."""
    one_copy = {
        f"{topic}.{setting}": "1"
        for topic in ("transaction.state.log", "share.coordinator.state.topic")
        for setting in ("replication.factor", "min.isr")
    }
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{ports.controller}",
        "listeners": f"PLAINTEXT://{HOST}:{ports.kafka},CONTROLLER://{HOST}:{ports.controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{ports.kafka}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(layout.data / "kafka"),
        # A mistyped topic must be an error, as on a real cluster; deploy makes the topics.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        **one_copy,
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "2",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": "2097152",
    }


def _options(layout: Layout) -> list[str]:
    return [
        f"-Xmx{HEAP_MB}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={layout.logs / 'kafka-crash-%p.log'}",
        "-Djava.net.preferIPv4Stack=true",
        f"-Djava.io.tmpdir={layout.temporary}",
        f"-Dlog4j2.configurationFile={layout.conf / 'log4j2.xml'}",
    ]
