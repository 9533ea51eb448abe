"""A question → the sessions behind its numbers, newest first; one session → its events in order, with the gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dkd.errors import UsageError
from dkd.model.askable import Kind
from dkd.model.columns import model_columns
from dkd.model.schema import Model
from dkd.model.values import held
from dkd.query.behaviour import Behind, CameBack, Sessions
from dkd.query.behaviour_check import kind_of_sessions, require, session_problems
from dkd.query.client import Druid
from dkd.query.compile import Query
from dkd.query.dimension import columns
from dkd.query.fragment import Sql, joined, quoted
from dkd.query.funnel import behind
from dkd.query.funnel_sql import UNITS
from dkd.query.instead import Counts, instead
from dkd.query.mistake import QueryError
from dkd.query.question import Question
from dkd.query.retention import came_back
from dkd.query.scope import Asked, Scope, scope_of

PAGE = 50
MOST_EVENTS = 2_000
MOST_BEHIND = 1_000
AROUND = timedelta(days=2)
"""No session goes on for longer; so much around an interval all events of its sessions lie."""
_FIRST = ("country", "channel", "device_type", "browser", "referrer_source")
_OF_ROW = ("duration_s", "converted", "conversion_value", "is_bounce", "closed_by")


@dataclass(frozen=True)
class Session:
    """One session as far as its events say, and as far as its row says where it is finished.

    Attributes:
        id: Its id.
        party: Its visitor.
        start: Of its first event, UTC.
        end: Of its last.
        events: All of them, whatever was filtered.
        pageviews: Those called ``page_view``.
        entry: Path of its first page.
        exit: Path of its last.
        first: Values of a few dimensions on its first event that has one.
        row: What only the row of a finished session says; None while it is open.
    """

    id: str
    party: str | None
    start: datetime
    end: datetime
    events: int
    pageviews: int
    entry: str | None
    exit: str | None
    first: Mapping[str, str | None]
    row: Mapping[str, Any] | None


@dataclass(frozen=True)
class Listed:
    """A page of sessions.

    Attributes:
        question: With its interval fixed.
        kind: Where they were found: by their events, open ones too, or by the rows of finished ones.
        sessions: Newest first.
        has_more: There is a page after this one.
        units: The visitors or sessions behind the bar or cell whose sessions these are; None without one.
        instead: What all of those did next, where the bar is of those lost, and they are few enough.
    """

    question: Question
    kind: Kind
    sessions: tuple[Session, ...]
    has_more: bool
    units: tuple[str, ...] | None = None
    queries: tuple[Query, ...] = ()
    instead: Counts | None = None


@dataclass(frozen=True)
class Moment:
    """One event of a session.

    Attributes:
        time: UTC.
        gap_s: Seconds since the event before; None for the first.
        event: What happened.
        page: Path of the page.
        values: Whatever else of the model's own fields it has.
    """

    time: datetime
    gap_s: float | None
    event: str
    page: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """One session from its first event to its last.

    Attributes:
        moments: In order of time, then of the events' ids.
        is_cut: Only the first two thousand are here.
    """

    session: Session
    moments: tuple[Moment, ...]
    is_cut: bool
    queries: tuple[Query, ...] = ()


def listed(druid: Druid, model: Model, question: Question, wanted: Sessions, timeout_s: float = 30.0) -> Listed:
    """A page of the sessions that have an event that fits, or whose row fits.

    Raises:
        UsageError: With all :func:`session_problems`.
        QueryError: As of :func:`dkd.query.asking.ask`.
    """
    require(session_problems(model, question))
    asked, kind = Asked(druid, timeout_s), kind_of_sessions(model, question)
    bar, units = wanted.behind, None
    if isinstance(bar, CameBack):
        units = came_back(druid, model, question, bar, MOST_BEHIND, timeout_s)
    elif bar is not None:
        units = behind(druid, model, question, bar, MOST_BEHIND, timeout_s)
    scope = scope_of(model, question, kind)
    rows = asked(_found(scope, wanted, units)).rows if units != () else ()
    ids = [str(row[0]) for row in rows[:PAGE]]
    sessions = _detailed(asked, scope, ids) if ids else {}
    newest_first = [sessions[one] for one in ids if one in sessions]
    did = None
    if isinstance(bar, Behind) and bar.lost and units and len(units) < MOST_BEHIND:
        did = instead(asked, scope_of(model, question, "events"), bar, units)
    return Listed(question, kind, tuple(newest_first), len(rows) > PAGE, units, tuple(asked.queries), did)


def told(druid: Druid, model: Model, question: Question, session_id: str, timeout_s: float = 30.0) -> Told:
    """The events of one session; of the question only the interval counts, two days around which they are looked for.

    Raises:
        UsageError: DKD339, when there is no such session there.
        QueryError: As of :func:`dkd.query.asking.ask`.
    """
    asked, scope = Asked(druid, timeout_s), scope_of(model, question, "events")
    found = _detailed(asked, scope, [session_id]).get(session_id)
    if found is None:
        remedy = "choose an interval that it lies in"
        raise UsageError("DKD339", where="session", problem=f"{session_id!r} has no event here", remedy=remedy)
    own = [column for column in model_columns(model) if column.name != "party_id"]
    listed_ = ", ".join(quoted(name) for name in ("event_id", "event", "page_path", *(one.name for one in own)))
    where = joined("\n  AND ", [scope.all_time(AROUND), Sql('"session_id" = ?', (session_id,))])
    table = scope.table()
    text = (
        f'SELECT TIMESTAMP_TO_MILLIS("__time") AS "time_ms", {listed_}\nFROM {table.text}\nWHERE {where.text}\n'
        f'ORDER BY "__time"\nLIMIT {MOST_EVENTS + 1}'
    )
    names = ("time_ms", "event_id", "event", "page_path", *(one.name for one in own))
    rows = asked(scope.query(text, (table, where), names, "rows")).rows
    ordered = sorted(rows[:MOST_EVENTS], key=lambda row: (row[0], row[1] or ""))
    moments = []
    for seq, (time_ms, _, event, page, *values) in enumerate(ordered):
        gap_s = (time_ms - ordered[seq - 1][0]) / 1000 if seq else None
        given = {one.name: held(one, value) for one, value in zip(own, values, strict=True) if value is not None}
        moments.append(Moment(_moment(time_ms), gap_s, event, page, given))
    return Told(found, tuple(moments), len(rows) > MOST_EVENTS, tuple(asked.queries))


def unit_of(bar: Behind | CameBack) -> Literal["visitor", "session"]:
    """Who is behind it."""
    return bar.funnel.unit if isinstance(bar, Behind) else "visitor"


def _found(scope: Scope, wanted: Sessions, units: Sequence[str] | None) -> Query:
    """Ids of a page of sessions, newest first, and of one more."""
    unit = UNITS[unit_of(wanted.behind)] if wanted.behind else "session_id"
    table = scope.table("session_id", unit)
    conditions = [scope.where, Sql('"session_id" IS NOT NULL')]
    if units is not None:
        conditions.append(Sql(f"{quoted(unit)} IN ({', '.join('?' * len(units))})", tuple(units)))
    where = joined("\n  AND ", conditions)
    text = (
        f'SELECT "session_id", MAX("__time") AS "time"\nFROM {table.text}\nWHERE {where.text}\n'
        f"GROUP BY 1\nORDER BY 2 DESC, 1\nLIMIT {PAGE + 1} OFFSET {PAGE * (wanted.page - 1)}"
    )
    return scope.query(text, (table, where), ("session_id", "time"), "rows")


def _detailed(asked: Asked, scope: Scope, ids: Sequence[str]) -> dict[str, Session]:
    """All that is known of these sessions, by id."""
    events = Scope(scope.model, scope.question, "events", scope.interval)
    among = Sql(f'"session_id" IN ({", ".join("?" * len(ids))})', tuple(ids))
    where = joined("\n  AND ", [events.all_time(AROUND), among])
    page = 'FILTER (WHERE "page_path" IS NOT NULL)'
    values = [f"EARLIEST({quoted(name)}, 256) FILTER (WHERE {quoted(name)} IS NOT NULL)" for name in _FIRST]
    selected = [
        '"session_id"', 'ANY_VALUE("party_id", 256)', 'TIMESTAMP_TO_MILLIS(MIN("__time"))',
        'TIMESTAMP_TO_MILLIS(MAX("__time"))', "COUNT(*)", "COUNT(*) FILTER (WHERE \"event\" = 'page_view')",
        f'EARLIEST("page_path", 1024) {page}', f'LATEST("page_path", 1024) {page}', *values,
    ]  # fmt: skip
    names = ("session_id", "party", "start_ms", "end_ms", "events", "pageviews", "entry", "exit", *_FIRST)
    shown = ",\n  ".join(f"{one} AS {quoted(name)}" for one, name in zip(selected, names, strict=True))
    table = events.table()
    text = f"SELECT\n  {shown}\nFROM {table.text}\nWHERE {where.text}\nGROUP BY 1"
    rows = asked(events.query(text, (table, where), names, "rows")).rows
    finished = _rows_of(asked, scope, among)
    return {
        row[0]: Session(
            row[0], row[1], _moment(row[2]), _moment(row[3]), row[4], row[5], row[6] or None, row[7] or None,
            {name: value or None for name, value in zip(_FIRST, row[8:], strict=True)}, finished.get(row[0]),
        )
        for row in rows
    }  # fmt: skip


def _rows_of(asked: Asked, scope: Scope, among: Sql) -> dict[str, dict[str, Any]]:
    """The rows of those sessions that are finished, by id; none before the first of all."""
    rows = Scope(scope.model, scope.question, "sessions", scope.interval)
    known = columns(scope.model, "sessions")
    where, table = joined("\n  AND ", [rows.all_time(AROUND), among]), rows.table()
    text = f'SELECT "session_id", {", ".join(map(quoted, _OF_ROW))}\nFROM {table.text}\nWHERE {where.text}'
    try:
        found = asked(rows.query(text, (table, where), ("session_id", *_OF_ROW), "rows")).rows
    except QueryError as error:
        if error.problems[0].code != "DKD315":
            raise
        return {}
    return {
        row[0]: {name: held(known[name], value) for name, value in zip(_OF_ROW, row[1:], strict=True)} for row in found
    }


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)
