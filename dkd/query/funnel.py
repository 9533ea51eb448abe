"""A funnel over a question's events → how many came through each step: exact, or the bounds it lies in."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.query.behaviour import MOST_READ, Behind, Funnel
from dkd.query.behaviour_check import funnel_problems, require
from dkd.query.client import Druid
from dkd.query.compile import Query
from dkd.query.funnel_sql import FunnelSql
from dkd.query.periods import before
from dkd.query.question import Question
from dkd.query.scope import Asked, scope_of
from dkd.query.steps import Hit, reached, took_ms

MOST_UNDECIDED = 20_000
"""Visitors whose events are read because counts alone do not say how far they came."""

How = Literal["read", "counted", "decided", "bracket"]
Value = str | None
Parts = Mapping[Value, "tuple[Reach, ...]"]


@dataclass(frozen=True)
class Reach:
    """How many did a step and all before it: at least *sure*, at most *possible*, which are equal where it is exact."""

    sure: int
    possible: int

    def __add__(self, other: "Reach") -> "Reach":
        return Reach(self.sure + other.sure, self.possible + other.possible)


@dataclass(frozen=True)
class Took:
    """How long those who came through took, of *count* of them; *is_estimate* where Druid said so from a sketch."""

    median_ms: float
    p90_ms: float
    count: int
    is_estimate: bool = False


@dataclass(frozen=True)
class Funnelled:
    """A funnel's answer.

    Attributes:
        question: With its interval fixed.
        steps: For each step; zeros where nobody did.
        parts: The same for each value of the split, the one of most first steps first; they add up to *steps*.
        how: ``read``: every event was read; ``counted``: counts alone decide; ``decided``: the events of those that
            counts left open were read; ``bracket``: those are too many.
        took: Of those who came through; None where nobody did, in any order, and where it was not counted of all.
        previous: The steps in the period before; None without a comparison.
    """

    question: Question
    funnel: Funnel
    steps: tuple[Reach, ...]
    parts: tuple[tuple[Value, tuple[Reach, ...]], ...]
    how: How
    took: Took | None
    previous: tuple[Reach, ...] | None = None
    queries: tuple[Query, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether every number is the number."""
        return all(one.sure == one.possible for one in (*self.steps, *(self.previous or ())))


def funnelled(druid: Druid, model: Model, question: Question, funnel: Funnel, timeout_s: float = 30.0) -> Funnelled:
    """Ask for *funnel*, and wait for the last of what :func:`funnelling` answers."""
    return [*funnelling(druid, model, question, funnel, timeout_s)][-1]


def funnelling(
    druid: Druid,
    model: Model,
    question: Question,
    funnel: Funnel,
    timeout_s: float = 30.0,
    *,
    is_numbered: bool = False,
) -> Iterator[Funnelled]:
    """Ask for *funnel*; before the whole answer come the bounds, where those left open are read, and what lacks a past.

    Args:
        druid: Where.
        model: The site.
        question: Whose interval is fixed; its filters hold for every event of the funnel.
        funnel: What.
        timeout_s: For each query.
        is_numbered: All events of the interval, and of the one before, have a number for their visitor.

    Raises:
        UsageError: With all :func:`funnel_problems`.
        QueryError: As of :func:`dkd.query.asking.ask`.
    """
    require(funnel_problems(model, question, funnel))
    asked, scope = Asked(druid, timeout_s), scope_of(model, question, "events")
    for now in _counted(asked, FunnelSql(scope, funnel, is_numbered)):
        yield _whole(question, funnel, asked, now)
    if question.compare is not None:
        bare = funnel.model_copy(update={"split": None})
        *_, past = _counted(asked, FunnelSql(scope.during(before(question)[0]), bare, is_numbered))
        yield _whole(question, funnel, asked, now, past)


def _whole(
    question: Question, funnel: Funnel, asked: Asked, now: "_Counted", past: "_Counted | None" = None
) -> Funnelled:
    parts = sorted(now.parts.items(), key=lambda one: (-one[1][0].possible, one[0] is None, one[0] or ""))
    return Funnelled(
        question=question,
        funnel=funnel,
        steps=_sum(now.parts.values(), len(funnel.steps)),
        parts=tuple(parts) if funnel.split else (),
        how=now.how if past is None or past.how != "bracket" else "bracket",
        took=now.took,
        previous=_sum(past.parts.values(), len(funnel.steps)) if past else None,
        queries=tuple(asked.queries),
    )


def behind(
    druid: Druid, model: Model, question: Question, bar: Behind, most: int, timeout_s: float = 30.0
) -> tuple[str, ...]:
    """Ids of the visitors, or sessions, of a bar, at most so many; only those whose way is certain."""
    require(funnel_problems(model, question, bar.funnel))
    asked, funnel = Asked(druid, timeout_s), bar.funnel.model_copy(update={"split": None})
    sql = FunnelSql(scope_of(model, question, "events"), funnel)
    units = _read(asked, sql)
    if units is None:
        return tuple(str(row[0]) for row in asked(sql.units(bar.step, bar.lost, most)).rows)
    depths = {unit: _depth(found, funnel) for unit, found in units.items()}
    wanted = range(bar.step - 1, bar.step) if bar.lost else range(bar.step, len(funnel.steps) + 1)
    return tuple(sorted(unit for unit, depth in depths.items() if depth in wanted)[:most])


@dataclass
class _Unit:
    """Events of a visitor or session in order of time, and the value of the split that it counts for."""

    hits: list[Hit] = field(default_factory=list)
    value: Value = None
    is_in: bool = False


@dataclass(frozen=True)
class _Counted:
    parts: Parts
    how: How
    took: Took | None


def _counted(asked: Asked, sql: FunnelSql) -> Iterator[_Counted]:
    """How far all came; the bounds of it first, where it takes reading to be exact."""
    units, funnel = _read(asked, sql), sql.funnel
    if units is not None:
        yield _Counted(_added(units.values(), funnel), "read", _took(units.values(), funnel))
        return
    count = len(funnel.steps)
    bounds: dict[bool, dict[Value, tuple[Reach, ...]]] = {False: {}, True: {}}
    took, undecided = None, 0
    for value, is_open, size, median_ms, p90_ms, done, *counts in asked(sql.bounds()).rows:
        bounds[bool(is_open)][value] = tuple(Reach(counts[seq], counts[seq + count]) for seq in range(count))
        undecided += size if is_open else 0
        if funnel.split is None and not is_open and done and done == counts[count - 1] and not funnel.any_order:
            took = Took(median_ms, p90_ms, done, is_estimate=True)
    if not undecided:
        yield _Counted(bounds[False], "counted", took)
        return
    # Those left open took longer than the others, so the time of the others alone would be too short.
    yield _Counted(_together(bounds[False], bounds[True]), "bracket", None)
    if undecided <= MOST_UNDECIDED and (units := _read(asked, sql, only_open=True)) is not None:
        yield _Counted(_together(bounds[False], _added(units.values(), funnel)), "decided", None)


def _read(asked: Asked, sql: FunnelSql, *, only_open: bool = False) -> dict[str, _Unit] | None:
    """The events of every unit, or of the undecided ones; None where they are too many."""
    if not only_open and (asked(sql.size()).value() or 0) > MOST_READ:
        return None
    rows = asked(sql.events(MOST_READ + 1, only_open=only_open)).rows
    if len(rows) > MOST_READ:
        return None
    found: dict[str, _Unit] = {}
    # Of two first steps at one time the value that comes first in order counts, none last.
    for unit, time_ms, mask, value in sorted(rows, key=lambda row: (row[1], row[3] is None, row[3] or "")):
        at = found.setdefault(unit, _Unit())
        if mask & 1 and not at.is_in:
            at.value, at.is_in = value, True
        at.hits.append(Hit(time_ms, mask))
    return found


def _window_ms(funnel: Funnel) -> int | None:
    return in_ms(funnel.window) if funnel.window is not None else None


def _depth(unit: _Unit, funnel: Funnel) -> int:
    return reached(unit.hits, len(funnel.steps), _window_ms(funnel), any_order=funnel.any_order)


def _added(units: Iterable[_Unit], funnel: Funnel) -> Parts:
    counts: dict[Value, list[int]] = {}
    for unit in units:
        at = counts.setdefault(unit.value, [0] * len(funnel.steps))
        for seq in range(_depth(unit, funnel)):
            at[seq] += 1
    return {value: tuple(Reach(one, one) for one in found) for value, found in counts.items() if found[0]}


def _took(units: Iterable[_Unit], funnel: Funnel) -> Took | None:
    if funnel.any_order:
        return None
    times = [took_ms(unit.hits, len(funnel.steps), _window_ms(funnel)) for unit in units]
    done = sorted(time for time in times if time is not None)
    if not done:
        return None
    return Took(_quantile(done, 0.5), _quantile(done, 0.9), len(done))


def _quantile(ordered: Sequence[int], at: float) -> int:
    """The smallest of the numbers that so large a part is not greater than."""
    return ordered[max(0, math.ceil(at * len(ordered)) - 1)]


def _together(one: Parts, other: Parts) -> Parts:
    found = dict(one)
    for value, steps in other.items():
        found[value] = _sum([steps, *([found[value]] if value in found else [])], len(steps))
    return found


def _sum(parts: Iterable[tuple[Reach, ...]], count: int) -> tuple[Reach, ...]:
    found = [Reach(0, 0)] * count
    for steps in parts:
        found = [was + more for was, more in zip(found, steps, strict=True)]
    return tuple(found)
