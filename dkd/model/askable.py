"""Model → what a datasource can be asked by: its columns, and the dimensions that can be computed from them."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from dkd.model.columns import SESSION_COLUMNS, Column, ColumnType, event_columns
from dkd.model.dimensions import Dimension
from dkd.model.measures import Condition, Measure, Where
from dkd.model.pattern import compiled
from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.model.types import Scalar
from dkd.model.values import number_text

Kind = Literal["events", "sessions"]

ROW_TIME: dict[Kind, str] = {"events": "timestamp_ms", "sessions": "start_ms"}
"""The column that is the row's time in Druid; questions split by it with a grain, and by its parts."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def stored_columns(model: Model, kind: Kind) -> dict[str, Column]:
    """What Druid stores of an event or of a session, by name; also its time."""
    return {column.name: column for column in (event_columns(model) if kind == "events" else SESSION_COLUMNS)}


def askable(model: Model, kind: Kind) -> dict[str, Column]:
    """What can be split by, filtered on and counted: the columns but the row's time, then the computed dimensions."""
    stored = stored_columns(model, kind)
    found = {name: column for name, column in stored.items() if name != ROW_TIME[kind]}
    for name, dimension in model.dimensions.items():
        if stored.keys() >= set(dimension.columns):
            found[name] = Column(name, type_of(dimension, stored), dimension.description or "")
    return found


def type_of(dimension: Dimension, stored: dict[str, Column]) -> ColumnType:
    """The type of its values; *stored* has its columns."""
    if dimension.first_of:
        return stored[dimension.first_of[0]].type
    return "long" if dimension.part in ("hour", "day") else "string"


def values_of(dimension: Dimension) -> tuple[str, ...] | None:
    """The only texts that it can be, in their order; None where that depends on the data."""
    if dimension.bands is not None:
        return tuple(band_labels(dimension.bands))
    if dimension.groups is not None and dimension.other is not None:
        return tuple(dict.fromkeys((*dimension.groups, dimension.other)))
    return {"weekday": DAYS, "month": MONTHS}.get(dimension.part or "")


def band_labels(bands: tuple[int | float, ...]) -> list[str]:
    """Names of the bands that *bands* are the limits of: one more than there are limits."""
    texts = [number_text(limit) for limit in bands]
    between = [f"{low} to below {high}" for low, high in pairwise(texts)]
    return [f"below {texts[0]}", *between, f"{texts[-1]} or more"]


def group_of(dimension: Dimension) -> int:
    """Which group of a pattern is the value."""
    if dimension.group is not None or dimension.match is None:
        return dimension.group or 0
    return min(compiled(dimension.match).groups, 1)


def needs(measure: Measure) -> frozenset[str]:
    """Names of what a measure reads of an event or of a session."""
    named = (measure.sum, measure.count_distinct, measure.quantile)
    return frozenset((*measure.where, *(name for name in named if name is not None)))


def reads(model: Model, measure: Measure) -> list[str]:
    """Names of the columns that a measure reads, also of those that its dimensions are computed from."""
    found = [model.dimensions[name].columns if name in model.dimensions else (name,) for name in sorted(needs(measure))]
    return list(dict.fromkeys(name for names in found for name in names))


def asked_values(where: Where) -> Iterator[tuple[Path, Scalar]]:
    """The values of a measure's ``where`` that have to be values of its column, each with its place in it."""
    if isinstance(where, Condition):
        # One value or a list of them is the same to the type, but not to the place in the file.
        yield from ((("not",), value) for value in where.excluded)
    elif isinstance(where, tuple):
        yield from (((at,), value) for at, value in enumerate(where))
    else:
        yield (), where
