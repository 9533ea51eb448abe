"""A view's funnel, retention, paths or sessions → the job that asks, and what the page draws of the answer."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from dkd.errors import DkdError
from dkd.explore.asking import Job
from dkd.explore.behaviour_funnel import funnel_json
from dkd.explore.behaviour_paths import paths_json
from dkd.explore.behaviour_retention import retention_json
from dkd.explore.behaviour_sessions import listed_json, told_json
from dkd.explore.behaviour_words import definition, event_labels
from dkd.explore.plan import Plan
from dkd.explore.state import refusal
from dkd.explore.view import View
from dkd.model.schema import Model
from dkd.query.behaviour import CameBack, Funnel
from dkd.query.behaviours import Answered, answer_behaviour
from dkd.query.compile import Query
from dkd.query.funnel import Funnelled, funnelling
from dkd.query.paths import Travelled
from dkd.query.retention import Retained
from dkd.query.sessions import Listed
from dkd.query.shown import as_sql

Json = dict[str, Any]
BEHAVIOUR = "behaviour"
_TABS = {"explore": "Explore", "funnel": "Funnel", "retention": "Retention", "paths": "Paths", "sessions": "Sessions"}
_USUAL = ("page_view", "product_view", "add_to_cart", "begin_checkout")


def tabs(model: Model, view: View | None) -> list[Json]:
    """The ways to look at a view; the one of funnels says with which steps it begins."""
    if view is None:
        return []
    chosen = next((name for name in _TABS if getattr(view, name, None) is not None), "explore")
    more: dict[str, Json] = {"funnel": {"steps": first_steps(model)}}
    return [
        {"name": name, "label": label, "chosen": name == chosen, **more.get(name, {})} for name, label in _TABS.items()
    ]


def first_steps(model: Model) -> list[str | None]:
    """The events that a new funnel begins with: from a page to what the model calls a conversion, two at least."""
    sessions = model.enrich.sessions
    wanted = [one.event for one in sessions.conversions] if sessions else []
    found: list[str | None] = [name for name in dict.fromkeys([*_USUAL, *wanted[:1]]) if name in model.events]
    others = [name for name in model.events if name not in found]
    return (found + others + [None, None])[: max(2, len(found))]


def planning(view: View) -> View:
    """The view whose interval is to be made of whole periods, where its behaviour has such."""
    cell = view.sessions.behind if view.sessions is not None else None
    retention = cell.retention if isinstance(cell, CameBack) else view.retention
    if retention is None:
        return view
    return view.model_copy(update={"question": view.question.model_copy(update={"grain": retention.grain})})


def behaviour_job(
    model: Model, view: View, plan: Plan, version: str, age_s: float, timeout_s: float, *, is_numbered: bool = False
) -> Job | None:
    """Asks for the view's behaviour, which is asked of the time that all the page is about; None without one."""
    behaviour = view.behaviour
    if behaviour is None:
        return None
    question = view.question.model_copy(update={"interval": plan.span, "splits": (), "having": (), "grain": None})
    if question.compare is None and question.against is not None:
        question = question.model_copy(update={"against": None})
    key = f"{type(behaviour).__name__} {version} {question.model_dump_json()} {behaviour.model_dump_json()}"
    work: Callable[[Any], Answered | Iterator[Answered]] = partial(
        _answered, model, question, behaviour, timeout_s, is_numbered
    )
    return Job(key, work, age_s)


def _answered(
    model: Model, question: Any, behaviour: Any, timeout_s: float, is_numbered: bool, druid: Any
) -> Answered | Iterator[Answered]:
    if isinstance(behaviour, Funnel):
        return funnelling(druid, model, question, behaviour, timeout_s, is_numbered=is_numbered)
    return answer_behaviour(druid, model, question, behaviour, timeout_s)


def behaved(model: Model, view: View, made: Json, answer: Answered | DkdError | None) -> Json:
    """The page *made* with the view's behaviour in place of cards and pictures; as it is without one."""
    behaviour = view.behaviour
    if behaviour is None:
        return made
    compares = bool(made["compares"])
    bare = {**made, "compares": False}
    head: Json = {"definition": definition(behaviour), "menus": {"events": event_labels(model)}}
    if isinstance(answer, DkdError) or answer is None:
        # The controls stay, so that what cannot be answered can be changed.
        state = refusal(answer) if answer is not None else made["state"]
        return {**bare, "state": state, BEHAVIOUR: {**head, **_drawn(model, view, None)}}
    state = made["state"] if made["state"] and made["state"]["kind"] == "nothing" and not _is_one(view) else None
    sources = {**made["sources"], BEHAVIOUR: _source(view, answer.queries)}
    drawn = _drawn(model, view, answer, compares)
    if isinstance(answer, Funnelled) and answer.how == "bracket" and made.get("pending"):
        drawn["how"] = "Between two bounds, for now: what decides is still being read."
    return {**bare, "state": state, "sources": sources, BEHAVIOUR: {**head, **drawn}}


def _is_one(view: View) -> bool:
    return view.sessions is not None and view.sessions.one is not None


def _drawn(model: Model, view: View, answer: Answered | None, compares: bool = False) -> Json:
    if view.funnel is not None:
        return funnel_json(model, view.funnel, answer if isinstance(answer, Funnelled) else None, compares)
    if view.retention is not None:
        return retention_json(view, view.retention, answer if isinstance(answer, Retained) else None)
    if view.paths is not None:
        return paths_json(model, view.paths, answer if isinstance(answer, Travelled) else None)
    if isinstance(answer, Listed) or answer is None:
        return listed_json(model, view, answer)
    return told_json(view, answer)  # type: ignore[arg-type]  # of sessions there are these two


def _source(view: View, queries: tuple[Query, ...]) -> Json:
    behaviour = view.behaviour
    assert behaviour is not None  # noqa: S101  for the type checker
    return {
        "title": type(behaviour).__name__,
        "definitions": [[type(behaviour).__name__, definition(behaviour)]],
        "queries": [
            {
                "role": f"Query {seq}{', period before' if one.is_previous else ''}",
                "datasource": one.datasource,
                "sql": as_sql(one),
            }
            for seq, one in enumerate(queries, 1)
        ],
    }
