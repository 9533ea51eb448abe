"""A gesture on the third chip of a page that has not heard yet that the first is gone → on the same chip of now."""

from collections.abc import Mapping
from typing import Any

from dkd.errors import UsageError
from dkd.explore.edit import filters_of, refused
from dkd.explore.view import View, of_link

Gesture = Mapping[str, Any]
_STEPS = frozenset(("step", "step_drop", "step_move", "step_filter", "step_unfilter", "segment_step"))


def settled(view: View, gesture: Gesture) -> Gesture:
    """The gesture with the place ``at`` which it is about as *view* has it.

    Args:
        view: Where it is to be carried out.
        gesture: With ``seen``, the link of the view that it was made on.

    Raises:
        UsageError: DKD330, when what it is about is no longer there.
    """
    at, seen = gesture.get("at"), gesture.get("seen")
    if not isinstance(at, int) or not isinstance(seen, str):
        return gesture
    try:
        before, now = _things(of_link(seen), gesture), _things(view, gesture)
    except UsageError:
        return gesture
    if before == now or at < 0:
        return gesture
    if at >= len(before):
        return {**gesture, "at": len(now)}
    if before[at] in now:
        return {**gesture, "at": now.index(before[at])}
    if len(before) == len(now):
        # It was changed where it stands.
        return gesture
    if _removes(gesture):
        return {"kind": "again"}
    raise refused("what this was about is gone meanwhile")


def _removes(gesture: Gesture) -> bool:
    given = {name: gesture[name] for name in ("filter", "having", "dimension") if name in gesture}
    return gesture.get("kind") in ("unfilter", "step_drop") or None in given.values()


def _things(view: View, gesture: Gesture) -> tuple[Any, ...]:
    """What the place is one of; nothing for a gesture whose place is another matter."""
    kind = gesture.get("kind")
    if kind in ("filter_set", "filter_move"):
        return filters_of(view, str(gesture.get("of", "filters")))
    if kind in _STEPS:
        return view.funnel.steps if view.funnel is not None else ()
    found = {
        "unfilter": view.question.filters,
        "having_set": view.question.having,
        "split_move": view.question.splits,
        "panel": view.panels,
    }
    return found.get(str(kind), ())
