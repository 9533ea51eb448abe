"""The real local stack for tests: started once per run in a project of its own, used through the ``dkd`` command."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from dkd.settings import Ports

BASE_PORT = int(os.environ.get("DKD_TEST_FIRST_PORT", "29500"))
"""Each run takes some hundred ports from here on; runs side by side need a stretch each."""


@dataclass(frozen=True)
class Stack:
    """A project with a running stack.

    Attributes:
        project: Its directory, with ``specs/shop.yaml`` of the shop preset.
        base_port: First of its ports.
    """

    project: Path
    base_port: int = BASE_PORT
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str, check: bool = True, timeout_s: float = 300, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``dkd ARGUMENTS`` in the project; with *check*, a failure fails the test and shows what was printed."""
        done = subprocess.run(
            [sys.executable, "-m", "dkd", *arguments],
            cwd=self.project,
            env={**os.environ, "DKD_BASE_PORT": str(self.base_port), **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            input=stdin,
        )
        if check and done.returncode != 0:
            pytest.fail(f"dkd {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def rows(self, sql: str, *parameters: str) -> list[dict[str, object]]:
        """Answer of ``dkd sql``, a dict per row."""
        given = [part for value in parameters for part in ("--param", value)]
        found: list[dict[str, object]] = json.loads(self.run("sql", sql, *given, "--format", "json").stdout)
        return found

    def wait_for(self, sql: str, expected: object, timeout_s: float = 60) -> object:
        """Ask *sql* for one value until it equals *expected*; the last value when the time is up."""
        end = time.monotonic() + timeout_s
        value: object = None
        while time.monotonic() < end:
            done = self.run("sql", sql, "--format", "json", check=False)
            rows = json.loads(done.stdout) if done.returncode == 0 else []
            value = next(iter(rows[0].values())) if rows else None
            if value == expected:
                break
            time.sleep(0.5)
        return value

    def rejects(self) -> list[tuple[str, str]]:
        """Value and reason of every record of the rejects topic, repeats of one reject left out."""
        found = {}
        for message in self.messages("shop.rejects"):
            headers = {name: value.decode() for name, value in message.headers()}
            found[headers["dkd-reject-id"]] = (message.value().decode(), headers["dkd-reason"])
        return list(found.values())

    def keys(self, topic: str) -> list[str]:
        """The keys of every record of *topic*; ticks have none."""
        return [message.key().decode() for message in self.messages(topic) if message.key()]

    def messages(self, topic: str) -> Iterator[Message]:
        """Every record of *topic*."""
        servers = f"127.0.0.1:{Ports.at(self.base_port).kafka}"
        reader = Consumer({"bootstrap.servers": servers, "group.id": "test", "enable.partition.eof": True})
        left = set(reader.list_topics(topic, timeout=10).topics[topic].partitions)
        reader.assign([TopicPartition(topic, number, 0) for number in left])
        while left:
            message = reader.poll(10)
            assert message is not None
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF
                left.discard(message.partition())
            else:
                yield message
        reader.close()

    def pid(self, part: str) -> int:
        """Process id of one part: kafka, druid, collector or enricher."""
        state = json.loads((self.project / ".dkd" / "state.json").read_text())
        return int(state[part]["pid"])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack of the shop preset, empty at the start of the run; stopped at its end."""
    made = Stack(tmp_path_factory.mktemp("project with blank"))
    made.run("init", "--preset", "shop", "--site", "shop")
    made.run("up", "--detach", timeout_s=600)
    yield made
    made.run("down", check=False)
