"""A model becomes its five topics, each with partitions, replication and settings."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.systems.kafka.strict import require_known
from dkd.systems.text import mark, yaml_text

KINDS = ("raw", "clean", "sessions", "rejects", "state")

_DAY = timedelta(days=1)
LARGEST_RECORD_BYTES = 8 * 1024 * 1024
"""A raw record may have Kafka's usual 1 MiB; its clean row repeats parts of the page's address, a state record holds
many rows. One record over the limit would fail a whole transaction."""


class Topic(NamedTuple):
    """One topic.

    Attributes:
        name: Its name.
        partitions: How many.
        replication: Replicas of each partition.
        config: What is set on the topic itself, in the order of its names.
        id: Given by the broker to each topic that is made, also to one of an old name; empty for one that is wanted.
    """

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    id: str = ""


def topics(model: Model, target: str = "") -> tuple[Topic, ...]:
    """The topics of a site, in the order in which events pass them.

    Args:
        model: The site.
        target: Where; ``local`` has one broker and so one replica, elsewhere the model's number counts.
    """
    replication = _replication(model, target)
    return tuple(
        Topic(model.topic(kind), model.topics.partitions, replication, _config(model, kind, replication))
        for kind in KINDS
    )


def deploys_topic(name: str, model: Model, target: str) -> Topic:
    """The topic that holds what deploys do: of each key its last record, for ever."""
    replication = _replication(model, target)
    config = {
        "cleanup.policy": "compact",
        "max.message.bytes": str(LARGEST_RECORD_BYTES),
        "segment.ms": str(in_ms(_DAY)),
        **_in_sync(replication),
    }
    return Topic(name, 1, replication, config)


def topics_yaml(model: Model) -> str:
    """``kafka/topics.yaml``: the topics as every target but ``local`` gets them."""
    # Only the broker gives a topic its id.
    found = [{key: value for key, value in topic._asdict().items() if key != "id"} for topic in topics(model)]
    file = {"topics": found}
    require_known(file)
    return mark(model.site, "#") + yaml_text(file)


def _config(model: Model, kind: str, replication: int) -> dict[str, str]:
    found = _compacted(model) if kind == "state" else _deleted(_retention(model, kind))
    # A tick says how long raw was silent. Only the broker knows: a collector that could not reach it delivers events
    # long after it received them, and each collector has a clock of its own. The receive time is in the event itself.
    # Elsewhere a cluster's default of LogAppendTime would replace the times that the enricher gives.
    found["message.timestamp.type"] = "LogAppendTime" if kind == "raw" else "CreateTime"
    if kind != "raw":
        found["max.message.bytes"] = str(LARGEST_RECORD_BYTES)
    return dict(sorted((found | _in_sync(replication)).items()))


def _replication(model: Model, target: str) -> int:
    return 1 if target == "local" else model.topics.replication


def _in_sync(replication: int) -> dict[str, str]:
    """With one replica of three down there are still two copies of what was acknowledged."""
    return {"min.insync.replicas": "2"} if replication >= 3 else {}


def _deleted(retention: timedelta) -> dict[str, str]:
    # Kafka deletes whole closed segments: with its default of a week, three days' retention could mean ten.
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(in_ms(retention)),
        "segment.ms": str(in_ms(min(retention, _DAY))),
    }


def _compacted(model: Model) -> dict[str, str]:
    """Settings of the state topic: a restart reads all of it, so it is compacted early and often."""
    return {
        "cleanup.policy": "compact",
        # State holds what the browser sent: replaced records are gone as soon as raw's are.
        "max.compaction.lag.ms": str(in_ms(min(model.topics.retention.raw, _DAY))),
        "min.cleanable.dirty.ratio": "0.2",
        "segment.bytes": str(64 * 1024 * 1024),
        "segment.ms": str(in_ms(timedelta(hours=1))),
    }


def _retention(model: Model, kind: str) -> timedelta:
    wanted: timedelta = getattr(model.topics.retention, kind)
    # Rejects are raw bytes, so they never outlive raw.
    return min(wanted, model.topics.retention.raw) if kind == "rejects" else wanted
