"""Values of a dimension that contain a text, the most frequent first, each with a count and a measure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dkd.errors import UsageError
from dkd.model.columns import Column
from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.model.values import held
from dkd.query.asking import ask
from dkd.query.client import Druid
from dkd.query.compile import Query, Source, rows
from dkd.query.dimension import columns, dimensions
from dkd.query.filters import NUMBERS
from dkd.query.fragment import Sql, joined, quoted
from dkd.query.measure import Part, kind_of, near, parts
from dkd.query.number import Number, ratio, read
from dkd.query.question import TIME, Filter, Question, Split
from dkd.query.scope import Scope
from dkd.query.splits import Kept
from dkd.systems.druid.render import KINDS, Kind

MOST_VALUES = 100


class Value(NamedTuple):
    """One value.

    Attributes:
        value: Null too, where no text was looked for.
        frequency: How many events, or sessions, have it.
        number: The measure of them; None where none was asked for, or it is not counted there.
    """

    value: Scalar
    frequency: int
    number: Number | None = None


class Found(NamedTuple):
    """What a search found.

    Attributes:
        values: By count, the greatest first.
        has_more: Whether there are more than these.
        counted: What the counts are of.
        queries: What Druid was asked.
    """

    values: tuple[Value, ...]
    has_more: bool
    counted: Kind
    queries: tuple[Query, ...]


def searched(
    druid: Druid, model: Model, question: Question, dimension: str, text: str = "", *, measure: str | None = None,
    limit: int = MOST_VALUES, timeout_s: float = 30.0,
) -> Found:  # fmt: skip
    """The values of *dimension* in whose text *text* stands, in capitals or not; all of them for an empty one.

    Only the question's interval is read, and of it what its filters on other dimensions keep. Counted is what the
    question's first measure counts, or the other datasource where only that has the dimensions. Values are ranked by
    their count, which is quick for 200,000 of them; the measure is then asked for those that are shown alone.

    Args:
        druid: Where.
        model: The site.
        question: With its interval fixed.
        dimension: A column, of a list too, or a computed dimension.
        text: A part of the values; of numbers a part of how they are written.
        measure: To set beside each value.
        limit: How many at most.
        timeout_s: For each query.

    Raises:
        UsageError: DKD311 or DKD312, when neither datasource has the dimension and those of the filters.
        QueryError: As of :func:`dkd.query.asking.ask`.
    """
    kept = tuple(one for one in question.filters if one.dimension != dimension)
    question = question.model_copy(update={"filters": kept, "splits": (), "having": (), "grain": None})
    kind = _kind(model, question, dimension)
    column = columns(model, kind)[dimension]
    query = search_query(model, question, kind, (dimension, text), limit)
    found = ask(druid, query, timeout_s).rows
    counts = {held(column, value): count for value, count in found[:limit]}
    if measure is None or not counts or {kind_of(model, part.measure) for part in parts(model, measure)} != {kind}:
        values = tuple(Value(value, count) for value, count in counts.items())
        return Found(values, len(found) > limit, kind, (query,))
    source = Source(kind, parts(model, measure), question.span)
    beside = _beside(model, question, source, dimension, tuple(counts))
    numbers = {held(column, row[0]): _number(source.measures, row[2:]) for row in ask(druid, beside, timeout_s).rows}
    values = tuple(Value(value, count, numbers.get(value)) for value, count in counts.items())
    return Found(values, len(found) > limit, kind, (query, beside))


def search_query(model: Model, question: Question, kind: Kind, wanted: tuple[str, str], limit: int) -> Query:
    """One row for each value of a dimension with a text in it; one more than *limit* where there are more."""
    dimension, text = wanted
    column, scope = columns(model, kind)[dimension], Scope(model, question, kind, question.span)
    name, table = quoted(dimension), scope.table(dimension)
    if column.type == "list":
        # A row's other values come along with the one that is looked for, unless each is a row of its own.
        name, table = (
            '"one"',
            Sql(f'{table.text}\nCROSS JOIN UNNEST(MV_TO_ARRAY({name})) AS "each"("one")', table.parameters),
        )
    conditions = [scope.where, *([_contains(column, name, text)] if text else [])]
    where = joined("\n  AND ", conditions)
    sql = (
        f'SELECT {name}, COUNT(*) AS "count"\nFROM {table.text}\nWHERE {where.text}\nGROUP BY 1\n'
        f"ORDER BY 2 DESC, 1\nLIMIT {limit + 1}"
    )
    return scope.query(sql, (table, where), (dimension, "count"), "search")


def _kind(model: Model, question: Question, dimension: str) -> Kind:
    if dimension not in dimensions(model):
        problem = f"there is no dimension {dimension!r}"
        raise UsageError("DKD311", where="search", problem=problem, remedy=near(dimension, list(dimensions(model))))
    first = kind_of(model, parts(model, question.measures[0])[0].measure)
    needed = {dimension, *(one.dimension for one in question.filters)} - {TIME}
    for kind in sorted(KINDS, key=lambda kind: kind != first):
        if needed <= columns(model, kind).keys():
            return kind
    problem = f"neither events nor sessions have all of {', '.join(sorted(needed))}"
    raise UsageError("DKD312", where="search", problem=problem, remedy="leave out a filter")


def _contains(column: Column, name: str, text: str) -> Sql:
    if column.type == "boolean":
        name = f"CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    elif column.type in NUMBERS:
        name = f"CAST({name} AS VARCHAR)"
    return Sql(f"ICONTAINS_STRING({name}, ?)", (text,))


def _beside(model: Model, question: Question, source: Source, dimension: str, values: tuple[Scalar, ...]) -> Query:
    """The measure of each of *values*."""
    filters = (*question.filters, Filter(dimension=dimension, values=values))
    question = question.model_copy(update={"filters": filters})
    return rows(model, question, source, [Kept(Split(dimension=dimension), values, all_of=source.kind)])


def _number(parts: Sequence[Part], values: Sequence[Any]) -> Number:
    numbers = [read(part, value) for part, value in zip(parts, values, strict=True)]
    return numbers[0] if len(numbers) == 1 else ratio(*numbers)
