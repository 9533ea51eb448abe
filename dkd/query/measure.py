"""A measure of the model → its parts, and the SQL of each over one datasource."""

import struct
from difflib import get_close_matches
from typing import NamedTuple

from dkd.model.askable import Kind, needs
from dkd.model.measures import Measure
from dkd.model.schema import Model
from dkd.query.dimension import columns
from dkd.query.fragment import Sql, fits, joined, quoted
from dkd.systems.druid.render import KINDS

SKETCH_SIZE = 16_384
"""Distinct counts are exact up to so many values; above, they are estimates with an error."""
SIGMAS = 3
"""Width of the printed error: the true number lies within it 997 times of 1000."""
SKETCH_K = 1_024
SKETCH_EXACT = 2 * SKETCH_K
"""Quantiles are exact below so many numbers."""
RANK_ERROR = 1.576 / SKETCH_K**0.9726 * SIGMAS / 2.576
"""How far off the rank of a quantile may be: what DataSketches says holds 99 times of 100, made as wide as the others.

https://datasketches.apache.org/docs/Quantiles/ClassicQuantilesSketch.html
"""


class Part(NamedTuple):
    """An aggregation: a measure by itself, one of the two of a ratio, or what is divided by another measure.

    Attributes:
        name: The measure's, or ``<measure>.dividend`` where that is divided; heads its column.
        measure: What to count; neither a ratio nor divided.
        is_whole: Its values are whole numbers.
    """

    name: str
    measure: Measure
    is_whole: bool = False


def parts(model: Model, name: str) -> tuple[Part, ...]:
    """What a measure is computed from: itself alone, or two parts of which the first is divided by the second."""
    measure = model.measures[name]
    if measure.ratio is not None:
        return tuple(_part(model, part, model.measures[part]) for part in measure.ratio)
    if measure.per is None:
        return (_part(model, name, measure),)
    dividend = _part(model, f"{name}.dividend", measure.model_copy(update={"per": None}))
    return (dividend, _part(model, measure.per, model.measures[measure.per]))


def kind_of(model: Model, measure: Measure) -> Kind | None:
    """The datasource that holds all that *measure* itself needs, events first; None for a ratio and where none does."""
    if measure.ratio is not None:
        return None
    kinds: tuple[Kind, ...] = KINDS if measure.count is None else (measure.count,)
    return next((kind for kind in kinds if needs(measure) <= columns(model, kind).keys()), None)


def expression(model: Model, part: Part, also: Sql | None = None) -> Sql:
    """The aggregation; :func:`dkd.query.number.read` knows what Druid answers."""
    measure, only = part.measure, _only(model, part.measure, also)
    if measure.count_distinct is not None:
        sketch = f"DS_THETA({quoted(measure.count_distinct)}, {SKETCH_SIZE}){only.text}"
        return Sql(f"THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS({sketch}, {SIGMAS})", only.parameters)
    if measure.quantile is not None:
        return _quantile(quoted(measure.quantile), measure.at or 0.5, only)
    # The sum of nothing is 0, also where it is ranked.
    text = f"COUNT(*){only.text}" if measure.sum is None else f"COALESCE(SUM({quoted(measure.sum)}){only.text}, 0)"
    return Sql(text, only.parameters)


def rank(model: Model, name: str, also: Sql | None = None) -> Sql:
    """What to order by so that values come in the order of the measure *name*, which may be a ratio.

    Args:
        model: The site.
        name: The measure.
        also: Count only where this holds too.
    """
    found = [_rank(model, part, also) for part in parts(model, name)]
    if len(found) == 1:
        return found[0]
    return Sql(f"{found[0].text} * 1.0 / NULLIF({found[1].text}, 0)", found[0].parameters + found[1].parameters)


def is_additive(model: Model, name: str) -> bool:
    """Whether the parts of the measure add up to its total."""
    measure = model.measures[name]
    return measure.per is None and (measure.count is not None or measure.sum is not None)


def unit_of(model: Model, column: str) -> str:
    """The unit of a column's numbers; a session's conversion_value has that of the values it adds up, if they agree."""
    sessions = model.enrich.sessions
    values = [one.value for one in sessions.conversions if one.value] if sessions else []
    names = values if column == "conversion_value" else [column]
    units = {field.unit or "" for name in names if (field := model.all_fields.get(name))}
    return units.pop() if len(units) == 1 else ""


def near(name: str, known: list[str]) -> str:
    """Advice for a name that is not known: the nearest ones, or else some that are."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are: {', '.join(known[:12]) or 'none'}{', …' if len(known) > 12 else ''}"


def _part(model: Model, name: str, measure: Measure) -> Part:
    if measure.quantile is None:
        return Part(name, measure)
    column = columns(model, kind_of(model, measure) or "events").get(measure.quantile)
    return Part(name, measure, is_whole=column is not None and column.type == "long")


def _only(model: Model, measure: Measure, also: Sql | None = None) -> Sql:
    """The filter of an aggregation; empty where everything counts."""
    known = columns(model, kind_of(model, measure) or "events")
    conditions = [fits(known[name], wanted) for name, wanted in measure.where.items()]
    if also is not None:
        conditions.append(also)
    if not conditions:
        return Sql("")
    where = joined(" AND ", conditions)
    return Sql(f" FILTER (WHERE {where.text})", where.parameters)


def _quantile(name: str, at: float, only: Sql) -> Sql:
    sketch = f"DS_QUANTILES_SKETCH({name}, {SKETCH_K}){only.text}"
    ranks = (f"{max(at - RANK_ERROR, 0.0):.5f}", _float(at), f"{min(at + RANK_ERROR, 1.0):.5f}")
    found = [f"CAST(COUNT({name}){only.text} AS DOUBLE)", *(f"DS_GET_QUANTILE({sketch}, {rank})" for rank in ranks)]
    return Sql(f"ARRAY[{', '.join(found)}]", only.parameters * len(found))


def _float(rank: float) -> float:
    """*rank* in the 32 bits that Druid reads; the nearest above *rank* would be another value in order."""
    (bits,) = struct.unpack("<I", struct.pack("<f", rank))
    (read,) = struct.unpack("<f", struct.pack("<I", bits))
    if read <= rank:
        return rank
    below: float = struct.unpack("<f", struct.pack("<I", bits - 1))[0]
    return below


def _rank(model: Model, part: Part, also: Sql | None) -> Sql:
    measure, only = part.measure, _only(model, part.measure, also)
    if measure.count_distinct is not None:
        name = quoted(measure.count_distinct)
        return Sql(f"APPROX_COUNT_DISTINCT_DS_THETA({name}, {SKETCH_SIZE}){only.text}", only.parameters)
    if measure.quantile is None:
        return expression(model, part, also)
    # Of nothing the quantile is NaN, which Druid takes for the greatest number of all.
    name, at = quoted(measure.quantile), _float(measure.at or 0.5)
    found = f"APPROX_QUANTILE_DS({name}, {at}, {SKETCH_K}){only.text}"
    return Sql(f"CASE WHEN COUNT({name}){only.text} > 0 THEN {found} END", only.parameters * 2)
