"""What somebody wants to know, in the model's words: measures, splits, filters and an interval, as one frozen value."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Discriminator, Tag, model_validator
from pydantic import Field as Option

from dkd.model.types import Duration, Frozen, Name, Scalar, Zone, zone_name

Grain = Literal["PT1M", "PT5M", "PT15M", "PT1H", "P1D", "P1W", "P1M", "P3M", "P1Y"]
"""Width of a time bucket as an ISO 8601 period; hours and longer follow the question's zone, weeks begin on Monday."""

TIME = "time"
"""What a filter calls the moment of the event, or of the session's start."""
MOST_GROUPS = 1_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST = timedelta(days=36_525)


def local_moment(text: str, zone: str) -> datetime:
    """A date, or a date and a time, on the zone's clock, as UTC; one with its own distance from UTC is taken as it is.

    Raises:
        ValueError: When *text* is neither, or *zone* no zone.
    """
    place = ZoneInfo(zone_name(zone))
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=place)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is neither a date nor a date and a time") from error


def _no_text(value: object) -> object:
    """A bound as it is; the question has made a number of each local time."""
    if isinstance(value, str) and _DATE.match(value):
        raise ValueError(f"{value!r} is neither a date nor a date and a time")
    return value


def _utc(moment: datetime) -> datetime:
    if not 1900 < moment.year < 2200:
        raise ValueError(f"the year {moment.year} is not between 1900 and 2200")
    whole_ms = moment.microsecond // 1000 * 1000
    return moment.astimezone(UTC).replace(microsecond=whole_ms)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Bound = Annotated[int | float, BeforeValidator(_no_text), Option(allow_inf_nan=False)]
Text = Annotated[str, Option(min_length=1, max_length=500)]
FilterForm = Literal["values", "contains", "matches", "ranges"]
FORMS: tuple[FilterForm, ...] = ("values", "contains", "matches", "ranges")


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


class Range(Frozen):
    """From *at_least* up to, and without, *below*; an end that is not given is open."""

    at_least: Bound | None = None
    below: Bound | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        if self.at_least is None and self.below is None:
            raise ValueError("a range has at_least, or below, or both")
        if self.at_least is not None and self.below is not None and not self.at_least < self.below:
            raise ValueError(f"the range ends at {self.below}, which is not above {self.at_least}")
        return self


class Filter(Frozen):
    """Keep the events whose *dimension* is as one of the four forms says; with *exclude*, all the other events.

    An event without a value matches the value None only, so excluding ``NL`` keeps the events without a country.

    Attributes:
        dimension: A column, a computed dimension, or ``time``: when the event, or the session's start, happened.
        values: It is one of these.
        contains: Its text has this in it, in capitals or not.
        matches: This regular expression of Java finds something in its text.
        ranges: It lies in one of these; milliseconds since 1970 for times.
    """

    dimension: Name
    values: tuple[Scalar, ...] = ()
    contains: Text | None = None
    matches: Text | None = None
    ranges: tuple[Range, ...] = ()
    exclude: bool = False

    @property
    def form(self) -> FilterForm:
        """The form that is given."""
        return next(name for name in FORMS if getattr(self, name) not in ((), None))

    @model_validator(mode="after")
    def _one_form(self) -> "Filter":
        given = [name for name in FORMS if getattr(self, name) not in ((), None)]
        if len(given) != 1:
            raise ValueError(f"a filter has exactly one of {', '.join(FORMS)}")
        return self


class Having(Frozen):
    """Give a row only to the values of a split whose *measure* lies in *range*; all the rest are among the others.

    Below a nested split's parent the number is that below the parent. Without a split it says nothing.
    """

    measure: Name
    range: Range


class Split(Frozen):
    """One row for each of the first *limit* values of *dimension*, and one for all the others together.

    Attributes:
        bucket: Width of the buckets that numbers are put into, the first of which begins at 0; None for each number.
        sort: The measure that ranks the values; None takes the question's first.
        by: Rank by its value, by the one it is compared with, or by the difference of the two.
        ascending: The smallest first.
        nested: Rank within each value of the splits before it, not over all.
    """

    dimension: Name
    limit: Annotated[int, Option(ge=1, le=MOST_GROUPS)] = 10
    bucket: Annotated[float, Option(gt=0, allow_inf_nan=False)] | None = None
    sort: Name | None = None
    by: Literal["value", "previous", "delta"] = "value"
    ascending: bool = False
    nested: bool = False


class Question(Frozen):
    """One question; equal questions give equal SQL.

    Attributes:
        measures: Names of the model's measures, one or more.
        interval: Which time; every question has one.
        splits: Dimensions to split by; without any there is one row for each time bucket.
        filters: All of them hold at once.
        having: What the numbers of a row must be; all of them hold at once.
        grain: Width of the time buckets; None for no split by time.
        zone: Where days, weeks and hours begin.
        compare: Sets beside each number the one of another period of the same length: the one just before, the nearest
            before that begins on the same weekday, or the same dates of the year before.
        against: Sets beside each number the one of the same interval with these filters in place of *filters*.
        with_bots: Count automated visitors too.
    """

    measures: tuple[Name, ...] = Option(min_length=1)
    interval: Annotated[Annotated[Interval, Tag("fixed")] | Annotated[Last, Tag("newest")], Discriminator(_which)]
    splits: tuple[Split, ...] = ()
    filters: tuple[Filter, ...] = ()
    having: tuple[Having, ...] = ()
    grain: Grain | None = None
    zone: Zone = "UTC"
    compare: Literal["previous", "weekday", "year"] | None = None
    against: tuple[Filter, ...] | None = None
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

    @model_validator(mode="before")
    @classmethod
    def _times(cls, tree: Any) -> Any:
        """Ranges may be written as local times, as people do in YAML; they become milliseconds."""
        if not isinstance(tree, dict):
            return tree
        zone = str(tree.get("zone", "UTC"))
        given = {key: tree[key] for key in ("filters", "against") if isinstance(tree.get(key), list | tuple)}
        return {**tree, **{key: [_timed(one, zone) for one in filters] for key, filters in given.items()}}

    @model_validator(mode="after")
    def _each_once(self) -> "Question":
        for what, names in (("measure", self.measures), ("split", tuple(s.dimension for s in self.splits))):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{what} {twice!r} stands twice")
        if self.compare is not None and self.against is not None:
            raise ValueError("compare with another period, or against other filters, not both")
        if self.compare is None and self.against is None and any(one.by != "value" for one in self.splits):
            raise ValueError("a split is ranked by a difference, but nothing is compared")
        return self


def _timed(tree: Any, zone: str) -> Any:
    """A filter's plain values with milliseconds for each local time in its ranges; anything else as it is."""
    if not isinstance(tree, dict) or not isinstance(tree.get("ranges"), list | tuple):
        return tree
    ranges = [
        {name: _in_ms(value, zone) for name, value in one.items()} if isinstance(one, dict) else one
        for one in tree["ranges"]
    ]
    return {**tree, "ranges": ranges}


def _in_ms(value: Any, zone: str) -> Any:
    # YAML makes a date of 2026-11-01.
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str) or not _DATE.match(text):
        return value
    try:
        return (local_moment(text, zone) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except ValueError:
        # The range, or the zone, says so in its place.
        return text
