"""A view and a gesture → the next view; the only place where a gesture means something."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from dkd.errors import UsageError
from dkd.explore.trust import BOTS_ONLY
from dkd.explore.view import View, of_link, said
from dkd.model.types import Scalar
from dkd.query.periods import local_time
from dkd.query.question import Filter, Interval, Last, Question

Gesture = Mapping[str, Any]
"""What a person did, as the page sends it: ``kind``, and what the kind needs."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def act(view: View, gesture: Gesture) -> View:
    """The view after *gesture*.

    Raises:
        UsageError: DKD330, when the gesture leads to no view: an interval that ends before it starts, a zone that is
            none, a kind that does not exist.
    """
    kind = gesture.get("kind")
    found = _KINDS.get(str(kind))
    if found is None:
        raise _refused(f"there is no gesture {kind!r:.40}")
    try:
        return found(view, gesture)
    except ValidationError as error:
        raise _refused(said(error.errors()[0]["msg"])) from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _refused(f"the gesture {kind!r} is not whole") from error


def toggled(filters: tuple[Filter, ...], dimension: str, value: Scalar, exclude: bool) -> tuple[Filter, ...]:
    """The filters with *value* among the kept (or excluded) ones of *dimension*, or no longer when it was there.

    A value is never kept and excluded at once: the later word counts.
    """
    was = next((one for one in filters if one.dimension == dimension and one.exclude is exclude), None)
    if was is not None and _among(value, was.values):
        return _without(filters, dimension, value)
    rest = _without(filters, dimension, value)
    if was is None:
        return (*rest, Filter(dimension=dimension, values=(value,), exclude=exclude))
    more = Filter(dimension=dimension, values=(*was.values, value), exclude=exclude)
    return tuple(more if one == was else one for one in rest)


def _without(filters: tuple[Filter, ...], dimension: str, value: Scalar) -> tuple[Filter, ...]:
    found = []
    for one in filters:
        values = tuple(kept for kept in one.values if not (one.dimension == dimension and _same(kept, value)))
        if values:
            found.append(one if values == one.values else Filter(**{**dict(one), "values": values}))
    return tuple(found)


def _among(value: Scalar, values: tuple[Scalar, ...]) -> bool:
    return any(_same(value, one) for one in values)


def _same(one: Scalar, other: Scalar) -> bool:
    # To Python 1 and True are equal; to a dimension of text they are not.
    return type(one) is type(other) and one == other


def _asked(view: View, **changed: object) -> View:
    return _changed(view, question=Question(**{**dict(view.question), **changed}))


def _changed(view: View, **changed: object) -> View:
    return View(**{**dict(view), **changed})


def _filter(view: View, gesture: Gesture) -> View:
    value, exclude = gesture["value"], bool(gesture.get("exclude"))
    return _asked(view, filters=toggled(view.question.filters, gesture["dimension"], value, exclude))


def _unfilter(view: View, gesture: Gesture) -> View:
    """Without one filter, or without any where none is named."""
    at = gesture.get("at")
    return _asked(view, filters=tuple(one for seq, one in enumerate(view.question.filters) if at not in (None, seq)))


def _last(view: View, gesture: Gesture) -> View:
    # A grain that suited the old interval may make a thousand buckets of the new one.
    return _asked(view, interval=Last(last=gesture["last"]), grain=None)


def _between(view: View, gesture: Gesture) -> View:
    """From one local time to another, as people type them."""
    try:
        start, end = (local_time(str(gesture[name]), view.question.zone) for name in ("start", "end"))
    except UsageError as error:
        raise _refused(error.problems[0].problem) from error
    return _asked(view, interval=Interval(start=start, end=end), grain=None)


def _span(view: View, gesture: Gesture) -> View:
    """From one moment to another, as they are marked on the chart."""
    start, end = (_EPOCH + timedelta(milliseconds=gesture[name]) for name in ("start_ms", "end_ms"))
    return _asked(view, interval=Interval(start=start, end=end), grain=None)


def _panel(view: View, gesture: Gesture) -> View:
    """Another dimension for the panel at a place, a new panel behind the last, or none with null."""
    at, dimension = int(gesture["at"]), gesture["dimension"]
    panels = [*view.panels[:at], *([] if dimension is None else [dimension]), *view.panels[at + 1 :]]
    return _changed(view, panels=tuple(dict.fromkeys(panels)))


def _who(view: View, gesture: Gesture) -> View:
    """Count people, ``bots`` alone, or all; bots alone are all with a filter."""
    rest = tuple(one for one in view.question.filters if one != BOTS_ONLY)
    filters = (*rest, BOTS_ONLY) if gesture["who"] == "bots" else rest
    return _asked(view, filters=filters, with_bots={"people": False, "bots": True, "all": True}[gesture["who"]])


def _open(_: View, gesture: Gesture) -> View:
    return of_link(str(gesture["link"]))


_KINDS: Mapping[str, Callable[[View, Gesture], View]] = {
    "filter": _filter,
    "unfilter": _unfilter,
    "last": _last,
    "between": _between,
    "span": _span,
    "panel": _panel,
    "open": _open,
    "grain": lambda view, gesture: _asked(view, grain=gesture["grain"]),
    "zone": lambda view, gesture: _asked(view, zone=gesture["zone"]),
    "compare": lambda view, gesture: _asked(view, compare="previous" if gesture["on"] else None),
    "bots": lambda view, gesture: _asked(view, with_bots=bool(gesture["on"])),
    "measure": lambda view, gesture: _changed(view, measure=gesture["name"]),
    "live": lambda view, gesture: _changed(view, live=bool(gesture["on"])),
    "again": lambda view, _: view,
    "who": _who,
}


def _refused(problem: str) -> UsageError:
    return UsageError("DKD330", problem=problem)
