"""``dashboards/*.yaml`` → views of the explorer, or every mistake of the files, each at its line and column."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError, create_model

from dkd.errors import Problem, UsageError
from dkd.explore.faults import faults
from dkd.explore.view import BEHAVIOURS, View, as_link
from dkd.model.schema import Model
from dkd.model.tree import Path, Tree, parse
from dkd.model.types import Frozen
from dkd.model.valid import in_words
from dkd.query.behaviour import CameBack
from dkd.query.behaviour_check import behaviour_problems
from dkd.query.measure import near
from dkd.query.question import Question, Text

_TOGETHER = ("splits", "compare", "against")
"""What cannot be judged apart: a split that is ranked by a difference needs something to compare with."""
_USUAL = {"view": 1, "title": "?", "interval": {"last": "1d"}}


_OWN = {name: field for name, field in View.model_fields.items() if name != "question"}
ViewFile: type[Question] = create_model(
    "ViewFile",
    __base__=Question,
    view=(Literal[1], ...),
    title=(Text, ...),
    **{name: (field.annotation, field) for name, field in _OWN.items()},
)  # type: ignore[call-overload]  # fields that are known at run time only
"""A view as a file holds it: a question's keys and the view's own, side by side."""


class Read(NamedTuple):
    """What a file became: its title and view, or else its mistakes."""

    title: str
    view: View | None
    problems: tuple[Problem, ...]


def read(text: str, where: str, model: Model) -> Read:
    """The view that *text* holds, and all of its mistakes in the order of the file.

    Args:
        text: One YAML document.
        where: Name of its file, for the places of mistakes.
        model: Whose names it may use.

    Returns:
        Its view is there whenever the file is a view at all, even with names that the model does not have.
    """
    return read_tree(parse(text, where), model)


def read_tree(tree: Tree, model: Model) -> Read:
    """The view that a file holds, and all of its mistakes; see :func:`read`."""
    if not isinstance(tree.value, dict):
        if not tree.problems:
            tree.add((), "DKD230", "this is no view", "begin with view: 1 and title: NAME")
        return Read("", None, tuple(tree.problems))
    held, is_whole = _validated(dict(tree.value), tree, model)
    view = _view(held)
    for path, problem in faults(model, view.question, view.panels):
        # A name that stands twice is counted once: its place is that of its first.
        if path[0] in ("measures", "panels"):
            names = getattr(view.question if path[0] == "measures" else view, path[0])
            listed = _listed(tree.value, str(path[0]))
            path = (path[0], listed.index(names[path[1]])) if names[path[1]] in listed else (path[0],)
        tree.add(path, problem.code, problem.problem, problem.remedy)
    for problem in behaviour_problems(model, view.behaviour):
        tree.add(_behaviour_place(view, problem.where), problem.code, problem.problem, problem.remedy)
    if is_whole:
        is_whole = _has_link(view, tree)
    return Read(dict(held)["title"], view if is_whole else None, _in_order(tree))


def as_tree(title: str, view: View) -> dict[str, Any]:
    """What a file holds for the view, as plain values."""
    question = view.question.model_dump(mode="json", exclude_defaults=True)
    own = view.model_dump(mode="json", exclude_defaults=True, exclude={"question"})
    return {"view": 1, "title": title, **question, **own}


def _validated(root: dict[str, Any], tree: Tree, model: Model) -> tuple[Question, bool]:
    """What is right in the file, with the usual in place of what is wrong, and whether all of it was right."""
    for path, remedy in _doubtful(root):
        tree.add(path, "DKD204", f"{_at(root, path)!r:.60} cannot stand here", remedy)
    for name in ("measures", "panels"):
        if isinstance(root.get(name), list):
            root[name] = [one for at, one in enumerate(root[name]) if one not in root[name][:at]]
    for name in [
        *_behaviours(root)[1:],
        *(["measure"] if root.get("measure") not in _listed(root, "measures") else []),
    ]:
        root.pop(name, None)
    usual: dict[str, Any] = {}
    while True:
        try:
            return ViewFile.model_validate({**usual, **root}), not tree.problems
        except ValidationError as error:
            for detail in error.errors():
                note(detail, tree, ViewFile)
            wrong = {key for detail in error.errors() for key in detail["loc"][:1] or _TOGETHER}
            right = {key: value for key, value in root.items() if key not in wrong}
            # What is wrong as a whole, and not for any of its parts, leaves nothing that is right.
            root = right if not usual or len(right) < len(root) else {}
            usual = {**_USUAL, "measures": list(model.measures)[:1] or ["none"]}


def _has_link(view: View, tree: Tree) -> bool:
    """Whether an address can hold the view; notes it when none can."""
    try:
        as_link(view)
    except UsageError as error:
        tree.add(("filters",), error.problems[0].code, error.problems[0].problem, "filter by fewer values")
        return False
    return True


def _doubtful(root: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Places that the types allow and a view does not, and what to do there."""
    for name in ("measures", "panels"):
        listed = _listed(root, name)
        yield from (((name, at), "it stands above already") for at, one in enumerate(listed) if one in listed[:at])
    if "measure" in root and root["measure"] not in _listed(root, "measures"):
        yield ("measure",), "name one of the view's measures"
    for name in _behaviours(root)[1:]:
        yield (name,), f"a view has one of {', '.join(BEHAVIOURS)} at most"


def _behaviours(root: dict[str, Any]) -> list[str]:
    return [name for name in root if name in BEHAVIOURS and root[name] is not None]


def _listed(root: dict[str, Any], name: str) -> list[Any]:
    found = root.get(name)
    return found if isinstance(found, list) else []


def _at(root: Any, path: Path) -> Any:
    for part in path:
        root = root[part]
    return root


def _view(held: Question) -> View:
    values = dict(held)
    question = Question(**{name: values[name] for name in Question.model_fields})
    if values["measure"] not in question.measures:
        # It was one of measures that are wrong.
        values["measure"] = None
    return View(question=question, **{name: values[name] for name in _OWN})


def _behaviour_place(view: View, where: str) -> Path:
    """The place in the file of what a behaviour's problem is about, such as ``step 2`` or ``by``."""
    name = next(name for name in BEHAVIOURS if getattr(view, name) is not None)
    is_cell = view.sessions is not None and isinstance(view.sessions.behind, CameBack)
    own: Path = ("sessions", "behind", "retention" if is_cell else "funnel") if name == "sessions" else (name,)
    key, *rest = where.split()
    if key != "step":
        return (*own, key)
    seq, *below = rest
    return (*own, "steps", int(seq) - 1, *(("filters", int(below[1]) - 1) if below else ("event",)))


def note(detail: Any, tree: Tree, file: type[Frozen]) -> None:
    """Note one of pydantic's mistakes of a *file* at its place."""
    # The two forms of an interval, and of what sessions are behind, are told apart by a tag: no key of the file.
    path: Path = tuple(part for part in detail["loc"] if part not in ("fixed", "newest", "bar", "cell"))
    kind, last = detail["type"], path[-1] if path else "view"
    if kind == "extra_forbidden":
        known = list(file.model_fields) if len(path) == 1 else []
        tree.add(path, "DKD203", f"unknown key {last!r}", near(str(last), known) if known else "remove it", of_key=True)
    elif kind == "missing":
        tree.add(path[:-1], "DKD205", f"{last!r} is missing", "add it")
    else:
        shown = "" if kind == "value_error" else f"{detail['input']!r:.60}: "
        tree.add(path, "DKD204", f"{shown}{in_words(detail)}", "correct the value")


def _in_order(tree: Tree) -> tuple[Problem, ...]:
    def place(problem: Problem) -> tuple[int, int]:
        *_, line, column = problem.where.rsplit(":", 2)
        return int(line), int(column)

    return tuple(sorted(dict.fromkeys(tree.problems), key=place))
