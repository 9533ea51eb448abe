"""An answer and what is known about it → its rows' names, numbers and order, as every picture shows them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from dkd.explore import words
from dkd.explore.view import View
from dkd.model.askable import values_of
from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.dimension import dimensions
from dkd.query.measure import is_additive, parts
from dkd.query.number import Number

Json = dict[str, Any]
Place = tuple[Any, ...]
"""Where a row stands: the start of its bucket, where there is one, then its values."""


@dataclass(frozen=True)
class Look:
    """An answer and what is known about it.

    Attributes:
        totals: By measure, over the whole interval.
        compares: There are numbers to compare with.
        end: Where the interval ends.
        steps: By time, the numbers of all values together, where they are known; in the order of the answer.
    """

    model: Model
    view: View
    answer: Answer
    totals: Mapping[str, Cell]
    compares: bool
    end: datetime
    steps: Mapping[datetime, Sequence[Cell]] = field(default_factory=dict)

    @property
    def at(self) -> int:
        """Where the drawn measure stands in the answer's cells."""
        return self.answer.question.measures.index(self.view.shown)

    @property
    def shown(self) -> tuple[str, ...]:
        """The answer's measures in the order of the view."""
        return tuple(name for name in self.view.question.measures if name in self.answer.question.measures)

    @cached_property
    def parents(self) -> Mapping[Place, Sequence[Cell]]:
        """What was asked of several rows together, by the place of their parent; a place in time has only its steps."""
        if self.has_time:
            return {(time,): cells for time, cells in self.steps.items()}
        return {row.key: row.cells for row in self.answer.subtotals}

    @cached_property
    def wholes(self) -> Mapping[Place, Sequence[Cell]]:
        """What was asked of each key over the whole interval."""
        return {row.key: row.cells for row in self.answer.subtotals}

    def whole(self, name: str, asked: Sequence[Cell] | None, under: Sequence[Cell]) -> Cell:
        """One measure of several rows: their sum where it adds up, so that parts and whole agree, else what was asked.

        None where neither is known.
        """
        if is_additive(self.model, name):
            return added(under)
        return asked[self.answer.question.measures.index(name)] if asked is not None else Cell(Number(None))

    @property
    def has_time(self) -> bool:
        """Time is a side of the answer."""
        return self.answer.question.grain is not None


def place_of(look: Look, row: Row) -> Place:
    """Where *row* stands."""
    return (row.time, *row.key) if look.has_time else row.key


def named(look: Look, place: Place, *, is_deep: bool = False) -> Json:
    """What a row is called, and the values that a click on it means: its label is that of its last value."""
    time = place[0] if look.has_time else None
    key = place[1:] if look.has_time else place
    labels = [label_of(look, at, value) for at, value in enumerate(key)]
    found: Json = {
        "key": [None if value is Others.others else value for value in key],
        "others": any(value is Others.others for value in key),
        "label": labels[-1] if labels else "",
    }
    if time is not None:
        when = words.bucket_label(time, look.answer.question.grain or "P1D", look.answer.question.zone)
        found |= {"time_ms": round(time.timestamp() * 1000), "label": found["label"] if labels else when}
        labels = [when, *labels]
    return found if is_deep or len(labels) < 2 else found | {"labels": labels}


def label_of(look: Look, at: int, value: object) -> str:
    """A value of the split at a place, as people read it."""
    split = look.answer.question.splits[at]
    if split.bucket is not None and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{_plain(value)} to {_plain(value + split.bucket)}"
    return words.value_label(value, dimensions(look.model)[split.dimension])


def number(look: Look, name: str, cell: Cell) -> Json:
    """One number as text, and what stands beside it where there is any."""
    places = words.decimals(look.model, name)
    found: Json = {"value": cell.now.value, "text": words.number_text(cell.now, places)}
    error = words.error_text(cell.now)
    if error:
        found |= {"error": error, "off": cell.now.error}
    if look.compares and cell.previous is not None:
        change, way = words.change_text(cell)
        found |= {"change": change, "way": way, "before": cell.previous.value,
                  "previous": words.number_text(cell.previous, places)}  # fmt: skip
        if cell.delta is not None:
            sign = "+" if cell.delta > 0 else ""
            found["delta"] = f"{sign}{cell.delta:,.{places}f}".replace("-", "−")
    return found


def natural(look: Look, at: int) -> Callable[[object], tuple[int, float]] | None:
    """What to sort a split's values by, where they have an order of their own; None where they only have a rank."""
    split = look.answer.question.splits[at]
    dimension = look.model.dimensions.get(split.dimension)
    known = values_of(dimension) if dimension is not None else None
    is_counted = split.bucket is not None or (dimension is not None and dimension.part is not None and known is None)
    if known is None and not is_counted:
        return None

    def order(value: object) -> tuple[int, float]:
        if value is Others.others:
            return 3, 0
        if value is None:
            return 2, 0
        if known is not None:
            return (0, known.index(str(value))) if value in known else (1, 0)
        return (0, float(value)) if isinstance(value, int | float) else (1, 0)

    return order


def nothing(look: Look, name: str) -> int | None:
    """The measure where nothing was counted: 0, and none for what is divided or has no quantile then."""
    first, *more = parts(look.model, name)
    return None if more or first.measure.quantile is not None else 0


def _plain(value: float) -> str:
    return f"{value:,.10g}"


def local_text(moment: datetime, zone: str) -> str:
    """A moment on the zone's clock, as the page's axes read it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def added(cells: Sequence[Cell]) -> Cell:
    """The sum of additive numbers."""
    before = [one.previous for one in cells if one.previous is not None]
    return Cell(_sum([one.now for one in cells]), _sum(before) if before else None)


def _sum(numbers: Sequence[Number]) -> Number:
    return Number(sum(one.value or 0 for one in numbers), sum(one.error for one in numbers))
