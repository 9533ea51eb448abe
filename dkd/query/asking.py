"""One compiled query → its rows; a datasource without rows is said to be one."""

from datetime import UTC, datetime
from typing import NamedTuple

from dkd.model.schema import Model
from dkd.query.client import Druid
from dkd.query.compile import Query, bots, doubts, earlier, newest
from dkd.query.dimension import columns
from dkd.query.mistake import QueryError, unknown_name
from dkd.query.question import TIME, Question
from dkd.query.rows import Rows
from dkd.systems.druid.render import Kind


def ask(druid: Druid, query: Query, timeout_s: float = 30.0) -> Rows:
    """What Druid answers.

    Raises:
        QueryError: DKD315, when the datasource holds no row yet; else as of :meth:`dkd.query.client.Druid.sql`.
    """
    try:
        return druid.sql(query.sql, query.parameters, timeout_s=timeout_s, context=query.context)
    except QueryError as error:
        # A datasource is a table of SQL from its first row on.
        if (unknown_name(error) or ("", ""))[0] != "Object":
            raise
        raise empty(query.datasource) from error


def empty(datasource: str) -> QueryError:
    """The error that *datasource* holds no row yet."""
    is_sessions = datasource.endswith("_sessions")
    remedy = (
        "a session becomes a row once its visitor has been silent for the session gap"
        if is_sessions
        else "send an event, or replay a file: dkd replay FILE; dkd status says what runs"
    )
    return QueryError("DKD315", where=datasource, problem="it holds no row yet", remedy=remedy)


def newest_event(druid: Druid, model: Model, timeout_s: float = 30.0) -> datetime | None:
    """Time of the newest event, UTC; None before the first. Costs next to nothing."""
    try:
        found = ask(druid, newest(model), timeout_s).value()
    except QueryError as error:
        if error.problems[0].code == "DKD315":
            return None
        raise
    return datetime.fromisoformat(found).astimezone(UTC) if found else None


def reaches(druid: Druid, model: Model, moment: datetime) -> bool:
    """Whether the data begins before *moment*; a period in which it begins is not whole. Costs next to nothing."""
    return bool(ask(druid, earlier(model, moment)).rows)


def stored_columns(druid: Druid, model: Model, kind: Kind) -> list[str]:
    """Names of the columns that Druid has of a datasource, in its order.

    Raises:
        QueryError: DKD315, when it has no row yet; else as of :meth:`dkd.query.client.Druid.sql`.
    """
    datasource = model.datasource(kind)
    text = (
        "SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS"
        " WHERE TABLE_SCHEMA = 'druid' AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
    )
    names = [str(row[0]) for row in druid.sql(text, (datasource,)).rows]
    if not names:
        raise empty(datasource)
    return names


def bot_events(druid: Druid, model: Model, question: Question) -> int:
    """Events (of a question that filters by what only sessions have, sessions) of automated visitors.

    Of the question's interval, which must be fixed, and of its filters.
    """
    return int(ask(druid, bots(model, question)).value() or 0)


class Doubts(NamedTuple):
    """What of a slice's events is not as they were sent.

    Attributes:
        events: All of them.
        late: Came so late that they belong to no session.
        clamped: Said a time of the future, and were given that of their arrival.
    """

    events: int
    late: int
    clamped: int


def doubtful(druid: Druid, model: Model, question: Question) -> Doubts | None:
    """The doubts about a fixed interval's events; None where the question filters by what only sessions have."""
    if not {one.dimension for one in question.filters} <= {TIME, *columns(model, "events")}:
        return None
    (row,) = ask(druid, doubts(model, question)).rows
    return Doubts(*(int(value or 0) for value in row))
