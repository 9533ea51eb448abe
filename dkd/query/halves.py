"""Measures that take long to count, and those of sessions, are asked apart; the answers become one again."""

from collections.abc import Sequence

from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell, Row
from dkd.query.measure import kind_of, parts
from dkd.query.question import Question


def slow(model: Model, measures: Sequence[str]) -> tuple[str, ...]:
    """Those that need a sketch of the values; a distinct count costs several times what counts and sums do."""

    def is_slow(name: str) -> bool:
        found = [part.measure for part in parts(model, name)]
        return any(one.count_distinct is not None or one.quantile is not None for one in found)

    return tuple(name for name in measures if is_slow(name))


def of_sessions(model: Model, measures: Sequence[str]) -> tuple[str, ...]:
    """Those that only the rows of finished sessions answer, of which a young site has none."""
    return tuple(
        name for name in measures if any(kind_of(model, part.measure) == "sessions" for part in parts(model, name))
    )


def joined(question: Question, *halves: Answer) -> Answer:
    """The answer of *question*, as far as its measures have one, from those of its halves.

    Args:
        question: Without splits, its interval fixed, so that all have a row for each bucket.
        halves: One at least; each of some of its measures.
    """
    names = tuple(name for name in question.measures if any(name in one.question.measures for one in halves))

    def cells(*parts: tuple[Cell, ...]) -> tuple[Cell, ...]:
        found = {
            name: cell
            for one, part in zip(halves, parts, strict=True)
            for name, cell in zip(one.question.measures, part, strict=True)
        }
        return tuple(found[name] for name in names)

    first = halves[0]
    return Answer(
        question=question.model_copy(update={"measures": names}),
        previous=first.previous,
        rows=tuple(
            Row(each[0].time, each[0].key, cells(*(row.cells for row in each)))
            for each in zip(*(one.rows for one in halves), strict=True)
        ),
        totals=cells(*(one.totals for one in halves)),
        queries=tuple(query for one in halves for query in one.queries),
        definitions={name: text for one in halves for name, text in one.definitions.items()},
    )
