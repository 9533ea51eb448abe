"""Measures → those that lead nowhere, or need what no datasource has."""

from collections.abc import Iterator

from dkd.model.checks.finding import Finding
from dkd.model.columns import EVENT_COLUMNS, SESSION_COLUMNS, STANDARD_NAMES, event_columns
from dkd.model.schema import Measure, Model
from dkd.model.tree import Path
from dkd.model.types import NUMERIC
from dkd.model.words import unknown

_NUMERIC_COLUMNS = frozenset(column.name for column in EVENT_COLUMNS if column.type in ("long", "double"))
_SESSION_NUMBERS = frozenset(column.name for column in SESSION_COLUMNS if column.type in ("long", "double"))


def measures(model: Model) -> Iterator[Finding]:
    """Measures without one clear kind, and those that name what is not there."""
    for name, measure in model.measures.items():
        path: Path = ("measures", name)
        kinds = [kind for kind in ("count", "sum", "count_distinct", "ratio") if getattr(measure, kind) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            yield (path, "DKD219", f"a measure has one of count, sum, count_distinct, ratio; found {found}", "keep one")
        yield from _measure(model, path, measure)


def _measure(model: Model, path: Path, measure: Measure) -> Iterator[Finding]:
    fields = model.all_fields
    numbers = {name for name, field in fields.items() if field.type in NUMERIC} | _NUMERIC_COLUMNS | _SESSION_NUMBERS
    known = set(fields) | STANDARD_NAMES | {column.name for column in SESSION_COLUMNS}
    if measure.sum is not None and measure.sum not in numbers:
        if measure.sum in known:
            yield ((*path, "sum"), "DKD214", f"{measure.sum!r} is not a number", "sum a numeric field")
        else:
            yield ((*path, "sum"), "DKD213", *unknown("field", measure.sum, numbers))
    if measure.count_distinct is not None and measure.count_distinct not in known:
        yield ((*path, "count_distinct"), "DKD213", *unknown("field", measure.count_distinct, known))
    yield from _together(model, path, measure, known)
    for index, part in enumerate(measure.ratio or ()):
        if part not in model.measures:
            yield ((*path, "ratio", index), "DKD213", *unknown("measure", part, set(model.measures)))
        elif model.measures[part].ratio is not None:
            yield ((*path, "ratio", index), "DKD219", f"{part!r} is a ratio itself", "divide plain measures")
    for name, value in measure.where.items():
        if name not in known:
            yield ((*path, "where", name), "DKD213", *unknown("field", name, known))
        if name == "event" and value not in model.events:
            yield ((*path, "where", name), "DKD213", *unknown("event", str(value), set(model.events)))


def _together(model: Model, path: Path, measure: Measure, known: set[str]) -> Iterator[Finding]:
    """A measure is counted in one datasource, which has to have all that it needs."""
    needs = {*measure.where, *(name for name in (measure.sum, measure.count_distinct) if name is not None)}
    kinds = {
        "events": {column.name for column in event_columns(model)},
        "sessions": {column.name for column in SESSION_COLUMNS},
    }
    asked = kinds if measure.count is None else {measure.count: kinds[measure.count]}
    if needs <= known and not any(needs <= names for names in asked.values()):
        problem = f"{' and '.join(asked)} have not all of {', '.join(sorted(needs))}"
        yield (path, "DKD219", problem, "count what events hold, or what sessions hold")
