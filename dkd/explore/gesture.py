"""A view and a gesture → the next view; the only place where a gesture means something."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from dkd.errors import UsageError
from dkd.explore import behaviour_gesture, keep_gesture, shelf_gesture
from dkd.explore.edit import asked, over, refused, with_own
from dkd.explore.picture_gesture import PICTURE_KINDS
from dkd.explore.view import View, of_link
from dkd.model.types import Scalar
from dkd.model.valid import in_words
from dkd.query.periods import local_time
from dkd.query.question import Filter, Interval, Last

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
        raise refused(f"there is no gesture {kind!r:.40}")
    try:
        return found(view, gesture)
    except ValidationError as error:
        raise refused(in_words(error.errors()[0])) from error
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise refused(f"the gesture {kind!r} is not whole") from error


def toggled(filters: tuple[Filter, ...], dimension: str, value: Scalar, exclude: bool) -> tuple[Filter, ...]:
    """The filters with *value* among the kept (or excluded) ones of *dimension*, or no longer when it was there.

    A value is never kept and excluded at once: the later word counts.
    """
    was = next((one for one in filters if one.dimension == dimension and one.exclude is exclude and one.values), None)
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
        if values == one.values:
            found.append(one)
        elif values:
            found.append(Filter(**{**dict(one), "values": values}))
    return tuple(found)


def _among(value: Scalar, values: tuple[Scalar, ...]) -> bool:
    return any(_same(value, one) for one in values)


def _same(one: Scalar, other: Scalar) -> bool:
    # To Python 1 and True are equal; to a dimension of text they are not.
    return type(one) is type(other) and one == other


def _filter(view: View, gesture: Gesture) -> View:
    value, exclude = gesture["value"], bool(gesture.get("exclude"))
    return asked(view, filters=toggled(view.question.filters, gesture["dimension"], value, exclude))


def _unfilter(view: View, gesture: Gesture) -> View:
    """Without one filter, or without any filter and condition where none is named."""
    at = gesture.get("at")
    if at is None:
        return asked(view, filters=(), having=())
    return asked(view, filters=tuple(one for seq, one in enumerate(view.question.filters) if at != seq))


def _last(view: View, gesture: Gesture) -> View:
    return over(view, Last(last=gesture["last"]))


def _between(view: View, gesture: Gesture) -> View:
    """From one local time to another, as people type them."""
    try:
        start, end = (local_time(str(gesture[name]), view.question.zone) for name in ("start", "end"))
    except UsageError as error:
        raise refused(error.problems[0].problem) from error
    return over(view, Interval(start=start, end=end))


def _span(view: View, gesture: Gesture) -> View:
    """From one moment to another, as they are marked on the chart."""
    start, end = (_EPOCH + timedelta(milliseconds=gesture[name]) for name in ("start_ms", "end_ms"))
    return over(view, Interval(start=start, end=end))


def _panel(view: View, gesture: Gesture) -> View:
    """Another dimension for the panel at a place, a new panel behind the last, or none with null."""
    at, dimension = int(gesture["at"]), gesture["dimension"]
    panels = [*view.panels[:at], *([] if dimension is None else [dimension]), *view.panels[at + 1 :]]
    return with_own(view, panels=tuple(dict.fromkeys(panels)))


def _open(_: View, gesture: Gesture) -> View:
    """The view of a link; with ``then``, after that gesture, as one on a dashboard's tile is."""
    found, then = of_link(str(gesture["link"])), gesture.get("then")
    return act(found, then) if isinstance(then, Mapping) else found


_KINDS: Mapping[str, Callable[[View, Gesture], View]] = {
    "filter": _filter,
    "unfilter": _unfilter,
    "last": _last,
    "between": _between,
    "span": _span,
    "panel": _panel,
    "open": _open,
    "zone": lambda view, gesture: asked(view, zone=gesture["zone"]),
    "bots": lambda view, gesture: asked(view, with_bots=bool(gesture["on"])),
    "measure": lambda view, gesture: with_own(view, measure=gesture["name"]),
    "live": lambda view, gesture: with_own(view, live=bool(gesture["on"])),
    "again": lambda view, _: view,
    "compare": shelf_gesture.compare,
    "filter_move": shelf_gesture.filter_move,
    "filter_set": shelf_gesture.filter_set,
    "grain": shelf_gesture.grain,
    "having_set": shelf_gesture.having_set,
    "measures": shelf_gesture.measures,
    "pin": shelf_gesture.pin,
    "split": shelf_gesture.split,
    "split_move": shelf_gesture.split_move,
    "split_set": shelf_gesture.split_set,
    "unsplit": shelf_gesture.unsplit,
    **behaviour_gesture.KINDS,
    "segment": keep_gesture.segment,
    "who": keep_gesture.who,
    **PICTURE_KINDS,
}
