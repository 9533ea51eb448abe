"""What a measure, or a computed dimension, means: all of it, in one line."""

from collections.abc import Iterable

from dkd.model.askable import band_labels, group_of
from dkd.model.columns import PARTY_NUMBER
from dkd.model.dimensions import Dimension
from dkd.model.measures import Condition, Measure, Where
from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.model.values import number_text, text_of
from dkd.query.measure import RANK_ERROR, SKETCH_EXACT, SKETCH_K, SKETCH_SIZE, unit_of


def definition(model: Model, name: str) -> str:
    """What the measure *name* means, in one line."""
    measure = model.measures[name]
    text = _counted(model, measure)
    if measure.where:
        text += f" where {' and '.join(_where(column, wanted) for column, wanted in measure.where.items())}"
    if measure.quantile is not None:
        text += (
            f"; {100 * (measure.at or 0.5):g} % of the numbers are not greater; none without any; from "
            f"{SKETCH_EXACT:,} on an estimate (k = {SKETCH_K:,}) whose rank is off by {100 * RANK_ERROR:.2f} % at most"
        )
    if measure.per is not None:
        text += f"; divided by {measure.per}, none where {measure.per} is 0"
    return text + _described(measure)


def computed(model: Model, name: str) -> str:
    """How the dimension *name* is computed, in one line; empty for a column."""
    dimension = model.dimensions.get(name)
    return "" if dimension is None else _computed(dimension) + _described(dimension)


def _described(thing: Measure | Dimension) -> str:
    return f" ({thing.description})" if thing.description else ""


def _counted(model: Model, measure: Measure) -> str:
    if measure.ratio is not None:
        return f"{measure.ratio[0]} / {measure.ratio[1]}; none where {measure.ratio[1]} is 0"
    if measure.count_distinct is not None:
        of = "party_id" if measure.count_distinct == PARTY_NUMBER else measure.count_distinct
        # A sketch passes over empty text, as over null.
        return f"number of different {of} but for empty text, with an error above {SKETCH_SIZE:,}"
    if measure.quantile is not None:
        name = "median" if measure.at == 0.5 else f"{measure.at:g} quantile"
        return f"{name} of {_with_unit(model, measure.quantile)}"
    if measure.sum is not None:
        return f"sum of {_with_unit(model, measure.sum)}"
    return f"number of {measure.count}"


def _with_unit(model: Model, column: str) -> str:
    unit = unit_of(model, column)
    return f"{column} in {unit}" if unit else column


def _where(name: str, wanted: Where) -> str:
    if isinstance(wanted, tuple):
        return f"{name} is {_listed(wanted, ' or ')}"
    if not isinstance(wanted, Condition):
        return f"{name} = {_said(wanted)}"
    found = [f"{name} is {limit.replace('_', ' ')} {number_text(value)}" for limit, value in wanted.bounds.items()]
    if wanted.excluded:
        found.append(f"{name} is not {_listed(wanted.excluded, ' or ')}")
    return " and ".join(found)


def _computed(dimension: Dimension) -> str:
    name = dimension.source
    if dimension.bands is not None:
        return f"{name} in bands: {', '.join(band_labels(dimension.bands))}"
    if dimension.groups is not None:
        groups = "; ".join(f"{label} = {_listed(values, ', ')}" for label, values in dimension.groups.items())
        other = f"every other value is {_said(dimension.other)}" if dimension.other else "other values stay"
        return f"{name} in groups: {groups}; {other}"
    if dimension.match is not None:
        group = group_of(dimension)
        what = f"group {group}" if group else "all"
        return f"{what} of what {dimension.match} finds in {name}, none where it finds nothing"
    if dimension.part is not None:
        part = {"day": "day of the month"}.get(dimension.part, dimension.part)
        return f"{part} of {name or 'its time'}, in the question's zone"
    return f"the first of {', '.join(dimension.first_of or ())} that has a value"


def _listed(values: Iterable[Scalar], between: str) -> str:
    return between.join(map(_said, values))


def _said(value: Scalar) -> str:
    if value is None:
        return "none"
    return repr(value) if isinstance(value, str) else text_of(value)
