"""Files of events, or what raw still holds → the rows of an interval, in files, and what became of every line."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from dkd.collect.events import YEAR_2100_MS
from dkd.collect.weblog import log_shape
from dkd.enrich.state import Books
from dkd.jobs.collected import Collector
from dkd.jobs.fit import closing_ms
from dkd.jobs.hours import Hours, Kept
from dkd.jobs.lines import Format, read_lines
from dkd.jobs.offline import Given, Part, Refused, enriched
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.settings import Settings
from dkd.stream.work import Work
from dkd.systems.druid.loading import Span
from dkd.systems.druid.render import KINDS

ROWS = "rows.ndjson"
_TELL_EVERY = 20_000


@dataclass
class Account:
    """What became of the lines.

    Attributes:
        read: Lines of the files, or records of raw.
        outside: Those further from the interval than a session can reach; they were not looked at.
        collector_rejects: Those that the collector refused.
        consumed, clean, dropped_bots, duplicates, rejects: What the enricher made of the others.
        around: Clean events outside the interval: they only told which sessions reach into it.
        sessions_around: Sessions that begin outside the interval.
        events: Rows of events to load.
        sessions: Rows of sessions to load.
        reasons: Rejects of both by reason.
        ignored: Values whose key the model does not know, by key.
    """

    read: int = 0
    outside: int = 0
    collector_rejects: int = 0
    consumed: int = 0
    clean: int = 0
    dropped_bots: int = 0
    duplicates: int = 0
    rejects: int = 0
    around: int = 0
    sessions_around: int = 0
    events: int = 0
    sessions: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)

    @property
    def closes(self) -> bool:
        """Whether every line is accounted for."""
        books = Books(self.consumed, self.clean, self.dropped_bots, self.duplicates, self.rejects)
        is_whole = self.read == self.outside + self.collector_rejects + self.consumed
        return is_whole and books.closed and self.clean == self.events + self.around

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "closes": self.closes}


class _Time(msgspec.Struct):
    timestamp_ms: int = 0
    start_ms: int = 0


class Place(NamedTuple):
    """Where rows and rejects are written.

    Attributes:
        rows: Its folders ``events`` and ``sessions`` get one file each.
        rejects: One JSON object a line: why, and the line itself.
    """

    rows: Path
    rejects: Path


def reach_ms(model: Model) -> int:
    """How far beyond an interval events are looked at: further off, none is of a session that touches it."""
    return in_ms(model.enrich.timing.max_length) + closing_ms(model.enrich.timing)


def kept_lines(
    files: Sequence[str], form: Format | None, model: Model, settings: Settings, listener: Listener
) -> Iterator[Kept]:
    """The lines of *files*; one without a time comes behind all others, as no line of theirs may depend on it.

    Raises:
        UsageError: DKD801, DKD802 for a file.
    """
    for count, line in enumerate(read_lines(files, log_shape(model, settings.pseudonym_key), form), 1):
        if count % _TELL_EVERY == 0:
            listener.progress(f"reading: {count:,} lines")
        yield Kept(line.time_ms if line.is_timed else YEAR_2100_MS, line.body, line.is_log)


class Opened(NamedTuple):
    """The files that are written."""

    events: BinaryIO
    sessions: BinaryIO
    rejects: BinaryIO


class Rows:
    """Makes the rows of one interval."""

    def __init__(self, interval: Span, work: Work, place: Place, listener: Listener) -> None:
        """Write to *place*, whose folders must be new."""
        self._interval, self._work, self._place, self._listener = interval, work, place, listener
        self._reach_ms = reach_ms(work.setup.model)
        self._account, self._reasons = Account(), Counter[str]()

    def of_lines(self, lines: Iterable[Kept], collector: Collector) -> Account:
        """The rows of files' lines."""
        hours = self._near(lines)
        with self._open() as files:
            for part in enriched(collector.records(iter(hours)), self._work):
                self._write(part, files)
                self._collected(collector, files)
            # Where no line is a record there is no part at all.
            self._collected(collector, files)
        return self._whole(collector.so_far.ignored)

    def of_raw(self, records: Iterable[Kept]) -> Account:
        """The rows of records of raw."""
        hours = self._near(records)
        given = (Given(kept.key, kept.body, kept.received_ms) for kept in hours)
        with self._open() as files:
            for part in enriched(given, self._work):
                self._write(part, files)
        return self._whole({})

    def _near(self, records: Iterable[Kept]) -> Hours:
        """Those that may matter for the interval."""
        start_ms, end_ms = self._interval.start_ms - self._reach_ms, self._interval.end_ms + self._reach_ms
        hours = Hours(self._place.rows / "hours")
        for kept in records:
            self._account.read += 1
            if start_ms <= kept.time_ms < end_ms or kept.time_ms == YEAR_2100_MS:
                hours.add(kept)
            else:
                self._account.outside += 1
        return hours

    @contextmanager
    def _open(self) -> Iterator["Opened"]:
        """The three files."""
        paths = [self._place.rows / kind / ROWS for kind in KINDS]
        for path in paths:
            path.parent.mkdir(parents=True)
        with ExitStack() as stack:
            yield Opened(*(stack.enter_context(path.open("wb")) for path in (*paths, self._place.rejects)))

    def _collected(self, collector: Collector, files: "Opened") -> None:
        self._account.collector_rejects += len(collector.so_far.refused)
        self._refuse(collector.so_far.refused, files.rejects)
        collector.so_far.refused.clear()

    def _write(self, part: Part, files: "Opened") -> None:
        found, books = self._account, part.books
        inside = self._inside(part.clean, "timestamp_ms")
        files.events.writelines(row + b"\n" for row in inside)
        found.events += len(inside)
        found.around += len(part.clean) - len(inside)
        begun = self._inside(part.sessions, "start_ms")
        files.sessions.writelines(row + b"\n" for row in begun)
        found.sessions += len(begun)
        found.sessions_around += len(part.sessions) - len(begun)
        self._refuse(part.refused, files.rejects)
        found.consumed, found.clean, found.dropped_bots = books.consumed, books.clean, books.dropped_bots
        found.duplicates, found.rejects = books.duplicates, books.rejects
        self._listener.progress(f"enriching: {found.consumed:,} of {found.read - found.outside:,} events")

    def _inside(self, rows: Sequence[bytes], name: str) -> list[bytes]:
        decode, (start_ms, end_ms) = msgspec.json.Decoder(_Time).decode, self._interval
        return [row for row in rows if start_ms <= getattr(decode(row), name) < end_ms]

    def _refuse(self, refused: Iterable[Refused], file: BinaryIO) -> None:
        for one in refused:
            self._reasons[one.why["reason"]] += 1
            line = (one.given.line or one.given.value).decode("utf-8", "backslashreplace")
            file.write(json.dumps({**one.why, "line": line}, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def _whole(self, ignored: Any) -> Account:
        self._account.reasons = dict(self._reasons.most_common())
        self._account.ignored = dict(ignored)
        return self._account
