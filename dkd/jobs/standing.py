"""A running site's books, beside what Druid counts → a section of the status: does all that came in lie somewhere?"""

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from dkd.errors import DkdError
from dkd.jobs.books import Ledger, PartitionBooks, total
from dkd.jobs.fit import moment
from dkd.jobs.site import rows_of
from dkd.jobs.status import Section
from dkd.model.schema import Model
from dkd.model.types import duration_text
from dkd.model.words import counted
from dkd.query.client import Druid
from dkd.settings import Settings

_TRIES, _PAUSE_S, _LIMIT_S = 3, 0.3, 3.0
_MOST_LINES = 8
_COUNTS = ("consumed", "clean", "dropped_bots", "duplicates", "rejects", "late", "sessions", "open_sessions", "lag")
_HEADS = ("consumed", "= clean", "+ bots", "+ duplicates", "+ rejects", "late", "sessions", "open", "lag")


@dataclass(frozen=True)
class Table:
    """One datasource beside the books.

    Attributes:
        name: Of the datasource.
        rows: That Druid counts.
        wanted: Rows that the enricher has written.
        note: Why they may differ; empty where they do not.
    """

    name: str
    rows: int
    wanted: int
    note: str = ""

    @property
    def line(self) -> str:
        """For people."""
        if not self.note:
            return f"{self.name}: {counted(self.rows, 'row')}, as many as were written"
        return f"{self.name}: {counted(self.rows, 'row')}, {self.wanted:,} were written; {self.note}"


class Standing(NamedTuple):
    """The books of each partition, and the datasources that they fill."""

    partitions: tuple[PartitionBooks, ...]
    tables: tuple[Table, ...]

    @property
    def closes(self) -> bool:
        """Whether every record that was read is accounted for."""
        return all(one.closed for one in self.partitions)


def books_section(model: Model, settings: Settings) -> Section:
    """The section ``books`` of *model* at the target of *settings*; says so where Kafka or Druid do not answer."""
    try:
        found = read_standing(model, settings)
    except DkdError as error:
        return Section("books", (f"books: not known, {error}",), {"unknown": error.problems[0].as_dict()})
    return Section("books", tuple(as_lines(found)), as_dict(found), found.closes)


def read_standing(model: Model, settings: Settings) -> Standing:
    """The books, and the rows of the datasources at about the same moment.

    Rows are counted between two readings of the books, as events may come meanwhile; again, where they do not fit.

    Raises:
        DkdError: As :meth:`dkd.jobs.books.Ledger.read` does, or DKD301 to DKD305 of Druid.
    """
    tables = {count: model.datasource(kind) for kind, count in (("events", "clean"), ("sessions", "sessions"))}
    with closing(Ledger(settings.kafka, model)) as ledger, closing(Druid(settings.druid, patience_s=0)) as druid:
        books, seen = ledger.read(), list[dict[str, int]]()
        while True:
            before = total(books)
            seen.append({count: rows_of(druid, name, timeout_s=_LIMIT_S) for count, name in tables.items()})
            books = ledger.read()
            after = total(books)
            fits = [getattr(before, count) <= rows <= getattr(after, count) for count, rows in seen[-1].items()]
            if all(fits) or len(seen) == _TRIES:
                break
            time.sleep(_PAUSE_S)
    keeps = {"clean": model.datasources.events.retention, "sessions": model.datasources.sessions.retention}
    found = []
    for fit, (count, name) in zip(fits, tables.items(), strict=True):
        rows, wanted = seen[-1][count], int(getattr(after, count))
        moves = rows != seen[0][count]
        note = "" if fit else _why(rows, wanted, moves, duration_text(keeps[count]))
        found.append(Table(name, rows, rows if fit else wanted, note))
    return Standing(books, tuple(found))


def _why(rows: int, wanted: int, moves: bool, retention: str) -> str:
    if moves:
        return "still being ingested"
    if rows > wanted:
        return f"{rows - wanted:,} more were loaded another way, or before the state topic was made anew"
    return f"{wanted - rows:,} are older than {retention}, were deleted, or wait for Druid (dkd logs druid)"


def as_lines(found: Standing) -> list[str]:
    """For people: a table of the partitions, where there are not too many, and a line for each datasource."""
    rows = [_row(str(one.partition), one) for one in found.partitions]
    shown = rows if len(rows) <= _MOST_LINES else []
    whole = ("all", *(f"{sum(getattr(one, name) for one in found.partitions):,}" for name in _COUNTS), "")
    table = [("partition", *_HEADS, "watermark"), *shown, whole]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
    wrong = [one.partition for one in found.partitions if not one.closed]
    verdict = f"books do not close in partitions {', '.join(map(str, wrong))}" if wrong else "books close"
    return ["", *lines, verdict, *(one.line for one in found.tables)]


def _row(name: str, one: PartitionBooks) -> tuple[str, ...]:
    watermark = moment(one.watermark_ms) if one.watermark_ms is not None else "none"
    return (name, *(f"{getattr(one, count):,}" for count in _COUNTS), watermark)


def as_dict(found: Standing) -> dict[str, Any]:
    """For programs."""
    return {
        "closes": found.closes,
        "partitions": [{**one._asdict(), "lag": one.lag, "closes": one.closed} for one in found.partitions],
        "tables": [asdict(one) for one in found.tables],
    }
