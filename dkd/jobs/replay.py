"""Files of events → a running site, with their own times → the books of what became of every line."""

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from typing import NamedTuple

from dkd.collect.weblog import log_shape
from dkd.enrich.state import Books
from dkd.errors import DkdError, UsageError
from dkd.jobs.account import Account
from dkd.jobs.fit import (
    Bounds,
    bounds,
    check_clock,
    check_late,
    check_ticks,
    closing_ms,
    closing_ticks,
    moment,
    require_own_collector,
)
from dkd.jobs.lanes import bodies, lanes
from dkd.jobs.lines import Format, Line, read_lines, shifted
from dkd.jobs.send import HttpCollector, Sending, Tally
from dkd.jobs.settle import Mark, Unavailable, at_rest, growth, until
from dkd.jobs.site import LiveSite, Refused
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.model.words import counted
from dkd.settings import Settings, unreachable_remedy

_LOOK_S = 0.25
_FIRST_ANSWER_S = 3.0
_MARKED_S = 20.0


class Wanted(NamedTuple):
    """What is to be replayed, and how.

    Attributes:
        files: Paths; ``-`` is standard input.
        form: Their format; None to find it out.
        keep_order: Send the lines as the files have them, not by time.
        shift_to_now: Move all times so that the newest event is of now; with *close*, so that its session ends now.
        close: End with ticks that close every session.
    """

    files: Sequence[str]
    form: Format | None = None
    keep_order: bool = False
    shift_to_now: bool = False
    close: bool = False


class Read(NamedTuple):
    """The lines in the order in which they go, with first and last event time; None where no line names one."""

    lines: list[Line]
    found: Bounds | None


def replay(wanted: Wanted, model: Model, settings: Settings, listener: Listener) -> Account:
    """Send every line to the site's collector and wait until each is queryable or accounted for.

    Args:
        wanted: Files and how to send them. They are held in memory, some 700 bytes a line.
        model: The site.
        settings: Where it runs.
        listener: Told how far it is, several times a second.

    Raises:
        UsageError: DKD801, DKD802 for a file, DKD806 for a target without collector or key.
        RefusedError: DKD803 to DKD805 when the lines' times do not fit the site, DKD809 when its collector is Divolte,
            DKD811 when sessions are to be closed that can still go on. Nothing was sent then.
        DkdError: DKD810 when a system does not answer at the start, DKD807 when the collector refuses for good.
    """
    key = sender_key(model, settings)
    began_s = time.monotonic()
    read = _read(wanted, model, settings, listener)
    read_s = time.monotonic()
    run = uuid.uuid4().hex[:12]
    with closing(LiveSite(model, settings)) as site:
        before, made, rejects = _before(read, model, settings, site, listener)
        ticks = _ticks(wanted, made, before, model)
        rest_s = time.monotonic()
        tally = _sent(made, run, settings, key, listener)
        sent_s = time.monotonic()
        until(lambda: site.tick(ticks), listener.progress)
        after = growth(site, before, listener.progress)
        raw = until(lambda: site.events(before.counted.consumed, after.counted.consumed), listener.progress)
        wanted_rejects = (sum(tally.reasons.values()), after.counted.books.rejects - before.counted.books.rejects)
        refused = _refused(site, rejects, run, wanted_rejects, listener)
    return Account(
        files=tuple(wanted.files),
        read=len(read.lines),
        sent=tally.sent,
        accepted=tally.accepted,
        refused=dict(tally.reasons),
        ignored=dict(tally.ignored),
        refused_stored=refused.collected,
        in_doubt=tally.in_doubt,
        raw=raw,
        books=_since(after.counted.books, before.counted.books),
        reasons=refused.enriched,
        rows=after.rows["events"] - before.rows["events"],
        session_rows=after.rows["sessions"] - before.rows["sessions"],
        seconds={"read": read_s - began_s, "send": sent_s - rest_s, "settle": time.monotonic() - sent_s},
    )


def sender_key(model: Model, settings: Settings) -> str | None:
    """The key of a trusted sender; none is needed on this machine.

    Raises:
        UsageError: DKD806, when the target has no collector, or a key is needed and the model has none.
        RefusedError: DKD809, when the site's collector is Divolte.
    """
    require_own_collector(model, "replay with the file's times")
    if not settings.collector:
        remedy = f"add collector: https://... to targets.{settings.target}"
        raise UsageError("DKD806", where=f"target {settings.target}", problem="names no collector", remedy=remedy)
    key = next(iter(settings.sender_keys.values()), None)
    if key is None and not settings.is_local:
        remedy = "add collector.senders: [{name: replay, key: '${DKD_SENDER_KEY}'}] to the model and deploy it"
        raise UsageError("DKD806", where=f"site {model.site}", problem="has no trusted sender", remedy=remedy)
    return key


def _read(wanted: Wanted, model: Model, settings: Settings, listener: Listener) -> Read:
    lines: list[Line] = []
    for line in read_lines(wanted.files, log_shape(model, settings.pseudonym_key), wanted.form):
        lines.append(line)
        if len(lines) % 20_000 == 0:
            listener.progress(f"reading: {len(lines):,} lines")
    found, now_ms = bounds(lines), round(time.time() * 1000)
    if found and wanted.shift_to_now:
        newest_ms = now_ms - closing_ms(model.enrich.timing) if wanted.close else now_ms
        by_ms = newest_ms - found.newest_ms
        lines, found = list(shifted(lines, by_ms)), Bounds(found.oldest_ms + by_ms, newest_ms)
    if found:
        check_clock(found, now_ms, model)
    if not wanted.keep_order:
        lines.sort(key=lambda line: line.time_ms)
    return Read(lines, found)


def _before(
    read: Read, model: Model, settings: Settings, site: LiveSite, listener: Listener
) -> tuple[Mark, list[list[Line]], dict[int, int]]:
    """The site at rest, the lines of each partition, and where the rejects topic ends; nothing is sent yet."""
    with closing(HttpCollector(settings.collector, None, is_local=settings.is_local)) as collector:
        if not collector.ping(_FIRST_ANSWER_S):
            raise _absent(f"the collector at {settings.collector} does not answer", settings.collector)
    try:
        made = lanes(read.lines, len(site.raw_ends()))
        before, rejects = at_rest(site, listener.progress), site.ends("rejects")
    except Unavailable as error:
        raise _absent(str(error), settings.kafka.servers) from error
    if read.found:
        grace_ms = in_ms(model.enrich.timing.grace)
        check_late(made, before.counted.watermarks, grace_ms, round(time.time() * 1000))
        listener.note(
            f"{counted(len(read.lines), 'line')}, {moment(read.found.oldest_ms)} to {moment(read.found.newest_ms)}"
        )
    return before, made, rejects


def _ticks(wanted: Wanted, made: list[list[Line]], before: Mark, model: Model) -> dict[int, int]:
    """What closes every session of each partition; empty where that is not wanted."""
    if not wanted.close:
        return {}
    timing = model.enrich.timing
    ticks = closing_ticks(made, before.counted.watermarks, timing)
    check_ticks(ticks, round(time.time() * 1000), timing, may_shift=not wanted.shift_to_now)
    return ticks


def _sent(made: list[list[Line]], run: str, settings: Settings, key: str | None, listener: Listener) -> Tally:
    wanted, began_s = sum(map(len, made)), time.monotonic()
    carried = [bodies(lines, f"{run}-{number}") for number, lines in enumerate(made)]
    with Sending(lambda: HttpCollector(settings.collector, key, is_local=settings.is_local), carried) as sending:
        try:
            while not sending.done(_LOOK_S):
                listener.progress(_progress(sending.total, wanted, time.monotonic() - began_s))
        except KeyboardInterrupt:
            listener.note(f"interrupted: {sending.total.sent:,} of {wanted:,} lines were sent")
            raise
    return sending.total


def _refused(
    site: LiveSite, since: Mapping[int, int], run: str, wanted: tuple[int, int], listener: Listener
) -> Refused:
    """What was added to rejects, once it holds what is known to be there: *wanted* of the collector and the enricher.

    A transaction's end is marked in each topic in turn, so the books may be seen a moment before the rejects.
    """
    until_s = time.monotonic() + _MARKED_S
    while True:
        found = until(lambda: site.refused(since, run), listener.progress)
        short = found.collected < wanted[0] or sum(found.enriched.values()) < wanted[1]
        if not short or time.monotonic() > until_s:
            return found
        time.sleep(_LOOK_S)


def _progress(tally: Tally, wanted: int, took_s: float) -> str:
    rate = tally.sent / took_s
    left_s = f", {(wanted - tally.sent) / rate:.0f} s to go" if rate else ""
    waits = f"; waiting: {tally.waits_for}" if tally.waits_for else f", {rate:,.0f}/s{left_s}"
    return f"sending: {tally.sent:,} of {wanted:,} ({100 * tally.sent // max(1, wanted)} %){waits}"


def _since(after: Books, before: Books) -> Books:
    return Books(*(getattr(after, one.name) - getattr(before, one.name) for one in fields(Books)))


def _absent(problem: str, address: str) -> DkdError:
    return DkdError("DKD810", problem=problem, remedy=unreachable_remedy(address))
