"""Dimensions that Druid computes from columns, as frozen types: bands, groups, patterns, parts of a time, first of."""

from typing import Annotated, Literal

from pydantic import Field as Option

from dkd.model.types import Frozen, Name, Number

TimePart = Literal["hour", "weekday", "day", "month"]
Label = Annotated[str, Option(min_length=1, max_length=100)]


class Dimension(Frozen):
    """A dimension computed from columns: exactly one of bands, groups, match, part and first_of."""

    source: Name | None = Option(
        None, alias="from", description="the column; of part the default is the time of the event, or of the session"
    )
    bands: Annotated[tuple[Number, ...], Option(min_length=1)] | None = Option(
        None, description="limits between bands of numbers, least first; a limit belongs to the band above it"
    )
    groups: Annotated[dict[Label, tuple[str | None, ...]], Option(min_length=1)] | None = Option(
        None, description="values of a text by the name of their group; null is no value at all"
    )
    other: Label | None = Option(
        None, description="with groups: the name for values of no group; default: each stays as it is"
    )
    match: Annotated[str, Option(min_length=1, max_length=500)] | None = Option(
        None, description="a regular expression that is looked for in a text; where it is not found there is no value"
    )
    group: Annotated[int, Option(ge=0, le=99)] | None = Option(
        None, description="with match: which of its groups is the value, 0 for all of it; default: the first, if any"
    )
    part: TimePart | None = Option(
        None, description="of a time in the question's zone: hour 0 to 23, weekday and month by name, day of the month"
    )
    first_of: Annotated[tuple[Name, ...], Option(min_length=2)] | None = Option(
        None, description="columns of one type; the value of the first that has one"
    )
    description: str | None = Option(None, description="what it means, for people")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that it is computed from; none for a part of the row's own time."""
        return self.first_of or ((self.source,) if self.source is not None else ())
