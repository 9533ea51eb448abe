"""A spec → keys and types that Druid would drop in silence or refuse, and blocks that stand in the wrong place."""

from collections.abc import Iterator, Mapping

from dkd.errors import Problem
from dkd.systems.druid.doctor.known import (
    BLOCKS,
    DIMENSION_ALIASES,
    DIMENSION_KEYS,
    DIMENSION_TYPES,
    FORMATS,
    METRIC_ALIASES,
    METRICS,
)
from dkd.systems.druid.doctor.view import OldSpec, nodes, text
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Node

_OLD = frozenset({"parser", "parseSpec", "firehose", "plumber", "inputSpec", "metadataUpdateSpec", "segmentOutputPath"})
"""Blocks of systems that are gone: findings of their own name them."""
_REMOVED_TYPES = frozenset({"realtime", "tranquility", "hadoop", "index_realtime", "index_hadoop"})


def keys(spec: OldSpec) -> Iterator[Problem]:
    """Unknown keys and types, block by block."""
    for name, home, node in spec.stray:
        problem = f"{name} stands where Druid doesn't look for it"
        yield fault(spec.where, node, "DKD644", problem, f"move it into {home}", of_key=True)
    for place, block in _blocks(spec):
        if block is not None and isinstance(block.value, dict):
            yield from _unknown(spec, block.value, place)
    yield from _dimensions(spec)
    yield from _metrics(spec)
    yield from _format(spec)


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


def _blocks(spec: OldSpec) -> Iterator[tuple[str, Node | None]]:
    yield spec.kind, spec.top
    if spec.body is not spec.top:
        yield "spec", spec.body
    gone = is_gone(spec)
    for name in ("dataSchema", "timestampSpec", "dimensionsSpec", "granularitySpec", "transformSpec", "flattenSpec"):
        yield name, spec.blocks.get(name)
    for name in ("ioConfig", "tuningConfig"):
        # All of a realtime or Hadoop block is old; one finding says so.
        yield f"{spec.kind} {name}", None if gone else spec.blocks.get(name)
    for field in nodes(spec.get("flattenSpec", "fields")):
        yield "flattenSpec field", field
    for transform in nodes(spec.get("transformSpec", "transforms")):
        yield "transform", transform


def _unknown(spec: OldSpec, block: Mapping[str, Node], place: str) -> Iterator[Problem]:
    astray = {id(node) for _, _, node in spec.stray}
    for name, node in block.items():
        if name in BLOCKS[place] or name in _OLD or id(node) in astray:
            continue
        homes = [other for other, known in BLOCKS.items() if name in known and _same_kind(other, spec.kind)]
        shown = place.rpartition(" ")[2]
        remedy = f"it belongs to {homes[0].rpartition(' ')[2]}" if homes else nearest(name, BLOCKS[place])
        yield fault(spec.where, node, "DKD644", f"{shown} has no key {name!r}", remedy, of_key=True)


def _same_kind(block: str, kind: str) -> bool:
    return block not in ("stream", "batch") and (" " not in block or block.startswith(kind))


def _dimensions(spec: OldSpec) -> Iterator[Problem]:
    for node in nodes(spec.get("dimensionsSpec", "dimensions")):
        if not isinstance(node.value, dict):
            continue
        name = text(node.get("name"))
        for key, inner in node.value.items():
            if key not in DIMENSION_KEYS:
                problem = f"dimension {name!r} has no key {key!r}"
                yield fault(spec.where, inner, "DKD644", problem, nearest(key, DIMENSION_KEYS), of_key=True)
        kind = text(node.get("type")) or "string"
        if kind not in DIMENSION_TYPES:
            problem = f"there is no dimension type {kind!r}: Druid makes {name!r} a string"
            yield fault(spec.where, node.get("type"), "DKD645", problem, f"write {dimension_type(kind)}")


def _metrics(spec: OldSpec) -> Iterator[Problem]:
    for outer in nodes(spec.blocks.get("metricsSpec")):
        inner = outer.get("aggregator")
        for node in (outer, inner) if inner is not None else (outer,):
            kind = text(node.get("type"))
            if kind not in METRICS:
                remedy = f"write {METRIC_ALIASES[kind]}" if kind in METRIC_ALIASES else nearest(kind, METRICS)
                problem = f"there is no metric type {kind!r}" if kind else "a metric has no type"
                yield fault(spec.where, node.get("type") or node, "DKD645", problem, remedy)
                continue
            for key, value in node.value.items():
                if key not in METRICS[kind]:
                    problem = f"metric {kind} has no key {key!r}"
                    yield fault(spec.where, value, "DKD644", problem, nearest(key, METRICS[kind]), of_key=True)


def _format(spec: OldSpec) -> Iterator[Problem]:
    node = spec.blocks.get("inputFormat")
    kind = spec.text("inputFormat", "type")
    if node is None or not isinstance(node.value, dict):
        return
    if kind not in FORMATS:
        problem = f"there is no input format {kind!r}" if kind else "the input format has no type"
        yield fault(spec.where, node.get("type") or node, "DKD645", problem, nearest(kind, FORMATS))
        return
    for key, value in node.value.items():
        if key not in FORMATS[kind]:
            problem = f"input format {kind} has no key {key!r}"
            yield fault(spec.where, value, "DKD644", problem, nearest(key, FORMATS[kind]), of_key=True)
