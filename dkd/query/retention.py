"""Visitors by the period they came up in → how many of them came back in each period after it; exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dkd.errors import RefusedError
from dkd.model.schema import Model
from dkd.query.asking import reaches
from dkd.query.behaviour import CameBack, Retention, Step
from dkd.query.behaviour_check import require, retention_problems
from dkd.query.client import Druid
from dkd.query.compile import Query
from dkd.query.fragment import Sql, joined
from dkd.query.periods import after, bucket_count, buckets
from dkd.query.question import Question
from dkd.query.scope import Asked, Scope, scope_of

MOST_PERIODS = 60
COOKIE = timedelta(days=730)
"""No party id lives longer in a browser; one that claims to comes from a clock that was wrong."""
_UNKNOWN, _BEFORE = -2, -1


@dataclass(frozen=True)
class Cohort:
    """The visitors of one period.

    Attributes:
        start: When the period begins.
        size: How many came up in it and were seen in it.
        later: How many came up in it and were first seen in a later period; no part of *size*.
        back: How many of *size* were seen in this period, the next, and so on, as far as the interval goes.
        is_whole: The interval holds the period from its start on.
    """

    start: datetime
    size: int
    later: int
    back: tuple[int, ...]
    is_whole: bool


@dataclass(frozen=True)
class Retained:
    """A retention's answer; exact.

    Attributes:
        question: With its interval fixed.
        cohorts: One for each period of the interval, in order.
        before: Visitors that came up before the interval.
        unknown: Visitors whose id does not say when they came up.
        is_last_whole: False where the last period is not over: its numbers may still grow.
    """

    question: Question
    retention: Retention
    cohorts: tuple[Cohort, ...]
    before: int
    unknown: int
    is_last_whole: bool
    queries: tuple[Query, ...] = ()


def retained(druid: Druid, model: Model, question: Question, retention: Retention, timeout_s: float = 30.0) -> Retained:
    """Ask for *retention*.

    Args:
        druid: Where.
        model: The site.
        question: Whose interval is fixed; its filters hold for every event, so for being seen at all.
        retention: What.
        timeout_s: For each query.

    Raises:
        UsageError: With all :func:`retention_problems`.
        RefusedError: DKD336, when the interval has too many periods; DKD337, when the first visit of the interval need
            not be the first of all.
        QueryError: As of :func:`dkd.query.asking.ask`.
    """
    starts, asked = _starts(druid, model, question, retention), Asked(druid, timeout_s)
    rows = asked(_query(scope_of(model, question, "events"), retention, starts)).rows
    last = after(starts[-1], retention.grain, question.zone)
    return Retained(
        question=question,
        retention=retention,
        cohorts=tuple(_cohort(question, starts, seq, rows) for seq in range(len(starts))),
        before=_count(rows, _BEFORE),
        unknown=_count(rows, _UNKNOWN),
        is_last_whole=last <= question.span.end,
        queries=tuple(asked.queries),
    )


def came_back(
    druid: Druid, model: Model, question: Question, cell: CameBack, most: int, timeout_s: float = 30.0
) -> tuple[str, ...]:
    """Ids of the visitors behind a cell, at most so many; none where the interval has no such; raises as above."""
    starts = _starts(druid, model, question, cell.retention)
    if cell.cohort + cell.ahead >= len(starts):
        return ()
    query = _units(scope_of(model, question, "events"), cell, starts, most)
    return tuple(sorted(str(row[0]) for row in Asked(druid, timeout_s)(query).rows))


def _starts(druid: Druid, model: Model, question: Question, retention: Retention) -> list[datetime]:
    """When each period begins; makes sure that the retention can be asked."""
    require(retention_problems(model, question, retention))
    span = question.span
    if bucket_count(span, retention.grain) > MOST_PERIODS + 2:
        problem = f"the interval has more than {MOST_PERIODS} periods"
        raise RefusedError("DKD336", where="retention", problem=problem, remedy="choose longer periods, or less time")
    if retention.born == "visit" and reaches(druid, model, span.start):
        problem = "there are events before the interval, so a visitor's first one in it need not be its first of all"
        remedy = "begin the interval with the first event of all, or go by the id's own time"
        raise RefusedError("DKD337", where="retention", problem=problem, remedy=remedy)
    return list(buckets(span, retention.grain, question.zone))


def _cohort(question: Question, starts: Sequence[datetime], seq: int, rows: Sequence[Sequence[int]]) -> Cohort:
    own = next((row for row in rows if row[0] == row[1] == seq), None)
    return Cohort(
        start=starts[seq],
        size=own[2] if own else 0,
        later=sum(row[2] for row in rows if row[0] == seq != row[1]),
        back=tuple(own[3 + seq :]) if own else (0,) * (len(starts) - seq),
        is_whole=starts[seq] >= question.span.start,
    )


def _count(rows: Sequence[Sequence[int]], cohort: int) -> int:
    return sum(row[2] for row in rows if row[0] == cohort)


def _query(scope: Scope, retention: Retention, starts: Sequence[datetime]) -> Query:
    """For each cohort and first period seen: visitors, and how many of them were back in each period."""
    placed = _placed(scope, retention, starts)
    seen = ",\n  ".join(f'COUNT(*) FILTER (WHERE "back_{seq}" > 0) AS "back_{seq}"' for seq in range(len(starts)))
    text = (
        f'SELECT\n  "cohort",\n  "first",\n  COUNT(*) AS "visitors",\n  {seen}\nFROM (\n{placed.text}\n)\nGROUP BY 1, 2'
    )
    names = ("cohort", "first", "visitors", *(f"back_{seq}" for seq in range(len(starts))))
    return scope.query(text, (placed,), names, "rows")


def _units(scope: Scope, cell: CameBack, starts: Sequence[datetime], most: int) -> Query:
    """Visitors of one cell."""
    placed, at = _placed(scope, cell.retention, starts), cell.cohort
    where = f'"cohort" = {at} AND "first" = {at} AND "back_{at + cell.ahead}" > 0'
    text = f'SELECT "party_id"\nFROM (\n{placed.text}\n)\nWHERE {where}\nLIMIT {most}'
    return scope.query(text, (placed,), ("unit",), "rows")


def _placed(scope: Scope, retention: Retention, starts: Sequence[datetime]) -> Sql:
    """Each visitor with its cohort, the period it was first seen in, and how often it was back in each period."""
    limits = [scope.interval.start, *starts[1:], scope.interval.end]
    ms = [round(moment.timestamp() * 1000) for moment in limits]
    visitors = _visitors(scope, retention, ms)
    born = '"first_ms"'
    if retention.born == "id":
        born = """PARSE_LONG(REGEXP_EXTRACT("party_id", '^0:([0-9A-Za-z]{1,10}):', 1), 36)"""
    back = ", ".join(f'"back_{seq}"' for seq in range(len(starts)))
    text = f'SELECT "party_id", "first_ms", {born} AS "born_ms", {back}\nFROM (\n{visitors.text}\n)'
    cohort = (
        f'CASE WHEN "born_ms" IS NULL OR "born_ms" < "first_ms" - {COOKIE // timedelta(milliseconds=1)} THEN {_UNKNOWN}'
        f'\n    WHEN LEAST("born_ms", "first_ms") < {ms[0]} THEN {_BEFORE}'
        f"{_places('LEAST(born_ms, first_ms)', ms)} END"
    )
    first = f"CASE{_places('first_ms', ms)} END"
    text = f'SELECT\n  "party_id",\n  {cohort} AS "cohort",\n  {first} AS "first",\n  {back}\nFROM (\n{text}\n)'
    return Sql(text, visitors.parameters)


def _visitors(scope: Scope, retention: Retention, ms: Sequence[int]) -> Sql:
    """Each visitor with the time it was first seen, and how often it was back in each period."""
    back = scope.step(Step(event=retention.back))
    time = 'TIMESTAMP_TO_MILLIS("__time")'
    pieces = [Sql(f'"party_id",\n  MIN({time}) AS "first_ms"')]
    for seq in range(len(ms) - 1):
        during = f"{time} >= {ms[seq]} AND {time} < {ms[seq + 1]}"
        pieces.append(Sql(f'COUNT(*) FILTER (WHERE {back.text} AND {during}) AS "back_{seq}"', back.parameters))
    listed, table = joined(",\n  ", pieces), scope.table("party_id", "event")
    where = f'{scope.where.text}\n  AND "party_id" IS NOT NULL'
    text = f'SELECT {listed.text}\nFROM {table.text}\nWHERE {where}\nGROUP BY "party_id"'
    return Sql(text, (*listed.parameters, *table.parameters, *scope.where.parameters))


def _places(time: str, ms: Sequence[int]) -> str:
    """Which period a time of the interval lies in, as the branches of a CASE."""
    return "".join(f"\n    WHEN {time} < {limit} THEN {seq}" for seq, limit in enumerate(ms[1:]))
