"""A view → which picture is drawn of its splits, and the question whose answer it draws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from dkd.errors import Problem
from dkd.explore import words
from dkd.explore.plan import Plan
from dkd.explore.suggest import OVER_TIME, Choice, shape_of, suggest
from dkd.explore.view import PictureKind, View
from dkd.model.schema import Model
from dkd.query.check import problems, row_count
from dkd.query.compile import MOST_ROWS
from dkd.query.periods import bucket_count, fitting
from dkd.query.question import Grain, Question, Split

MOST_LINES = 8
"""Values with a line or a layer of their own: more colours cannot be told apart."""
_GRAINS: tuple[Grain, ...] = get_args(Grain)
_WIDTHS: dict[PictureKind, int] = {"stacked": 60, "heat": 31, "pivot": 14, "bar": 60, "table": 60}
"""Steps of time that a picture has room for, where nobody chose how wide they are."""
_ALL_MEASURES: tuple[PictureKind, ...] = ("table", "pivot", "number")


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        kind: The picture.
        choices: Every picture and how it fits.
        question: What to ask; None where the cards and the time chart already show it; why it cannot be asked.
        remarks: Sentences on what is drawn otherwise than asked.
    """

    kind: PictureKind
    choices: tuple[Choice, ...]
    question: Question | Problem | None
    remarks: tuple[str, ...] = ()

    @property
    def needs_subtotals(self) -> bool:
        """It shows numbers of several rows together, which of visitors and ratios are no sums."""
        return self.kind in ("table", "pivot")


def drawing(model: Model, view: View, plan: Plan, spare: Sequence[str] = ()) -> Drawing:
    """What is drawn of *view*; *spare* are the dimensions that may be split by."""
    choices = suggest(shape_of(model, view, bucket_count(plan.span, plan.grain), spare))
    kind, remarks = _kind(view, choices)
    if not view.question.splits and kind in ("line", "number"):
        return Drawing(kind, choices, None, tuple(remarks))
    asked, more = _asked(model, view, plan, kind)
    return Drawing(kind, choices, asked, (*remarks, *more))


def _kind(view: View, choices: Sequence[Choice]) -> tuple[PictureKind, list[str]]:
    """The chosen picture where it fits, else the automatic one and why."""
    best = next(one.kind for one in choices if one.fit == "automatic")
    chosen = next((one for one in choices if one.kind == view.picture), None)
    if chosen is None or is_drawable(chosen):
        return (chosen.kind if chosen else best), []
    return best, [f"{NAMES[chosen.kind]} was chosen, but {chosen.why}: this is {_A[best]}."]


def is_drawable(choice: Choice) -> bool:
    """Whether the picture can be drawn of the splits as they are; some bring the time along by themselves."""
    return choice.fit in ("ready", "automatic") or (choice.fit == "manual" and len(choice.gesture) == 2)


NAMES: dict[PictureKind, str] = {
    "number": "Numbers", "line": "Lines", "bar": "Bars", "stacked": "Stacked bars", "table": "Table", "pivot": "Pivot",
    "heat": "Heat map", "map": "Map", "sankey": "Flows",
}  # fmt: skip
_A: dict[PictureKind, str] = {
    "number": "the totals", "line": "a line chart", "bar": "a bar chart", "stacked": "a stack", "table": "a table",
    "pivot": "a pivot", "heat": "a heat map", "map": "a map", "sankey": "a picture of flows",
}  # fmt: skip


def _asked(model: Model, view: View, plan: Plan, kind: PictureKind) -> tuple[Question | Problem, list[str]]:
    splits = tuple(_split(split, kind, at == len(view.question.splits) - 1)
                   for at, split in enumerate(view.question.splits))  # fmt: skip
    changes = {"splits": splits, "interval": plan.span, "grain": _grain(view, plan, kind)}
    bare = view.question.model_copy(update=changes)
    if bare.grain not in (None, plan.grain):
        bare = _uncompared(bare)
    measures, left_out = _measures(model, view, bare, kind)
    if isinstance(measures, Problem):
        return measures, []
    fitted, remarks = _fitted(bare.model_copy(update={"measures": measures}))
    if view.question.compare is not None and fitted.compare is None:
        remarks = [*remarks, "Its steps are not those of the cards, so nothing is compared in it."]
    return fitted, [*left_out, *remarks]


def _uncompared(question: Question) -> Question:
    """The question without its period before, which other steps than the cards' would begin elsewhere."""
    if question.compare is None:
        return question
    splits = tuple(one.model_copy(update={"by": "value"}) for one in question.splits)
    return question.model_copy(update={"compare": None, "splits": splits})


def _split(split: Split, kind: PictureKind, is_last: bool) -> Split:
    is_drawn = kind == "line" or (kind == "stacked" and is_last)
    limit = min(split.limit, MOST_LINES) if is_drawn else split.limit
    is_nested = split.nested and kind == "table"
    return split.model_copy(update={"limit": limit, "nested": is_nested})


def _grain(view: View, plan: Plan, kind: PictureKind) -> Grain | None:
    asked, count = view.question, len(view.question.splits)
    if asked.grain is not None:
        return plan.grain
    if count and not (kind in OVER_TIME and count < 2):
        return None
    if any(one.by != "value" for one in asked.splits) or kind not in _WIDTHS:
        return plan.grain
    return fitting(plan.span, _WIDTHS[kind])


def _measures(
    model: Model, view: View, asked: Question, kind: PictureKind
) -> tuple[tuple[str, ...] | Problem, list[str]]:
    """The drawn measure first, as it ranks; then those that the picture shows too, or ranks by."""
    shown = view.shown
    sorts = {one.sort for one in asked.splits if one.sort}
    names = [name for name in view.question.measures if name != shown and (kind in _ALL_MEASURES or name in sorts)]
    bare = asked.model_copy(
        update={"splits": tuple(one.model_copy(update={"sort": None}) for one in asked.splits), "having": ()}
    )
    found, left_out = [], []
    for name in (shown, *names):
        problem = next(iter(problems(model, bare.model_copy(update={"measures": (name,)}))), None)
        if problem is None:
            found.append(name)
        elif name == shown or name in sorts:
            return problem, []
        else:
            left_out.append(f"{words.label(name)} is left out of this picture: {problem.problem}.")
    problem = next(iter(problems(model, asked.model_copy(update={"measures": tuple(found)}))), None)
    return problem or tuple(found), left_out


def _fitted(question: Question) -> tuple[Question, list[str]]:
    """The question with coarser steps, then fewer values, until its rows can be drawn, and what was changed."""
    remarks: list[str] = []
    if question.grain is not None:
        coarser = next((one for one in _coarser(question) if row_count(one) <= MOST_ROWS), None)
        if coarser is not None and coarser is not question:
            step = words.GRAIN_NAMES[coarser.grain or "P1D"]
            remarks.append(f"More than {MOST_ROWS:,} points cannot be drawn, so this is by {step}.")
            question = coarser
    while row_count(question) > MOST_ROWS and any(one.limit > 1 for one in question.splits):
        most = max(one.limit for one in question.splits)
        splits = tuple(one.model_copy(update={"limit": one.limit * 4 // 5}) if one.limit == most else one
                       for one in question.splits)  # fmt: skip
        question = question.model_copy(update={"splits": splits})
        listed = " × ".join(f"{one.limit:,}" for one in splits)
        remarks = [
            *remarks[:1],
            f"More than {MOST_ROWS:,} rows cannot be drawn, so this shows the first {listed} values.",
        ]
    return question, remarks


def _coarser(question: Question) -> Iterator[Question]:
    for grain in _GRAINS[_GRAINS.index(question.grain or "PT1M") :]:
        yield question if grain == question.grain else _uncompared(question.model_copy(update={"grain": grain}))
