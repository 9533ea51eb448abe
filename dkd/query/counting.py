"""A question's values ranked, its rows, parents and totals counted by Druid → numbers by time and key."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.query.asking import ask
from dkd.query.check import kinds_of, too_many
from dkd.query.client import Druid
from dkd.query.compile import MOST_ROWS, Query, Role, Source, ranking, rows, totals
from dkd.query.dimension import dimensions
from dkd.query.measure import Part, kind_of, parts
from dkd.query.number import Number, added, read
from dkd.query.periods import floor
from dkd.query.question import Filter, Interval, Question, Split
from dkd.query.rows import Rows
from dkd.query.splits import Kept, Key, Others, only
from dkd.query.splits import read as read_value
from dkd.systems.druid.render import Kind

Numbers = dict[str, Number]
"""By the name of the part of a measure."""
Place = tuple[datetime | None, Key]
"""Start of a bucket, None for the whole interval, and a value or the others for each split, or the first of them."""
Counts = dict[Place, Numbers]
TOTALS: Place = (datetime.min.replace(tzinfo=UTC), ())


class Side(NamedTuple):
    """One of the two things that are compared."""

    interval: Interval
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class Counted:
    """What Druid answered.

    Attributes:
        question: With its interval fixed.
        kept: For each split the values that have a row.
        now: Numbers of the question's interval and filters.
        then: Those that they are compared with.
        queries: What was asked, in order.
    """

    question: Question
    kept: tuple[Kept, ...]
    now: Counts
    then: Counts | None
    queries: tuple[Query, ...]


class Counting:
    """One question on its way: ranks its values, then counts each datasource on both sides."""

    def __init__(self, druid: Druid, model: Model, question: Question, asks: frozenset[str], timeout_s: float) -> None:
        """Ask *druid* about *question*; *asks* are the roles of the queries to make: rows, subtotals and totals."""
        self._druid, self._model, self._question, self._timeout_s = druid, model, question, timeout_s
        self._asks = asks
        self._queries: list[Query] = []
        self._kinds = kinds_of(model, question)
        self._columns = dimensions(model)

    def counted(self, past: Side | None) -> Counted:
        """The numbers of the question, and of *past*, what it is compared with."""
        here = Side(self._question.span, self._question.filters)
        kept: list[Kept] = []
        for split in self._question.splits:
            kept.append(self._kept(kept, split, (here, past)))
        now, then = self._sides(here, past, kept)
        return Counted(self._question, tuple(kept), now, then, tuple(self._queries))

    def _kept(self, before: Sequence[Kept], split: Split, sides: tuple[Side, Side | None]) -> Kept:
        """The first values of a split: over all, or below each of the values before it."""
        if not (split.nested and before):
            values, all_of = self._ranked(split, sides, ())
            return Kept(split, values, all_of)
        splits = [one.split for one in before]
        within: dict[Key, tuple[Scalar, ...]] = {
            parent: self._ranked(split, sides, tuple(map(only, splits, parent)))[0] for parent in _parents(before)
        }
        return Kept(split, (), within=within)

    def _ranked(
        self, split: Split, sides: tuple[Side, Side | None], below: tuple[Filter, ...]
    ) -> tuple[tuple[Scalar, ...], Kind | None]:
        """The first values among the events that *below* keeps too, and the datasource that has no others."""
        by = parts(self._model, split.sort or self._question.measures[0])[0]
        kind = kind_of(self._model, by.measure) or "events"

        def source(side: Side) -> Source:
            return Source(kind, (), side.interval, filters=(*side.filters, *below))

        here, past = sides
        then = source(past) if past is not None and split.by != "value" else None
        query = ranking(self._model, self._question, source(here), split, then)
        found = self._ask(query).rows
        column = self._columns[split.dimension]
        values = tuple(read_value(column, split, row[0]) for row in found[: split.limit])
        return values, kind if len(found) <= split.limit and not self._question.having else None

    def _sides(self, here: Side, past: Side | None, kept: Sequence[Kept]) -> tuple[Counts, Counts | None]:
        """What was counted on both sides; all their queries are asked at once."""
        now = list(self._side(here, kept, is_previous=False))
        then = list(self._side(past, kept, is_previous=True)) if past is not None else []
        asked = [query for query, _ in (*now, *then)]
        self._queries += asked
        with ThreadPoolExecutor(len(asked) or 1) as pool:
            found = list(pool.map(lambda query: ask(self._druid, query, self._timeout_s).rows, asked))
        counts = self._numbers(now, found[: len(now)])
        return counts, self._numbers(then, found[len(now) :]) if past is not None else None

    def _side(self, side: Side, kept: Sequence[Kept], is_previous: bool) -> Iterator[tuple[Query, tuple[Part, ...]]]:
        """The queries of one side, each with the parts of measures that it counts."""
        for kind, measures in self._kinds.items():
            for query in self._counts(Source(kind, measures, side.interval, is_previous, side.filters), kept):
                yield query, measures

    def _numbers(self, asked: Sequence[tuple[Query, tuple[Part, ...]]], answers: Sequence[Sequence[Any]]) -> Counts:
        """Every plain measure of one side, by time and key; the totals under a key of their own."""
        counts: Counts = {}
        for (query, measures), found in zip(asked, answers, strict=True):
            if len(found) > MOST_ROWS:
                raise too_many(len(found))
            for row in found:
                keys, values = row[: -len(measures)], row[-len(measures) :]
                place = TOTALS if query.role == "totals" else self._place(keys, query.role)
                numbers = {part.name: read(part, value) for part, value in zip(measures, values, strict=True)}
                counts.setdefault(place, {}).update(numbers)
            if query.role == "rows" and self._add_up(measures):
                sums = {part.name: added(read(part, row[seq]) for row in found) for seq, part in enumerate(measures, 1)}
                counts.setdefault(TOTALS, {}).update(sums)
        return counts

    def _add_up(self, measures: Sequence[Part]) -> bool:
        """Whether totals are wanted that are the sums of the rows, which saves asking for them."""
        is_plain = self._question.grain is not None and not self._question.splits and "totals" in self._asks
        return is_plain and all(part.measure.count is not None or part.measure.sum is not None for part in measures)

    def _counts(self, source: Source, kept: Sequence[Kept]) -> Iterator[Query]:
        has_grain = self._question.grain is not None
        if "totals" in self._asks and not self._add_up(source.measures):
            yield totals(self._model, self._question, source)
        for length in range(1, len(kept) + has_grain) if "subtotals" in self._asks else ():
            yield rows(self._model, self._question, source, kept[:length], "subtotals")
        if kept or has_grain:
            yield rows(self._model, self._question, source, kept)

    def _place(self, keys: Sequence[Any], role: Role) -> Place:
        """Where in the answer a row of Druid's belongs: its bucket, then for each split a value or the others."""
        grain, time = self._question.grain if role == "rows" else None, None
        if grain is not None:
            time = floor(datetime.fromisoformat(keys[0]).astimezone(UTC), grain, self._question.zone)
            keys = keys[1:]
        found = zip(self._question.splits, keys[::2], keys[1::2], strict=False)
        return time, tuple(
            Others.others if is_others else read_value(self._columns[split.dimension], split, value)
            for split, value, is_others in found
        )

    def _ask(self, query: Query) -> Rows:
        self._queries.append(query)
        return ask(self._druid, query, self._timeout_s)


def _parents(kept: Sequence[Kept]) -> Iterator[tuple[Scalar, ...]]:
    """Every combination of kept values, in the order of their rank."""
    found: list[tuple[Scalar, ...]] = [()]
    for one in kept:
        found = [(*parent, value) for parent in found for value in one.of(parent)]
    yield from found
