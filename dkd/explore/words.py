"""Names, numbers, moments and buckets → the words that stand on the page."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dkd.model.columns import Column
from dkd.model.schema import Model
from dkd.query.answer import Cell, Others
from dkd.query.measure import parts, unit_of
from dkd.query.number import Number
from dkd.query.periods import DATES
from dkd.query.question import Filter, Grain, Interval, Range

_CAPITALS = {"utm": "UTM", "os": "OS", "url": "URL", "id": "ID"}
GRAIN_NAMES: dict[Grain, str] = {
    "PT1M": "minute", "PT5M": "5 minutes", "PT15M": "15 minutes", "PT1H": "hour", "P1D": "day", "P1W": "week",
    "P1M": "month", "P3M": "quarter", "P1Y": "year",
}  # fmt: skip
_SAID = 4
"""Values that a filter names; the rest are counted."""
_STEADY = 0.0005
"""A change that rounds to 0.0 % is none."""
_MANIFOLD = 10
"""From here on people read "12×" sooner than "+1,100 %"."""


def label(name: str) -> str:
    """``utm_source`` as ``UTM source``."""
    first, *rest = name.split("_")
    words = [_CAPITALS.get(first, first.capitalize()), *(_CAPITALS.get(word, word) for word in rest)]
    return " ".join(words)


def value_label(value: object, column: Column | None = None) -> str:
    """One value of a dimension."""
    if value is Others.others:
        return "Others"
    if value is None:
        return "(none)"
    if column is not None and column.type == "boolean":
        return "yes" if value in (1, True, "1", "true") else "no"
    return str(value) if value != "" else "(empty)"


def filter_label(one: Filter, column: Column | None, zone: str = "UTC") -> str:
    """A filter in words: ``Country is NL or DE``; the ends of times are on the zone's clock."""
    name, negated = label(one.dimension), one.exclude
    if one.contains is not None:
        return f"{name} {'does not contain' if negated else 'contains'} {one.contains}"
    if one.matches is not None:
        return f"{name} {'does not match' if negated else 'matches'} {one.matches}"
    said = [value_label(value, column) for value in one.values]
    said += [time_range_label(part, zone) if one.dimension == "time" else range_label(part) for part in one.ranges]
    more = [f"{len(said) - _SAID} more"] if len(said) > _SAID + 1 else []
    return f"{name} {'is not' if negated else 'is'} {' or '.join([*said[:_SAID], *more] if more else said)}"


def range_label(part: Range) -> str:
    """A range of numbers: ``10 to below 20``."""
    if part.below is None:
        return f"{part.at_least:,g} or more"
    return f"below {part.below:,g}" if part.at_least is None else f"{part.at_least:,g} to below {part.below:,g}"


def time_range_label(part: Range, zone: str) -> str:
    """A range of times on the zone's clock."""

    def said(value: float) -> str:
        return f"{datetime.fromtimestamp(value / 1000, UTC).astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M}"

    if part.below is None:
        return f"from {said(part.at_least or 0)}"
    return f"before {said(part.below)}" if part.at_least is None else f"{said(part.at_least)} – {said(part.below)}"


def unit(model: Model, measure: str) -> str:
    """The unit of a measure's numbers; empty for counts."""
    first = parts(model, measure)[0].measure
    column = first.sum or first.quantile
    return unit_of(model, column) if column else ""


def decimals(model: Model, measure: str) -> int:
    """How many decimals a measure's numbers have: none where it counts whole things."""
    first, *more = parts(model, measure)
    if more:
        return 2
    if first.measure.quantile is not None:
        return 0 if first.is_whole else 2
    summed = first.measure.sum
    field = model.all_fields.get(summed) if summed else None
    return 0 if summed is None or (field is not None and field.type in ("int", "long")) else 2


def number_text(number: Number, places: int) -> str:
    """A number with its thousands marked; a dash for none."""
    return "–" if number.value is None else f"{number.value:,.{places}f}"


def error_text(number: Number) -> str:
    """Half the width of where the true number lies, in percent; empty when it is exact."""
    return f"±{100 * number.error / abs(number.value):.1f} %" if number.error and number.value else ""


def change_text(cell: Cell) -> tuple[str, int]:
    """How much more than in the period before, and whether that is up, down or steady."""
    if cell.previous is None:
        return "", 0
    if cell.change is None:
        return ("new", 0) if cell.now.value and not cell.previous.value else ("–", 0)
    if abs(cell.change) < _STEADY:
        return "0 %", 0
    if cell.change >= _MANIFOLD:
        return f"{1 + cell.change:,.0f}×", 1
    shown = f"{100 * cell.change:+,.0f} %" if abs(cell.change) >= 0.1 else f"{100 * cell.change:+.1f} %"
    return shown.replace("-", "−"), 1 if cell.change > 0 else -1


def bucket_label(start: datetime, grain: Grain, zone: str) -> str:
    """When a bucket begins, for people."""
    local = start.astimezone(ZoneInfo(zone))
    return f"{local:%a %-d %b %Y}" if grain in DATES else f"{local:%a %-d %b, %H:%M}"


def interval_label(interval: Interval, zone: str) -> str:
    """An interval on the zone's clock, as short as it can be."""
    start, end = (moment.astimezone(ZoneInfo(zone)) for moment in (interval.start, interval.end))
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%-d %b %Y, %H:%M}"
    first = f"{start:%-d %b, %H:%M}" if start.year == end.year else f"{start:%-d %b %Y, %H:%M}"
    return f"{first} – {last}"
