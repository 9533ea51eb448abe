"""Old files → the draft of the model that they imply: schema, mapping, configuration and Druid's specs together."""

import re
from collections.abc import Iterator

from dkd.jobs.adopt_conf import adopt_conf
from dkd.jobs.adopt_fields import adopt_fields, free_name, model_name
from dkd.jobs.adopted import Bundle, Draft, NewField, NewMeasure
from dkd.model.columns import EVENT_COLUMNS
from dkd.model.preset import site_name
from dkd.model.types import NUMERIC
from dkd.systems.divolte.doctor.source import can_say
from dkd.systems.druid.doctor.columns import dimensions, metric_name
from dkd.systems.druid.doctor.keys import metric_type
from dkd.systems.druid.doctor.known import SKETCHES
from dkd.systems.druid.doctor.reading import granularity, rank
from dkd.systems.druid.doctor.view import OldSpec, nodes, text
from dkd.systems.faults import Lost, lost
from dkd.systems.places import Node

_NO_SITE = frozenset({"divolte", "event", "events", "eventrecord", "defaulteventrecord", "record", "user", "test"})
_COUNTS = frozenset({"count", "cnt", "rows", "row_count"})
_SEGMENTS = {"HOUR": "hour", "DAY": "day", "MONTH": "month"}
_NUMBERS = frozenset(column.name for column in EVENT_COLUMNS if column.type in ("long", "double"))
_COLUMNS = frozenset(column.name for column in EVENT_COLUMNS)


def adopted(bundle: Bundle, site: str | None = None) -> Draft:
    """The draft of the model that *bundle* implies; *site* is its name, else what the files call it."""
    draft = Draft(site or _site(bundle))
    adopt_fields(bundle, draft)
    for where, document in bundle.confs.items():
        adopt_conf(where, document.root, draft)
    for spec in bundle.specs:
        _stored(spec, draft)
    for name in ("visitors", "pageviews"):
        draft.measures.setdefault(name, _USUAL[name])
    return draft


_USUAL = {
    "visitors": NewMeasure("visitors", "count_distinct", "party_id"),
    "pageviews": NewMeasure("pageviews", "count", "events", ("event", "page_view")),
}


def _site(bundle: Bundle) -> str:
    """The datasource's name, the topic's, or the schema's."""
    names = [spec.text("dataSchema", "dataSource") for spec in bundle.specs]
    for document in bundle.confs.values():
        sinks = document.root.get("divolte", "sinks")
        inner = sinks.value.values() if sinks is not None and isinstance(sinks.value, dict) else ()
        names += [text(one.get("topic")) for one in inner]
    names += [text(root.get("name")) for root in bundle.schemas.values()]
    whole = [name for name in map(site_name, names) if name]
    short = (re.sub(r"_(?:events?|clickstream|raw|topic)$", "", name) for name in whole)
    return next((name for name in short if name not in _NO_SITE), next(iter(whole), "site"))


def _stored(spec: OldSpec, draft: Draft) -> None:
    """What a spec says of storage, and the measures that its metrics are."""
    node = spec.get("granularitySpec", "segmentGranularity")
    found = granularity(node)
    if found in _SEGMENTS:
        draft.segment = _SEGMENTS[found]
    elif found:
        draft.segment = "hour" if rank(found) < rank("DAY") else "day" if rank(found) < rank("MONTH") else "month"
        why = f"dkd has hour, day and month; it is {draft.segment}"
        draft.lost.append(lost(spec.where, node, f"segmentGranularity {found}", why))
    query = granularity(spec.get("granularitySpec", "queryGranularity"))
    # Druid rolls up unless it is told not to.
    rollup = (
        text(spec.get("granularitySpec", "rollup")).lower() or str(bool(nodes(spec.blocks.get("metricsSpec")))).lower()
    )
    if query not in ("", "NONE") or rollup == "true":
        why = "dkd stores each event, and adds up in questions"
        draft.lost.append(lost(spec.where, spec.blocks.get("granularitySpec"), "roll-up", why))
    filtered = spec.get("transformSpec", "filter")
    if nodes(spec.get("transformSpec", "transforms")) or (filtered is not None and filtered.value is not None):
        why = "dkd's enrichers run before Druid"
        draft.lost.append(lost(spec.where, spec.blocks.get("transformSpec"), "transformSpec", why))
    draft.lost += _read(spec)
    for metric in nodes(spec.blocks.get("metricsSpec")):
        _measure(spec, metric, draft)


def _read(spec: OldSpec) -> Iterator[Lost]:
    """What a spec says of how its records are read, which dkd's own specs say otherwise."""
    time = spec.get("timestampSpec", "column")
    if text(time) not in ("", "timestamp_ms"):
        yield lost(spec.where, time, f"time column {text(time)!r}", "it is timestamp_ms in dkd's topics")
    for field in nodes(spec.get("flattenSpec", "fields")):
        if text(field.get("type")) in ("path", "jq", "tree"):
            what = f"flattened {text(field.get('name'))!r} ({text(field.get('expr'))})"
            yield lost(spec.where, field, what, "an event of the model carries it by this name, not nested")
    for block in ("ioConfig", "tuningConfig"):
        node = spec.blocks.get(block)
        names = sorted(node.value) if node is not None and isinstance(node.value, dict) else []
        if names := [name for name in names if name not in ("type", "topic", "inputFormat")]:
            yield lost(spec.where, node, f"{block} ({', '.join(names)})", "dkd render writes its own for the model")


def _measure(spec: OldSpec, node: Node, draft: Draft) -> None:
    where, name = None, model_name(metric_name(node))
    inner, filtered = node, node.get("aggregator")
    if text(node.get("type")) == "filtered" and filtered is not None:
        inner, where = filtered, _where(node.get("filter"), draft)
    kind, field = metric_type(inner), text(inner.get("fieldName"))
    made = _made(name, kind, field, draft, spec)
    if made is not None and filtered is not None and where is None:
        made = None
    if made is None or not name:
        why = "a measure counts, sums, or counts what is distinct, over fields of the model"
        draft.lost.append(lost(spec.where, node, f"metric {metric_name(node)!r} ({kind})", why))
        return
    if kind == "count" and where is None and name in _COUNTS:
        name = "events"
    draft.measures.setdefault(name, made._replace(name=name, where=where))


def _made(name: str, kind: str, field: str, draft: Draft, spec: OldSpec) -> NewMeasure | None:
    if kind == "count":
        return NewMeasure(name, "count", "events")
    if kind in SKETCHES:
        column = draft.column(field or name)
        return NewMeasure(name, "count_distinct", column) if column is not None and _is_kept(column, draft) else None
    if kind in ("longSum", "doubleSum", "floatSum"):
        if field and field not in draft.fields and field not in draft.standard and not _is_dimension(spec, field):
            # Only the metric tells of this field.
            own = free_name(field, draft)
            source = "" if own == field else f"parameter {field}"
            if own and (not source or can_say("string", source)):
                draft.fields[field] = NewField(own, "long" if kind == "longSum" else "double", source)
        column = draft.column(field)
        types = {one.name: one.type for one in draft.fields.values()}
        is_number = column in _NUMBERS or types.get(column or "") in NUMERIC
        return NewMeasure(name, "sum", column) if column is not None and is_number else None
    return None


def _is_dimension(spec: OldSpec, name: str) -> bool:
    return any(one.name == name for one in dimensions(spec))


def _is_kept(column: str, draft: Draft) -> bool:
    return column in _COLUMNS or any(one.name == column for one in draft.fields.values())


def _where(node: Node | None, draft: Draft) -> tuple[str, str] | None:
    """A filter of one value; None for any other."""
    if node is None or text(node.get("type")) not in ("selector", "equals"):
        return None
    column = draft.column(text(node.get("dimension")) or text(node.get("column")))
    value = text(node.get("value")) or text(node.get("matchValue"))
    if column == "event":
        value = model_name(value)
        draft.events.setdefault(value)
    return (column, value) if column is not None and _is_kept(column, draft) and value else None


def losses(draft: Draft) -> Iterator[str]:
    """What did not survive, a line each."""
    seen: set[str] = set()
    for one in draft.lost:
        if one.line() not in seen:
            seen.add(one.line())
            yield one.line()
