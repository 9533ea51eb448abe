"""A question with a fixed interval → Druid SQL; values travel as parameters, identifiers come from the model alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from dkd.model.askable import needs
from dkd.model.schema import Model
from dkd.query.dimension import columns, table
from dkd.query.filters import condition
from dkd.query.fragment import Sql, all_parameters, joined, quoted
from dkd.query.measure import Part, expression, parts, rank
from dkd.query.periods import double_starts
from dkd.query.question import TIME, Filter, Interval, Question, Split
from dkd.query.rows import unique
from dkd.query.splits import Kept as Kept
from dkd.query.splits import keys, value
from dkd.systems.druid.render import Kind

MOST_ROWS = 20_000
"""More rows than people or pictures take in; a question that needs more is refused before it is asked."""

Role = Literal[
    "ranking", "rows", "others", "subtotals", "totals", "newest", "earlier", "bots", "doubts", "search", "scan"
]


@dataclass(frozen=True)
class Query:
    """One statement for :meth:`dkd.query.client.Druid.sql`.

    Attributes:
        sql: With a ``?`` for each value.
        parameters: The values, in order.
        columns: Names of the answer's columns, in order: the time bucket, for each split its value and
            ``<dimension>.others`` (1 where the row is all the values that are not shown), and the measures, where a
            distinct count is JSON text and a quantile a list.
        context: Settings of the query.
        role: What it is for: the values to show of one split, the rows, all other values, parents, totals, or the note.
        datasource: Whose rows it counts.
        is_previous: Asked of what the question is compared with.
    """

    sql: str
    parameters: tuple[object, ...]
    columns: tuple[str, ...]
    context: dict[str, object]
    role: Role
    datasource: str
    is_previous: bool = False


@dataclass(frozen=True)
class Source:
    """Where to count: a datasource, its interval and its filters.

    Attributes:
        measures: Parts of measures that this datasource holds.
        is_previous: It is what the question is compared with.
        filters: None takes the question's.
    """

    kind: Kind
    measures: tuple[Part, ...]
    interval: Interval
    is_previous: bool = False
    filters: tuple[Filter, ...] | None = None


def ranking(model: Model, question: Question, source: Source, split: Split, then: Source | None = None) -> Query:
    """Which values of *split* come first; one more than its limit, to know whether there are others.

    Args:
        model: The site.
        question: Whose conditions on measures hold too, of *source* alone.
        source: Where to count.
        split: Whose values.
        then: With it the values of both are ranked, by the number of *then* or by the difference, as *split* says.
    """
    by = split.sort or question.measures[0]
    key = value(columns(model, source.kind)[split.dimension], split)
    name = f" AS {quoted(split.dimension)}" if split.bucket is not None else ""
    now = None if then is None else _holds(model, question, source)
    where, order = _where(model, question, source), rank(model, by, now)
    if then is not None and now is not None:
        past = _holds(model, question, then)
        where = joined(
            "\n  AND ",
            [Sql(f"(({now.text})\n  OR ({past.text}))", now.parameters + past.parameters), *_people(question)],
        )
        before = rank(model, by, past)
        if split.by == "previous":
            order = before
        else:
            order = Sql(f"({order.text}) - ({before.text})", order.parameters + before.parameters)
    having = _having(model, question, now)
    measured = [part for name in (by, *(one.measure for one in question.having)) for part in parts(model, name)]
    both = source if then is None else replace(source, filters=_filters(question, source) + _filters(question, then))
    counted = _from(model, question, both, (split.dimension,), measured)
    text = (
        f'SELECT {key.text}{name}, {order.text} AS "rank"\nFROM {counted.text}\n'
        f"WHERE {where.text}\nGROUP BY 1\n{having.text}ORDER BY 2 {'ASC' if split.ascending else 'DESC'}, 1\n"
        f"LIMIT {split.limit + 1}"
    )
    pieces = (key, order, counted, where, having)
    return _query(text, pieces, (split.dimension, "rank"), "ranking", model, source)


def rows(model: Model, question: Question, source: Source, kept: Sequence[Kept], role: Role = "rows") -> Query:
    """One row for each time bucket and each combination of the values that are *kept*, others together.

    As *subtotals* there are no time buckets.
    """
    has_grain = question.grain is not None and role == "rows"
    names = [name for one in kept for name in (one.split.dimension, f"{one.split.dimension}.others")]
    found = list(zip(names, keys(columns(model, source.kind), kept, source.kind, source.is_previous), strict=True))
    if has_grain:
        found.insert(0, (TIME, _bucket(question, source.interval)))
    return _counted(model, question, source, found, tuple(one.split.dimension for one in kept), role)


def totals(model: Model, question: Question, source: Source) -> Query:
    """One row over the whole interval; totals are asked for, because visitors and ratios do not add up."""
    return _counted(model, question, source, [], (), "totals")


def newest(model: Model) -> Query:
    """When the newest event of all happened; one row, none for an empty datasource."""
    # Druid reads the newest segment alone for this; MAX("__time") reads them all.
    datasource = model.datasource("events")
    text = f'SELECT "__time" AS "{TIME}"\nFROM {quoted(datasource)}\nORDER BY "__time" DESC\nLIMIT 1'
    return Query(text, (), (TIME,), {}, "newest", datasource)


def earlier(model: Model, moment: datetime) -> Query:
    """Whether an event happened before *moment*: one row, or none; Druid stops at the first it finds."""
    datasource = model.datasource("events")
    text = f'SELECT "__time" AS "{TIME}"\nFROM {quoted(datasource)}\nWHERE "__time" < ?\nLIMIT 1'
    return Query(text, (moment,), (TIME,), {}, "earlier", datasource)


def bots(model: Model, question: Question) -> Query:
    """How many events of automated visitors the question's interval and filters hold."""
    kind: Kind = (
        "events" if {one.dimension for one in question.filters} <= {TIME, *columns(model, "events")} else "sessions"
    )
    source = Source(kind, (), question.span)
    where = _where(model, question.model_copy(update={"with_bots": True}), source)
    counted = _from(model, question, source, (), ())
    text = f'SELECT COUNT(*) AS "bots"\nFROM {counted.text}\nWHERE {where.text}\n  AND "is_bot" = 1'
    return _query(text, (counted, where), ("bots",), "bots", model, source)


def doubts(model: Model, question: Question) -> Query:
    """How many events the question's interval and filters hold, how many came late, and how many times were mended.

    Only of a question whose filters events have.
    """
    source = Source("events", (), question.span)
    where = _where(model, question, source)
    counted = _from(model, question, source, ("is_late", "time_clamped"), ())
    names = ("events", "late", "clamped")
    listed = 'COUNT(*) AS "events", SUM("is_late") AS "late", SUM("time_clamped") AS "clamped"'
    text = f"SELECT {listed}\nFROM {counted.text}\nWHERE {where.text}"
    return _query(text, (counted, where), names, "doubts", model, source)


def scan(model: Model, question: Question, kind: Kind, names: Sequence[str]) -> Query:
    """The rows themselves of the question's interval and filters, in no order; *names* are columns that Druid has."""
    source = Source(kind, (), question.span)
    where = _where(model, question, source)
    rows_of = table(model, kind, [*names, *(one.dimension for one in question.filters)], question.zone)
    text = f"SELECT {', '.join(map(quoted, names))}\nFROM {rows_of.text}\nWHERE {where.text}"
    return _query(text, (rows_of, where), tuple(names), "scan", model, source)


def _counted(
    model: Model, question: Question, source: Source, keys: Sequence[tuple[str, Sql]], dimensions: Sequence[str],
    role: Role,
) -> Query:  # fmt: skip
    """The measures for each of *keys*, by name, which are computed from *dimensions*."""
    selected = [*(key for _, key in keys), *(expression(model, part) for part in source.measures)]
    # A measure and a dimension may have one name, as revenue.
    columns_ = unique([*(name for name, _ in keys), *(part.name for part in source.measures)])
    listed = ",\n  ".join(f"{part.text} AS {quoted(name)}" for part, name in zip(selected, columns_, strict=True))
    where = _where(model, question, source)
    counted = _from(model, question, source, dimensions, source.measures)
    text = f"SELECT\n  {listed}\nFROM {counted.text}\nWHERE {where.text}"
    if keys:
        text += f"\nGROUP BY {', '.join(str(seq) for seq in range(1, len(keys) + 1))}"
    if role == "rows" and question.grain is not None:
        # Without time there are no more rows than values that are kept, and a limit takes Druid a fifth longer.
        text += f"\nLIMIT {MOST_ROWS + 1}"
    return _query(text, (*selected, counted, where), columns_, role, model, source)


def _bucket(question: Question, interval: Interval) -> Sql:
    # Every offset from UTC is whole quarters of an hour today, so minutes need no zone.
    zone = "Etc/UTC" if question.grain in ("PT1M", "PT5M", "PT15M") else question.zone
    time = Sql('"__time"')
    for one in double_starts(interval, question.grain or "P1D", zone):
        # Where midnight comes twice Druid begins the day twice; here the hour between belongs to the day after it.
        text = f'CASE WHEN "__time" >= ? AND "__time" < ? THEN ? ELSE {time.text} END'
        time = Sql(text, (one.start, one.end, one.end, *time.parameters))
    bucket = Sql(f"TIME_FLOOR({time.text}, ?, NULL, ?)", (*time.parameters, question.grain, zone))
    if question.grain != "P1W":
        return bucket
    # On a day that begins at one o'clock, as in Cairo in April, Druid's week does so too; its day is right.
    return Sql(f"TIME_FLOOR({bucket.text}, 'P1D', NULL, ?)", (*bucket.parameters, zone))


def _where(model: Model, question: Question, source: Source) -> Sql:
    interval, *filters = _conditions(model, question, source)
    return joined("\n  AND ", [interval, *_people(question), *filters])


def _holds(model: Model, question: Question, source: Source) -> Sql:
    return joined(" AND ", _conditions(model, question, source))


def _conditions(model: Model, question: Question, source: Source) -> list[Sql]:
    """That a row is in the source's interval, and as each of its filters says."""
    found = [Sql('"__time" >= ? AND "__time" < ?', (source.interval.start, source.interval.end))]
    return found + [fitting(model, source.kind, one) for one in _filters(question, source)]


def fitting(model: Model, kind: Kind, one: Filter) -> Sql:
    """Whether a row of the datasource is as the filter says."""
    return condition(None if one.dimension == TIME else columns(model, kind)[one.dimension], one)


def _people(question: Question) -> list[Sql]:
    return [] if question.with_bots else [Sql('"is_bot" IS DISTINCT FROM 1')]


def _filters(question: Question, source: Source) -> tuple[Filter, ...]:
    return question.filters if source.filters is None else source.filters


def _having(model: Model, question: Question, now: Sql | None) -> Sql:
    """The clause that leaves out values whose numbers are not as the question wants them; empty without a condition."""
    found = []
    for one in question.having:
        number = rank(model, one.measure, now)
        for sign, limit in ((">=", one.range.at_least), ("<", one.range.below)):
            if limit is not None:
                found.append(Sql(f"{number.text} {sign} ?", (*number.parameters, limit)))
    clause = joined(" AND ", found)
    return Sql(f"HAVING {clause.text}\n", clause.parameters) if found else clause


def _from(model: Model, question: Question, source: Source, dimensions: Sequence[str], measures: Iterable[Part]) -> Sql:
    """The datasource, with what the source's filters, *dimensions* and *measures* need of it."""
    names = [*dimensions, *(one.dimension for one in _filters(question, source) if one.dimension != TIME)]
    names += [name for part in measures for name in sorted(needs(part.measure))]
    return table(model, source.kind, names, question.zone)


def _query(
    text: str, pieces: Iterable[Sql], columns_: tuple[str, ...], role: Role, model: Model, source: Source
) -> Query:
    datasource = model.datasource(source.kind)
    return Query(text, all_parameters(pieces), columns_, {}, role, datasource, source.is_previous)
