"""A spec → keys and types that Druid would drop in silence or refuse, and blocks that stand in the wrong place."""

import re
from collections.abc import Iterator

from dkd.errors import Problem
from dkd.systems.druid.doctor.known import (
    BLOCKS,
    DIMENSION_ALIASES,
    DIMENSION_TYPES,
    METRIC_ALIASES,
    SHAPES,
)
from dkd.systems.druid.doctor.view import OldSpec, text
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Node
from dkd.systems.strict import Finding, findings

_OLD = frozenset({"parser", "parseSpec", "firehose", "plumber", "inputSpec", "metadataUpdateSpec", "segmentOutputPath"})
"""Blocks of systems that are gone: findings of their own name them."""
COPIES = frozenset({"stream", "useEarliestSequenceNumber"})
"""What Druid adds to a supervisor's ioConfig when it is asked for one: the same as topic and useEarliestOffset."""
_REMOVED_TYPES = frozenset({"realtime", "tranquility", "hadoop", "index_realtime", "index_hadoop"})
_STEP = re.compile(r"[^.\[\]]+")


def keys(spec: OldSpec) -> Iterator[Problem]:
    """Unknown keys and types, block by block."""
    for name, home, node in spec.stray:
        problem = f"{name} stands where Druid doesn't look for it"
        yield fault(spec.where, node, "DKD644", problem, f"move it into {home}", of_key=True)
    outer = ((spec.kind, spec.top), ("spec", spec.body), ("dataSchema", spec.blocks.get("dataSchema")))
    for place, block in outer:
        if block is not None and isinstance(block.value, dict) and not (place == "spec" and spec.body is spec.top):
            yield from _unknown(spec, block, place)
    gone = is_gone(spec)
    if not gone:
        yield from _types(spec)
    for name, node in spec.blocks.items():
        if spec.is_kinesis and name in ("ioConfig", "tuningConfig"):
            continue
        place = f"{spec.kind} {name}" if name in ("ioConfig", "tuningConfig") else name
        # All of a realtime or Hadoop block is old; one finding says so.
        if place in SHAPES and not (gone and " " in place):
            for one in findings(node.plain(), SHAPES[place]):
                yield from _known_problem(spec, node, place, one)


def _types(spec: OldSpec) -> Iterator[Problem]:
    """The types of the blocks, which must be that of the whole."""
    whole = text(spec.top.get("type"))
    wanted = "kafka" if spec.kind == "stream" else whole or "index_parallel"
    for name in ("ioConfig", "tuningConfig"):
        found = spec.text(name, "type")
        if found and found != wanted and whole in ("kafka", "index_parallel", ""):
            problem = f"{name} is of type {found!r} in a spec of type {wanted!r}: Druid refuses it"
            yield fault(spec.where, spec.get(name, "type"), "DKD645", problem, f"write {wanted}")


def metric_type(node: Node) -> str:
    """The type of a metric as Druid 33 calls it."""
    found = text(node.get("type"))
    return METRIC_ALIASES.get(found, found)


def dimension_type(found: str) -> str:
    """The type of a dimension as Druid 33 calls it, whatever *found* calls it."""
    small = found.lower()
    return small if small in DIMENSION_TYPES else DIMENSION_ALIASES.get(small, "string")


def is_gone(spec: OldSpec) -> bool:
    """Whether the spec's own ingestion is gone, so that its other settings don't matter."""
    return bool(_REMOVED_TYPES & {text(spec.top.get("type")), spec.text("ioConfig", "type")}) or bool(
        spec.get("ioConfig", "firehose")
    )


def _unknown(spec: OldSpec, block: Node, place: str) -> Iterator[Problem]:
    for name, node in block.value.items():
        if name not in BLOCKS[place]:
            yield from _unknown_key(spec, node, place, name)


def _unknown_key(spec: OldSpec, node: Node, place: str, name: str) -> Iterator[Problem]:
    is_copy = name in COPIES and place == "stream ioConfig" and bool(spec.text("ioConfig", "topic"))
    if is_copy or name in _OLD or any(node is one for _, _, one in spec.stray):
        return
    homes = [other for other, known in BLOCKS.items() if name in known and _same_kind(other, spec.kind)]
    shown = place.rpartition(" ")[2]
    remedy = f"it belongs to {homes[0].rpartition(' ')[2]}" if homes else nearest(name, BLOCKS[place])
    yield fault(spec.where, node, "DKD644", f"{shown} has no key {name!r}", remedy, of_key=True)


def _same_kind(block: str, kind: str) -> bool:
    return block not in ("stream", "batch") and (" " not in block or block.startswith(kind))


def _known_problem(spec: OldSpec, block: Node, place: str, one: Finding) -> Iterator[Problem]:
    """A finding of the strict schema, at its place in the file."""
    # A key may be empty, or hold dots; the place is then that of what is around it.
    steps = _STEP.findall(one.path) or [""]
    node = at(block, steps)
    if one.problem != "unknown key":
        found = text(node)
        alias = DIMENSION_ALIASES.get(found.lower()) if place == "dimensionsSpec" else METRIC_ALIASES.get(found)
        remedy = f"write {alias}" if alias else one.remedy
        yield fault(spec.where, node, "DKD645", f"{one.path or place.rpartition(' ')[2]}: {one.problem}", remedy)
    elif len(steps) == 1 and place in BLOCKS:
        yield from _unknown_key(spec, node, place, steps[0])
    elif steps[-1] not in _OLD and not any(node is other for _, _, other in spec.stray):
        shown = ".".join((place.rpartition(" ")[2], *steps[:-1]))
        yield fault(spec.where, node, "DKD644", f"{shown} has no key {steps[-1]!r}", one.remedy, of_key=True)


def at(node: Node, steps: list[str]) -> Node:
    """The node below *node* by keys and indices; the last that is there."""
    for step in steps:
        inner = None
        if isinstance(node.value, list) and step.isdigit() and int(step) < len(node.value):
            inner = node.value[int(step)]
        elif isinstance(node.value, dict):
            inner = node.value.get(step)
        if inner is None:
            break
        node = inner
    return node
