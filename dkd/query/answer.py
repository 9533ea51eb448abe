"""A question asked of Druid → typed rows, totals and what it is compared with, each number with its error."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dkd.model.askable import needs
from dkd.model.schema import Model
from dkd.query.asking import empty, newest_event
from dkd.query.check import require_answerable
from dkd.query.client import Druid
from dkd.query.compile import Query
from dkd.query.counting import TOTALS, Counted, Counting, Numbers, Side
from dkd.query.definition import computed, definition
from dkd.query.measure import Part, parts
from dkd.query.number import Number, nothing, ratio
from dkd.query.periods import Moved, before, buckets, fixed, floor
from dkd.query.question import Grain, Interval, Last, Question
from dkd.query.splits import Kept
from dkd.query.splits import Key as Key
from dkd.query.splits import Others as Others


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
        totals: Over the whole interval: sums of the rows where those are counts and sums by time alone, else asked
            for. Empty where they were not asked for.
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
    with_subtotals: bool = False,
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
        with_subtotals: Ask for the subtotals too, with a query for each split.
        timeout_s: For each query.

    Raises:
        UsageError: DKD310 to DKD313 and DKD319, what of the question the model has no answer for, all at once.
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
    past, moved = _compared(question, question.grain or stride)
    asks = {"rows"} | ({"totals"} if with_totals else set()) | ({"subtotals"} if with_subtotals else set())
    counted = Counting(druid, model, question, frozenset(asks), timeout_s).counted(past)
    rows = _Rows(model, counted)
    return Answer(
        question=question,
        previous=past.interval if past is not None else None,
        rows=tuple(rows.of(moved)),
        totals=rows.totals() if with_totals else (),
        queries=counted.queries,
        definitions=definitions(model, question),
        subtotals=tuple(rows.parents()),
    )


def _compared(question: Question, stride: Grain | None) -> tuple[Side | None, Moved | None]:
    """What the question is compared with, and where a moment of its interval lies in that."""
    if question.against is not None:
        return Side(question.span, question.against), lambda moment: moment
    if question.compare is None:
        return None, None
    interval, moved = before(question.model_copy(update={"grain": stride}))
    return Side(interval, question.filters), moved


class _Rows:
    """Counted numbers → the rows of an answer."""

    def __init__(self, model: Model, counted: Counted) -> None:
        self._counted, self._question = counted, counted.question
        self._parts = {name: parts(model, name) for name in counted.question.measures}

    def totals(self) -> tuple[Cell, ...]:
        now, then = self._counted.now, self._counted.then
        return self._cells(now.get(TOTALS), then.get(TOTALS, {}) if then is not None else None)

    def of(self, moved: Moved | None) -> Iterator[Row]:
        """By time, then by rank."""
        now, then, kept = self._counted.now, self._counted.then, self._counted.kept
        grain, zone = self._question.grain, self._question.zone
        keys = {key for time, key in self._places() if len(key) == len(kept) and (time is None) == (grain is None)}
        if grain is not None and not kept:
            keys.add(())
        ranked = sorted(keys, key=lambda key: _order(key, kept))
        seen: set[datetime] = set()
        for time in buckets(self._question.span, grain, zone) if grain is not None else (None,):
            past = floor(moved(time), grain, zone) if moved and time and grain else time
            # An hour that comes twice has one hour of the day before beside it, and that stands there once.
            has_past = time is None or past not in seen
            seen.update([past] if past else [])
            for key in ranked:
                previous = then.get((past, key), {}) if then is not None and has_past else None
                yield Row(time, key, self._cells(now.get((time, key)), previous))

    def parents(self) -> Iterator[Row]:
        """Rows over the whole interval, each parent before its children."""
        now, then, kept = self._counted.now, self._counted.then, self._counted.kept
        shorter = len(kept) + (self._question.grain is not None)
        keys = {key for time, key in self._places() if time is None and len(key) < shorter}
        for key in sorted(keys, key=lambda key: _order(key, kept)):
            previous = then.get((None, key), {}) if then is not None else None
            yield Row(None, key, self._cells(now.get((None, key)), previous))

    def _places(self) -> Iterator[tuple[datetime | None, Key]]:
        for counts in (self._counted.now, self._counted.then or {}):
            yield from (place for place in counts if place != TOTALS)

    def _cells(self, now: Numbers | None, previous: Numbers | None) -> tuple[Cell, ...]:
        """A cell for each measure that was asked for; *previous* is None where nothing is compared."""
        return tuple(
            Cell(_number(parts, now or {}), None if previous is None else _number(parts, previous))
            for parts in self._parts.values()
        )


def _number(parts: Sequence[Part], found: Numbers) -> Number:
    numbers = [found.get(part.name, nothing(part)) for part in parts]
    return numbers[0] if len(numbers) == 1 else ratio(*numbers)


def definitions(model: Model, question: Question) -> dict[str, str]:
    """What each measure means, what the parts of ratios mean, and how each dimension among all that is computed."""
    found: dict[str, str] = {}
    filters = (*question.filters, *(question.against or ()))
    names = [*(one.dimension for one in question.splits), *(one.dimension for one in filters)]
    for measure in dict.fromkeys((*question.measures, *(one.measure for one in question.having))):
        counted = parts(model, measure)
        plain = (part.name for part in counted if part.name in model.measures)
        found |= {name: definition(model, name) for name in (measure, *plain)}
        names += [name for part in counted for name in needs(part.measure)]
    return found | {name: computed(model, name) for name in dict.fromkeys(names) if name in model.dimensions}


def _order(key: Key, kept: Sequence[Kept]) -> tuple[int, ...]:
    """By rank; values that came up meanwhile behind those, others last."""
    found = []
    for seq, (value, one) in enumerate(zip(key, kept, strict=False)):
        values = one.of(key[:seq])
        is_ranked = value is not Others.others and value in values
        found.append(values.index(value) if is_ranked else len(values) + (value is Others.others))
    return tuple(found)
