"""A view → what stands on its shelf, and the lists of dimensions and measures beside it, as plain JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dkd.explore import words
from dkd.explore.menus import IDENTIFIERS
from dkd.explore.view import View
from dkd.model.columns import EVENT_COLUMNS, SESSION_COLUMNS, Column
from dkd.model.enrichers import SESSION_ORIGIN
from dkd.model.schema import Model
from dkd.query.definition import computed, definition
from dkd.query.dimension import columns, dimensions
from dkd.query.measure import kind_of, parts
from dkd.query.question import Filter, Having, Split

Json = dict[str, Any]
TIME = "time"
_TIME_COLUMN = Column(TIME, "long", "when it happened; of a session, when it began")
_KINDS = {"string": "text", "long": "number", "double": "number", "boolean": "flag", "list": "text"}
_TOPICS: dict[str, tuple[str, ...]] = {
    "Campaign and referrer": ("channel", "utm_", "referrer_", *SESSION_ORIGIN),
    "Page": ("page_",),
    "Place": ("country", "city"),
    "Device": ("browser", "os", "device_type", "viewport_", "screen_"),
    "Collection": ("is_late", "time_clamped", "is_bot", "bot_reason"),
}
"""Folders of the standard columns, by how their names begin; all others are of events."""
_CLOSED = ("Identifiers", "Collection")


def shelf(model: Model, view: View | None) -> Json | None:
    """Filters, splits, conditions, pins and comparison of *view*; None without one."""
    if view is None:
        return None
    asked, known = view.question, _known(model)
    segment = [_filter(one, known, asked.zone) for one in asked.against] if asked.against is not None else None
    return {
        "filters": [_filter(one, known, asked.zone) for one in asked.filters],
        "having": [_having(one) for one in asked.having],
        "against": segment,
        "compare": "against" if segment is not None else asked.compare or "",
        "splits": [_split(model, view, one, known) for one in asked.splits],
        "grain": asked.grain if asked.splits else None,
        "grain_label": words.GRAIN_NAMES[asked.grain] if asked.grain else "",
        "pins": list(view.panels),
        "measures": [[name, words.label(name)] for name in asked.measures],
    }


def lists(model: Model, view: View | None) -> Json | None:
    """What can be split and filtered by, and measured, in folders; None without a view."""
    if view is None:
        return None
    return {
        "dimensions": [
            {"name": name, "items": items, "closed": name in _CLOSED} for name, items in _folders(model, view)
        ],
        "measures": [{"name": name, "items": items, "closed": False} for name, items in _measures(model, view)],
    }


def _known(model: Model) -> dict[str, Column]:
    return {TIME: _TIME_COLUMN, **dimensions(model)}


def _filter(one: Filter, known: dict[str, Column], zone: str) -> Json:
    column = known.get(one.dimension)
    return {
        "dimension": one.dimension,
        "label": words.filter_label(one, column, zone),
        "exclude": one.exclude,
        "form": one.form,
        "values": [[value, words.value_label(value, column)] for value in one.values],
        "text": one.contains or one.matches or "",
        "ranges": [[_end(end, one.dimension, zone) for end in (part.at_least, part.below)] for part in one.ranges],
    }


def _end(value: float | None, dimension: str, zone: str) -> float | str | None:
    """An end of a range as its editor holds it: times as the zone's clock shows them."""
    if value is None or dimension != TIME:
        return value
    return f"{datetime.fromtimestamp(value / 1000, UTC).astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def _having(one: Having) -> Json:
    name, part = words.label(one.measure), one.range
    return {
        "measure": one.measure,
        "label": f"{name} is {words.range_label(part)}",
        "at_least": part.at_least,
        "below": part.below,
    }


def _split(model: Model, view: View, one: Split, known: dict[str, Column]) -> Json:
    column = known.get(one.dimension)
    return {
        **one.model_dump(mode="json"),
        "label": words.label(one.dimension),
        "kind": _KINDS[column.type] if column else "text",
        "summary": _summary(view, one),
        "about": computed(model, one.dimension),
    }


def _summary(view: View, one: Split) -> str:
    found = [f"{'lowest' if one.ascending else 'top'} {one.limit}"]
    if one.sort not in (None, view.question.measures[0]) or one.by != "value":
        ranked = {"value": "", "previous": " before", "delta": " change"}[one.by]
        found.append(f"by {words.label(one.sort or view.question.measures[0]).lower()}{ranked}")
    if one.bucket:
        found.append(f"in steps of {one.bucket:g}")
    if one.nested:
        found.append("in each")
    return ", ".join(found)


def _folders(model: Model, view: View) -> Iterator[tuple[str, list[Json]]]:
    found: dict[str, list[Json]] = {
        "": [_time()],
        **{name: [] for name in (*_TOPICS, "Events", "Sessions", "Computed")},
    }
    for name, column in dimensions(model).items():
        found.setdefault(_folder(model, name), []).append(_dimension(model, view, column))
    last = {name: found.pop(name) for name in _CLOSED if name in found}
    for name, items in {**found, **last}.items():
        if items:
            yield name, items


def _folder(model: Model, name: str) -> str:
    if name in model.dimensions:
        return "Computed"
    if name in IDENTIFIERS:
        return "Identifiers"
    standard = {column.name for column in EVENT_COLUMNS}
    if name not in standard:
        return "Sessions" if name in {column.name for column in SESSION_COLUMNS} else "Events"
    return next((topic for topic, starts in _TOPICS.items() if name.startswith(starts)), "Events")


def _time() -> Json:
    return {"name": TIME, "label": "Time", "kind": "time", "about": _TIME_COLUMN.summary, "why": "", "whole": ""}


def _dimension(model: Model, view: View, column: Column) -> Json:
    about = computed(model, column.name) or column.summary
    return {
        "name": column.name,
        "label": words.label(column.name),
        "kind": _KINDS[column.type],
        "about": about,
        "why": _why(model, view, column),
        "whole": "it holds several values at once" if column.type == "list" else "",
    }


def _why(model: Model, view: View, column: Column) -> str:
    """Why none of the view's measures can be asked by it; empty where one can."""
    counted = [{kind_of(model, part.measure) for part in parts(model, name)} for name in view.question.measures]
    held = {kind for kind in ("events", "sessions") if column.name in columns(model, kind)}
    if any(kinds - {None} <= held for kinds in counted):
        return ""
    return f"only {' and '.join(sorted(held))} have it: choose a measure of {' or '.join(sorted(held))} first"


def _measures(model: Model, view: View) -> Iterator[tuple[str, list[Json]]]:
    found: dict[str, list[Json]] = {"Events": [], "Sessions": [], "Computed": []}
    for name in model.measures:
        counted = parts(model, name)
        kind = kind_of(model, counted[0].measure) if len(counted) == 1 else None
        found[kind.capitalize() if kind else "Computed"].append(
            {
                "name": name,
                "label": words.label(name),
                "unit": words.unit(model, name),
                "about": definition(model, name),
                "on": name in view.question.measures,
            }
        )
    yield from ((name, items) for name, items in found.items() if items)
