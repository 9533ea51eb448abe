"""What a person asks for — a day, an hour from Monday on, ten minutes from now — and the clock → a stretch of time."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from dkd.errors import RefusedError, UsageError
from dkd.jobs.fit import moment
from dkd.model.schema import Model
from dkd.model.types import duration, duration_text, in_ms
from dkd.simulate.traffic import DAY_MS

ENDLESS_MS = 4_102_444_800_000
"""The year 2100."""
_PER = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Asked(NamedTuple):
    """Options as they were typed; None where one was not.

    Attributes:
        begin: First moment, ISO 8601; UTC unless it says otherwise.
        end: The moment after the last.
        length: How long, such as ``10m``.
        days: The last so many days up to now.
        speed: How many times faster than life; None for as it comes.
        to_file: Whether lines are written and not sent.
    """

    begin: str | None = None
    end: str | None = None
    length: str | None = None
    days: int | None = None
    speed: float | None = None
    to_file: bool = False


class Stretch(NamedTuple):
    """From *start_ms* up to, not including, *end_ms*."""

    start_ms: int
    end_ms: int


def stretch_of(asked: Asked, now_ms: int) -> Stretch:
    """The stretch that *asked* means: without anything from now on without end, to a file the whole of yesterday.

    Raises:
        UsageError: DKD843, when the options contradict each other or one cannot be read.
    """
    if (asked.days is not None) + (asked.end is not None) + (asked.length is not None) > 1 or (
        asked.begin and asked.days is not None
    ):
        raise _wrong("--days, --to and --for exclude each other, and --days excludes --from", "leave one out")
    if asked.end and not asked.begin:
        raise _wrong("--to says no beginning", "add --from, or use --days or --for")
    length_ms = DAY_MS * asked.days if asked.days is not None else _length_ms(asked.length)
    start_ms, end_ms = _time_ms("--from", asked.begin), _time_ms("--to", asked.end)
    if start_ms is None:
        ahead = length_ms if asked.days is not None or (asked.speed or 1) > 1 or asked.to_file else 0
        start_ms = now_ms - (ahead or 0)
        if length_ms is None and asked.to_file:
            start_ms, length_ms = now_ms // DAY_MS * DAY_MS - DAY_MS, DAY_MS
    if end_ms is None and length_ms is None:
        end_ms = start_ms + DAY_MS if asked.to_file else ENDLESS_MS
    found = Stretch(start_ms, end_ms if end_ms is not None else start_ms + (length_ms or 0))
    if found.end_ms <= found.start_ms:
        raise _wrong("the stretch ends before it begins", "give --from a time before --to")
    return found


def check_sendable(found: Stretch, now_ms: int, model: Model) -> None:
    """Refuse to send what is ahead of now, or so old that the site's datasource would drop it at once.

    Raises:
        RefusedError: DKD844 for the future, DKD845 for the past.
    """
    if found.start_ms > now_ms + 1000:
        problem = f"the stretch begins {moment(found.start_ms)}, which is ahead of now"
        raise RefusedError("DKD844", problem=problem, remedy="begin in the past, or write it with --out")
    retention = model.datasources.events.retention
    if found.start_ms < now_ms - in_ms(retention):
        problem = (
            f"it begins {moment(found.start_ms)}, and {model.datasource('events')} keeps {duration_text(retention)}"
        )
        raise RefusedError("DKD845", problem=problem, remedy="begin later, or raise datasources.events.retention")


def per_second(text: str) -> float:
    """``20/s``, ``1200/m`` or ``20`` as a number a second.

    Raises:
        UsageError: DKD843, for anything else, and for 0 or less.
    """
    number, _, unit = text.partition("/")
    try:
        rate = float(number) / _PER[unit or "s"]
    except (ValueError, KeyError):
        rate = 0.0
    if not 0 < rate < 1e6:
        raise _wrong(f"--rate {text!r} is no rate", "write it like 20/s, 600/m or 5000/h")
    return rate


def times(text: str) -> float:
    """``60x`` or ``60`` as a number; raises as :func:`per_second` does."""
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise _wrong(f"--speed {text!r} is no speed", "write it like 60x")
    return speed


def _length_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        found = duration(text)
    except ValueError as error:
        raise _wrong(f"--for: {error}", "write it like 10m, 2h or 1d") from error
    return in_ms(found) if isinstance(found, timedelta) else None


def _time_ms(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong(f"{option} {text!r} is no time", "write it like 2026-11-20 or 2026-11-20T09:30Z") from error
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def _wrong(problem: str, remedy: str) -> UsageError:
    return UsageError("DKD843", problem=problem, remedy=remedy)
