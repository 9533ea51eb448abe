"""What somebody wants to know, in the model's words: measures, splits, filters and an interval, as one frozen value."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, Discriminator, Tag, model_validator
from pydantic import Field as Option

from dkd.model.types import Duration, Frozen, Name, Scalar

Grain = Literal["PT1M", "PT5M", "PT15M", "PT1H", "P1D", "P1W", "P1M", "P3M", "P1Y"]
"""Width of a time bucket as an ISO 8601 period; hours and longer follow the question's zone, weeks begin on Monday."""

MOST_GROUPS = 1_000
_LONGEST = timedelta(days=36_525)


def zone_name(name: str) -> str:
    """*name*, when it is a time zone's.

    Raises:
        ValueError: When there is none of that name.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; write an IANA name such as Europe/Amsterdam") from error
    return name


def _utc(moment: datetime) -> datetime:
    if not 1900 < moment.year < 2200:
        raise ValueError(f"the year {moment.year} is not between 1900 and 2200")
    whole_ms = moment.microsecond // 1000 * 1000
    return moment.astimezone(UTC).replace(microsecond=whole_ms)


Zone = Annotated[str, AfterValidator(zone_name)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Interval(Frozen):
    """From *start* up to, and without, *end*; both UTC, whole milliseconds."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _in_order(self) -> "Interval":
        if self.start >= self.end:
            raise ValueError(f"the interval ends at {self.end:%Y-%m-%d %H:%M}, which is not after its start")
        if self.end - self.start > _LONGEST:
            raise ValueError("the interval is longer than 100 years")
        return self


class Last(Frozen):
    """The newest stretch of the data, such as ``7d``; :func:`dkd.query.periods.fixed` says which interval that is."""

    last: Duration

    @model_validator(mode="after")
    def _some(self) -> "Last":
        if self.last < timedelta(minutes=1):
            raise ValueError("the last minute is the shortest stretch that can be asked for")
        return self


def _which(value: object) -> str:
    return "newest" if isinstance(value, Last) or (isinstance(value, dict) and "last" in value) else "fixed"


class Filter(Frozen):
    """Keep the events whose *dimension* has one of *values*; with *exclude*, those that have none of them.

    An event without a value matches None only, so excluding ``NL`` keeps the events without a country.
    """

    dimension: Name
    values: tuple[Scalar, ...] = Option(min_length=1)
    exclude: bool = False


class Split(Frozen):
    """One row for each of the first *limit* values of *dimension*, and one for all the others together.

    Attributes:
        sort: The measure that ranks the values; None takes the question's first.
        ascending: The smallest first.
    """

    dimension: Name
    limit: Annotated[int, Option(ge=1, le=MOST_GROUPS)] = 10
    sort: Name | None = None
    ascending: bool = False


class Question(Frozen):
    """One question; equal questions give equal SQL.

    Attributes:
        measures: Names of the model's measures, one or more.
        interval: Which time; every question has one.
        splits: Dimensions to split by; without any there is one row for each time bucket.
        filters: All of them hold at once.
        grain: Width of the time buckets; None for no split by time.
        zone: Where days, weeks and hours begin.
        compare: ``previous`` sets beside each number the one of the period before, of the same length.
        with_bots: Count automated visitors too.
    """

    measures: tuple[Name, ...] = Option(min_length=1)
    interval: Annotated[Annotated[Interval, Tag("fixed")] | Annotated[Last, Tag("newest")], Discriminator(_which)]
    splits: tuple[Split, ...] = ()
    filters: tuple[Filter, ...] = ()
    grain: Grain | None = None
    zone: Zone = "UTC"
    compare: Literal["previous"] | None = None
    with_bots: bool = False

    @property
    def span(self) -> Interval:
        """The interval in fixed moments.

        Raises:
            ValueError: While it is still the last hours or days; see :func:`dkd.query.periods.fixed`.
        """
        if isinstance(self.interval, Last):
            raise ValueError("the interval is not fixed yet")
        return self.interval

    @model_validator(mode="after")
    def _each_once(self) -> "Question":
        for what, names in (("measure", self.measures), ("split", tuple(s.dimension for s in self.splits))):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{what} {twice!r} stands twice")
        return self
