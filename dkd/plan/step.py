"""A change becomes what people must know of its step: when it comes, what it does to data, what proves it, its cost."""

from dkd.systems.change import Change, Difference
from dkd.systems.classes import CLASSES, ChangeClass
from dkd.systems.druid.keeping import COMPACTION, RULES, shorter
from dkd.systems.table import classify

TOPIC, SUPERVISOR, ENRICHERS, COLLECTORS, DIVOLTE = "topic", "supervisor", "enrichers", "collectors", "divolte"
DATASOURCE = "datasource"

_ADDING = ("topic", SUPERVISOR, ENRICHERS, "writers", RULES, COMPACTION, "loses")
"""Readers before writers, for what is new and for what goes: nobody is sent what he cannot read or still asks for."""
_TIGHTENING = ("topic", "writers", ENRICHERS, SUPERVISOR, RULES, COMPACTION, "loses")

_LOSING: frozenset[ChangeClass] = frozenset({"destructive"})
_ONE_WAY: frozenset[ChangeClass] = frozenset({
    "destructive", "semantic", "needs-backfill", "needs-new-topic", "privacy-widening"
})  # fmt: skip
_DIMENSIONS = "dataSchema.dimensionsSpec.dimensions"
_LATE_SETTING = "max.message.bytes"


def phase(change: Change, tightens: bool) -> int:
    """The rank of a step; a smaller one comes earlier.

    Raises:
        ValueError: When the change is of no known kind.
    """
    order = _TIGHTENING if tightens else _ADDING
    if change.action != "create" and (effect(change) in _LOSING or _shrinks_records(change)):
        return order.index("loses")
    return order.index("writers" if change.kind in (COLLECTORS, DIVOLTE) else change.kind)


def effect(change: Change) -> ChangeClass:
    """The worst class among what the change does."""
    if change.action == "blocked":
        return "blocked"
    if change.action == "delete" and change.kind in (TOPIC, DATASOURCE):
        return "destructive"
    if change.action == "verify":
        return next((one for one in CLASSES if one == change.began), "safe")
    if change.action == "create":
        return "additive"
    found = [_class_of(change, difference) for difference in change.differences]
    return max(found, key=CLASSES.index, default="safe")


def gate(change: Change) -> str:
    """What must be true before the next step begins."""
    if change.action == "delete":
        return "it is gone"
    return {
        TOPIC: "a leader for every partition" if change.action == "create" else "read back as wanted",
        SUPERVISOR: "a running task of each group reports rows, none fails",
        RULES: "read back as wanted",
        COMPACTION: "read back as wanted",
        ENRICHERS: "every enricher reports the model",
        COLLECTORS: "the collector reports the model",
        DIVOLTE: "/ping, and a probe event with the schema's id in raw",
    }[change.kind]


def restarts(change: Change) -> str:
    """What stops and starts again; empty where nothing does."""
    if change.kind == SUPERVISOR and change.action == "update":
        return f"Druid's tasks of {change.name}"
    if change.kind in (ENRICHERS, COLLECTORS, DIVOLTE) and change.action == "update":
        return change.kind
    return ""


def is_reversible(change: Change) -> bool:
    """Whether deploying the model before brings everything back once this step was done."""
    return effect(change) not in _ONE_WAY


def _class_of(change: Change, difference: Difference) -> ChangeClass:
    before, after = difference.before, difference.after
    if change.kind == RULES:
        return "destructive" if shorter(before, after) else "safe"
    if change.kind in (COMPACTION, ENRICHERS, COLLECTORS):
        return "safe"
    if change.kind == DIVOLTE:
        return "needs-order"
    found = classify(f"{change.address}/{_place(difference.path)}", before, after)
    # What no rule knows is not refused where it only undoes another hand's setting; nor is it called safe.
    return "semantic" if found == "blocked" and difference.by_hand else found


def _place(path: str) -> str:
    """The path of a live difference in the words of a diff between models."""
    if path == "suspended" or path.endswith(" (order)"):
        return "context."
    if path.startswith(f"{_DIMENSIONS}."):
        return "dimension/" + path.removeprefix(f"{_DIMENSIONS}.").split(".")[0]
    return path


def _shrinks_records(change: Change) -> bool:
    """Whether larger records are refused from then on: writers must have stopped sending them."""
    return any(
        difference.path == _LATE_SETTING and _bytes(difference.after) < _bytes(difference.before)
        for difference in change.differences
    )


def _bytes(value: object) -> int:
    return int(str(value)) if value is not None else 1_048_588
