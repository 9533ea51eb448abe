"""A drawing's answer → the main picture as plain JSON: what it shows, which others fit, and its rows or cells."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dkd.errors import DkdError, Problem
from dkd.explore import words
from dkd.explore.drawing import NAMES, Drawing
from dkd.explore.look import Look, number
from dkd.explore.picture_flow import flow
from dkd.explore.picture_matrix import matrix
from dkd.explore.picture_table import bars, table
from dkd.explore.plan import Plan
from dkd.explore.state import refusal
from dkd.explore.view import View
from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell
from dkd.query.definition import definition
from dkd.query.measure import is_additive

Json = dict[str, Any]


def picture(
    model: Model,
    view: View,
    plan: Plan,
    drawing: Drawing,
    answer: Answer | DkdError | None,
    series: Answer | None,
    *,
    has_past: bool = False,
    spare: Sequence[str] = (),
) -> Json:
    """The main picture; its ``kind`` says which of ``rows``, ``matrix`` and ``flow`` it has.

    Args:
        model: The site.
        view: What was asked for.
        plan: Its interval.
        drawing: What is drawn of it.
        answer: Of the drawing's question; None where it has none.
        series: The answer behind the cards, whose totals are those of the picture too.
        has_past: There is a period before to compare with.
        spare: Dimensions that may be split by next.
    """
    head = _head(model, view, drawing, spare)
    if isinstance(drawing.question, Problem):
        return head | {"problem": f"{drawing.question.problem}; {drawing.question.remedy}"}
    if isinstance(answer, DkdError):
        return head | {"problem": refusal(answer)["text"]}
    if drawing.kind == "number" and series is not None:
        return head | {"compares": has_past, "numbers": numbers(model, view, series, has_past)}
    if answer is None:
        return head | {"is_elsewhere": True}
    asked = answer.question
    if series is not None and not set(asked.measures) <= set(series.question.measures):
        # The cards still wait for some of its totals.
        series = None
    compares = has_past and (asked.compare is not None or asked.against is not None)
    look = Look(model, view, answer, _totals(series), compares, plan.span.end, _steps(series, answer))
    end_ms = round(look.end.timestamp() * 1000)
    return head | {"compares": look.compares, "grain": _grain(answer), "end_ms": end_ms} | _body(drawing.kind, look)


def _body(kind: str, look: Look) -> Json:
    if kind == "table":
        return {"table": table(look)}
    if kind in ("bar", "map") and not look.has_time:
        return {"bars": bars(look)}
    if kind == "sankey":
        return {"flow": flow(look)}
    measures = look.shown if kind == "pivot" else (look.view.shown,)
    return {"matrix": matrix(look, measures, first_across=kind == "stacked")}


def _head(model: Model, view: View, drawing: Drawing, spare: Sequence[str]) -> Json:
    name = view.shown
    return {
        "kind": drawing.kind,
        "title": _title(view, drawing),
        "measure": name,
        "label": words.label(name),
        "about": definition(model, name),
        "unit": words.unit(model, name),
        "decimals": words.decimals(model, name),
        "is_additive": is_additive(model, name),
        "is_chosen": view.picture == drawing.kind,
        "is_elsewhere": False,
        "remarks": list(drawing.remarks),
        "problem": "",
        "compares": False,
        "grain": "",
        "splits": [[one.dimension, words.label(one.dimension)] for one in view.question.splits],
        "spare": [[one, words.label(one)] for one in spare],
        "choices": [
            {
                "kind": one.kind, "label": NAMES[one.kind], "fit": one.fit, "why": one.why, "repair": one.repair,
                "gesture": one.gesture,
            }
            for one in drawing.choices
        ],
    }  # fmt: skip


def _title(view: View, drawing: Drawing) -> str:
    names = [words.label(one.dimension).lower() for one in view.question.splits]
    asked = drawing.question
    if asked is not None and not isinstance(asked, Problem) and asked.grain is not None:
        names = [words.GRAIN_NAMES[asked.grain], *names]
    return f"{words.label(view.shown)} by {_listed(names)}" if names else words.label(view.shown)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _grain(answer: Answer) -> str:
    return words.GRAIN_NAMES[answer.question.grain] if answer.question.grain is not None else ""


def numbers(model: Model, view: View, series: Answer, has_past: bool) -> list[Json]:
    """The totals, as large as they can be read."""
    look = Look(model, view, series, _totals(series), has_past, series.question.span.end)
    return [
        {"name": name, "label": words.label(name), "unit": words.unit(model, name)}
        | number(look, name, look.totals[name])
        for name in look.shown
    ]


def _steps(series: Answer | None, answer: Answer) -> dict[datetime, tuple[Cell, ...]]:
    """The numbers of all values together by time, where the answer behind the cards has the same steps."""
    if series is None or series.question.grain != answer.question.grain:
        return {}
    order = [series.question.measures.index(name) for name in answer.question.measures]
    return {row.time: tuple(row.cells[at] for at in order) for row in series.rows if row.time is not None}


def _totals(series: Answer | None) -> dict[str, Cell]:
    return dict(zip(series.question.measures, series.totals, strict=True)) if series is not None else {}
