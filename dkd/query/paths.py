"""A question's sessions → the pages, or other values, that came one after the other, and how many that covers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from dkd.errors import RefusedError
from dkd.model.askable import Kind
from dkd.model.schema import Model
from dkd.query.behaviour import MOST_READ, Paths
from dkd.query.behaviour_check import kind_of_paths, path_problems, require
from dkd.query.client import Druid
from dkd.query.compile import Query
from dkd.query.flow import Flow, Sequenced, flow
from dkd.query.fragment import Sql, joined, quoted
from dkd.query.question import Question
from dkd.query.scope import Asked, Scope, scope_of

MOST_WAYS = 50_000
"""Different ways through the pages that are read, those of most sessions first."""
# No browser puts it into an address unescaped.
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class Travelled:
    """The answer about paths.

    Attributes:
        question: With its interval fixed.
        kind: What was read: rows of finished sessions, or events, which open sessions have too.
        flow: The ways.
        sessions: All sessions of the interval and filters.
        read: Those of *sessions* whose ways were read; less where there are too many different ones.
        cut: Sessions whose list of pages is not whole, as it ends with the hundredth.
    """

    question: Question
    paths: Paths
    kind: Kind
    flow: Flow
    sessions: int
    read: int
    cut: int
    queries: tuple[Query, ...] = ()

    @property
    def shown(self) -> int:
        """Sessions with a way on the picture."""
        return self.flow.started


def travelled(druid: Druid, model: Model, question: Question, paths: Paths, timeout_s: float = 30.0) -> Travelled:
    """Ask for *paths*.

    Args:
        druid: Where.
        model: The site.
        question: Whose interval is fixed.
        paths: What.
        timeout_s: For each query.

    Raises:
        UsageError: With all :func:`path_problems`.
        RefusedError: DKD338, when more events would have to be put in order than are read.
        QueryError: As of :func:`dkd.query.asking.ask`.
    """
    require(path_problems(model, question, paths))
    kind, asked = kind_of_paths(model, question, paths), Asked(druid, timeout_s)
    scope = scope_of(model, question, kind)
    ways: list[Sequenced]
    if kind == "sessions":
        sessions, cut = asked(_totals(scope)).rows[0]
        ways = [(tuple(text.split(_BETWEEN)), count) for text, count in asked(_pages(scope, paths)).rows]
    else:
        ways, cut = list(_sequences(asked, scope, paths)), 0
        sessions = sum(count for _, count in ways)
    # Sessions without the anchor are not read: they have no way to show.
    read = sessions if kind == "events" or len(ways) < MOST_WAYS else sum(count for _, count in ways)
    return Travelled(question, paths, kind, flow(ways, paths), sessions, read, cut or 0, tuple(asked.queries))


def _totals(scope: Scope) -> Query:
    table = scope.table("pages_truncated")
    cut = 'COUNT(*) FILTER (WHERE "pages_truncated" = 1)'
    text = f'SELECT COUNT(*) AS "sessions", {cut} AS "cut"\nFROM {table.text}\nWHERE {scope.where.text}'
    return scope.query(text, (table, scope.where), ("sessions", "cut"), "totals")


def _pages(scope: Scope, paths: Paths) -> Query:
    """Each different list of pages, and how many sessions had it."""
    table, pages = scope.table("pages"), Sql('MV_TO_STRING("pages", ?)', (_BETWEEN,))
    conditions = [scope.where, Sql('"pages" IS NOT NULL')]
    if paths.anchor is not None:
        conditions.append(Sql('MV_CONTAINS("pages", ?)', (paths.anchor,)))
    where = joined("\n  AND ", conditions)
    text = (
        f'SELECT {pages.text} AS "pages", COUNT(*) AS "sessions"\nFROM {table.text}\nWHERE {where.text}\n'
        f"GROUP BY 1\nORDER BY 2 DESC, 1\nLIMIT {MOST_WAYS}"
    )
    return scope.query(text, (pages, table, where), ("pages", "sessions"), "rows")


def _sequences(asked: Asked, scope: Scope, paths: Paths) -> Iterator[Sequenced]:
    """The values of each session in order of its events; two at one time in the order of their ids, as everywhere."""
    name = quoted(paths.by)
    table = scope.table("session_id", "event_id", paths.by)
    where = joined("\n  AND ", [scope.where, Sql('"session_id" IS NOT NULL'), Sql(f"{name} IS NOT NULL")])
    count = f'SELECT COUNT(*) AS "events"\nFROM {table.text}\nWHERE {where.text}'
    found = asked(scope.query(count, (table, where), ("events",), "totals")).value() or 0
    if found > MOST_READ:
        problem = f"{found:,} events would have to be put in order, and {MOST_READ:,} are the most"
        remedy = "choose a shorter interval or a narrower filter; pages without filters on events have no such limit"
        raise RefusedError("DKD338", where="paths", problem=problem, remedy=remedy)
    names = ("session_id", "time_ms", "event_id", "value")
    text = (
        f'SELECT "session_id", TIMESTAMP_TO_MILLIS("__time") AS "time_ms", "event_id",\n'
        f'  CAST({name} AS VARCHAR) AS "value"\nFROM {table.text}\nWHERE {where.text}\nLIMIT {MOST_READ + 1}'
    )
    rows = asked(scope.query(text, (table, where), names, "rows")).rows
    ordered = sorted(rows, key=lambda row: (row[0], row[1], row[2] or ""))
    for _, own in groupby(ordered, key=lambda row: row[0]):
        yield [str(row[3]) for row in own], 1
