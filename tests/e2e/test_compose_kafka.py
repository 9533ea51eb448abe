"""The compose file's Kafka without an engine: its image's first step makes a configuration that starts a broker."""

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from kafka.admin import KafkaAdminClient
from real_stack import BASE_PORT

from dkd.local.jars import class_path, store_dir
from dkd.local.java import java
from dkd.model.load import load
from dkd.systems.compose.render import Ports, compose

pytestmark = pytest.mark.stack

FIRST_PORT = BASE_PORT + 80
"""Behind those of the run's stack and of the tests that start one of their own."""
UP_S = 90

# What the image brings; the broker's own words are not asked for here.
LOGGING = """\
Configuration:
  Appenders: {Console: {name: STDOUT, PatternLayout: {pattern: "%m%n"}}}
  Loggers:
    Root: {level: WARN, AppenderRef: [{ref: STDOUT}]}
    Logger: []
"""


def kafka(environment, tmp_path, *words: str) -> subprocess.Popen[bytes]:
    """Run a class of Kafka as the image does."""
    path = ":".join(map(str, class_path("kafka", store_dir())))
    command = [str(java()), "-Xmx384m", "-cp", path, *words]
    with (tmp_path / "log").open("ab") as log:
        return subprocess.Popen(command, env={"PATH": os.environ["PATH"], **environment}, stdout=log, stderr=log)


def test_a_broker_starts_with_the_environment_of_the_compose_file(stack, tmp_path):
    model = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "model")
    service = yaml.safe_load(compose(model, FIRST_PORT))["services"]["kafka"]
    environment = {**service["environment"], "KAFKA_LOG_DIRS": str(tmp_path / "data")}
    folders = {name: tmp_path / name for name in ("default", "mounted", "final")}
    for folder in folders.values():
        folder.mkdir()
    (folders["default"] / "server.properties").write_text("")
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (folders["default"] / name).write_text(LOGGING)
    places = [part for name, folder in folders.items() for part in (f"--{name}-configs-dir", str(folder))]
    made = kafka(environment, tmp_path, "kafka.docker.KafkaDockerWrapper", "setup", *places)
    assert made.wait(60) == 0, (tmp_path / "log").read_text()
    broker = kafka(environment, tmp_path, "kafka.Kafka", str(folders["final"] / "server.properties"))
    try:
        port = Ports.at(FIRST_PORT).kafka
        wait_for(port, broker, tmp_path / "log")
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
        assert admin.describe_cluster()["cluster_id"] == service["environment"]["CLUSTER_ID"]
        assert admin.list_topics() == []
        admin.close()
    finally:
        broker.terminate()
        broker.wait(30)


def wait_for(port: int, broker: subprocess.Popen[bytes], log: Path) -> None:
    """Return when something listens on *port*."""
    end = time.monotonic() + UP_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert broker.poll() is None, log.read_text()
            assert time.monotonic() < end, "the broker does not answer"
            time.sleep(0.2)
        else:
            return
