"""A filter → the SQL of its condition, the words for it, and what of it a dimension cannot be asked."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dkd.errors import Problem
from dkd.model.askable import values_of
from dkd.model.columns import Column, ColumnType
from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.model.values import number_text, stored, text_of
from dkd.query.fragment import Sql, among, joined, negated, quoted
from dkd.query.measure import near
from dkd.query.question import TIME, Bound, Filter, Range
from dkd.query.searching import require_searchable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBERS: tuple[ColumnType, ...] = ("long", "double")
"""Types of columns that hold numbers."""


def condition(column: Column | None, one: Filter) -> Sql:
    """Whether a row is as *one* says; what is as good as false, as of a row without a value, is never kept.

    Args:
        column: The filter's dimension; None for ``time``.
        one: A filter without :func:`faults`.
    """
    if column is None:
        found = _any_of(_between('"__time"', one_range, _moment) for one_range in one.ranges)
    elif one.form == "values":
        found = among(column, one.values)
    elif one.form == "contains":
        found = Sql(f"ICONTAINS_STRING({quoted(column.name)}, ?)", (one.contains,))
    elif one.form == "matches":
        found = Sql(f"REGEXP_LIKE({quoted(column.name)}, ?)", (one.matches,))
    else:
        limit = _whole if column.type == "long" else float
        found = _any_of(_between(quoted(column.name), one_range, limit) for one_range in one.ranges)
    return negated(found) if one.exclude else found


def faults(model: Model, column: Column | None, one: Filter) -> Iterator[Problem]:
    """What *column*, which is None for ``time``, cannot be asked by the form or the values of *one*.

    DKD312 where the form suits no such column, DKD313 for a value that it cannot have, DKD319 for a pattern.
    """
    kind = "time" if column is None else column.type
    if one.form == "ranges" and kind not in ("time", *NUMBERS):
        problem = f"{one.dimension} is {_KINDS[kind]}, and only numbers and times have ranges"
        remedy = "give its values" if kind == "boolean" else "give values, or a text that it contains"
        yield Problem("filter", "DKD312", problem, remedy)
    elif one.form == "values" and column is None:
        yield Problem("filter", "DKD312", "time has ranges, no values", "give ranges: from when on, and below when")
    elif one.form in ("contains", "matches") and kind not in ("string", "list"):
        remedy = (
            "give its values" if kind == "boolean" else "give ranges" if column is None else "give ranges or values"
        )
        yield Problem("filter", "DKD312", f"{one.dimension} is {_KINDS[kind]}, and only a text {one.form}", remedy)
    elif one.matches is not None:
        try:
            require_searchable(one.matches)
        except ValueError as error:
            remedy = "write a pattern that Java and Python read alike, or a text that it contains"
            yield Problem("filter", "DKD319", f"{one.matches!r:.60} is no pattern for {one.dimension}: {error}", remedy)
    if column is not None:
        for value in one.values:
            yield from _value(model, column, value)


def said(one: Filter, zone: str) -> str:
    """What the filter keeps, in words; times on the zone's clock."""
    isnt = " not" if one.exclude else ""
    if one.form == "values":
        return f"{one.dimension} is{isnt} {' or '.join(map(_said, one.values))}"
    if one.form == "ranges":
        clock = zone if one.dimension == TIME or one.dimension.endswith("_ms") else None
        return f"{one.dimension} is{isnt} {' or '.join(range_text(each, clock) for each in one.ranges)}"
    verb = {"contains": "contain", "matches": "match"}[one.form]
    return f"{one.dimension} {f'does not {verb}' if one.exclude else one.form} {one.contains or one.matches!r}"


def range_text(one: Range, zone: str | None = None) -> str:
    """``from 10 to below 20``; with a zone the numbers are times on its clock."""
    texts = []
    if one.at_least is not None:
        texts.append(_limit_text(one.at_least, "from", "above", zone))
    if one.below is not None:
        words = ("to below", "to") if texts else ("below", "at most")
        texts.append(_limit_text(one.below, *words, zone))
    return " ".join(texts) if one.below is not None or texts[0].startswith("above") else f"{texts[0]} on"


_KINDS = {"string": "a text", "list": "a list of texts", "boolean": "true or false", "time": "a time"}
_KINDS |= dict.fromkeys(NUMBERS, "a number")


def _value(model: Model, column: Column, value: Scalar) -> Iterator[Problem]:
    """A value that the column cannot hold, or a label that a computed dimension never has."""
    try:
        given = stored(column, value)
    except ValueError as error:
        yield Problem("filter", "DKD313", str(error), f"give {column.name} another value")
        return
    labels = values_of(model.dimensions[column.name]) if column.name in model.dimensions else None
    if labels is not None and given is not None and given not in labels:
        yield Problem("filter", "DKD313", f"{column.name} is never {value!r}", near(str(given), list(labels)))


def _any_of(conditions: Iterator[Sql]) -> Sql:
    found = joined(" OR ", conditions)
    return Sql(f"({found.text})", found.parameters)


def _between(name: str, one: Range, limit: Callable[[Bound], object]) -> Sql:
    limits = [(">=", one.at_least), ("<", one.below)]
    given = [Sql(f"{name} {sign} ?", (limit(value),)) for sign, value in limits if value is not None]
    return joined(" AND ", given)


def _whole(value: Bound) -> int | float:
    """The bound for whole numbers: from 2.5 on is from 3 on, and below 2.5 is below 3."""
    return math.ceil(value) if abs(value) < 2**62 else float(value)


def _moment(value: Bound) -> datetime:
    # Druid's time has no room for more; a moment is a whole millisecond there, as are the bounds of whole numbers.
    most = 4_000_000_000_000
    return _EPOCH + timedelta(milliseconds=math.ceil(max(-most, min(value, most))))


def _limit_text(limit: Bound, word: str, open_word: str, zone: str | None) -> str:
    if zone is not None:
        return f"{word} {_time(limit, zone)}"
    # Above 10 is from the next number on that a computer has, 10.000000000000002.
    before = math.nextafter(limit, -math.inf)
    is_next = isinstance(limit, float) and len(number_text(before)) < len(number_text(limit)) - 3
    return f"{open_word} {number_text(before)}" if is_next else f"{word} {number_text(limit)}"


def _time(value: Bound, zone: str) -> str:
    return f"{_moment(value).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _said(value: Scalar) -> str:
    return "none" if value is None else repr(value) if isinstance(value, str) else text_of(value)
