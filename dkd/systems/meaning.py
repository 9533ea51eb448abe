"""What a model says that no system's file shows (enrichers, measures, privacy, lateness) becomes comparable values."""

from datetime import timedelta

from dkd.model.schema import Field, Model
from dkd.model.types import duration, in_ms
from dkd.systems.classes import ChangeClass
from dkd.systems.flat import flat

_EXPOSED = {"drop": 0, "pseudonymise": 1, "truncate": 1, "hash": 1, "keep": 2, "full": 2}
"""How much of a value is left, by the model's words for fields and for addresses."""

_WIDER = {("int", "long"), ("int", "double"), ("float", "double"), ("long", "double"), ("enum", "string")}
"""Types of which the right one holds every value of the left one, as far as people count."""

_KEEPING = ("retention", "compact_after")
"""What a datasource's supervisor does not show."""

_HIDDEN = {"password", "user", "key"}


def values(model: Model) -> dict[str, object]:
    """Values by address; a model with an event, a field, an enricher or a measure more has addresses more."""
    dump = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    found: dict[str, object] = {f"event/{name}/required": list(model.required_of(name)) for name in model.events}
    for name, field in model.all_fields.items():
        found |= _field(name, field)
    for name, options in dump["enrich"].items():
        found |= {f"enrich/{name}": "on"} | (flat(options, f"enrich/{name}") if options else {})
    found |= {f"measure/{name}": measure for name, measure in dump["measures"].items()}
    found |= {f"collector/{name}": value for name, value in dump["collector"].items() if name != "senders"}
    found |= {f"collector/sender/{sender.name}": "trusted" for sender in model.collector.senders}
    for name, datasource in dump["datasources"].items():
        found |= {f"datasource/{name}/{key}": datasource[key] for key in _KEEPING if key in datasource}
    for name, target in dump["targets"].items():
        places = flat(target, f"target/{name}")
        found |= {place: value for place, value in places.items() if place.rpartition("/")[2] not in _HIDDEN}
    return found


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What a change of the value at *address* does to numbers, to privacy, or to who may send."""
    kind, _, place = address.partition("/")
    if kind in ("field", "collector"):
        return _of_field(place.rpartition("/")[2], before, after)
    if kind == "event":
        return _of_required(before, after)
    if address.endswith("/compact_after"):
        return "safe"
    if kind == "datasource":
        return _of_retention(before, after)
    if kind in ("enrich", "measure"):
        if before is None:
            return "additive"
        return "needs-order" if after is None and kind == "measure" else "semantic"
    return "safe" if kind == "target" else "blocked"


def _field(name: str, field: Field) -> dict[str, object]:
    shown = field.model_dump(mode="json", include={"type", "unit", "values", "privacy", "source", "description"})
    return {f"field/{name}/{key}": value for key, value in shown.items() if value not in (None, [])}


def _of_field(name: str, before: object, after: object) -> ChangeClass:
    if name in ("privacy", "ip") and before is not None and after is not None:
        left = _EXPOSED[str(after)] - _EXPOSED[str(before)]
        return "privacy-widening" if left > 0 else "needs-order" if left < 0 else "semantic"
    if name in ("description", "origins"):
        return "safe"
    if name == "type" and (before, after) in _WIDER:
        return "needs-order"
    if before is None:
        return "additive"
    return "needs-order" if after is None or name == "values" else "semantic"


def _of_required(before: object, after: object) -> ChangeClass:
    if before is None:
        return "additive"
    if after is None:
        return "needs-order"
    # What is required now and was not before is rejected from senders that do not send it yet.
    return "needs-order" if set(_names(after)) - set(_names(before)) else "safe"


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def _of_retention(before: object, after: object) -> ChangeClass:
    if before is None:
        return "additive"
    if after is None:
        return "destructive"
    return "destructive" if _ms(after) < _ms(before) else "safe"


def _ms(text: object) -> int:
    kept = duration(text)
    return in_ms(kept) if isinstance(kept, timedelta) else 0
