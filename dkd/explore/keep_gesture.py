"""Gestures on the line of trust and on what is kept: whose events are counted, saved segments, saving."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dkd.errors import UsageError
from dkd.explore.edit import asked, refused
from dkd.explore.keep import save_segment, save_view
from dkd.explore.segment import Segment
from dkd.explore.trust import BOTS_ONLY
from dkd.explore.view import View
from dkd.model.schema import Model

Gesture = Mapping[str, Any]
SAVES = {"save": save_view, "save_segment": save_segment}
"""Gestures that write a file, and lead to no other view."""


def who(view: View, gesture: Gesture) -> View:
    """Count ``people``, ``bots`` alone, or ``all``; bots alone are all with a filter."""
    with_bots = {"people": False, "bots": True, "all": True}[gesture["who"]]
    rest = tuple(one for one in view.question.filters if one != BOTS_ONLY)
    return asked(view, filters=(*rest, BOTS_ONLY) if gesture["who"] == "bots" else rest, with_bots=with_bots)


def with_segment(segments: Sequence[Segment], gesture: Gesture) -> Gesture:
    """The gesture with the filters of the segment that it names."""
    if gesture.get("kind") != "segment":
        return gesture
    filters = next((one.filters for one in segments if one.name == gesture.get("name")), None)
    if filters is None:
        raise refused(f"there is no segment {gesture.get('name')!r:.80}")
    return {**gesture, "filters": filters}


def segment(view: View, gesture: Gesture) -> View:
    """Keep only a segment, all but it with ``except``, or set its numbers beside with ``against``.

    Raises:
        UsageError: DKD330, for all but a segment of several filters: that is no list of filters.
    """
    filters, use = gesture["filters"], gesture.get("use", "only")
    if use == "against":
        return asked(view, against=filters, compare=None)
    if use == "except":
        if len(filters) > 1:
            raise refused("a segment of several filters cannot be excluded; exclude one of its filters instead")
        filters = tuple(one.model_copy(update={"exclude": not one.exclude}) for one in filters)
    rest = tuple(one for one in filters if one not in view.question.filters)
    return asked(view, filters=(*view.question.filters, *rest))


def saved(folder: Path | None, model: Model, view: View, gesture: Gesture) -> dict[str, Any]:
    """Carry out a gesture of :data:`SAVES`: what to say, and whether the same title could be replaced."""
    save, title, replaces = SAVES[gesture["kind"]], str(gesture.get("title", "")), bool(gesture.get("replaces"))
    try:
        path = save(folder, model, title, view, replaces=replaces)
    except UsageError as error:
        first = error.problems[0]
        is_there = first.code == "DKD346" and not replaces and "title" not in first.problem
        said = f"{first.problem}; {first.remedy}"
        return {"kind": gesture["kind"], "ok": False, "said": said, "replaces": is_there, "title": title}
    shown = path.relative_to(path.parents[2] if path.parent.name == "segments" else path.parents[1])
    return {"kind": gesture["kind"], "ok": True, "said": f"saved as {shown}", "replaces": False, "title": title}
