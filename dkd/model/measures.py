"""Measures of the model as frozen types: what is counted, of which events or sessions, and divided by what."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Tag
from pydantic import Field as Option

from dkd.model.types import Frozen, Name, Number, Scalar, Value


def _listed(value: object) -> object:
    return value if isinstance(value, tuple) else (value,)


class Condition(Frozen):
    """What a value has to be where it is not one of a list; all that is given holds at once.

    Where there is no value only ``not`` can hold, and does unless null is one of its values.
    """

    is_not: Annotated[Scalar | tuple[Scalar, ...], AfterValidator(_listed)] = Option(
        (), alias="not", description="a value, or a list of values, none of which it is; null is no value at all"
    )
    above: Number | None = Option(None, description="it is a number greater than this")
    at_least: Number | None = Option(None, description="it is this number or a greater one")
    below: Number | None = Option(None, description="it is a number less than this")
    at_most: Number | None = Option(None, description="it is this number or a lesser one")

    @property
    def excluded(self) -> tuple[Scalar, ...]:
        """The values that it may not be."""
        return self.is_not if isinstance(self.is_not, tuple) else (self.is_not,)

    @property
    def bounds(self) -> dict[str, int | float]:
        """The limits that are given, by name."""
        found = {name: getattr(self, name) for name in ("above", "at_least", "below", "at_most")}
        return {name: value for name, value in found.items() if value is not None}


def _form(value: object) -> str:
    if isinstance(value, dict | Condition):
        return "condition"
    return "values" if isinstance(value, list | tuple) else "value"


Where = Annotated[
    Annotated[Value, Tag("value")]
    | Annotated[Annotated[tuple[Scalar, ...], Option(min_length=1)], Tag("values")]
    | Annotated[Condition, Tag("condition")],
    Discriminator(_form),
]
"""A value, a list of values of which it has to be one, or other conditions."""


class Measure(Frozen):
    """A number computed over events or sessions: exactly one of count, sum, count_distinct, quantile and ratio."""

    count: Literal["events", "sessions"] | None = Option(None, description="how many events, or sessions, there are")
    sum: Name | None = Option(None, description="a column whose numbers are added up")
    count_distinct: Name | None = Option(None, description="a column or dimension whose different values are counted")
    quantile: Name | None = Option(None, description="a column of numbers; at says which of them, in order of size")
    at: Annotated[float, Option(gt=0, lt=1)] | None = Option(
        None, description="with quantile: the part of the numbers that are not greater, 0.5 for the median"
    )
    ratio: tuple[Name, Name] | None = Option(None, description="two measures, the first divided by the second")
    per: Name | None = Option(None, description="a measure that this one is divided by")
    where: dict[Name, Where] = Option(
        {}, description="count only events, or sessions, whose column or dimension has this value, or one of these"
    )
    description: str | None = Option(None, description="what it means, for people")
