"""Lines, the clock and a site's watermarks → whether the lines can be replayed with their own times, or why not."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from dkd.collect.events import YEAR_2100_MS
from dkd.errors import RefusedError
from dkd.jobs.lines import YEAR_2000_MS, Line
from dkd.model.enrichers import Sessions
from dkd.model.schema import Model
from dkd.model.types import duration_text, in_ms

AHEAD_MS = 5 * 60_000
"""The enricher sets an event time further ahead than this to the time of receipt."""


class Bounds(NamedTuple):
    """First and last event time of the lines, ms."""

    oldest_ms: int
    newest_ms: int


def bounds(lines: Iterable[Line]) -> Bounds | None:
    """First and last event time; times before 2000 or after 2099 are mistakes, which the collector rejects.

    They count only where there are no others.

    Returns:
        None when no line names a time.
    """
    times = [line.time_ms for line in lines if line.is_timed]
    times = [time_ms for time_ms in times if YEAR_2000_MS <= time_ms < YEAR_2100_MS] or times
    return Bounds(min(times), max(times)) if times else None


def check_clock(found: Bounds, now_ms: int, model: Model) -> None:
    """Refuse lines from the future, and lines that the site's datasource would drop at once.

    Raises:
        RefusedError: DKD804 for the future, DKD805 for the past.
    """
    if YEAR_2000_MS <= found.newest_ms * 1000 <= now_ms + AHEAD_MS:
        problem = f"the newest timestamp_ms is {found.newest_ms}, which looks like seconds"
        raise RefusedError("DKD805", problem=problem, remedy="write milliseconds since 1970")
    if found.newest_ms > now_ms + AHEAD_MS:
        raise RefusedError(
            "DKD804",
            problem=f"the newest event is of {moment(found.newest_ms)}: the replay would run ahead of now",
            remedy="correct the file's times, or add --shift-to-now",
        )
    retention = model.datasources.events.retention
    if found.oldest_ms < max(now_ms - in_ms(retention), YEAR_2000_MS):
        raise RefusedError(
            "DKD805",
            problem=f"the oldest event is of {moment(found.oldest_ms)}, and {model.datasource('events')} keeps"
            f" {duration_text(retention)}",
            remedy="add --shift-to-now, or raise datasources.events.retention",
        )


def check_late(lanes: Sequence[Iterable[Line]], watermarks: Mapping[int, int], grace_ms: int, now_ms: int) -> None:
    """Refuse lines that would be late because of the events that the site has already.

    Args:
        lanes: The lines of each partition.
        watermarks: Greatest event time that the site has seen, ms, by partition; without those that saw none.
        grace_ms: How far behind the watermark an event may be.
        now_ms: The clock.

    Raises:
        RefusedError: DKD803.
    """
    late = [
        line
        for partition, lines in enumerate(lanes)
        for line in lines
        if line.is_timed and YEAR_2000_MS <= line.time_ms < watermarks.get(partition, 0) - grace_ms
    ]
    found = bounds(late)
    if found is None:
        return
    newest_ms, whole = max(watermarks.values()), bounds(itertools.chain.from_iterable(lanes)) or found
    shift_helps = now_ms - (whole.newest_ms - whole.oldest_ms) > newest_ms
    raise RefusedError(
        "DKD803",
        problem=f"{len(late):,} events would be late: they begin {moment(found.oldest_ms)}, and the site has events up"
        f" to {moment(newest_ms)}",
        remedy="add --shift-to-now" if shift_helps else "replay them to a site whose events end before they begin",
    )


def closing_ticks(lanes: Sequence[Iterable[Line]], watermarks: Mapping[int, int], timing: Sessions) -> dict[int, int]:
    """The event time of a tick that closes every session of its partition, once the lines are in it.

    A session closes when gap and grace after its last event are before the watermark, and no event is newer than the
    newest of the partition; so it is that much later and 1 ms. No later than needed: events behind it, less the grace,
    will be late.

    Args:
        lanes: The lines of each partition.
        watermarks: Greatest event time that the site has seen, ms, by partition; without those that saw none.
        timing: Gap and grace.

    Returns:
        Event time, ms, by partition; without those in which there never was an event.
    """
    newest = dict(watermarks)
    for partition, lines in enumerate(lanes):
        times = [line.time_ms for line in lines if line.is_timed and YEAR_2000_MS <= line.time_ms < YEAR_2100_MS]
        if times:
            newest[partition] = max(newest.get(partition, 0), *times)
    span_ms = closing_ms(timing)
    return {partition: time_ms + span_ms for partition, time_ms in newest.items()}


def closing_ms(timing: Sessions) -> int:
    """How long after its last event a session is closed."""
    return in_ms(timing.gap) + in_ms(timing.grace) + 1


def check_ticks(ticks: Mapping[int, int], now_ms: int, timing: Sessions, *, may_shift: bool) -> None:
    """Refuse to close sessions that can still go on.

    Raises:
        RefusedError: DKD811.
    """
    last_ms = max(ticks.values(), default=0)
    if last_ms > now_ms:
        shift = "add --shift-to-now, " if may_shift else ""
        rule = f"{duration_text(timing.gap)} gap and {duration_text(timing.grace)} grace"
        raise RefusedError(
            "DKD811",
            problem=f"the last session closes {moment(last_ms)}, {rule} after its newest event: --close would run ahead"
            " of now",
            remedy=f"{shift}replay after {moment(last_ms + 1_000)}, or leave --close out",
        )


def moment(time_ms: int) -> str:
    """A time for people, UTC to the second; the number itself where no calendar has it."""
    try:
        return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"


def require_own_collector(model: Model, wanted: str) -> None:
    """Make sure that events keep the times that they come with, which is *wanted*.

    Raises:
        RefusedError: DKD809, when the site's collector is Divolte.
    """
    if model.collector.kind == "divolte":
        raise RefusedError(
            "DKD809",
            where=f"site {model.site}",
            problem="its collector is Divolte, whose events have the time of their arrival",
            remedy=f"set collector.kind: dkd to {wanted}",
        )
