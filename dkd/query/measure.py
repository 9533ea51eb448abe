"""A measure of the model → SQL over one datasource, how sure its numbers are, and its definition in words."""

import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dkd.model.columns import Column
from dkd.model.schema import Measure, Model
from dkd.query.question import Scalar
from dkd.systems.druid.render import KINDS, Kind, columns_of

SKETCH_SIZE = 16_384
"""Distinct counts are exact up to so many values; above, they are estimates with an error."""
SIGMAS = 3
"""Width of the printed error: the true number lies within it 997 times of 1000."""


@dataclass(frozen=True)
class Sql:
    """A piece of SQL and a value for each ``?`` in it, in order."""

    text: str
    parameters: tuple[object, ...] = ()


def columns(model: Model, kind: Kind) -> dict[str, Column]:
    """Columns of a datasource by name: what can be split by and filtered on."""
    return {column.name: column for column in columns_of(model, kind)}


def dimensions(model: Model) -> dict[str, Column]:
    """Every column of events and sessions by name, those of events first."""
    return {**columns(model, "sessions"), **columns(model, "events")}


def kind_of(model: Model, measure: Measure) -> Kind | None:
    """The datasource that holds all that *measure* needs, events first; None for a ratio and where none does."""
    if measure.ratio is not None:
        return None
    needs = {*measure.where, *(name for name in (measure.sum, measure.count_distinct) if name is not None)}
    kinds: tuple[Kind, ...] = KINDS if measure.count is None else (measure.count,)
    return next((kind for kind in kinds if needs <= columns(model, kind).keys()), None)


def plain(model: Model, name: str) -> tuple[str, ...]:
    """Names of the measures that *name* is computed from: itself, or the two parts of a ratio."""
    return model.measures[name].ratio or (name,)


def expression(model: Model, name: str) -> Sql:
    """The aggregation of a measure that is no ratio; a distinct count answers its estimate and bounds as JSON text."""
    measure = model.measures[name]
    where = condition(model, measure)
    only = f" FILTER (WHERE {where.text})" if where.text else ""
    if measure.count_distinct is not None:
        sketch = f"DS_THETA({quoted(measure.count_distinct)}, {SKETCH_SIZE}){only}"
        text = f"THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS({sketch}, {SIGMAS})"
    else:
        # The sum of nothing is 0, also where it is ranked.
        text = f"COUNT(*){only}" if measure.sum is None else f"COALESCE(SUM({quoted(measure.sum)}){only}, 0)"
    return Sql(text, where.parameters)


def rank(model: Model, name: str) -> Sql:
    """What to order by so that values come in the order of the measure *name*, which may be a ratio."""
    parts = [_plain_rank(model, part) for part in plain(model, name)]
    if len(parts) == 1:
        return parts[0]
    return Sql(f"{parts[0].text} * 1.0 / NULLIF({parts[1].text}, 0)", parts[0].parameters + parts[1].parameters)


def definition(model: Model, name: str) -> str:
    """What a measure means, in one line."""
    measure = model.measures[name]
    if measure.ratio is not None:
        text = f"{measure.ratio[0]} / {measure.ratio[1]}; none where {measure.ratio[1]} is 0"
    elif measure.count_distinct is not None:
        # A sketch passes over empty text, as over null.
        text = f"number of different {measure.count_distinct} but for empty text, with an error above {SKETCH_SIZE:,}"
    elif measure.sum is not None:
        unit = unit_of(model, measure.sum)
        text = f"sum of {measure.sum}{f' in {unit}' if unit else ''}"
    else:
        text = f"number of {measure.count}"
    where = " and ".join(f"{key} = {_said(value)}" for key, value in measure.where.items())
    return f"{text}{f' where {where}' if where else ''}{f' ({measure.description})' if measure.description else ''}"


def unit_of(model: Model, column: str) -> str:
    """The unit of a column's numbers; a session's conversion_value has that of the values it adds up, if they agree."""
    sessions = model.enrich.sessions
    values = [one.value for one in sessions.conversions if one.value] if sessions else []
    names = values if column == "conversion_value" else [column]
    units = {field.unit or "" for name in names if (field := model.all_fields.get(name))}
    return units.pop() if len(units) == 1 else ""


def is_additive(model: Model, name: str) -> bool:
    """Whether the parts of the measure add up to its total."""
    measure = model.measures[name]
    return measure.count is not None or measure.sum is not None


def condition(model: Model, measure: Measure) -> Sql:
    """What has to hold for an event or a session to count; empty text for all of them."""
    kind = kind_of(model, measure) or "events"
    known = columns(model, kind)
    parts = [f"{quoted(name)} = ?" for name in measure.where]
    return Sql(" AND ".join(parts), tuple(stored(known[name], value) for name, value in measure.where.items()))


def stored(column: Column, value: Scalar) -> Scalar:
    """*value* as Druid holds it: a flag is 1 or 0, text of a number is that number.

    Raises:
        ValueError: When the column cannot hold it.
    """
    if value is None:
        return None
    if column.type == "boolean":
        flags: dict[object, int] = {True: 1, False: 0, "true": 1, "false": 0, "1": 1, "0": 0}
        if value not in flags:
            raise ValueError(f"{column.name} is true or false, not {value!r}")
        return flags[value]
    if column.type in ("long", "double"):
        number = _number(value)
        is_whole = abs(number) < 2**63 and number == int(number)
        if not (is_whole if column.type == "long" else math.isfinite(number)):
            raise ValueError(f"{column.name} is a {'whole ' * (column.type == 'long')}number, not {value!r}")
        return int(number) if column.type == "long" else float(number)
    return _text(value)


def held(column: Column, value: Any) -> Scalar:
    """What a value of Druid's means: 1 in a flag is true."""
    found: Scalar = bool(value) if column.type == "boolean" and value is not None else value
    return found


def quoted(name: str) -> str:
    """An identifier of SQL; *name* must be one of the model's."""
    return f'"{name}"'


def near(name: str, known: list[str]) -> str:
    """Advice for a name that is not known: the nearest ones, or else some that are."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are: {', '.join(known[:12]) or 'none'}{', …' if len(known) > 12 else ''}"


def _plain_rank(model: Model, name: str) -> Sql:
    measure = model.measures[name]
    if measure.count_distinct is None:
        return expression(model, name)
    where = condition(model, measure)
    only = f" FILTER (WHERE {where.text})" if where.text else ""
    return Sql(
        f"APPROX_COUNT_DISTINCT_DS_THETA({quoted(measure.count_distinct)}, {SKETCH_SIZE}){only}", where.parameters
    )


def _text(value: Scalar) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _number(value: Scalar) -> int | float:
    """The number that *value* is or spells; NaN where it is none."""
    try:
        return int(value) if isinstance(value, str) else value or 0
    except ValueError:
        pass
    try:
        return float(value or 0)
    except ValueError:
        return math.nan


def _said(value: Scalar) -> str:
    return repr(value) if isinstance(value, str) else _text(value)
