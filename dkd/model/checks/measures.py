"""Measures → those that lead nowhere, need what no datasource has, or ask for what no value can be."""

from collections.abc import Iterator

from dkd.model.askable import askable, asked_values, needs, values_of
from dkd.model.checks.finding import Finding
from dkd.model.columns import Column
from dkd.model.measures import Condition, Measure, Where
from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.model.types import NUMERIC, Scalar
from dkd.model.values import stored
from dkd.model.words import unknown

_KINDS = ("count", "sum", "count_distinct", "quantile", "ratio")


def measures(model: Model) -> Iterator[Finding]:
    """Measures without one clear kind, and those that name what is not there."""
    kinds = {"events": askable(model, "events"), "sessions": askable(model, "sessions")}
    # A field that is dropped is a name too, though no datasource has it.
    named = {
        name: Column(name, "double" if one.type in NUMERIC else "string", "") for name, one in model.all_fields.items()
    }
    known = {**named, **kinds["sessions"], **kinds["events"]}
    for name, measure in model.measures.items():
        path: Path = ("measures", name)
        given = [kind for kind in _KINDS if getattr(measure, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            yield (path, "DKD219", f"a measure has one of {', '.join(_KINDS)}; found {found}", "keep one")
        yield from _columns(path, measure, known)
        yield from _quantile(path, measure)
        yield from _together(path, measure, kinds, known)
        yield from _divided(model, path, name, measure)
        for column, where in measure.where.items():
            yield from _where(model, (*path, "where", column), known.get(column), column, where, known)


def _columns(path: Path, measure: Measure, known: dict[str, Column]) -> Iterator[Finding]:
    numbers = {name for name, column in known.items() if column.type in ("long", "double")}
    for kind in ("sum", "quantile"):
        name = getattr(measure, kind)
        if name is None or name in numbers:
            continue
        if name in known:
            verb = "sum" if kind == "sum" else "name"
            yield ((*path, kind), "DKD214", f"{name!r} is not a number", f"{verb} a numeric field")
        else:
            yield ((*path, kind), "DKD213", *unknown("field", name, numbers))
    if measure.count_distinct is not None and measure.count_distinct not in known:
        yield ((*path, "count_distinct"), "DKD213", *unknown("field", measure.count_distinct, set(known)))


def _quantile(path: Path, measure: Measure) -> Iterator[Finding]:
    if measure.quantile is not None and measure.at is None:
        yield (path, "DKD219", "a quantile needs at", "add at: 0.5 for the median, or at: 0.95")
    if measure.quantile is None and measure.at is not None:
        yield ((*path, "at"), "DKD219", "at is an option of quantile", "remove it")


def _together(
    path: Path, measure: Measure, kinds: dict[str, dict[str, Column]], known: dict[str, Column]
) -> Iterator[Finding]:
    """A measure is counted in one datasource, which has to have all that it needs."""
    wanted = needs(measure)
    asked = kinds if measure.count is None else {measure.count: kinds[measure.count]}
    if wanted <= known.keys() and not any(wanted <= names.keys() for names in asked.values()):
        problem = f"{' and '.join(asked)} have not all of {', '.join(sorted(wanted))}"
        yield (path, "DKD219", problem, "count what events hold, or what sessions hold")


def _divided(model: Model, path: Path, name: str, measure: Measure) -> Iterator[Finding]:
    """The parts of a ratio, and what a measure is divided by, are plain measures."""
    parts: list[tuple[Path, str]] = [((*path, "ratio", at), part) for at, part in enumerate(measure.ratio or ())]
    if measure.per is not None:
        parts.append(((*path, "per"), measure.per))
    for at, part in parts:
        other = model.measures.get(part)
        if other is None:
            yield (at, "DKD213", *unknown("measure", part, set(model.measures) - {name}))
        elif part == name:
            yield (at, "DKD219", f"{part!r} cannot be divided by itself", "divide plain measures")
        elif other.ratio is not None or other.per is not None:
            yield (at, "DKD219", f"{part!r} is a ratio itself", "divide plain measures")
    if measure.ratio is not None and measure.per is not None:
        yield ((*path, "per"), "DKD219", "a ratio is divided already", "remove per")
    if measure.ratio is not None and measure.where:
        yield ((*path, "where"), "DKD219", "a ratio counts nothing itself", "give its two measures the where")


def _where(
    model: Model, path: Path, column: Column | None, name: str, where: Where, known: dict[str, Column]
) -> Iterator[Finding]:
    if column is None:
        yield (path, "DKD213", *unknown("field", name, set(known)))
        return
    if isinstance(where, Condition):
        yield from _bounds(path, column, where)
    allowed = _allowed(model, name)
    for at, value in asked_values(where):
        if isinstance(value, (bool, float)) and column.type == "string":
            # YAML takes NO for false and 1.10 for 1.1, so that Norway or a version would never be found.
            yield ((*path, *at), "DKD278", f"{name!r} is text, not {value!r}", "put the value in quotes")
            continue
        try:
            text = stored(column, value)
        except ValueError as error:
            yield ((*path, *at), "DKD278", str(error), "correct the value")
            continue
        if allowed is not None and value is not None and text not in allowed[1]:
            yield ((*path, *at), "DKD213", *unknown(allowed[0], str(value), set(map(str, allowed[1]))))


def _bounds(path: Path, column: Column, where: Condition) -> Iterator[Finding]:
    bounds = where.bounds
    if not bounds and not where.excluded:
        yield (path, "DKD278", "it asks for nothing", "add not, above, at_least, below or at_most")
    if bounds and column.type not in ("long", "double"):
        yield (path, "DKD214", f"{column.name!r} is not a number", "use a value, a list of values, or not")
    for pair in (("above", "at_least"), ("below", "at_most")):
        if bounds.keys() >= set(pair):
            yield ((*path, pair[1]), "DKD278", f"{' and '.join(pair)} are both given", "keep one of the two")
    low = max((bounds[name] for name in ("above", "at_least") if name in bounds), default=None)
    high = min((bounds[name] for name in ("below", "at_most") if name in bounds), default=None)
    is_open = "above" in bounds or "below" in bounds
    if low is not None and high is not None and (low > high or (low == high and is_open)):
        yield (path, "DKD278", f"no number lies between {low} and {high}", "exchange them, or widen the two")


def _allowed(model: Model, name: str) -> tuple[str, tuple[Scalar, ...]] | None:
    """What the values of a column are called, and all that there can be; None where anything can."""
    if name == "event":
        return "event", tuple(model.events)
    field, dimension = model.all_fields.get(name), model.dimensions.get(name)
    if field is not None and field.type == "enum" and field.privacy == "keep":
        return f"value of {name}", field.values
    labels = values_of(dimension) if dimension is not None else None
    return None if labels is None else (f"value of {name}", labels)
