"""What a person does with the main picture: choose another, sort, and what a mark of it leads to."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dkd.explore.edit import asked, with_own
from dkd.explore.view import View
from dkd.model.types import Scalar
from dkd.query.question import MOST_GROUPS, Filter, Interval, Question, Split
from dkd.query.splits import only

Gesture = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def picture(view: View, gesture: Gesture) -> View:
    """Another picture, None for the one that the rules choose, after the repairs that the gesture names.

    ``keep`` the first so many splits, ``only`` a dimension, ``more`` dimensions behind those, at most ``limit`` values
    of each, ``timeless`` without steps of time.
    """
    splits = view.question.splits
    if "keep" in gesture:
        splits = splits[: int(gesture["keep"])]
    if "only" in gesture:
        splits = tuple(one for one in splits if one.dimension == gesture["only"]) or (Split(dimension=gesture["only"]),)
    splits = (*splits, *(Split(dimension=name) for name in gesture.get("more", ())))
    if "limit" in gesture:
        most = int(gesture["limit"])
        splits = tuple(one.model_copy(update={"limit": min(one.limit, most)}) for one in splits)
    grain = None if gesture.get("timeless") else view.question.grain
    return with_own(asked(view, splits=splits, grain=grain), picture=gesture["picture"])


def sort(view: View, gesture: Gesture) -> View:
    """Rank every split by a measure, by its ``value``, ``previous`` or ``delta``; the same again turns the order."""
    measure, by = str(gesture["measure"]), gesture.get("by", "value")
    last = view.question.splits[-1]
    is_same = (last.sort or view.shown) == measure and last.by == by
    changes = {"sort": measure, "by": by, "ascending": is_same and not last.ascending}
    return asked(view, splits=tuple(Split(**{**dict(one), **changes}) for one in view.question.splits))


def mark(view: View, gesture: Gesture) -> View:
    """Keep what a mark stands for: its values, and its stretch of time; with ``exclude`` leave out its last value.

    ``key`` has the values of the first splits, or of those from the place ``at`` on.
    """
    keys = list(zip(view.question.splits[int(gesture.get("at", 0)) :], gesture["key"], strict=False))
    if gesture.get("exclude"):
        split, value = keys[-1]
        return asked(view, filters=_excluded(view.question.filters, split, value))
    filters = view.question.filters
    for split, value in keys:
        filters = _only(filters, split, value)
    return asked(view, filters=filters, **_when(gesture))


def into(view: View, gesture: Gesture) -> View:
    """Keep what a mark stands for, and split that by another dimension instead."""
    dimension = str(gesture["dimension"])
    found = mark(view, gesture)
    was = view.question.splits[-1] if view.question.splits else None
    changes = {name: getattr(was, name) for name in ("limit", "sort", "by", "ascending")} if was is not None else {}
    at = int(gesture.get("at", 0))
    kept = (*found.question.splits[:at], *found.question.splits[at + len(gesture["key"]) :])
    rest = tuple(one for one in kept if one.dimension != dimension)
    return with_own(asked(found, splits=(Split(dimension=dimension, **changes), *rest)), picture=None)


def more(view: View, gesture: Gesture) -> View:
    """Ten times as many values of a split, or of every one where none is named."""
    at = gesture.get("at")
    splits = tuple(
        one.model_copy(update={"limit": min(one.limit * 10, MOST_GROUPS)}) if at in (None, seq) else one
        for seq, one in enumerate(view.question.splits)
    )
    return asked(view, splits=splits)


def against_before(view: View, gesture: Gesture) -> View:
    """A stretch of time beside the one just before it."""
    return asked(view, compare="previous", against=None, **_when(gesture))


def filters_of(question: Question, key: Sequence[Scalar]) -> tuple[Filter, ...]:
    """The filters of a question and of the first values of its splits: what a number of its answer counts."""
    found = question.filters
    for split, value in zip(question.splits, key, strict=False):
        found = _only(found, split, value)
    return found


def _only(filters: Sequence[Filter], split: Split, value: Scalar) -> tuple[Filter, ...]:
    # Other values of the same dimension cannot be there as well, so their filter has nothing more to say.
    rest = (one for one in filters if one.dimension != split.dimension or one.form != "values")
    return (*rest, only(split, value))


def _excluded(filters: Sequence[Filter], split: Split, value: Scalar) -> tuple[Filter, ...]:
    new = only(split, value)
    same = (one for one in filters if one.dimension == split.dimension and one.exclude and one.form == new.form)
    was = next(same, None)
    if was is None:
        return (*filters, new.model_copy(update={"exclude": True}))
    both = {"values": (*was.values, *new.values), "ranges": (*was.ranges, *new.ranges)}
    return tuple(one.model_copy(update=both) if one is was else one for one in filters)


def _when(gesture: Gesture) -> dict[str, object]:
    """The stretch of a mark, where it has one; its steps are another matter than those of the whole."""
    if gesture.get("start_ms") is None:
        return {}
    start, end = (_EPOCH + timedelta(milliseconds=gesture[name]) for name in ("start_ms", "end_ms"))
    return {"interval": Interval(start=start, end=end), "grain": None}


PICTURE_KINDS: Mapping[str, Callable[[View, Gesture], View]] = {
    "picture": picture,
    "picture_sort": sort,
    "mark": mark,
    "into": into,
    "more": more,
    "against_before": against_before,
}
