"""An interval and a zone → its time buckets, and the period before it; days of 23 and 25 hours included."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dkd.errors import UsageError
from dkd.query.question import Grain, Interval, Question

GRAINS: dict[str, Grain] = {
    "minute": "PT1M", "5min": "PT5M", "15min": "PT15M", "hour": "PT1H", "day": "P1D", "week": "P1W", "month": "P1M",
    "quarter": "P3M", "year": "P1Y",
}  # fmt: skip
"""What people call them."""

DATES: frozenset[Grain] = frozenset({"P1D", "P1W", "P1M", "P3M", "P1Y"})
"""Grains whose buckets begin at midnight of the zone."""
_MINUTES: dict[Grain, int] = {"PT1M": 1, "PT5M": 5, "PT15M": 15}
_MONTHS: dict[Grain, int] = {"P1M": 1, "P3M": 3, "P1Y": 12}
_DAYS: dict[Grain, int] = {"P1D": 1, "P1W": 7}
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_FEW = 60

Moved = Callable[[datetime], datetime]


def fixed(question: Question, newest: datetime) -> Question:
    """The question with its interval in fixed moments.

    The last 7 days by day are today and the six days before it: whole buckets, of which the newest is not over yet.
    Without a grain they are exactly seven days up to the newest event.

    Args:
        question: Any.
        newest: Time of the newest event, or now when that is earlier: a stretch ends with the data, not with the clock.
    """
    if isinstance(question.interval, Interval):
        return question
    end = _up(newest + timedelta(milliseconds=1), _MINUTE)
    start = _earlier(end, question.interval.last, ZoneInfo(question.zone))
    if question.grain is not None:
        at_most = floor(end - timedelta(milliseconds=1), question.grain, question.zone)
        first = floor(_earlier(at_most, question.interval.last, ZoneInfo(question.zone)), question.grain, question.zone)
        start = min(after(first, question.grain, question.zone), at_most)
    return question.model_copy(update={"interval": Interval(start=start, end=end)})


def local_time(text: str, zone: str) -> datetime:
    """A date, or a date and a time, on the zone's clock; one with its own distance from UTC is taken as it is.

    Raises:
        UsageError: DKD318, when *text* is neither.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"{text!r} is neither a date nor a date and a time"
        raise UsageError("DKD318", problem=problem, remedy="write 2026-11-01 or 2026-11-01T10:00") from error
    return found.astimezone(UTC) if found.tzinfo else _instant(found.replace(tzinfo=ZoneInfo(zone)))


def floor(moment: datetime, grain: Grain, zone: str) -> datetime:
    """Start of the bucket that *moment* lies in, UTC; what Druid's ``TIME_FLOOR`` answers."""
    if grain in _MINUTES:
        return moment - (moment - _EPOCH) % (_MINUTES[grain] * _MINUTE)
    local = moment.astimezone(ZoneInfo(zone))
    if grain == "PT1H":
        # Elapsed time, so that the hour that comes twice stays two hours.
        return (
            moment - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        ).astimezone(UTC)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if grain in _DAYS:
        day -= timedelta(days=day.weekday() if grain == "P1W" else 0)
    else:
        months = _MONTHS[grain]
        day = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return _instant(day)


def after(start: datetime, grain: Grain, zone: str) -> datetime:
    """Start of the bucket after the one that begins at *start*."""
    if grain in _MINUTES:
        return start + _MINUTES[grain] * _MINUTE
    if grain == "PT1H":
        return floor(start + _HOUR, grain, zone)
    local = start.astimezone(ZoneInfo(zone))
    if grain in _DAYS:
        return floor(_instant(local + timedelta(days=_DAYS[grain])), grain, zone)
    return floor(_instant(_plus_months(local, _MONTHS[grain])), grain, zone)


def buckets(interval: Interval, grain: Grain, zone: str) -> tuple[datetime, ...]:
    """Starts of all buckets that the interval touches, in order; the first may begin before it."""
    found = [floor(interval.start, grain, zone)]
    while (following := after(found[-1], grain, zone)) < interval.end:
        found.append(following)
    return tuple(found)


def bucket_count(interval: Interval, grain: Grain) -> int:
    """About how many buckets the interval touches; cheap for any interval."""
    width = _MINUTE * _MINUTES[grain] if grain in _MINUTES else _HOUR if grain == "PT1H" else timedelta(days=1)
    days = _DAYS.get(grain, 1) * _MONTHS.get(grain, 0) * 28 or _DAYS.get(grain, 1)
    return (interval.end - interval.start) // (
        width * days if grain.startswith("P") and "T" not in grain else width
    ) + 2


def fitting(interval: Interval, most: int = _FEW * 4) -> Grain:
    """The finest grain of minute, 5 and 15 minutes, hour, day, week and month that makes at most *most* buckets."""
    return next(
        (grain for grain in GRAINS.values() if grain not in ("P3M", "P1Y") and bucket_count(interval, grain) <= most),
        "P1M",
    )


def before(question: Question) -> tuple[Interval, Moved]:
    """The period before the question's interval, and where a moment of the interval lies in it.

    Whole local days go back as many local days, buckets of days or more as many buckets, everything else by elapsed
    time; so a day of 23 hours is compared with the whole day before, and this week until now with last week until the
    same weekday and time.
    """
    interval = question.span
    moved = _back(interval, question.grain, question.zone)
    return Interval(start=moved(interval.start), end=moved(interval.end)), moved


def _back(interval: Interval, grain: Grain | None, zone: str) -> Moved:
    place = ZoneInfo(zone)
    start, end = interval.start.astimezone(place), interval.end.astimezone(place)
    count = len(buckets(interval, grain, zone)) if grain is not None else 0
    if grain in _MONTHS:
        return lambda moment: _instant(_plus_months(moment.astimezone(place), -count * _MONTHS[grain]))
    whole_days = (end.date() - start.date()).days if start.time() == end.time() else 0
    days = count * _DAYS[grain] if grain in _DAYS else whole_days
    if days:
        return lambda moment: _instant(moment.astimezone(place) - timedelta(days=days))
    if grain is None:
        length = interval.end - interval.start
    else:
        length = count * (_HOUR if grain == "PT1H" else _MINUTES[grain] * _MINUTE)
    return lambda moment: moment - length


def _earlier(moment: datetime, length: timedelta, place: ZoneInfo) -> datetime:
    """*moment* less *length*; whole days are days of the zone."""
    if length % timedelta(days=1):
        return moment - length
    return _instant(moment.astimezone(place) - length)


def _plus_months(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
    return local.replace(year=year, month=month + 1, day=min(local.day, last))


def _instant(local: datetime) -> datetime:
    """The moment of a wall clock's time; one that the clock jumps over is the end of the jump."""
    found = local.astimezone(UTC)
    if found.astimezone(local.tzinfo).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0):
        return found
    earlier, later = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return _jump(found, local) if earlier != later else found


def _jump(found: datetime, local: datetime) -> datetime:
    """The first moment after a gap of the wall clock that *local* lies in."""
    low, high = found - timedelta(hours=26), found + timedelta(hours=26)
    offset = low.astimezone(local.tzinfo).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(local.tzinfo).utcoffset() == offset else (low, middle)
    return high.replace(microsecond=0)


def _up(moment: datetime, width: timedelta) -> datetime:
    return moment + (_EPOCH - moment) % width


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
