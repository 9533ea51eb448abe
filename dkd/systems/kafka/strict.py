"""The topics' file → what in it no broker knows, each at its path, with the nearest name."""

from collections.abc import Mapping
from typing import Any

from dkd.errors import DkdError
from dkd.systems.strict import Each, Finding, Keys, findings, free

SETTINGS = (
    "cleanup.policy", "compression.type", "compression.gzip.level", "compression.lz4.level", "compression.zstd.level",
    "delete.retention.ms", "file.delete.delay.ms", "flush.messages", "flush.ms",
    "follower.replication.throttled.replicas", "index.interval.bytes", "leader.replication.throttled.replicas",
    "local.retention.bytes", "local.retention.ms", "max.compaction.lag.ms", "max.message.bytes",
    "message.timestamp.after.max.ms", "message.timestamp.before.max.ms", "message.timestamp.type",
    "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "min.insync.replicas", "preallocate",
    "remote.log.copy.disable", "remote.log.delete.on.disable", "remote.storage.enable", "retention.bytes",
    "retention.ms", "segment.bytes", "segment.index.bytes", "segment.jitter.ms", "segment.ms",
    "unclean.leader.election.enable",
)  # fmt: skip
"""Settings that a topic of Kafka 4 may have of its own."""

_TOPICS = Keys({"topics": Each(Keys({**free("name", "partitions", "replication"), "config": Keys(free(*SETTINGS))}))})


def findings_of(file: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What in the content of ``kafka/topics.yaml`` is not known, in its order."""
    return tuple(findings(file, _TOPICS))


def require_known(file: Mapping[str, Any]) -> None:
    """Make sure that a broker knows every setting of *file*.

    Raises:
        DkdError: DKD243, naming every path that it would refuse.
    """
    found = findings_of(file)
    if found:
        problem = ", ".join(f"{one.path}: {one.problem}" for one in found)
        raise DkdError("DKD243", where="kafka/topics.yaml", problem=problem, remedy=found[0].remedy)
