"""Supervisors whose topic is gone, or was made anew by another hand, become changes that nobody carries out."""

from collections.abc import Mapping
from typing import Any

from dkd.model.schema import Model
from dkd.systems.change import Change
from dkd.systems.druid.render import KINDS
from dkd.systems.kafka.render import Topic


def without_their_topic(
    model: Model, specs: Mapping[str, Mapping[str, Any]], topics: Mapping[str, Topic], applied: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Blocked changes of the supervisors that would go on at the old topic's offsets in a new one, and pass over rows.

    Args:
        model: The site.
        specs: Live supervisors by datasource.
        topics: Live topics by name.
        applied: Each artefact by address as the last deploy left it.
    """
    found = []
    for name in map(model.datasource, KINDS):
        topic = specs.get(name, {}).get("spec", {}).get("ioConfig", {}).get("topic")
        was = _lost(str(topic), topics, applied) if topic else ""
        if was:
            found.append(
                Change(
                    "druid", "supervisor", name, "blocked",
                    f"{topic}, which it reads, {was}; it would go on where it stopped in the old one",
                    remedy=f"suspend, reset and terminate the supervisor {name}, then deploy again",
                    removed=True,
                )
            )  # fmt: skip
    return tuple(found)


def _lost(topic: str, topics: Mapping[str, Topic], applied: Mapping[str, Any]) -> str:
    """What happened to a topic, in words; empty where it is the one that was deployed."""
    if topic not in topics:
        return "is gone"
    known = (applied.get(f"kafka/topic/{topic}") or {}).get("id")
    return "was made anew" if known and topics[topic].id and known != topics[topic].id else ""
