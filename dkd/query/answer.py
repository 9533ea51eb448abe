"""A question asked of Druid → typed rows, totals and the period before, each number with its error."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from dkd.model.askable import needs
from dkd.model.schema import Model
from dkd.model.types import Scalar
from dkd.model.values import held
from dkd.query.asking import ask, empty, newest_event
from dkd.query.check import kinds_of, require_answerable, too_many
from dkd.query.client import Druid
from dkd.query.compile import MOST_ROWS, Kept, Query, Source, ranking, rows, totals
from dkd.query.definition import computed, definition
from dkd.query.dimension import dimensions
from dkd.query.measure import Part, kind_of, parts
from dkd.query.number import Number, nothing, ratio, read
from dkd.query.periods import Moved, before, buckets, fixed, floor
from dkd.query.question import Grain, Interval, Last, Question, Split
from dkd.query.rows import Rows


class Others(Enum):
    """The key of a row that is all the values of a split that are not shown."""

    others = "others"


Key = tuple[Scalar | Others, ...]


@dataclass(frozen=True)
class Cell:
    """One measure of one row, and the same of the period before.

    Attributes:
        now: Of the question's interval.
        previous: Of the period before; None without a comparison, and where it has no such row.
    """

    now: Number
    previous: Number | None = None

    @property
    def delta(self) -> float | None:
        """How much more than in the period before; None where either is missing."""
        if self.previous is None or self.previous.value is None or self.now.value is None:
            return None
        return self.now.value - self.previous.value

    @property
    def change(self) -> float | None:
        """The delta as a part of the previous number, 0.1 for a tenth more; None where that is missing or 0."""
        if self.delta is None or self.previous is None or not self.previous.value:
            return None
        return self.delta / abs(self.previous.value)


@dataclass(frozen=True)
class Row:
    """One row of an answer.

    Attributes:
        time: Start of its bucket, UTC; None without a grain.
        key: A value for each split, in their order.
        cells: A number for each measure, in their order.
    """

    time: datetime | None
    key: Key
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Answer:
    """What a question's answer is.

    Attributes:
        question: As asked, with its interval fixed.
        previous: The period that it is compared with; None without a comparison.
        rows: By time, then by the rank of their values, others last. No row where nothing was counted, but with a
            grain and no split one for every bucket. The values of a nested split are ranked within their parent, which
            is the row's key up to them; others of one split are the others of all nested splits behind it too.
        totals: Over the whole interval; asked for, not added up. Empty where they were not asked for.
        subtotals: Over the whole interval (without a time) a row for each parent: each beginning of the rows' keys
            that is shorter than the splits, and with a grain each whole key too. A parent stands before its children,
            all by rank, others last. Asked for, not added up: a parent's visitors are fewer than its children's
            together. Empty where they were not asked for, and without a split.
        queries: What Druid was asked, in order.
        definitions: What each measure means, what the parts of ratios mean, and how its dimensions are computed.
    """

    question: Question
    previous: Interval | None
    rows: tuple[Row, ...]
    totals: tuple[Cell, ...]
    queries: tuple[Query, ...]
    definitions: dict[str, str] = field(default_factory=dict)
    subtotals: tuple[Row, ...] = ()


def answered(
    druid: Druid,
    model: Model,
    question: Question,
    *,
    newest: datetime | None = None,
    stride: Grain | None = None,
    with_totals: bool = True,
    timeout_s: float = 30.0,
) -> Answer:
    """Ask *question*.

    Args:
        druid: Where.
        model: The site.
        question: Whose names the model has.
        newest: Time of the newest event, where a question about the last hours or days ends; None asks for it first.
        stride: Where the question has no grain, the one by whose buckets the period before it is found, so that a
            question without a grain is compared with the same period as one beside it that has one.
        with_totals: Ask for the totals too; without, the answer has none, and a third of the queries is saved.
        timeout_s: For each query.

    Raises:
        UsageError: DKD310 to DKD313, what of the question the model has no answer for, all at once.
        RefusedError: DKD314, when it needs too many rows.
        QueryError: DKD301 to DKD307 as of :meth:`dkd.query.client.Druid.sql`; DKD315, when there is no event yet.
    """
    require_answerable(model, question)
    if isinstance(question.interval, Last):
        end = newest or newest_event(druid, model)
        if end is None:
            raise empty(model.datasource("events"))
        question = fixed(question, end)
        require_answerable(model, question)
    return _Asking(druid, model, question, timeout_s, with_totals).answer(question.grain or stride)


class _Asking:
    """One question on its way: ranks its values, then counts the rows and the totals of each datasource and period."""

    def __init__(self, druid: Druid, model: Model, question: Question, timeout_s: float, with_totals: bool) -> None:
        self._druid, self._model, self._question, self._timeout_s = druid, model, question, timeout_s
        self._with_totals = with_totals
        self._queries: list[Query] = []
        self._kinds = kinds_of(model, question)
        self._columns = dimensions(model)

    def answer(self, stride: Grain | None) -> Answer:
        interval = self._question.span
        strided = self._question.model_copy(update={"grain": stride})
        past, moved = before(strided) if self._question.compare else (None, None)
        kept = [self._kept(interval, split) for split in self._question.splits]
        now, then = self._periods(interval, past, kept)
        cells = _Cells(self._model, self._question.measures)
        return Answer(
            question=self._question,
            previous=past,
            rows=tuple(self._rows(interval, kept, (now, then), moved, cells)),
            totals=self._totals(now, then, cells) if self._with_totals else (),
            queries=tuple(self._queries),
            definitions=definitions(self._model, self._question),
        )

    def _totals(self, now: "_Counts", then: "_Counts | None", cells: "_Cells") -> tuple[Cell, ...]:
        return cells.of(now.get(_TOTALS), then.get(_TOTALS, {}) if then is not None else None)

    def _kept(self, interval: Interval, split: Split) -> Kept:
        by = parts(self._model, split.sort or self._question.measures[0])[0]
        kind = kind_of(self._model, by.measure) or "events"
        found = self._ask(ranking(self._model, self._question, Source(kind, (), interval), split)).rows
        values = tuple(row[0] for row in found[: split.limit])
        return Kept(split, values, kind if len(found) <= split.limit else None)

    def _periods(self, interval: Interval, past: Interval | None, kept: list[Kept]) -> "tuple[_Counts, _Counts | None]":
        """What was counted in the interval and in the period before; all their queries are asked side by side."""
        now = list(self._counting(interval, kept, is_previous=False))
        then = list(self._counting(past, kept, is_previous=True)) if past is not None else []
        asked = [query for _, query in (*now, *then)]
        self._queries += asked
        with ThreadPoolExecutor(len(asked) or 1) as pool:
            found = list(pool.map(lambda query: ask(self._druid, query, self._timeout_s).rows, asked))
        return (
            self._counted(now, found[: len(now)]),
            self._counted(then, found[len(now) :]) if past is not None else None,
        )

    def _counting(
        self, interval: Interval, kept: list[Kept], is_previous: bool
    ) -> Iterator[tuple[tuple[Part, ...], Query]]:
        """The queries of a period, each with the parts of measures that it counts."""
        for kind, measures in self._kinds.items():
            source = Source(kind, measures, interval, is_previous)
            if self._with_totals:
                yield measures, totals(self._model, self._question, source)
            if kept or self._question.grain is not None:
                yield measures, rows(self._model, self._question, source, kept)

    def _counted(self, asked: Sequence[tuple[tuple[Part, ...], Query]], answers: Sequence[Sequence[Any]]) -> "_Counts":
        """Every plain measure of the period, by time and key; the totals under a key of their own."""
        counts: _Counts = {}
        for (measures, query), found in zip(asked, answers, strict=True):
            if len(found) > MOST_ROWS:
                raise too_many(len(found))
            for row in found:
                keys, values = row[: -len(measures)], row[-len(measures) :]
                place = self._place(keys) if query.role == "rows" else _TOTALS
                numbers = {part.name: read(part, value) for part, value in zip(measures, values, strict=True)}
                counts.setdefault(place, {}).update(numbers)
        return counts

    def _place(self, keys: Sequence[Any]) -> "_Place":
        """Where in the answer a row of Druid's belongs: its bucket, then for each split a value or the others."""
        grain, time = self._question.grain, None
        if grain is not None:
            time = floor(datetime.fromisoformat(keys[0]).astimezone(UTC), grain, self._question.zone)
        pairs = zip(keys[grain is not None :: 2], keys[(grain is not None) + 1 :: 2], strict=True)
        return time, tuple(
            Others.others if is_others else held(self._columns[split.dimension], value)
            for split, (value, is_others) in zip(self._question.splits, pairs, strict=True)
        )

    def _rows(
        self, interval: Interval, kept: list[Kept], counts: "tuple[_Counts, _Counts | None]", moved: Moved | None,
        cells: "_Cells",
    ) -> Iterator[Row]:  # fmt: skip
        now, then = counts
        grain, zone = self._question.grain, self._question.zone
        keys = {key for period in (now, then or {}) for time, key in period if (time, key) != _TOTALS}
        if grain is not None and not kept:
            keys.add(())
        ranked = sorted(keys, key=lambda key: _order(key, kept))
        seen: set[datetime] = set()
        for time in buckets(interval, grain, zone) if grain is not None else (None,):
            past = floor(moved(time), grain, zone) if moved and time and grain else time
            # An hour that comes twice has one hour of the day before beside it, and that stands there once.
            has_past = time is None or past not in seen
            seen.update([past] if past else [])
            for key in ranked:
                previous = then.get((past, key), {}) if then is not None and has_past else None
                yield Row(time, key, cells.of(now.get((time, key)), previous))

    def _ask(self, query: Query) -> Rows:
        self._queries.append(query)
        return ask(self._druid, query, self._timeout_s)


_Place = tuple[datetime | None, Key]
_Counts = dict[_Place, dict[str, Number]]
_TOTALS: _Place = (datetime.min.replace(tzinfo=UTC), ())


class _Cells:
    """Plain measures of a row → a cell for each measure that was asked for."""

    def __init__(self, model: Model, measures: Sequence[str]) -> None:
        self._parts = {name: parts(model, name) for name in measures}

    def of(self, now: dict[str, Number] | None, previous: dict[str, Number] | None) -> tuple[Cell, ...]:
        """The cells; *previous* is None where nothing is compared."""
        return tuple(
            Cell(self._number(parts, now or {}), None if previous is None else self._number(parts, previous))
            for parts in self._parts.values()
        )

    def _number(self, parts: Sequence[Part], found: dict[str, Number]) -> Number:
        numbers = [found.get(part.name, nothing(part)) for part in parts]
        return numbers[0] if len(numbers) == 1 else ratio(*numbers)


def definitions(model: Model, question: Question) -> dict[str, str]:
    """What each measure means, what the parts of ratios mean, and how each dimension among all that is computed."""
    found: dict[str, str] = {}
    names = [*(one.dimension for one in question.splits), *(one.dimension for one in question.filters)]
    for measure in question.measures:
        counted = parts(model, measure)
        plain = (part.name for part in counted if part.name in model.measures)
        found |= {name: definition(model, name) for name in (measure, *plain)}
        names += [name for part in counted for name in needs(part.measure)]
    return found | {name: computed(model, name) for name in dict.fromkeys(names) if name in model.dimensions}


def _order(key: Key, kept: Sequence[Kept]) -> tuple[int, ...]:
    """By rank; values that came up meanwhile behind those, others last."""
    return tuple(
        len(one.values) + 1 if value is Others.others
        else one.values.index(value) if value in one.values
        else len(one.values)
        for value, one in zip(key, kept, strict=True)
    )  # fmt: skip
