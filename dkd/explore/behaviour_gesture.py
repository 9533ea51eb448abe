"""Gestures on funnels, retention, paths and sessions → the next view."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dkd.explore.edit import asked, moved, refused, with_own
from dkd.explore.view import BEHAVIOURS, View
from dkd.model.types import Scalar
from dkd.query.behaviour import MOST_STEPS, Behind, CameBack, Funnel, Paths, Retention, Sessions, Step
from dkd.query.question import Filter, Interval, Split
from dkd.query.splits import only

Gesture = Mapping[str, Any]
EXPLORE = "explore"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTABLE = {
    "funnel": ("unit", "any_order", "window", "split"),
    "retention": ("grain", "back", "born"),
    "paths": ("by", "anchor", "backwards", "depth", "top"),
}


def tab(view: View, gesture: Gesture) -> View:
    """Another way to look at the same filters and interval; ``steps`` begins a funnel with these events."""
    name = gesture["name"]
    if name == EXPLORE:
        return _only(view)
    if name not in BEHAVIOURS:
        raise refused(f"there is no tab {name!r:.40}")
    if getattr(view, name) is not None:
        return _only(view, sessions=Sessions()) if name == "sessions" else view
    if name == "funnel":
        return _only(view, funnel=Funnel(steps=tuple(Step(event=one) for one in gesture["steps"])))
    return _only(view, **{name: {"retention": Retention, "paths": Paths, "sessions": Sessions}[name]()})


def behave_set(view: View, gesture: Gesture) -> View:
    """One setting of the behaviour that is shown: ``name`` and ``value``, null for none."""
    of, name, value = gesture["of"], gesture["name"], gesture["value"]
    if name not in _SETTABLE.get(of, ()) or getattr(view, of) is None:
        raise refused(f"there is nothing called {name!r:.40} to set here")
    now = getattr(view, of)
    changed = {**dict(now), name: value if value != "" else None}
    if of == "paths" and name == "by":
        # A value of the one dimension is none of the other.
        changed["anchor"] = None
    return _only(view, **{of: type(now)(**changed)})


def step(view: View, gesture: Gesture) -> View:
    """The event of the step ``at`` a place, null for any; at the place behind the last it is a new step."""
    at, event = int(gesture["at"]), gesture["event"] or None
    steps = _funnel(view).steps
    if at >= len(steps) >= MOST_STEPS:
        raise refused(f"a funnel has {MOST_STEPS} steps at most")
    if at >= len(steps):
        return _stepped(view, (*steps, Step(event=event)))
    return _stepped(view, (*steps[:at], Step(event=event, filters=steps[at].filters), *steps[at + 1 :]))


def step_drop(view: View, gesture: Gesture) -> View:
    """Without the step ``at`` a place."""
    at = int(gesture["at"])
    return _stepped(view, tuple(one for seq, one in enumerate(_funnel(view).steps) if seq != at))


def step_move(view: View, gesture: Gesture) -> View:
    """The step ``at`` a place moved so that it stands at ``to``."""
    return _stepped(view, moved(_funnel(view).steps, int(gesture["at"]), int(gesture["to"])))


def step_filter(view: View, gesture: Gesture) -> View:
    """One more filter for the step ``at`` a place: ``dimension``, and ``values`` or ``contains``, and ``exclude``."""
    form = {name: gesture[name] for name in ("values", "contains") if gesture.get(name)}
    one = Filter(dimension=gesture["dimension"], exclude=bool(gesture.get("exclude")), **form)
    return _filtered(view, int(gesture["at"]), lambda filters: (*filters, one))


def step_unfilter(view: View, gesture: Gesture) -> View:
    """The step ``at`` a place without its filter number ``filter``."""
    gone = int(gesture["filter"])
    return _filtered(
        view, int(gesture["at"]), lambda filters: tuple(one for seq, one in enumerate(filters) if seq != gone)
    )


def drill(view: View, gesture: Gesture) -> View:
    """The sessions behind something.

    Behind a bar of the view's funnel with ``step`` (and ``lost``), or a cell of its retention with ``cohort`` and
    ``ahead``; otherwise behind a number with ``key``, a value for
    each of some dimensions, and ``time_ms``, where its time bucket begins and ends: these become filters and interval.
    """
    if "cohort" in gesture:
        if view.retention is None:
            raise refused("there is no retention here")
        cell = CameBack(retention=view.retention, cohort=int(gesture["cohort"]), ahead=int(gesture["ahead"]))
        return _only(view, sessions=Sessions(behind=cell))
    if "step" in gesture:
        bar = Behind(funnel=_funnel(view), step=int(gesture["step"]), lost=bool(gesture.get("lost")))
        return _only(view, sessions=Sessions(behind=bar))
    splits = {} if view.behaviour is not None else {one.dimension: one for one in view.question.splits}
    key = gesture.get("key") or {}
    more = (only(splits.get(name, Split(dimension=name)), value) for name, value in key.items())
    changed: dict[str, object] = {"filters": tuple(dict.fromkeys((*view.question.filters, *more)))}
    if gesture.get("time_ms"):
        start, end = (_EPOCH + timedelta(milliseconds=moment) for moment in gesture["time_ms"])
        changed |= {"interval": Interval(start=start, end=end), "grain": None}
    return _only(asked(view, **changed), sessions=Sessions())


def session(view: View, gesture: Gesture) -> View:
    """The events of the session ``id``; with null the list that it came from."""
    was = view.sessions or Sessions()
    return _only(view, sessions=Sessions(**{**dict(was), "one": gesture["id"]}))


def sessions_page(view: View, gesture: Gesture) -> View:
    """Page number ``page`` of the list."""
    was = view.sessions or Sessions()
    return _only(view, sessions=Sessions(**{**dict(was), "page": int(gesture["page"])}))


def those(view: View, gesture: Gesture) -> View:
    """Only those with one of ``values`` of ``dimension``, as a filter of everything."""
    values: tuple[Scalar, ...] = tuple(gesture["values"])
    one = Filter(dimension=gesture["dimension"], values=values)
    return _only(asked(view, filters=(*view.question.filters, one)))


def segment_step(view: View, gesture: Gesture) -> View:
    """Only events of the funnel's step ``at`` a place, as filters of everything."""
    one = _funnel(view).steps[int(gesture["at"])]
    more = [Filter(dimension="event", values=(one.event,))] if one.event is not None else []
    return _only(asked(view, filters=(*view.question.filters, *more, *one.filters)))


def funnel_back(view: View, _: Gesture) -> View:
    """The funnel, or the retention, of whose bar or cell the sessions are listed."""
    if view.sessions is None or view.sessions.behind is None:
        raise refused("there is no funnel to go back to")
    bar = view.sessions.behind
    return _only(view, funnel=bar.funnel) if isinstance(bar, Behind) else _only(view, retention=bar.retention)


KINDS: Mapping[str, Callable[[View, Gesture], View]] = {
    "behave_set": behave_set,
    "drill": drill,
    "funnel_back": funnel_back,
    "segment_step": segment_step,
    "session": session,
    "sessions_page": sessions_page,
    "step": step,
    "step_drop": step_drop,
    "step_filter": step_filter,
    "step_move": step_move,
    "step_unfilter": step_unfilter,
    "tab": tab,
    "those": those,
}


def _only(view: View, **behaviour: object) -> View:
    return with_own(view, **{**dict.fromkeys(BEHAVIOURS), **behaviour})


def _funnel(view: View) -> Funnel:
    if view.funnel is None:
        raise refused("there is no funnel here")
    return view.funnel


def _stepped(view: View, steps: tuple[Step, ...]) -> View:
    return _only(view, funnel=Funnel(**{**dict(_funnel(view)), "steps": steps}))


def _filtered(view: View, at: int, change: Callable[[tuple[Filter, ...]], tuple[Filter, ...]]) -> View:
    steps = _funnel(view).steps
    one = steps[at]
    changed = Step(event=one.event, filters=change(one.filters))
    return _stepped(view, (*steps[:at], changed, *steps[at + 1 :]))
