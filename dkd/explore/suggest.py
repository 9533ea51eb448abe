"""What is split and measured → how well each picture fits it, why, and what would make it fit; pure rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from dkd.explore import words
from dkd.explore.view import PictureKind, View
from dkd.model.schema import Model
from dkd.query.measure import is_additive
from dkd.query.question import Split

Fit = Literal["never", "manual", "ready", "automatic"]
Json = dict[str, Any]

KINDS: tuple[PictureKind, ...] = get_args(PictureKind)
GEO = "country"
"""The column whose values the map knows: ISO 3166-1 codes of two letters."""
MOST_CELLS_ACROSS = 50
FEW_BUCKETS = 12
OVER_TIME: tuple[PictureKind, ...] = ("line", "stacked", "heat", "pivot")
"""Pictures that bring the time along where the splits leave a side of them empty."""


@dataclass(frozen=True)
class Shape:
    """What a picture is of.

    Attributes:
        splits: In their order.
        has_time: Time is one of the splits, because the question has a grain.
        measures: How many numbers each row has.
        measure: Label of the one that is drawn.
        is_additive: Its parts add up.
        buckets: How many steps of time the interval has.
        spare: Dimensions that may be split by next, the likeliest first.
        has_geo: Countries may be split by.
    """

    splits: tuple[Split, ...]
    has_time: bool
    measures: int
    measure: str = "This measure"
    is_additive: bool = True
    buckets: int = 1
    spare: tuple[str, ...] = ()
    has_geo: bool = False

    @property
    def numbers(self) -> int:
        """How many splits are by buckets of numbers."""
        return sum(one.bucket is not None for one in self.splits)


@dataclass(frozen=True)
class Choice:
    """One picture and how it fits.

    Attributes:
        fit: ``never``; ``manual``, after the repair; ``ready``; or ``automatic``, which is drawn unasked.
        why: What is in the way, or what the picture adds; empty where it simply fits.
        repair: What the button says that makes it fit; empty where nothing has to be done, or nothing can.
        gesture: Chooses it, repaired.
    """

    kind: PictureKind
    fit: Fit
    why: str
    repair: str
    gesture: Json


Verdict = tuple[Fit, str, str, Json]
"""Fit, why, what the repair is called, and what it adds to the gesture."""
_READY: Verdict = ("ready", "", "", {})
_NO_TIME: Json = {"timeless": True}


def shape_of(model: Model, view: View, buckets: int, spare: Sequence[str]) -> Shape:
    """The shape of *view*; *spare* are the dimensions that its measure can be split by."""
    asked = view.question
    taken = {one.dimension for one in asked.splits}
    likely = [name for name in (*view.panels, *spare) if name in spare and name not in taken]
    return Shape(
        splits=asked.splits,
        has_time=asked.grain is not None,
        measures=len(asked.measures),
        measure=words.label(view.shown),
        is_additive=is_additive(model, view.shown),
        buckets=buckets,
        spare=tuple(dict.fromkeys(likely)),
        has_geo=GEO in spare,
    )


def suggest(shape: Shape) -> tuple[Choice, ...]:
    """A choice for every kind of picture, in the order of the menu; exactly one is automatic."""
    best = automatic(shape)
    return tuple(_choice(shape, kind, best) for kind in KINDS)


def automatic(shape: Shape) -> PictureKind:
    """The picture that is drawn when nobody chooses one."""
    count, both = len(shape.splits), shape.has_time + len(shape.splits)
    if count == 0:
        return "line"
    if both >= 3 or (shape.measures > 1 and not shape.has_time):
        return "table"
    if shape.has_time:
        return "line"
    if count == 1:
        return "map" if shape.splits[0].dimension == GEO else "bar"
    return "heat" if all(one.limit <= MOST_CELLS_ACROSS for one in shape.splits) else "table"


def _choice(shape: Shape, kind: PictureKind, best: PictureKind) -> Choice:
    fit, why, repair, changes = _RULES[kind](shape)
    return Choice(
        kind, "automatic" if kind == best else fit, why, repair, {"kind": "picture", "picture": kind, **changes}
    )


def _number(shape: Shape) -> Verdict:
    if not shape.splits:
        return _READY
    return "manual", "it shows totals alone", "Without the splits", {"keep": 0}


def _line(shape: Shape) -> Verdict:
    if len(shape.splits) > 1:
        return _first_only(shape, "a line for each value of one split is the most that can be told apart")
    if shape.splits and not shape.has_time:
        return "manual", "a line needs time across", "Over time", {}
    return _READY


def _bar(shape: Shape) -> Verdict:
    if not shape.splits:
        if shape.buckets <= FEW_BUCKETS:
            return _READY
        return "ready", f"{shape.buckets} bars; a line is easier to read above {FEW_BUCKETS}", "", {}
    if len(shape.splits) > 1:
        return _first_only(shape, "bars show one split", **_NO_TIME)
    if shape.has_time:
        return "manual", "bars show one split, and time is another", "Without time", _NO_TIME
    return _READY


def _stacked(shape: Shape) -> Verdict:
    if not shape.is_additive:
        return "never", f"parts of {shape.measure.lower()} do not add up to a whole, so a stack would be wrong", "", {}
    if not shape.splits:
        return _one_more(shape, "a stack needs a split")
    if len(shape.splits) + shape.has_time > 2:
        return _first_only(shape, "a stack shows one split over time, or two")
    if len(shape.splits) == 1 and not shape.has_time:
        return "manual", "a stack needs time or a second split across", "Over time", {}
    return _READY


def _table(_: Shape) -> Verdict:
    return _READY


def _pivot(shape: Shape) -> Verdict:
    if not shape.splits:
        return _one_more(shape, "a pivot needs a split")
    if len(shape.splits) == 1 and not shape.has_time:
        return "manual", "a pivot needs time or a second split across", "Over time", {}
    return _READY


def _heat(shape: Shape) -> Verdict:
    if not shape.splits:
        return _one_more(shape, "a heat map needs a split")
    if len(shape.splits) + shape.has_time > 2:
        return _first_only(shape, "a heat map has two sides", limit=MOST_CELLS_ACROSS)
    if len(shape.splits) == 1 and not shape.has_time:
        return "manual", "a heat map needs time or a second split across", "Over time", {}
    if any(one.limit > MOST_CELLS_ACROSS for one in shape.splits):
        why, repair = f"more than {MOST_CELLS_ACROSS} cells across", f"First {MOST_CELLS_ACROSS} of each"
        return "manual", why, repair, {"limit": MOST_CELLS_ACROSS}
    return _READY


def _map(shape: Shape) -> Verdict:
    names = [one.dimension for one in shape.splits]
    if names == [GEO]:
        if shape.has_time:
            return "manual", "a map shows no time", "Without time", _NO_TIME
        return _READY
    if not shape.has_geo and GEO not in names:
        return "never", "a map needs countries, which this measure cannot be split by", "", {}
    changes = {"only": GEO, **(_NO_TIME if shape.has_time else {})}
    return "manual", "a map shows a split by country alone", "Split by country", changes


def _sankey(shape: Shape) -> Verdict:
    if not shape.is_additive:
        return "never", f"parts of {shape.measure.lower()} do not add up to a whole, so flows would be wrong", "", {}
    if len(shape.splits) < 2:
        return _one_more(shape, "flows run from one split to another", 2 - len(shape.splits), **_NO_TIME)
    if shape.has_time:
        return "manual", "flows show no time", "Without time", _NO_TIME
    return _READY


def _first_only(shape: Shape, why: str, **changes: object) -> Verdict:
    first = words.label(shape.splits[0].dimension)
    return "manual", why, f"Keep only {first.lower()}", {"keep": 1, **changes}


def _one_more(shape: Shape, why: str, missing: int = 1, **changes: object) -> Verdict:
    names = shape.spare[:missing]
    if len(names) < missing:
        return "never", f"{why}, and there is no dimension left", "", {}
    listed = " and ".join(words.label(name).lower() for name in names)
    return "manual", why, f"Split by {listed}", {"more": list(names), **changes}


_RULES: Mapping[PictureKind, Callable[[Shape], Verdict]] = {
    "number": _number, "line": _line, "bar": _bar, "stacked": _stacked, "table": _table, "pivot": _pivot,
    "heat": _heat, "map": _map, "sankey": _sankey,
}  # fmt: skip
