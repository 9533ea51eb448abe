"""An interval and a zone → its time buckets, and the period before it; days of 23 and 25 hours included."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dkd.errors import UsageError
from dkd.query.question import Grain, Interval, Question, local_moment

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
_SHORTEST: dict[Grain, timedelta] = {
    **{grain: count * _MINUTE for grain, count in _MINUTES.items()}, "PT1H": _HOUR, "P1D": timedelta(hours=23),
    "P1W": timedelta(hours=167), "P1M": timedelta(days=27), "P3M": timedelta(days=89), "P1Y": timedelta(days=364),
}  # fmt: skip

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
        UsageError: DKD318, when *text* is neither, or *zone* no zone.
    """
    try:
        return local_moment(text, zone)
    except ValueError as error:
        remedy = "" if "zone" in str(error) else "write 2026-11-01 or 2026-11-01T10:00"
        raise UsageError("DKD318", problem=str(error), remedy=remedy) from error


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
    # A midnight that the clock jumps over is the end of the jump, as it is for Druid.
    return day.astimezone(UTC)


def after(start: datetime, grain: Grain, zone: str) -> datetime:
    """Start of the bucket after the one that begins at *start*."""
    if grain in _MINUTES:
        return start + _MINUTES[grain] * _MINUTE
    if grain == "PT1H":
        return floor(start + _HOUR, grain, zone)
    local = start.astimezone(ZoneInfo(zone))
    if grain in _DAYS:
        return floor((local + timedelta(days=_DAYS[grain])).astimezone(UTC), grain, zone)
    return floor(_plus_months(local, _MONTHS[grain]).astimezone(UTC), grain, zone)


def buckets(interval: Interval, grain: Grain, zone: str) -> tuple[datetime, ...]:
    """Starts of all buckets that the interval touches, in order; the first may begin before it."""
    found = [floor(interval.start, grain, zone)]
    while (following := after(found[-1], grain, zone)) < interval.end:
        found.append(following)
    return tuple(found)


def double_starts(interval: Interval, grain: Grain, zone: str) -> tuple[Interval, ...]:
    """From the first to the second midnight of each bucket that begins where midnight comes twice, as in the Azores."""
    if grain not in DATES:
        return ()
    place = ZoneInfo(zone)
    pairs = [
        (start, start.astimezone(place).replace(fold=1).astimezone(UTC)) for start in buckets(interval, grain, zone)
    ]
    return tuple(Interval(start=first, end=second) for first, second in pairs if first < second)


def bucket_count(interval: Interval, grain: Grain) -> int:
    """At least as many buckets as the interval touches, and hardly more; cheap for any interval."""
    return (interval.end - interval.start) // _SHORTEST[grain] + 2


def fitting(interval: Interval, most: int = 240) -> Grain:
    """The finest grain of minute, 5 and 15 minutes, hour, day, week and month that makes at most *most* buckets."""
    return next(
        (grain for grain in GRAINS.values() if grain not in ("P3M", "P1Y") and bucket_count(interval, grain) <= most),
        "P1M",
    )


def before(question: Question) -> tuple[Interval, Moved]:
    """The period that the question's ``compare`` names, and where a moment of the interval lies in it.

    The previous one: whole buckets of days or months go back as many buckets, whole local days as many days, everything
    else by elapsed time. So a day of 23 hours is compared with the whole day before, and this week until now with last
    week until the same weekday and time.

    The nearest that begins on the same weekday: as many whole weeks back as the interval needs, at the same local
    times. Months begin on any weekday: where they are the buckets it is the previous period.

    The year before: the same dates and local times, where February 29 is the 28th; weeks as buckets go back 52 weeks.
    """
    interval, grain, zone = question.span, question.grain, question.zone
    if question.compare == "weekday" and grain not in _MONTHS:
        moved = _by_days(7 * _weeks(interval, grain, zone), zone)
    elif question.compare == "year":
        return _year_before(interval, grain, zone)
    else:
        moved = _back(interval, grain, zone)
    return Interval(start=moved(interval.start), end=moved(interval.end)), moved


def _weeks(interval: Interval, grain: Grain | None, zone: str) -> int:
    """How many weeks on the zone's clock hold the whole interval, from the start of its first bucket on."""
    first = floor(interval.start, grain, zone) if grain is not None else interval.start
    start, end = (_clock(moment, zone) for moment in (first, interval.end))
    return max(1, -((start - end) // timedelta(days=7)))


def _year_before(interval: Interval, grain: Grain | None, zone: str) -> tuple[Interval, Moved]:
    place = ZoneInfo(zone)
    if grain == "P1W":
        by_weeks = _by_days(364, zone)
        return Interval(start=by_weeks(interval.start), end=by_weeks(interval.end)), by_weeks

    def moved(moment: datetime) -> datetime:
        return _as_whole(moment, _plus_months(moment.astimezone(place), -12), zone)

    start, end = moved(interval.start), moved(interval.end)
    if grain not in _MONTHS and _clock(interval.end, zone).time() == time():
        # Up to the end of the last day: of February 28 of a leap year too, whose year before has no 29th.
        last = _plus_months(interval.end.astimezone(place) - timedelta(days=1), -12)
        end = _as_whole(interval.end, last + timedelta(days=1), zone)
    if end <= start:
        # Between a time of February 28 and an earlier one of the 29th.
        end = start + (interval.end - interval.start)
    return Interval(start=start, end=end), moved


def _by_days(days: int, zone: str) -> Moved:
    place = ZoneInfo(zone)
    return lambda moment: _as_whole(moment, moment.astimezone(place) - timedelta(days=days), zone)


def _as_whole(moment: datetime, moved: datetime, zone: str) -> datetime:
    """Where *moment* lies once it was *moved*: the start of a day is that of another, whenever its midnight comes."""
    found = moved.astimezone(UTC)
    return floor(found, "P1D", zone) if floor(moment, "P1D", zone) == moment else found


def _clock(moment: datetime, zone: str) -> datetime:
    """The zone's clock, on which a day always begins at midnight, also where the clock jumps over that."""
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    is_start = floor(moment, "P1D", zone) == moment
    return local.replace(hour=0, minute=0, second=0, microsecond=0) if is_start else local


def _back(interval: Interval, grain: Grain | None, zone: str) -> Moved:
    place = ZoneInfo(zone)
    start, end = _clock(interval.start, zone), _clock(interval.end, zone)
    count = len(buckets(interval, grain, zone)) if grain is not None else 0
    # Months are of many lengths: from the middle of one to that of the next it is days that are compared.
    if grain in _MONTHS and floor(interval.start, grain, zone) == interval.start:
        return lambda moment: _plus_months(moment.astimezone(place), -count * _MONTHS[grain]).astimezone(UTC)
    whole_days = (end.date() - start.date()).days if start.time() == end.time() else 0
    days = count * _DAYS[grain] if grain in _DAYS else whole_days
    if days:
        return _by_days(days, zone)
    width = _SHORTEST[grain] if grain in _MINUTES or grain == "PT1H" else None
    length = interval.end - interval.start if width is None else count * width
    return lambda moment: moment - length


def _earlier(moment: datetime, length: timedelta, place: ZoneInfo) -> datetime:
    """*moment* less *length*; whole days are days of the zone."""
    if length % timedelta(days=1):
        return moment - length
    return (moment.astimezone(place) - length).astimezone(UTC)


def _plus_months(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
    return local.replace(year=year, month=month + 1, day=min(local.day, last))


def _up(moment: datetime, width: timedelta) -> datetime:
    return moment + (_EPOCH - moment) % width


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
