"""``dashboards/segments/*.yaml`` → filters with a name, or every mistake of the files at its line and column."""

from pathlib import Path as File
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import Field as Option
from pydantic import ValidationError

from dkd.errors import Problem
from dkd.explore.faults import faults
from dkd.explore.saved import note
from dkd.model.schema import Model
from dkd.model.tree import Tree, parse
from dkd.model.types import Frozen
from dkd.query.question import Filter, Question, Text

Held = TypeVar("Held", bound=Frozen)
SEGMENTS = "segments"


class SegmentFile(Frozen):
    """A segment as a file holds it."""

    segment: Literal[1]
    title: Text
    filters: tuple[Filter, ...] = Option(min_length=1)


class Segment(NamedTuple):
    """A saved segment.

    Attributes:
        name: Stem of its file.
        title: For menus.
        filters: All of them hold at once.
    """

    name: str
    title: str
    filters: tuple[Filter, ...]


class ReadSegment(NamedTuple):
    """What a file became: a segment, or else its mistakes."""

    segment: Segment | None
    problems: tuple[Problem, ...]


def read_segments(folder: File, model: Model) -> list[ReadSegment]:
    """Each segment of the project, by the name of its file; *folder* is that of its views."""
    found = sorted([*(folder / SEGMENTS).glob("*.yaml"), *(folder / SEGMENTS).glob("*.yml")])
    return [read_segment(file.read_text("utf-8", "replace"), str(file), model) for file in found]


def read_segment(text: str, where: str, model: Model) -> ReadSegment:
    """The segment that *text* holds; with mistakes, none."""
    tree = parse(text, where)
    if not isinstance(tree.value, dict):
        if not tree.problems:
            tree.add((), "DKD230", "this is no segment", "begin with segment: 1 and title: NAME")
        return ReadSegment(None, tuple(tree.problems))
    held = validated(SegmentFile, tree)
    if held is None:
        return ReadSegment(None, tuple(tree.problems))
    # A filter is judged beside measures: one that suits a measure of events or of sessions is right.
    asked = Question.model_validate({
        "measures": tuple(model.measures), "interval": {"last": "1d"}, "filters": held.filters,
    })  # fmt: skip
    for path, problem in faults(model, asked, ()):
        tree.add(path, problem.code, problem.problem, problem.remedy)
    return ReadSegment(Segment(File(where).stem, held.title, held.filters), tuple(tree.problems))


def as_tree(title: str, filters: tuple[Filter, ...]) -> dict[str, Any]:
    """What a file holds for the segment, as plain values."""
    return SegmentFile(segment=1, title=title, filters=filters).model_dump(mode="json", exclude_defaults=True) | {
        "segment": 1
    }


def validated(kind: type[Held], tree: Tree) -> Held | None:
    """The value of *tree* as *kind*; None where it is not one, with its mistakes noted in the tree."""
    try:
        found = kind.model_validate(tree.value)
    except ValidationError as error:
        for detail in error.errors():
            note(detail, tree, kind)
        return None
    return None if tree.problems else found
