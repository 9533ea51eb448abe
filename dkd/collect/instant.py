"""A date and time with an offset, as text → milliseconds since 1970, as Java's ISO_OFFSET_DATE_TIME reads it."""

import re
from datetime import date

_TEXT = re.compile(
    r"(?P<year>\d{4}|\+\d{5,9}|-\d{4,9})-(?P<month>\d\d)-(?P<day>\d\d)T(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{0,9}))?)?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d)(?::(?P<seconds>\d\d))?)",
    re.ASCII | re.IGNORECASE,
)
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
"""After so many years the Gregorian calendar repeats itself."""
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def instant_ms(text: str) -> int | None:
    """The milliseconds that *text* names, finer ones cut off; None where it names no time, or one without offset."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    hours, minutes, seconds = (int(found[name] or 0) for name in ("hours", "minutes", "seconds"))
    offset_s = hours * 3600 + minutes * 60 + seconds
    day = _day(int(found["year"]), int(found["month"]), int(found["day"]))
    if day is None or hour > 23 or max(minute, second, minutes, seconds) > 59 or offset_s > 18 * 3600:
        return None
    offset_s = -offset_s if found["sign"] == "-" else offset_s
    millis = int((found["fraction"] or "0").ljust(3, "0")[:3])
    return ((day * 24 + hour) * 3600 + minute * 60 + second - offset_s) * 1000 + millis


def _day(year: int, month: int, day: int) -> int | None:
    """Days since 1970; None where there is no such day."""
    cycles, rest = divmod(year, _CYCLE_YEARS)
    try:
        ordinal = date(rest + _CYCLE_YEARS, month, day).toordinal()
    except ValueError:
        return None
    return ordinal - _EPOCH_DAY + (cycles - 1) * _CYCLE_DAYS
