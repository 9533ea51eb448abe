"""A spec, and what is known of its records → faults of its columns: time, dimensions, metrics."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dkd.errors import Problem
from dkd.systems.druid.doctor.keys import dimension_type, metric_type
from dkd.systems.druid.doctor.known import NO_FIELD, SKETCHES
from dkd.systems.druid.doctor.view import OldSpec, nodes, text
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Node
from dkd.systems.records import Known, time_of_name

_NUMERIC_TIMES = frozenset({"millis", "posix", "micro", "nano"})
_NAMED_TIMES = _NUMERIC_TIMES | {"auto", "iso", "ruby"}
_JODA = frozenset("GCYxweEyDMdaKhHkmsSzZ")
_MANY_NAMES = 6


class Column(NamedTuple):
    """A dimension of the spec: its name, its type as Druid 33 calls it, and where it stands."""

    name: str
    type: str
    node: Node


class Time(NamedTuple):
    """The time column: its name and format as they should be, and what is wrong with those of the spec."""

    column: str
    format: str
    problem: str
    remedy: str


def dimensions(spec: OldSpec) -> list[Column]:
    """The dimensions in their order, as they stand."""
    found = []
    for node in nodes(spec.get("dimensionsSpec", "dimensions")):
        name = text(node.get("name")) if isinstance(node.value, dict) else text(node)
        kind = text(node.get("type")) if isinstance(node.value, dict) else ""
        found.append(Column(name, dimension_type(kind or "string"), node))
    return found


def produced(spec: OldSpec) -> set[str]:
    """Columns that the spec makes itself: by flattening, by transforms, and from Kafka."""
    flat = {text(field.get("name")) or text(field) for field in nodes(spec.get("flattenSpec", "fields"))}
    made = {text(one.get("name")) for one in nodes(spec.get("transformSpec", "transforms"))}
    return flat | made


def is_absent(spec: OldSpec, known: Known, name: str) -> bool:
    """Whether no record can have the column *name*."""
    return bool(known.types) and name not in known.types and name not in produced(spec) and "kafka." not in name


def time_of(spec: OldSpec, known: Known) -> Time:
    """The time column as it should be; where nothing else is known, as it is."""
    column = spec.text("timestampSpec", "column") or "timestamp"
    found = spec.text("timestampSpec", "format") or "auto"
    if "timestampSpec" not in spec.blocks:
        best = _best(known, column)
        return Time(*best, "there is no timestampSpec", f"add column {best[0]!r}, format {best[1]!r}")
    if is_absent(spec, known, column):
        best = _best(known, column)
        remedy = f"use {best[0]!r} with format {best[1]!r}" if best[0] != column else nearest(column, known.types)
        return Time(*best, f"no record has the time column {column!r} ({known.origin})", remedy)
    # A flattened column may hold anything, whatever a field of its name holds.
    right = (None if column in produced(spec) else known.times.get(column)) or time_of_name(column)
    return _format(column, found, right, known.origin if column in known.times else "its name")


def _format(column: str, found: str, right: str | None, origin: str) -> Time:
    if right is not None and not _fits(found, right):
        how = "guesses" if found == "auto" else f"doesn't read what {column!r} holds, which is {right}"
        return Time(column, right, f"the time format {found!r} {how} ({origin})", f"write {right!r}")
    letters = set(re.findall(r"[A-Za-z]", re.sub(r"'[^']*'", "", found)))
    if found not in _NAMED_TIMES and (not letters or not letters <= _JODA):
        close = "posix" if found.lower() in ("epoch", "unix", "seconds", "s", "epoch_second") else "auto"
        close = "millis" if found.lower() in ("ms", "milliseconds", "epoch_millis", "millisecond") else close
        return Time(column, right or close, f"{found!r} is no time format", f"write {right or close!r}")
    return Time(column, found, "", "")


def _fits(found: str, right: str) -> bool:
    if found == right:
        return True
    if right in _NUMERIC_TIMES:
        return False
    # An ISO time may also be said by a pattern; what a pattern reads, only Joda knows.
    return (
        found not in _NUMERIC_TIMES
        and not (right == "iso" and found == "ruby")
        and (found in ("auto",) or found not in _NAMED_TIMES)
    )


def _best(known: Known, column: str) -> tuple[str, str]:
    """The column of the records that looks most like their time."""
    for name in (column, "timestamp_ms", "timestamp", "clientTimestamp", "__time", "time", "ts"):
        if name in known.times:
            return name, known.times[name]
    return next(iter(known.times.items()), (column, time_of_name(column) or "auto"))


def columns(spec: OldSpec, known: Known) -> Iterator[Problem]:
    """Faults of the time column, the dimensions and the metrics."""
    time = time_of(spec, known)
    if time.problem:
        where = spec.get("timestampSpec", "format" if "format" in time.problem else "column")
        node = where or spec.blocks.get("timestampSpec") or spec.blocks.get("dataSchema") or spec.top
        yield fault(spec.where, node, "DKD643", time.problem, time.remedy)
    found = dimensions(spec)
    if not found and not _discovers(spec):
        node = spec.get("dimensionsSpec", "dimensions") or spec.blocks.get("dimensionsSpec") or spec.top
        problem = "no dimension is listed, so every field of every record becomes a string column"
        yield fault(spec.where, node, "DKD653", problem, "list them, or set useSchemaDiscovery: true")
    yield from _names(spec, found)
    yield from _strings(spec, found, known)
    yield from _absent(spec, found, known, time.column)
    for node in nodes(spec.blocks.get("metricsSpec")):
        yield from _metric(spec, node)


def _discovers(spec: OldSpec) -> bool:
    return spec.text("dimensionsSpec", "useSchemaDiscovery").lower() == "true"


def _names(spec: OldSpec, found: list[Column]) -> Iterator[Problem]:
    seen = {"__time"}
    for column in found:
        if column.name == "__time":
            yield fault(spec.where, column.node, "DKD646", "__time is the time column itself", "remove it")
        elif not column.name:
            yield fault(spec.where, column.node, "DKD646", "a dimension has no name", "name it, or remove it")
        elif column.name in seen:
            yield fault(spec.where, column.node, "DKD646", f"dimension {column.name!r} stands twice", "remove one")
        seen.add(column.name)
    metrics: set[str] = set()
    for node in nodes(spec.blocks.get("metricsSpec")):
        name = metric_name(node)
        if name in seen:
            problem = f"metric {name!r} is named like a dimension"
            remedy = f"call it {renamed(node, seen | metrics)!r}, with fieldName {name!r}"
            yield fault(spec.where, node.get("name") or node, "DKD646", problem, remedy)
        elif name in metrics:
            yield fault(spec.where, node.get("name") or node, "DKD646", f"metric {name!r} stands twice", "remove one")
        metrics.add(name)


def metric_name(node: Node) -> str:
    """The name of a metric; a filtered one has that of its aggregator."""
    return text(node.get("name")) or text(node.get("aggregator", "name"))


def renamed(node: Node, taken: set[str]) -> str:
    """A name for a metric that is named like a dimension."""
    kind = metric_type(node)
    name = metric_name(node)
    ending = next((what for what in ("Sum", "Min", "Max", "First", "Last", "Any") if kind.endswith(what)), "")
    base = f"{name}_{ending.lower() or ('sum' if kind != 'count' else 'total')}"
    return next(one for number in range(1, len(taken) + 2) if (one := base + ("" if number == 1 else f"_{number}"))
                not in taken)  # fmt: skip


def _strings(spec: OldSpec, found: list[Column], known: Known) -> Iterator[Problem]:
    """Columns that keep numbers as text, or cut what stands behind their point."""
    for kept, kind in (("string", "long"), ("string", "double"), ("long", "double")):
        wrong = [one for one in found if (one.type, known.types.get(one.name)) == (kept, kind)]
        wrong = [one for one in wrong if one.name not in produced(spec)]
        if wrong:
            names = _listed([one.name for one in wrong])
            problem = f"{names}: {kind} in the records ({known.origin}), kept as {kept}"
            yield fault(spec.where, wrong[0].node, "DKD651", problem, f'write {{"type": "{kind}", "name": …}}')


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_MANY_NAMES]))
    return shown + (f" and {len(names) - _MANY_NAMES} more" if len(names) > _MANY_NAMES else "")


def _absent(spec: OldSpec, found: list[Column], known: Known, time: str) -> Iterator[Problem]:
    for column in found:
        if column.name and column.name not in ("__time", time) and is_absent(spec, known, column.name):
            problem = f"no record has {column.name!r} ({known.origin})"
            yield fault(spec.where, column.node, "DKD655", problem, nearest(column.name, known.types))
    for node in nodes(spec.blocks.get("metricsSpec")):
        name = text(node.get("fieldName"))
        if name and is_absent(spec, known, name):
            problem = f"metric {metric_name(node)!r} reads {name!r}, which no record has ({known.origin})"
            yield fault(spec.where, node.get("fieldName"), "DKD655", problem, nearest(name, known.types))


def _metric(spec: OldSpec, node: Node) -> Iterator[Problem]:
    kind, name = metric_type(node), metric_name(node)
    if not name:
        yield fault(spec.where, node, "DKD652", "a metric has no name", "name it")
    if kind not in NO_FIELD and node.get("fieldName") is None and node.get("expression") is None:
        yield fault(spec.where, node, "DKD652", f"metric {name!r} has no fieldName", "name the field that it reads")
    lg_k, size = node.get("lgK"), node.get("size")
    if lg_k is not None and not (isinstance(lg_k.value, int) and 4 <= lg_k.value <= 21):
        yield fault(spec.where, lg_k, "DKD652", f"lgK {text(lg_k)} is not 4 to 21: every task fails", "write 12")
    if size is not None and not _is_power(size.value):
        problem = f"size {text(size)} is no power of 2: Druid refuses it"
        yield fault(spec.where, size, "DKD652", problem, "write 16384")
    if kind in SKETCHES and spec.kind == "stream":
        field = text(node.get("fieldName")) or name
        problem = f"metric {name!r} stores a sketch ({kind}) in a stream: SQL doesn't see it while its task runs"
        yield fault(spec.where, node, "DKD652", problem, f"keep {field!r} as a dimension and count it by query")


def _is_power(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0 and value & (value - 1) == 0
