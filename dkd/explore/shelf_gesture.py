"""Gestures of the lists and the shelf: filters, splits, pins, measures and what is compared with."""

from collections.abc import Mapping
from typing import Any

from dkd.explore.edit import (
    asked,
    filters_of,
    fitting_grain,
    moved,
    ranked_by_values,
    refused,
    with_own,
)
from dkd.explore.view import MOST_PANELS, View
from dkd.query.periods import GRAINS, local_time
from dkd.query.question import Filter, Having, Range, Split

Gesture = Mapping[str, Any]
TIME = "time"
_SEGMENT = "against"
_OF_SPLIT = frozenset(("limit", "bucket", "sort", "by", "ascending", "nested"))


def filter_set(view: View, gesture: Gesture) -> View:
    """A filter in place of the one at a place, a new one without, none with null; of the view or its segment."""
    of, at, given = str(gesture.get("of", "filters")), gesture.get("at"), gesture["filter"]
    before = filters_of(view, of)
    found = [] if given is None else [_filter(given, view.question.zone)]
    place = len(before) if at is None else int(at)
    filters = tuple(dict.fromkeys((*before[:place], *found, *before[place + 1 :])))
    return asked(view, **{of: filters})


def filter_move(view: View, gesture: Gesture) -> View:
    """A filter to another place."""
    of = str(gesture.get("of", "filters"))
    return asked(view, **{of: moved(filters_of(view, of), int(gesture["at"]), int(gesture["to"]))})


def having_set(view: View, gesture: Gesture) -> View:
    """A condition on a measure in place of the one at a place, a new one without a place, none with null."""
    at, given, before = gesture.get("at"), gesture["having"], view.question.having
    found = [] if given is None else [Having(measure=given["measure"], range=Range(**given["range"]))]
    place = len(before) if at is None else int(at)
    return asked(view, having=tuple(dict.fromkeys((*before[:place], *found, *before[place + 1 :]))))


def split(view: View, gesture: Gesture) -> View:
    """Split by a dimension too: last, at a place, or instead of the one at a place; one that is there moves.

    With ``only`` by nothing else; with a ``measure`` of nothing else, where the view's own cannot be split so.
    """
    if gesture.get("only"):
        view = asked(view, splits=(), grain=None)
    if measure := gesture.get("measure"):
        view = asked(with_own(view, measure=None), measures=(measure,), having=())
    name, at, replaces = gesture["dimension"], gesture.get("at"), bool(gesture.get("replace"))
    splits, is_time = list(view.question.splits), name == TIME
    if at is not None and replaces and splits[int(at)].dimension != name:
        del splits[int(at)]
    if is_time:
        return _fitting(
            asked(view, splits=tuple(splits), grain=view.question.grain or fitting_grain(view.question.interval))
        )
    was = next((one for one in splits if one.dimension == name), None)
    place = len(splits) if at is None else int(at)
    if was is not None:
        place -= splits.index(was) < place
        splits.remove(was)
    splits.insert(place, was or Split(dimension=name))
    return _fitting(asked(view, splits=tuple(splits)))


def split_move(view: View, gesture: Gesture) -> View:
    """A split to another place."""
    return asked(view, splits=moved(view.question.splits, int(gesture["at"]), int(gesture["to"])))


def unsplit(view: View, gesture: Gesture) -> View:
    """No longer by a dimension; by none where none is named."""
    name = gesture.get("dimension")
    if name == TIME:
        return asked(view, grain=None)
    if name is None:
        return asked(view, splits=(), grain=None)
    return asked(view, splits=tuple(one for one in view.question.splits if one.dimension != name))


def split_set(view: View, gesture: Gesture) -> View:
    """Another limit, order or bucket of a split."""
    name, changed = gesture["dimension"], dict(gesture["changed"])
    if not changed.keys() <= _OF_SPLIT:
        raise refused(f"a split has no {', '.join(sorted(changed.keys() - _OF_SPLIT)):.60}")
    splits = tuple(Split(**{**dict(one), **changed}) if one.dimension == name else one for one in view.question.splits)
    return asked(view, splits=splits)


def pin(view: View, gesture: Gesture) -> View:
    """A table of a dimension's first values, at a place or last; without a place one that is there goes."""
    name, at = gesture["dimension"], gesture.get("at")
    rest = [one for one in view.panels if one != name]
    if at is None and len(rest) < len(view.panels):
        return with_own(view, panels=tuple(rest))
    if len(rest) >= MOST_PANELS:
        raise refused(f"a view has at most {MOST_PANELS} tables; remove one first")
    rest.insert(len(rest) if at is None else int(at), name)
    return with_own(view, panels=tuple(rest))


def measures(view: View, gesture: Gesture) -> View:
    """One measure more or less, or with ``only`` no other; the last one stays, as without any nothing is asked."""
    name, before = gesture["name"], view.question.measures
    if gesture.get("only"):
        rest: tuple[str, ...] = (name,)
    elif name not in before:
        return asked(view, measures=(*before, name))
    else:
        rest = tuple(one for one in before if one != name) or before
    splits = tuple(one if one.sort in rest else one.model_copy(update={"sort": None}) for one in view.question.splits)
    having = tuple(one for one in view.question.having if one.measure in rest)
    shown = with_own(view, measure=view.measure if view.measure in rest else None)
    return asked(shown, measures=rest, splits=splits, having=having)


def compare(view: View, gesture: Gesture) -> View:
    """Compare with another period, with another segment (``against``), or with nothing."""
    to = gesture["to"] if "to" in gesture else "previous" if gesture["on"] else None
    if to == _SEGMENT:
        return asked(view, compare=None, against=view.question.against or ())
    if to is None:
        view = ranked_by_values(view)
    return asked(view, compare=to, against=None)


def grain(view: View, gesture: Gesture) -> View:
    """Another width of time buckets; null lets the interval choose, which for a split by time is done now."""
    given = gesture["grain"]
    is_split = view.question.splits and view.question.grain is not None
    return asked(
        view, grain=given or (fitting_grain(view.question.interval, view.question.splits) if is_split else None)
    )


def _fitting(view: View) -> View:
    """The view with time buckets no narrower than there is room for beside its other splits."""
    question = view.question
    if question.grain is None or not question.splits:
        return view
    widest = max(question.grain, fitting_grain(question.interval, question.splits), key=list(GRAINS.values()).index)
    return asked(view, grain=widest)


def _filter(given: Mapping[str, Any], zone: str) -> Filter:
    tree = dict(given)
    if "ranges" in tree:
        tree["ranges"] = tuple(
            Range(**{end: _bound(value, zone) for end, value in one.items()}) for one in tree["ranges"]
        )
    if "values" in tree:
        tree["values"] = tuple(tree["values"])
    return Filter(**tree)


def _bound(value: object, zone: str) -> object:
    """An end of a range: a number, or a time as people write it."""
    return round(local_time(value, zone).timestamp() * 1000) if isinstance(value, str) else value
