"""Dimensions and metrics of an old spec → those that Druid 33 takes and that the records fill."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dkd.systems.druid.doctor.columns import dimensions, is_absent, metric_name, produced, renamed, time_of
from dkd.systems.druid.doctor.keys import metric_type
from dkd.systems.druid.doctor.known import DIMENSION_KEYS, METRICS, NO_FIELD, SKETCHES
from dkd.systems.druid.doctor.view import OldSpec, nodes, text
from dkd.systems.places import Node
from dkd.systems.records import Known

Drop = Callable[[Node | None, str, str], None]
"""Notes one loss: where, what, why."""

_TYPE = {
    "long": "long",
    "double": "double",
    "boolean": "string",
    "list": "string",
    "string": "string",
    "object": "json",
}


_CORRECTED = {("string", "long"), ("string", "double"), ("long", "double")}
"""Pairs of what a spec says and what the records hold, in which the records are right."""


class Columns(NamedTuple):
    """The columns of a new spec; *spec* is what its dimensionsSpec says of them."""

    dimensions: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    spec: dict[str, Any]


def modern_columns(spec: OldSpec, known: Known, there: Mapping[str, str] | None, drop: Drop) -> Columns:
    """The columns of *spec*; *there* names those of the topic that it is to read instead, old name to new."""
    found = _dimensions(spec, known, there, drop)
    discovers = spec.text("dimensionsSpec", "useSchemaDiscovery").lower() == "true"
    if not dimensions(spec) and not discovers:
        found = _listed(spec, known)
    metrics = _metrics(spec, known, there, found, drop)
    own = {"dimensions": found} if found else {}
    return Columns(found, metrics, own if found and not discovers else {**own, "useSchemaDiscovery": True})


def _dimensions(spec: OldSpec, known: Known, there: Mapping[str, str] | None, drop: Drop) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    time = time_of(spec, known).column
    for name, kind, node in dimensions(spec):
        if name == "__time" or name in found or not name:
            drop(node, f"dimension {name!r}", "__time is the time itself" if name == "__time" else "it stood twice")
            continue
        if there is not None and name not in there:
            drop(node, f"dimension {name!r}", "the clean topic has no such column")
            continue
        if there is None and name != time and is_absent(spec, known, name):
            drop(node, f"dimension {name!r}", f"no record has it ({known.origin})")
            continue
        right = known.types.get(name) if name not in produced(spec) else None
        kind = right if right is not None and (kind, right) in _CORRECTED else kind
        options = {key: inner.plain() for key, inner in node.value.items()} if isinstance(node.value, dict) else {}
        kept = {key: value for key, value in options.items() if key in DIMENSION_KEYS and key not in ("type", "name")}
        found[name] = {"type": kind, "name": name, **kept}
    return list(found.values())


def _listed(spec: OldSpec, known: Known) -> list[dict[str, Any]]:
    """The columns that the records have, where the spec took all that come."""
    taken = {time_of(spec, known).column} | {
        text(node) for node in nodes(spec.get("dimensionsSpec", "dimensionExclusions"))
    }
    for node in nodes(spec.blocks.get("metricsSpec")):
        taken |= {metric_name(node), text(node.get("fieldName"))}
    return [
        {"type": _TYPE.get(kind or "", "string"), "name": name}
        for name, kind in known.types.items()
        if name not in taken
    ]


def _metrics(
    spec: OldSpec, known: Known, there: Mapping[str, str] | None, columns: list[dict[str, Any]], drop: Drop
) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    # Sketches first: their fields become dimensions, and no metric may be named like one.
    for node in sorted(nodes(spec.blocks.get("metricsSpec")), key=lambda one: metric_type(one) not in SKETCHES):
        kind, name = metric_type(node), metric_name(node)
        field = text(node.get("fieldName"))
        names = {"__time", *(one["name"] for one in columns)}
        if kind in SKETCHES and spec.kind == "stream":
            if not field and node.get("fieldName") is None and kind == "cardinality":
                drop(node, f"metric {name!r}", "a sketch in a stream; count its fields by query")
                continue
            field = field or name
            drop(node, f"metric {name!r}", f"a sketch in a stream; count {field!r}, which is a dimension, by query")
            if field and field not in names and not is_absent(spec, known, field) and (there is None or field in there):
                columns.append({"type": "string", "name": field})
            continue
        why = _useless(kind, name, found, node)
        if not why and field and ((there is not None and field not in there) or is_absent(spec, known, field)):
            why = f"no record has {field!r}"
        if why:
            drop(node, f"metric {name!r}", why)
            continue
        made = _repaired(kind, node)
        if name in names:
            new = renamed(node, names | set(found))
            drop(node, f"metric {name!r}", f"a dimension has that name; it is {new!r} now")
            inner = made.get("aggregator", made)
            inner["name"] = new
            made["name"] = new
        found[str(made["name"])] = made
    return list(found.values())


def _useless(kind: str, name: str, found: Mapping[str, Any], node: Node) -> str:
    if kind not in METRICS:
        return f"there is no metric type {kind!r}"
    if not name:
        return "it has no name"
    if name in found:
        return "it stood twice"
    if kind not in NO_FIELD and node.get("fieldName") is None and node.get("expression") is None:
        return "it names no field"
    inner = node.get("aggregator")
    return "" if kind != "filtered" or (inner is not None and metric_type(inner) in METRICS) else "it filters nothing"


def _repaired(kind: str, node: Node) -> dict[str, Any]:
    """A metric with the keys that its type has, and values that work."""
    made = {key: inner.plain() for key, inner in node.value.items() if key in METRICS[kind]}
    made = {**made, "type": kind, "name": metric_name(node)}
    inner = node.get("aggregator")
    if kind == "filtered" and inner is not None:
        made["aggregator"] = {**_repaired(metric_type(inner), inner), "name": made["name"]}
    if "lgK" in made and not (isinstance(made["lgK"], int) and 4 <= made["lgK"] <= 21):
        made["lgK"] = 12
    size = made.get("size")
    if size is not None and not (isinstance(size, int) and size > 0 and size & (size - 1) == 0):
        made["size"] = 16384
    return made
