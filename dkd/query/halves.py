"""Measures that take long to count are asked apart from the others, and the two answers become one again."""

from collections.abc import Sequence

from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell, Row
from dkd.query.measure import parts
from dkd.query.question import Question


def slow(model: Model, measures: Sequence[str]) -> tuple[str, ...]:
    """Those that need a sketch of the values; a distinct count costs several times what counts and sums do."""

    def is_slow(name: str) -> bool:
        found = [part.measure for part in parts(model, name)]
        return any(one.count_distinct is not None or one.quantile is not None for one in found)

    return tuple(name for name in measures if is_slow(name))


def joined(question: Question, one: Answer, other: Answer) -> Answer:
    """The answer of *question* from those of its halves.

    Args:
        question: Without splits, its interval fixed, so that both have a row for each bucket.
        one: Of some of its measures.
        other: Of all the others.
    """
    return Answer(
        question=question,
        previous=one.previous,
        rows=tuple(
            Row(first.time, first.key, _cells(question, (one, first.cells), (other, second.cells)))
            for first, second in zip(one.rows, other.rows, strict=True)
        ),
        totals=_cells(question, (one, one.totals), (other, other.totals)),
        queries=(*one.queries, *other.queries),
        definitions={**one.definitions, **other.definitions},
    )


def _cells(question: Question, *halves: tuple[Answer, tuple[Cell, ...]]) -> tuple[Cell, ...]:
    found = {name: cell for answer, cells in halves for name, cell in zip(answer.question.measures, cells, strict=True)}
    return tuple(found[name] for name in question.measures)
