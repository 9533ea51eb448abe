"""The topics' file becomes values by topic and setting, and a change of one finds its rule."""

from collections.abc import Mapping

import yaml

from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.systems.flat import flat
from dkd.systems.rules import UNKNOWN, Edit

WHOLE = r"topic/[^/]+"
"""The address of a whole artefact."""

_QUIET = frozenset({
    "segment.ms", "segment.bytes", "min.cleanable.dirty.ratio", "max.compaction.lag.ms", "compression.type",
})  # fmt: skip
_RETENTION = frozenset({"retention.ms", "retention.bytes"})
_PERSONAL = ("raw", "rejects")
"""Topics that hold what the browser sent."""
_COMPACTED = ("state",)
"""Topics that are no log of events."""


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Partitions, replication and each setting, by topic."""
    found: dict[str, object] = {}
    for text in files.values():
        for topic in yaml.load(text, Loader=yaml.CSafeLoader)["topics"]:
            body = {"partitions": topic["partitions"], "replication": topic["replication"], **topic["config"]}
            found |= flat(body, f"topic/{topic['name']}")
    return found


def rule(edit: Edit) -> str:
    """The code of the rule for *edit*."""
    _, topic, setting = (*edit.place.split("/", 2), "", "")[:3]
    before, after = edit.before, edit.after
    if not setting:
        return "DKD930" if before is None else "DKD931"
    if setting == "partitions":
        return "DKD932" if _number(after) > _number(before) else "DKD933"
    if setting in _RETENTION:
        return _retention_rule(topic, before, after)
    if setting == "cleanup.policy":
        return _cleanup_rule(topic, before, after)
    if setting == "max.message.bytes":
        # Without a value of its own, a topic takes Kafka's 1 MiB.
        return "DKD940" if _number(after, 1_048_588) > _number(before, 1_048_588) else "DKD939"
    if setting == "min.insync.replicas":
        return "DKD941" if _number(after, 1) > _number(edit.now(f"topic/{topic}/replication"), 1) else "DKD944"
    if setting in _QUIET:
        return "DKD944"
    return _BY_SETTING.get(setting, UNKNOWN.code)


_BY_SETTING: Mapping[str, str] = {
    "replication": "DKD942", "message.timestamp.type": "DKD943", "key": "DKD934",
}  # fmt: skip


def cause(place: str, model: Model) -> Path:
    """Where in *model* stands what makes the value at *place*."""
    _, topic, setting = (*place.split("/", 2), "", "")[:3]
    kind = topic.removeprefix(f"{model.site}.")
    if setting == "partitions":
        return ("topics", "partitions")
    if setting in ("replication", "min.insync.replicas"):
        return ("topics", "replication")
    if setting in ("retention.ms", "segment.ms", "max.compaction.lag.ms"):
        return ("topics", "retention", "raw" if kind == "state" else kind)
    return ("topics",)


def _retention_rule(topic: str, before: object, after: object) -> str:
    # Without a value of its own a topic has the cluster's, which may be longer.
    if before is None or after is None or _unlimited(after) < _unlimited(before):
        return "DKD937"
    return "DKD983" if topic.rpartition(".")[2] in _PERSONAL else "DKD938"


def _cleanup_rule(topic: str, before: object, after: object) -> str:
    old, new = (set(str(value or "delete").split(",")) for value in (before, after))
    if old == new:
        return "DKD944"
    if "compact" not in new - old:
        return "DKD936"
    # Only of a state the last record of a key is all that counts.
    return "DKD944" if topic.rpartition(".")[2] in _COMPACTED and new == {"compact"} else "DKD935"


def _unlimited(value: object) -> float:
    """A retention; -1 is for ever."""
    number = _number(value)
    return float("inf") if number < 0 else number


def _number(value: object, default: int = 0) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default
