"""``dashboards/*.yaml`` → views of the explorer, or every mistake of the files, each at its line and column."""

from collections.abc import Iterator
from pathlib import Path as File
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from dkd.errors import Problem
from dkd.explore.menus import Saved
from dkd.explore.view import MOST_PANELS, View, as_link, fitted, said
from dkd.model.schema import Model
from dkd.model.tree import Path, Tree, parse
from dkd.model.types import Name
from dkd.query.check import problems
from dkd.query.measure import near
from dkd.query.question import Question, Split

FOLDER = "dashboards"


class ViewFile(Question):
    """A view as a file holds it: a question's keys and the view's own, side by side."""

    view: Literal[1]
    title: str
    panels: tuple[Name, ...] = ()
    measure: Name | None = None
    live: bool = False


class Read(NamedTuple):
    """What a file became: its title and view, or else its mistakes."""

    title: str
    view: View | None
    problems: tuple[Problem, ...]


def read_all(folder: File, model: Model) -> list[Read]:
    """Each view of the project, by the name of its file."""
    found = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    return [read(file.read_text("utf-8", "replace"), str(file), model) for file in found]


def listed(folder: File, model: Model) -> list[Saved]:
    """The menu of the project's views; a view of an older model keeps what it can, one that is broken is not listed."""
    views = ((one.title, one.view) for one in read_all(folder, model))
    fits = ((title, fitted(view, model).view) for title, view in views if view is not None)
    return [Saved(title, as_link(view)) for title, view in fits if view is not None]


def read(text: str, where: str, model: Model) -> Read:
    """The view that *text* holds, and all of its mistakes in the order of the file.

    Args:
        text: One YAML document.
        where: Name of its file, for the places of mistakes.
        model: Whose names it may use.

    Returns:
        Its view is there whenever the file is a view at all, even with names that the model does not have.
    """
    tree = parse(text, where)
    if not isinstance(tree.value, dict):
        if not tree.problems:
            tree.add((), "DKD230", "this is no view", "begin with view: 1 and title: NAME")
        return Read("", None, tuple(tree.problems))
    try:
        held = ViewFile.model_validate(tree.value)
        view = _view(held)
    except ValidationError as error:
        for detail in error.errors():
            _note(detail, tree)
        return Read("", None, _in_order(tree))
    for path, problem in _unknown(view, model):
        tree.add(path, problem.code, problem.problem, problem.remedy)
    return Read(held.title, view, _in_order(tree))


def as_tree(title: str, view: View) -> dict[str, Any]:
    """What a file holds for the view, as plain values."""
    question = view.question.model_dump(mode="json", exclude_defaults=True)
    own = view.model_dump(mode="json", exclude_defaults=True, exclude={"question"})
    return {"view": 1, "title": title, **question, **own}


def _view(held: ViewFile) -> View:
    question = Question(**{name: getattr(held, name) for name in Question.model_fields})
    return View(question=question, panels=held.panels, measure=held.measure, live=held.live)


def _note(detail: Any, tree: Tree) -> None:
    # The two forms of an interval are told apart by a tag, which is no key of the file.
    path: Path = tuple(part for part in detail["loc"] if part not in ("fixed", "newest"))
    kind, last = detail["type"], path[-1] if path else "view"
    if kind == "extra_forbidden":
        known = list(ViewFile.model_fields) if len(path) == 1 else []
        tree.add(path, "DKD203", f"unknown key {last!r}", near(str(last), known) if known else "remove it", of_key=True)
    elif kind == "missing":
        tree.add(path[:-1], "DKD205", f"{last!r} is missing", "add it")
    elif kind == "too_long":
        tree.add(path, "DKD204", f"a view has at most {MOST_PANELS} panels", "remove some")
    else:
        shown = f"{detail['input']!r:.60}: " if not isinstance(detail["input"], dict | View) else ""
        tree.add(path, "DKD204", f"{shown}{said(detail['msg'])}", "correct the value")


def _unknown(view: View, model: Model) -> Iterator[tuple[Path, Problem]]:
    """Names and values that the model does not have, each with its path in the file."""
    asked = view.question
    bare = asked.model_copy(update={"filters": ()})
    good = []
    for at, name in enumerate(asked.measures):
        found = problems(model, bare.model_copy(update={"measures": (name,)}))
        yield from ((("measures", at), one) for one in found)
        good += [] if found else [name]
    # Whether a filter or a panel suits is asked of the measures that exist; without any, of none.
    if not good:
        return
    for at, one in enumerate(asked.filters):
        wrong = [problems(model, bare.model_copy(update={"measures": (name,), "filters": (one,)})) for name in good]
        if all(wrong):
            yield from ((("filters", at, _key(problem)), problem) for problem in wrong[0])
    for at, panel in enumerate(view.panels):
        split = (Split(dimension=panel),)
        wrong = [problems(model, bare.model_copy(update={"measures": (name,), "splits": split})) for name in good]
        if all(wrong):
            yield from ((("panels", at), problem) for problem in wrong[0])


def _key(problem: Problem) -> str:
    return "values" if problem.code == "DKD313" else "dimension"


def _in_order(tree: Tree) -> tuple[Problem, ...]:
    def place(problem: Problem) -> tuple[int, int]:
        *_, line, column = problem.where.rsplit(":", 2)
        return int(line), int(column)

    return tuple(sorted(dict.fromkeys(tree.problems), key=place))
