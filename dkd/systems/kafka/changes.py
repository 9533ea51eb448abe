"""The topics' file becomes values by topic and setting, and a change of one is classed."""

from collections.abc import Mapping

import yaml

from dkd.systems.classes import ChangeClass
from dkd.systems.flat import flat

_QUIET = frozenset({
    "segment.ms", "segment.bytes", "min.cleanable.dirty.ratio", "max.compaction.lag.ms", "compression.type",
    "min.insync.replicas",
})  # fmt: skip
_PERSONAL = (".raw", ".rejects")
"""Ends of the names of topics that hold what the browser sent."""


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Partitions, replication and each setting, by topic."""
    found: dict[str, object] = {}
    for text in files.values():
        for topic in yaml.load(text, Loader=yaml.CSafeLoader)["topics"]:
            body = {"partitions": topic["partitions"], "replication": topic["replication"], **topic["config"]}
            found |= flat(body, f"topic/{topic['name']}")
    return found


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What a change of the value at *address* does to records and to those who read and write them."""
    _, topic, setting = address.split("/")
    if setting == "partitions":
        return _partitions_class(before, after)
    if before is None and setting == "replication":
        return "additive"
    if setting == "retention.ms":
        return _retention_class(topic, before, after)
    if setting in _QUIET:
        return "safe"
    return _SETTING_CLASS.get(setting, "blocked")


_SETTING_CLASS: Mapping[str, ChangeClass] = {
    "replication": "blocked",
    "cleanup.policy": "destructive",
    "max.message.bytes": "needs-order",
    "message.timestamp.type": "semantic",
}


def _partitions_class(before: object, after: object) -> ChangeClass:
    if before is None:
        return "additive"
    if after is None:
        return "destructive"
    # More partitions move visitors to others, so consumers must have read to the end first; fewer are impossible.
    return "needs-order" if int(str(after)) > int(str(before)) else "blocked"


def _retention_class(topic: str, before: object, after: object) -> ChangeClass:
    if before is None:
        return "additive"
    if after is None or int(str(after)) < int(str(before)):
        return "destructive"
    return "privacy-widening" if topic.endswith(_PERSONAL) else "safe"
