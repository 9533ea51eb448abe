"""The first values of one dimension by one measure, with few rows read: the same answer as :func:`answered` gives.

Distinct counts are what costs. Ranking thousands of pages by visitors takes a sketch for each page; but no page has
more visitors than events. So the values with the most events are looked at, and once the last one that is shown has
more visitors than any other value has events, the others need not be counted at all.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

from dkd.model.measures import Measure
from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.model.values import held
from dkd.query.answer import Answer, Cell, Others, Row, answered, definitions
from dkd.query.asking import ask
from dkd.query.client import Druid
from dkd.query.compile import Query, Source, ranking, rows, totals
from dkd.query.dimension import dimensions
from dkd.query.measure import Part, kind_of, parts
from dkd.query.number import Number, nothing, read
from dkd.query.periods import before
from dkd.query.question import Filter, Grain, Interval, Question, Split
from dkd.query.splits import Kept
from dkd.systems.druid.render import Kind

CANDIDATES = (100, 1_000)
"""How many values to look at first; skewed as most dimensions are, the first hundred nearly always will do."""


def first_values(
    druid: Druid, model: Model, question: Question, *, stride: Grain | None = None, timeout_s: float = 30.0
) -> Iterator[Answer]:
    """The answer of a question, without totals; quicker where it asks for the first values by a count or a sum.

    Where the others are a distinct count, which reads most rows once more, an answer comes before it in which they have
    no value yet.

    Args and errors as of :func:`dkd.query.answer.answered`; the question's interval must be fixed.
    """
    part = _plain(model, question)
    kind = kind_of(model, part.measure) if part is not None else None
    if part is None or kind is None:
        yield answered(druid, model, question, stride=stride, with_totals=False, timeout_s=timeout_s)
        return
    yield from _First(druid, model, question, part, kind, timeout_s).answers(stride)


def _plain(model: Model, question: Question) -> Part | None:
    """The one count, sum or distinct count that the question ranks by; None where it asks for more than that."""
    if len(question.measures) != 1 or len(question.splits) != 1 or question.grain or question.having:
        return None
    (split,), found = question.splits, parts(model, question.measures[0])
    plain = Split(dimension=split.dimension, limit=split.limit, sort=split.sort)
    is_simple = split == plain and split.sort in (None, question.measures[0]) and question.against is None
    is_counted = len(found) == 1 and found[0].measure.quantile is None
    return found[0] if is_simple and is_counted and not _is_of_lists(model, found[0]) else None


def _is_of_lists(model: Model, part: Part) -> bool:
    """Whether one event may hold several of the values that are counted, and so fewer events than values be there."""
    counted = part.measure.count_distinct
    return counted is not None and dimensions(model)[counted].type == "list"


class _First:
    """One question on its way."""

    def __init__(
        self, druid: Druid, model: Model, question: Question, part: Part, kind: Kind, timeout_s: float
    ) -> None:
        self._druid, self._model, self._question, self._timeout_s = druid, model, question, timeout_s
        self._part, self._kind, self._split = part, kind, question.splits[0]
        self._queries: list[Query] = []

    def answers(self, stride: Grain | None) -> Iterator[Answer]:
        strided = self._question.model_copy(update={"grain": stride})
        past = before(strided)[0] if self._question.compare else None
        distinct = self._part.measure.count_distinct is not None
        now, has_others = self._by_distinct() if distinct else self._by_rank()
        earlier: Callable[[], Any] = cache(lambda: None if past is None else self._cells(list(now), past))
        if distinct and has_others:
            yield self._answer(past, self._rows(now, Number(None), earlier()))
        works: list[Callable[[], Any]] = [
            lambda: self._others(now, self._question.span) if has_others else None,
            earlier,
            lambda: self._others(now, past) if past is not None else None,
        ]
        with ThreadPoolExecutor(len(works)) as pool:
            found = [one.result() for one in [pool.submit(work) for work in works]]
        yield self._answer(past, self._rows(now, *found))

    def _answer(self, past: Interval | None, found: list[Row]) -> Answer:
        return Answer(
            question=self._question,
            previous=past,
            rows=tuple(found),
            totals=(),
            queries=tuple(self._queries),
            definitions=definitions(self._model, self._question),
        )

    def _by_rank(self) -> tuple[dict[Scalar, Number], bool]:
        """The first values and their numbers, which are what they are ranked by; and whether there are more."""
        found = self._ask(ranking(self._model, self._question, self._source(self._question.span), self._split))
        numbers = {row[0]: read(self._part, row[1]) for row in found[: self._split.limit]}
        return numbers, len(found) > self._split.limit

    def _by_distinct(self) -> tuple[dict[Scalar, Number], bool]:
        limit = self._split.limit
        for most in CANDIDATES:
            counts = self._counts(max(most, limit))
            is_all = len(counts) <= max(most, limit)
            numbers = self._looked_at(counts, 0) if is_all else self._looked_at(counts[:-1], counts[limit - 1][1] / 2)
            ranked = sorted(numbers, key=lambda value: (-(numbers[value].value or 0), *_as_druid(value)))
            if is_all or _is_proven([numbers[value] for value in ranked[:limit]], limit, counts[-1][1]):
                return {value: numbers[value] for value in ranked[:limit]}, len(counts) > limit
        ranked = [row[0] for row in self._ask(self._ranking())]
        return self._cells(ranked[:limit], self._question.span), len(ranked) > limit

    def _looked_at(self, counts: Sequence[Any], least: float) -> dict[Scalar, Number]:
        """The numbers of those values that may be among the first; each has at least as many events as visitors.

        Args:
            counts: Values and their events, most first.
            least: So many events one has that is looked at in any case.
        """
        numbers: dict[Scalar, Number] = {}
        while more := [value for value, count in counts if value not in numbers and count >= least]:
            numbers |= self._cells(more, self._question.span)
            lows = sorted(((one.value or 0) - one.error for one in numbers.values()), reverse=True)
            least = lows[self._split.limit - 1] if len(lows) >= self._split.limit else 0
        return numbers

    def _ranking(self) -> Query:
        return ranking(self._model, self._question, self._source(self._question.span), self._split)

    def _counts(self, most: int) -> Sequence[Any]:
        """The values with the most events (or sessions) that the distinct count looks at, and how many those are.

        Those without what is counted are among them: to leave them out costs more than it saves.
        """
        measure = Measure(count=self._kind, where=self._part.measure.where)
        name = self._question.measures[0]
        model = self._model.model_copy(update={"measures": {**self._model.measures, name: measure}})
        split = Split(dimension=self._split.dimension, limit=min(most, 1_000))
        return self._ask(ranking(model, self._question, self._source(self._question.span), split))

    def _cells(self, values: list[Scalar], interval: Interval) -> dict[Scalar, Number]:
        """The measure of each of *values*; reads their rows alone."""
        if not values:
            return {}
        kept = Kept(self._split, tuple(values), self._kind)
        query = rows(self._model, self._only(values, exclude=False), self._source(interval), [kept])
        found = {row[0]: read(self._part, row[2]) for row in self._ask(self._marked(query, interval))}
        return {value: found.get(value, nothing(self._part)) for value in values}

    def _others(self, now: dict[Scalar, Number], interval: Interval) -> Number:
        """The measure of all values but those of *now* together."""
        query = totals(self._model, self._only(list(now), exclude=True), self._source(interval))
        found = self._ask(self._marked(replace(query, role="others"), interval))
        return read(self._part, found[0][0]) if found else nothing(self._part)

    def _only(self, values: list[Scalar], *, exclude: bool) -> Question:
        if not values:
            return self._question
        column = dimensions(self._model)[self._split.dimension]
        listed = tuple(held(column, value) for value in values)
        more = Filter(dimension=self._split.dimension, values=listed, exclude=exclude)
        return self._question.model_copy(update={"filters": (*self._question.filters, more)})

    def _source(self, interval: Interval) -> Source:
        return Source(self._kind, (self._part,), interval)

    def _marked(self, query: Query, interval: Interval) -> Query:
        return replace(query, is_previous=interval != self._question.span)

    def _rows(
        self, now: dict[Scalar, Number], others: Number | None, past: dict[Scalar, Number] | None = None,
        past_others: Number | None = None,
    ) -> list[Row]:  # fmt: skip
        column = dimensions(self._model)[self._split.dimension]
        found = [
            Row(None, (held(column, value),), (Cell(number, None if past is None else past[value]),))
            for value, number in now.items()
        ]
        if others is not None or (past_others is not None and past_others.value):
            found.append(Row(None, (Others.others,), (Cell(others or nothing(self._part), past_others),)))
        return found

    def _ask(self, query: Query) -> Sequence[Any]:
        self._queries.append(query)
        return ask(self._druid, query, self._timeout_s).rows


def _is_proven(first: list[Number], limit: int, most_of_rest: int) -> bool:
    """Whether no value of the rest can be among the first: each has at least as many events as visitors."""
    if len(first) < limit:
        return False
    last = first[-1]
    return (last.value or 0) - last.error > most_of_rest


def _as_druid(value: Scalar) -> tuple[bool, Any]:
    """Where Druid puts a value among those of equal rank: none comes first."""
    return value is not None, value if isinstance(value, str) else value or 0
