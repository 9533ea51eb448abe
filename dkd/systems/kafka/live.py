"""Topics as wanted and as live become the changes between them, and what must not be done is said."""

from collections.abc import Mapping, Sequence

from dkd.systems.change import Change, Difference
from dkd.systems.kafka.render import Topic

KIND = "topic"

_LISTS = frozenset({"cleanup.policy"})
_SHRINKING = frozenset({"retention.ms", "retention.bytes"})


def topic_changes(wanted: Sequence[Topic], live: Mapping[str, Topic]) -> tuple[Change, ...]:
    """What must happen to the live topics.

    Args:
        wanted: Topics of the model.
        live: Topics of the cluster by name, each with the settings that were made on the topic itself.

    Returns:
        In the order of *wanted*. A topic can have two: one that is blocked and one for its settings.
    """
    return tuple(change for topic in wanted for change in _changes(topic, live.get(topic.name)))


def _changes(topic: Topic, live: Topic | None) -> list[Change]:
    if live is None:
        return [Change("kafka", KIND, topic.name, "create", "no such topic", wanted=_as_dict(topic))]
    found = [change for change in (_partitions(topic, live), _replication(topic, live)) if change]
    settings = differences(topic, live)
    if settings:
        reason = "its settings differ from the model's"
        found.append(
            Change(
                "kafka", KIND, topic.name, "update", reason, _risk(settings),
                differences=settings, wanted=_as_dict(topic),
            )
        )  # fmt: skip
    return found


def differences(wanted: Topic, live: Topic) -> tuple[Difference, ...]:
    """Settings that differ, by name; those that only the live topic has go back to the broker's default."""
    names = sorted({*wanted.config, *live.config})
    return tuple(
        Difference(name, live.config.get(name), wanted.config.get(name))
        for name in names
        if _value(name, live.config.get(name)) != _value(name, wanted.config.get(name))
    )


def _value(name: str, text: str | None) -> object:
    if text is None:
        return None
    if name in _LISTS:
        return frozenset(part.strip() for part in text.split(","))
    return text.strip().lower() if text.strip().lower() in ("true", "false") else text.strip()


def _risk(settings: Sequence[Difference]) -> str:
    for difference in settings:
        if difference.path == "cleanup.policy" and difference.before is not None:
            return "records go by another rule from now on"
        if difference.path in _SHRINKING and _shrinks(difference):
            return "the broker deletes older records at once, read or not"
    return ""


def _shrinks(difference: Difference) -> bool:
    """Whether less is kept than before; a negative number keeps everything, and a default is not known here."""
    before, after = (int(str(value)) if value is not None else None for value in (difference.before, difference.after))
    if before is None or after is None:
        return True
    return after >= 0 and (before < 0 or after < before)


def _partitions(topic: Topic, live: Topic) -> Change | None:
    if topic.partitions == live.partitions:
        return None
    if topic.partitions < live.partitions:
        reason = f"Kafka cannot take partitions away: it has {live.partitions}, the model wants {topic.partitions}"
    else:
        reason = (
            f"with {topic.partitions} partitions instead of {live.partitions} visitors would move to other partitions, "
            "and their order and open sessions would break"
        )
    return _blocked(topic, reason, f"set topics.partitions to {live.partitions}", ("partitions", live.partitions))


def _replication(topic: Topic, live: Topic) -> Change | None:
    if topic.replication == live.replication:
        return None
    reason = (
        f"it has {live.replication} replicas and the model wants {topic.replication}; that moves data, not a setting"
    )
    remedy = f"reassign its replicas with Kafka's own tool, or set topics.replication to {live.replication}"
    return _blocked(topic, reason, remedy, ("replication", live.replication))


def _blocked(topic: Topic, reason: str, remedy: str, before: tuple[str, int]) -> Change:
    name, value = before
    difference = Difference(name, value, getattr(topic, name))
    return Change("kafka", KIND, topic.name, "blocked", reason, remedy=remedy, differences=(difference,))


def _as_dict(topic: Topic) -> dict[str, object]:
    return {"partitions": topic.partitions, "replication": topic.replication, "config": dict(topic.config)}
