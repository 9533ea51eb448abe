"""A question with a fixed interval → Druid SQL; values travel as parameters, identifiers come from the model alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dkd.model.askable import needs
from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.query.dimension import columns, table
from dkd.query.filters import condition
from dkd.query.fragment import Sql, all_parameters, among, joined, quoted
from dkd.query.measure import Part, expression, parts, rank
from dkd.query.periods import double_starts
from dkd.query.question import TIME, Filter, Interval, Question, Split
from dkd.query.rows import unique
from dkd.systems.druid.render import Kind

MOST_ROWS = 20_000
"""More rows than people or pictures take in; a question that needs more is refused before it is asked."""

Role = Literal["ranking", "rows", "others", "totals", "newest", "earlier", "bots", "doubts"]


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
        role: What it is for: the values to show of one split, the rows, all other values, the totals, or the note of
            trust.
        datasource: Whose rows it counts.
        is_previous: Asked of the period before.
    """

    sql: str
    parameters: tuple[object, ...]
    columns: tuple[str, ...]
    context: dict[str, object]
    role: Role
    datasource: str
    is_previous: bool = False


@dataclass(frozen=True)
class Kept:
    """The values of one split that get a row of their own.

    Attributes:
        values: In the order of their rank.
        all_of: The datasource that has no others in the question's interval; None where every one may have.
    """

    split: Split
    values: tuple[Scalar, ...]
    all_of: Kind | None


@dataclass(frozen=True)
class Source:
    """Where to count: a datasource, its interval and its filters.

    Attributes:
        measures: Parts of measures that this datasource holds.
    """

    kind: Kind
    measures: tuple[Part, ...]
    interval: Interval
    is_previous: bool = False


def ranking(model: Model, question: Question, source: Source, split: Split) -> Query:
    """Which values of *split* come first; one more than its limit, to know whether there are others."""
    by = split.sort or question.measures[0]
    order = rank(model, by)
    name = quoted(split.dimension)
    where = _where(model, question, source)
    counted = _from(model, question, source, (split.dimension,), parts(model, by))
    text = (
        f'SELECT {name}, {order.text} AS "rank"\nFROM {counted.text}\nWHERE {where.text}\n'
        f"GROUP BY 1\nORDER BY 2 {'ASC' if split.ascending else 'DESC'}, 1\nLIMIT {split.limit + 1}"
    )
    return _query(text, (order, counted, where), (split.dimension, "rank"), "ranking", model, source)


def rows(model: Model, question: Question, source: Source, kept: Sequence[Kept]) -> Query:
    """One row for each time bucket and each combination of the values that are *kept*, others together."""
    keys = [part for one in kept for part in _key(model, source, one)]
    names = [name for one in kept for name in (one.split.dimension, f"{one.split.dimension}.others")]
    if question.grain is not None:
        keys.insert(0, _bucket(question, source.interval))
        names.insert(0, TIME)
    return _counted(model, question, source, keys, names, tuple(one.split.dimension for one in kept))


def totals(model: Model, question: Question, source: Source) -> Query:
    """One row over the whole interval; totals are asked for, because visitors and ratios do not add up."""
    return _counted(model, question, source, [], [], ())


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


def _counted(
    model: Model, question: Question, source: Source, keys: Sequence[Sql], names: Sequence[str],
    dimensions: Sequence[str],
) -> Query:  # fmt: skip
    """The measures for each of *keys*, which are computed from *dimensions* and head the columns *names*."""
    selected = [*keys, *(expression(model, part) for part in source.measures)]
    # A measure and a dimension may have one name, as revenue.
    columns_ = unique([*names, *(part.name for part in source.measures)])
    listed = ",\n  ".join(f"{part.text} AS {quoted(name)}" for part, name in zip(selected, columns_, strict=True))
    where = _where(model, question, source)
    counted = _from(model, question, source, dimensions, source.measures)
    text = f"SELECT\n  {listed}\nFROM {counted.text}\nWHERE {where.text}"
    if keys:
        text += f"\nGROUP BY {', '.join(str(seq) for seq in range(1, len(keys) + 1))}\nLIMIT {MOST_ROWS + 1}"
    return _query(text, (*selected, counted, where), columns_, "rows" if keys else "totals", model, source)


def _key(model: Model, source: Source, kept: Kept) -> tuple[Sql, Sql]:
    name = quoted(kept.split.dimension)
    if kept.all_of == source.kind and not source.is_previous:
        return Sql(name), Sql("0")
    is_kept = among(columns(model, source.kind)[kept.split.dimension], kept.values)
    return (
        Sql(f"CASE WHEN {is_kept.text} THEN {name} END", is_kept.parameters),
        Sql(f"CASE WHEN {is_kept.text} THEN 0 ELSE 1 END", is_kept.parameters),
    )


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
    conditions = [Sql('"__time" >= ? AND "__time" < ?', (source.interval.start, source.interval.end))]
    if not question.with_bots:
        conditions.append(Sql('"is_bot" IS DISTINCT FROM 1'))
    conditions += [fitting(model, source.kind, one) for one in question.filters]
    return joined("\n  AND ", conditions)


def fitting(model: Model, kind: Kind, one: Filter) -> Sql:
    """Whether a row of the datasource is as the filter says."""
    return condition(None if one.dimension == TIME else columns(model, kind)[one.dimension], one)


def _from(model: Model, question: Question, source: Source, dimensions: Sequence[str], measures: Sequence[Part]) -> Sql:
    """The datasource, with what the question's filters, *dimensions* and *measures* need of it."""
    names = [*dimensions, *(one.dimension for one in question.filters if one.dimension != TIME)]
    names += [name for part in measures for name in sorted(needs(part.measure))]
    return table(model, source.kind, names, question.zone)


def _query(
    text: str, pieces: Iterable[Sql], columns_: tuple[str, ...], role: Role, model: Model, source: Source
) -> Query:
    datasource = model.datasource(source.kind)
    return Query(text, all_parameters(pieces), columns_, {}, role, datasource, source.is_previous)
