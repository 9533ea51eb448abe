"""What a model says that no system's file shows (events, enrichers, measures, privacy, lateness) as values."""

from collections.abc import Mapping
from typing import Any

from dkd.model.columns import model_columns
from dkd.model.schema import Field, Model
from dkd.model.source import parse_source, source_text, steps_of
from dkd.model.step import Step
from dkd.model.tree import Path
from dkd.systems.flat import flat

WHOLE = r"(event|field|enrich|target)/[^/]+|collector"
"""The address of a whole artefact."""

_SHOWN = {"from", "segment", "compact_after", "rollup"}
"""What of a datasource its files show."""

_TOLD = {"topics", "datasources"}
"""What of a target the artefacts show."""

_HIDDEN = {"password", "user", "key"}


def values(model: Model) -> dict[str, object]:
    """Values by address; a model with an event, a field, an enricher or a measure more has addresses more."""
    dump = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"events", "fields", "waivers"})
    found: dict[str, object] = {"description": model.description} if model.description else {}
    for name in model.events:
        found |= _event(model, name)
    for name, field in model.all_fields.items():
        found |= {f"field/{name}/{key}": value for key, value in _field(name, field).items()}
    found |= {f"clean/{column.name}": column.type for column in model_columns(model)}
    for name, options in dump["enrich"].items():
        found |= flat(options, f"enrich/{name}") or {f"enrich/{name}": "on"}
    found |= {f"dimension/{name}": dimension for name, dimension in dump["dimensions"].items()}
    found |= {f"measure/{name}": measure for name, measure in dump["measures"].items()}
    found |= {f"collector/{name}": value for name, value in dump["collector"].items() if name != "senders"}
    found |= {f"sender/{sender.name}": "trusted" for sender in model.collector.senders}
    for name, datasource in dump["datasources"].items():
        found |= {f"datasource/{name}/{key}": value for key, value in datasource.items() if key not in _SHOWN}
    found["topic/clean/retention"] = dump["topics"]["retention"]["clean"]
    found |= {f"reserved/{name}": "reserved" for name in model.reserved}
    for name, target in dump["targets"].items():
        # What topics and datasources are there, their own addresses tell, with @ and the target's name.
        places = flat({key: value for key, value in target.items() if key not in _TOLD}, f"target/{name}")
        found |= {place: value for place, value in places.items() if place.rpartition("/")[2] not in _HIDDEN}
    return found


def cause(place: str, model: Model) -> Path | None:
    """Where in *model* stands the value at *place*; None where that is not in it."""
    kind, name, *rest = (*place.split("/"), "")
    if kind == "event":
        return ("events", name) if name in model.events else None
    if kind in ("field", "clean"):
        found = model.field_path(name)
        return found if found is None or not rest[0] else (*found, "from" if rest[0] == "source" else rest[0])
    if kind == "sender":
        return ("collector", "senders")
    if kind == "topic":
        return ("topics", "retention", name)
    section = {"enrich": "enrich", "reserved": "reserved", "description": "description"}.get(kind, f"{kind}s")
    return tuple(part for part in ("collector" if kind == "collector" else section, name, *rest) if part)


def _event(model: Model, name: str) -> dict[str, object]:
    event, start = model.events[name], f"event/{name}"
    found: dict[str, object] = {f"{start}/required": list(model.required_of(name))}
    found[f"{start}/fields"] = sorted(event.fields)
    for key in ("description", "was", "owner", "deprecated"):
        if getattr(event, key):
            found[f"{start}/{key}"] = getattr(event, key)
    for field_name, field in event.fields.items():
        first = model.all_fields[field_name]
        if field is not first:
            own, shared = _field(field_name, field), _field(field_name, first)
            found |= {f"{start}/field/{field_name}/{key}": own[key] for key in own if own[key] != shared.get(key)}
    return found


def _field(name: str, field: Field) -> Mapping[str, Any]:
    """What *field* says, without what is not said; its place always, in its long form."""
    said = {"unit": field.unit, "values": list(field.values), "description": field.description, "was": field.was}
    said |= {"purpose": field.purpose, "owner": field.owner, "deprecated": field.deprecated}
    found = {"type": field.type, "privacy": field.privacy, "source": _source(name, field)}
    if field.default is not None:
        found["default"] = field.default
    return found | {key: value for key, value in said.items() if value}


def _source(name: str, field: Field) -> Any:
    """A single source as its text, however it is spelled; all else step by step."""
    steps = steps_of(name, field)
    if len(steps) == 1 and steps[0].source is not None and steps[0] == Step(source=steps[0].source):
        return source_text(parse_source(steps[0].source))
    return [step.model_dump(mode="json", by_alias=True, exclude_none=True) for step in steps]
