"""What the explorer shows, one frozen value ↔ one text for an address; a link of an older model keeps what it can."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field as Option
from pydantic import ValidationError, model_validator

from dkd.errors import Problem, UsageError
from dkd.explore import behaviour_link
from dkd.explore.faults import faults
from dkd.explore.renamed import renamed
from dkd.model.schema import Model
from dkd.model.types import Frozen, Name
from dkd.model.valid import in_words
from dkd.query import link
from dkd.query.behaviour import Behaviour, Funnel, Paths, Retention, Sessions
from dkd.query.behaviour_check import behaviour_problems
from dkd.query.question import Question

MOST_PANELS = 12
_PART, _ITEM = "~", "."
_PANELS, _MEASURE, _PICTURE, _LIVE, _DASHBOARD = "P", "M", "V", "L", "D"
_NAMES = {_PANELS: "panels", _MEASURE: "measure", _PICTURE: "picture", _LIVE: "live", _DASHBOARD: "dashboard"}
_USUAL_PANELS = ("page_path", "channel", "country", "referrer_source", "device_type", "browser")
_USUAL_MEASURES = 5


BEHAVIOURS = tuple(behaviour_link.NAMES.values())
PictureKind = Literal["number", "line", "bar", "stacked", "table", "pivot", "heat", "map", "sankey"]


class View(Frozen):
    """One view of a site's data.

    Attributes:
        question: What is asked; without a grain the interval chooses one where a picture needs it.
        panels: Pinned dimensions, which get a table of their first values.
        measure: The one that is drawn where one is, and that ranks the values; None takes the question's first.
        picture: How the question's splits are drawn; None lets a rule choose.
        live: Ask again every other second.
        funnel: In place of cards and pictures, like the three after it, of which a view has one at most.
        retention: Who came back.
        paths: What came after, or before.
        sessions: Sessions, or the events of one.
        dashboard: The project's dashboard whose tiles are shown in the question's time and filters, by its file's stem.
    """

    question: Question
    panels: tuple[Name, ...] = Option((), max_length=MOST_PANELS)
    measure: Name | None = None
    picture: PictureKind | None = None
    live: bool = False
    dashboard: Annotated[str, Option(pattern=r"^[A-Za-z0-9_-]{1,80}$")] | None = None
    funnel: Funnel | None = None
    retention: Retention | None = None
    paths: Paths | None = None
    sessions: Sessions | None = None

    @property
    def behaviour(self) -> Behaviour | None:
        """What of the four the view has."""
        return next((found for name in BEHAVIOURS if (found := getattr(self, name)) is not None), None)

    @property
    def shown(self) -> str:
        """The measure that is drawn and that ranks."""
        return self.measure or self.question.measures[0]

    @model_validator(mode="after")
    def _each_once(self) -> "View":
        twice = next((name for name in self.panels if self.panels.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"panel {twice!r} stands twice")
        if self.measure is not None and self.measure not in self.question.measures:
            raise ValueError(f"{self.measure!r} is not one of the view's measures")
        if sum(getattr(self, name) is not None for name in BEHAVIOURS) > 1:
            raise ValueError(f"a view has one of {', '.join(BEHAVIOURS)} at most")
        return self


class Opened(NamedTuple):
    """What became of a link.

    Attributes:
        view: What can still be shown; None where nothing of it can.
        dropped: A sentence for each part that was left out.
    """

    view: View | None
    dropped: tuple[str, ...] = ()


class Saved(NamedTuple):
    """A view that the project keeps.

    Attributes:
        title: For the menu.
        link: What opens it.
    """

    title: str
    link: str


def as_link(view: View) -> str:
    """The view as one text of letters, digits and ``_ . - ~``: the question's own link, then parts in capitals.

    Raises:
        UsageError: DKD317, when the question's part is longer than 2,000 characters.
    """
    parts = [link.as_link(view.question)]
    if view.panels:
        parts.append(_ITEM.join([_PANELS, *view.panels]))
    if view.measure is not None:
        parts.append(f"{_MEASURE}{_ITEM}{view.measure}")
    if view.picture is not None:
        parts.append(f"{_PICTURE}{_ITEM}{view.picture}")
    if view.dashboard is not None:
        parts.append(f"{_DASHBOARD}{_ITEM}{view.dashboard}")
    if view.live:
        parts.append(_LIVE)
    parts += behaviour_link.parts({name: getattr(view, name) for name in BEHAVIOURS})
    return _PART.join(parts)


def of_link(text: str) -> View:
    """The view that *text* is; whether a model has its names is another matter.

    Raises:
        UsageError: DKD317 for a text that is no link, DKD316 for a part that no view can have.
    """
    parts = text.split(_PART)
    own = [part.split(_ITEM) for part in parts if part[:1].isupper()]
    tree: dict[str, Any] = {"question": link.of_link(_PART.join(part for part in parts if not part[:1].isupper()))}
    for key, *items in own:
        if key in behaviour_link.NAMES and behaviour_link.NAMES[key] not in tree:
            tree[behaviour_link.NAMES[key]] = behaviour_link.read(key, items)
            continue
        name = _NAMES.get(key)
        if (
            name is None
            or name in tree
            or (key in (_MEASURE, _PICTURE, _DASHBOARD) and len(items) != 1)
            or (key == _LIVE and items)
        ):
            remedy = "copy the whole link again"
            raise UsageError("DKD317", where="link", problem=f"it has a part {key[:20]!r}", remedy=remedy)
        tree[name] = items if key == _PANELS else True if key == _LIVE else items[0]
    return validated(tree)


def validated(tree: dict[str, Any]) -> View:
    """The view of these values.

    Raises:
        UsageError: DKD316, with what no view can have.
    """
    try:
        return View.model_validate(tree)
    except ValidationError as error:
        found = tuple(Problem("view", "DKD316", in_words(one)) for one in error.errors())
        refusal = UsageError("DKD316", where="view", problem=found[0].problem)
        refusal.problems = found
        raise refusal from error


def opened(text: str, model: Model) -> Opened:
    """As much of a link as *model* has names for, and what that left out or calls differently now; never an error."""
    try:
        found = of_link(text)
    except UsageError as error:
        return Opened(None, tuple(problem.line() for problem in error.problems))
    return fitted(found, model)


def fitted(view: View, model: Model) -> Opened:
    """As much of a view as *model* has names for, and what that left out or calls differently now.

    A filter or a panel stays as long as one of the measures can be asked with it.
    """
    question, panels, behaviour, renamings = renamed(model, view.question, view.panels, view.behaviour)
    own = {name: behaviour for name in BEHAVIOURS if getattr(view, name) is not None}
    view = view.model_copy(update={"question": question, "panels": panels, **own})
    unfit: dict[tuple[str, int], Problem] = {}
    for (key, at, *rest), problem in faults(model, view.question, view.panels):
        # A split whose order is wrong keeps its values.
        unfit.setdefault((f"{key}.{rest[0]}" if rest == ["sort"] else str(key), int(at)), problem)
    dropped = (
        *renamings,
        *(
            f"{_called(view, key, at)} was left out: {problem.problem}; {problem.remedy}"
            for (key, at), problem in unfit.items()
        ),
    )

    def kept(key: str) -> tuple[Any, ...]:
        return tuple(one for at, one in enumerate(_pieces(view, key)) if (key, at) not in unfit)

    measures = kept("measures")
    if not measures:
        return Opened(None, dropped)
    splits = tuple(
        one.model_copy(update={"sort": None}) if ("splits.sort", at) in unfit else one
        for at, one in enumerate(view.question.splits)
        if ("splits", at) not in unfit
    )
    changed: dict[str, tuple[Any, ...] | None] = {key: kept(key) for key in ("measures", "filters", "having")}
    changed["splits"] = splits
    if view.question.against:
        # Without a filter it would be compared with everything.
        changed["against"] = kept("against") or None
    if view.question.compare is None and changed.get("against", view.question.against) is None:
        changed["splits"] = tuple(one.model_copy(update={"by": "value"}) for one in splits)
    question = view.question.model_copy(update=changed)
    measure = view.measure if view.measure in measures else None
    changes = {"question": question, "panels": kept("panels"), "measure": measure}
    found, more = _behaving(model, view.model_copy(update=changes))
    return Opened(found, (*dropped, *more))


def _behaving(model: Model, view: View) -> tuple[View, tuple[str, ...]]:
    """The view without a behaviour that *model* cannot answer, and what is said of that."""
    problem = next(iter(behaviour_problems(model, view.behaviour)), None)
    if problem is None:
        return view, ()
    name = next(name for name in BEHAVIOURS if getattr(view, name) is not None)
    said_ = f"{name} was left out: {problem.where}: {problem.problem}; {problem.remedy}"
    return view.model_copy(update={name: None}), (said_,)


def _pieces(view: View, key: str) -> tuple[Any, ...]:
    return view.panels if key == "panels" else getattr(view.question, key.partition(".")[0]) or ()


def _called(view: View, key: str, at: int) -> str:
    """What a piece of a view is called in a sentence."""
    piece = _pieces(view, key)[at]
    names = {
        "measures": f"measure {piece}", "panels": f"panel {piece}", "having": "a condition on a measure",
    }  # fmt: skip
    if key in names:
        return names[key]
    kinds = {"splits": "split by", "splits.sort": "the order of the split by", "against": "compared filter on"}
    return f"{kinds.get(key, 'filter on')} {piece.dimension}"


def first_view(model: Model) -> View | None:
    """What a newcomer sees: the model's first measures over the last day; None where it has no measure."""
    measures = tuple(model.measures)[:_USUAL_MEASURES]
    if not measures:
        return None
    question = Question.model_validate({"measures": measures, "interval": {"last": "1d"}, "compare": "previous"})
    return fitted(View(question=question, panels=_USUAL_PANELS), model).view
