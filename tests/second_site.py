"""A second site on the running stack, with a project of its own: nobody sends it events but the test."""

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from confluent_kafka import Producer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from dkd.model.load import load
from dkd.settings import settings
from dkd.systems.druid.client import Overlord
from dkd.systems.kafka.client import connected
from dkd.systems.kafka.render import topics

MODEL = """\
dkd: 1
site: tiny
events: {page_view: {}, purchase: {fields: {revenue: double}}}
topics: {partitions: 2}
"""


class SecondSite:
    """A site of its own, ``tiny`` unless another model is given, deployed from *project* to the stack."""

    def __init__(self, stack, project: Path, model: str = MODEL) -> None:
        self.stack = replace(stack, project=project)
        self.model = load(model, "model.yaml")
        self.datasources = (self.model.datasource("events"), self.model.datasource("sessions"))
        self.file = project / "specs" / f"{self.model.site}.yaml"
        self.file.parent.mkdir(parents=True)
        self.write(model)
        self.topics = [topic.name for topic in topics(self.model, "local")]
        self.settings = settings(self.model, "local", os.environ, stack.base_port)

    def write(self, text: str) -> None:
        """Make *text* the model."""
        self.file.write_text(text)

    def run(self, *arguments: str, check: bool = True, stdin: str | None = None):
        """``dkd ARGUMENTS`` in its project."""
        return self.stack.run(*arguments, check=check, stdin=stdin)

    def state(self) -> dict[str, object]:
        """All that a deploy could touch: versions of both supervisors, their tasks, topics with their settings."""
        with Overlord(self.settings.druid) as overlord:
            supervisors = {
                name: ([spec["version"] for spec in overlord.history(name)], sorted(running(overlord, name)))
                for name in self.datasources
            }
        with connected(self.settings.kafka) as kafka:
            return {**supervisors, **kafka.read(self.topics)}

    def set_by_hand(self, topic: str, **values: str) -> None:
        """Change settings of a topic as another hand would."""
        admin = KafkaAdminClient(bootstrap_servers=self.settings.kafka.servers)
        named = {name.replace("_", "."): value for name, value in values.items()}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])
        admin.close()

    def produce(self, topic: str, rows: Iterable[dict[str, object]]) -> None:
        """Write rows as the enricher would, keyed by party."""
        producer = Producer({"bootstrap.servers": self.settings.kafka.servers, "linger.ms": 20})
        for row in rows:
            producer.produce(topic, json.dumps(row), key=str(row["party_id"]))
            producer.poll(0)
        assert producer.flush(30) == 0

    def remove(self) -> None:
        """Take the site away again, with all its data."""
        self.run("destroy", "--include-data", "--confirm", "local")


def running(overlord: Overlord, name: str) -> set[str]:
    """Ids of the running tasks of a datasource."""
    return {task.id for task in overlord.tasks(name) if task.state == "RUNNING"}
