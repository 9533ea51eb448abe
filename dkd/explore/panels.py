"""A cell of an answer, and the tables of first values, as plain JSON."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from dkd.errors import DkdError, Problem
from dkd.explore import words
from dkd.explore.plan import Plan
from dkd.explore.state import refusal
from dkd.explore.view import View
from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.definition import computed
from dkd.query.dimension import dimensions
from dkd.query.measure import is_additive

Json = dict[str, Any]


def has(series: Answer | None, measure: str) -> TypeGuard[Answer]:
    """Whether the answer has the measure; of a draft it may be missing."""
    return series is not None and measure in series.question.measures


def cell_of(model: Model, measure: str, cell: Cell) -> Json:
    """A number, its error and its change, as they are written."""
    places = words.decimals(model, measure)
    change, way = words.change_text(cell)
    past = cell.previous
    return {
        "value": cell.now.value,
        "text": words.number_text(cell.now, places),
        "error": words.error_text(cell.now),
        "change": change,
        "way": way,
        "previous": words.number_text(past, places) if past is not None and past.value is not None else "",
    }


def panels(
    model: Model,
    view: View,
    plan: Plan,
    answers: Mapping[str, Answer | DkdError],
    series: Answer | None,
    is_draft: bool,
) -> Iterator[Json]:
    """A table for each dimension; the totals that its shares are of are those of the cards."""
    total = None
    if has(series, view.shown) and is_additive(model, view.shown):
        total = series.totals[series.question.measures.index(view.shown)].now.value
    for name, asked in plan.panels.items():
        head: Json = {"dimension": name, "label": words.label(name), "measure": words.label(view.shown)}
        head |= {"unit": words.unit(model, view.shown), "rows": [], "problem": "", "about": computed(model, name)}
        answer = answers.get(name)
        if isinstance(asked, Problem):
            yield head | {"problem": f"{asked.problem}; {asked.remedy}"}
        elif isinstance(answer, DkdError):
            yield head | {"problem": refusal(answer)["text"]}
        elif answer is None:
            yield head | {"pending": is_draft}
        else:
            yield head | {"rows": list(_rows(model, view, name, answer, total, is_draft))}


def _rows(model: Model, view: View, name: str, answer: Answer, total: float | None, is_draft: bool) -> Iterator[Json]:
    most = max((abs(row.cells[0].now.value or 0) for row in answer.rows), default=0)
    for row in answer.rows:
        is_awaited = is_draft and row.key[0] is Others.others and row.cells[0].now.value is None
        if row.key[0] is not Others.others or row.cells[0].now.value or is_awaited:
            yield _row(model, view, name, row, most, total) | ({"text": "…"} if is_awaited else {})


def _row(model: Model, view: View, dimension: str, row: Row, most: float, total: float | None) -> Json:
    (key,), (cell,) = row.key, row.cells
    value = cell.now.value or 0
    is_others = key is Others.others
    return cell_of(model, view.shown, cell) | {
        "key": None if is_others else key,
        "others": is_others,
        "label": words.value_label(key, dimensions(model)[dimension]),
        # The others are no value, and their bar would dwarf all values.
        "bar": 0 if is_others or not most else round(abs(value) / most, 4),
        "part": f"{100 * value / total:.1f} %" if total else "",
        "kept": any(
            one.dimension == dimension and not one.exclude and key in one.values for one in view.question.filters
        ),
    }
