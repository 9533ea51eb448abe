"""A project's folder of views → its views, segments and dashboards, and every mistake of all of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dkd.errors import Problem
from dkd.explore.dashboard import Dashboard, is_dashboard, read_dashboard
from dkd.explore.saved import read_tree
from dkd.explore.segment import Segment, read_segments
from dkd.explore.view import Saved, View, as_link, fitted
from dkd.model.schema import Model
from dkd.model.tree import Tree, parse
from dkd.query.measure import near

FOLDER = "dashboards"


@dataclass(frozen=True)
class Kept:
    """What a project keeps.

    Attributes:
        views: By stem of the file, title and view, in the order of the names of the files.
        segments: Saved segments.
        dashboards: Views of several tiles.
        problems: Every mistake of all files.
    """

    views: dict[str, tuple[str, View]]
    segments: tuple[Segment, ...]
    dashboards: tuple[Dashboard, ...]
    problems: tuple[Problem, ...]

    @property
    def saved(self) -> tuple[Saved, ...]:
        """The menu: dashboards and views, whose first one opens first; none whose every measure is unknown."""
        listed = [*self.views.values(), *((one.title, one.bar) for one in self.dashboards)]
        return tuple(Saved(title, as_link(view)) for title, view in listed)

    def dashboard(self, name: str | None) -> Dashboard | None:
        """The dashboard of a name; None where there is none."""
        return next((one for one in self.dashboards if one.name == name), None)


NOTHING_KEPT = Kept({}, (), (), ())


def kept(folder: Path, model: Model) -> Kept:
    """What *folder* holds; a view of an older model keeps what it can, a broken one is only among the problems."""
    trees = [_tree(file) for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])]
    views: dict[str, tuple[str, View]] = {}
    problems: list[Problem] = []
    for tree in (one for one in trees if not is_dashboard(one)):
        found = read_tree(tree, model)
        problems += found.problems
        fits = fitted(found.view, model).view if found.view is not None else None
        if fits is not None:
            views[Path(tree.where).stem] = (found.title, fits)
    segments = read_segments(folder, model)
    names = [Path(one.where).stem for one in trees if not is_dashboard(one)]
    boards = [read_dashboard(one, model, views, names) for one in trees if is_dashboard(one)]
    problems += [problem for segment in segments for problem in segment.problems]
    problems += [problem for board in boards for problem in board.problems]
    problems += _strays(trees, views, {Path(one.where).stem for one in trees if is_dashboard(one)})
    problems += _twins([one for one in trees if isinstance(one.value, dict)])
    return Kept(
        views,
        tuple(one.segment for one in segments if one.segment is not None),
        tuple(one.dashboard for one in boards if one.dashboard is not None),
        tuple(problems),
    )


def count(folder: Path) -> int:
    """How many files of views, segments and dashboards there are."""
    return len([*folder.glob("*.y*ml"), *(folder / "segments").glob("*.y*ml")])


def _tree(file: Path) -> Tree:
    return parse(file.read_text("utf-8", "replace"), str(file))


def _strays(trees: Sequence[Tree], views: Mapping[str, tuple[str, View]], boards: Collection[str]) -> Iterator[Problem]:
    """Views that open a dashboard which is not there."""
    for tree in trees:
        name = views[stem][1].dashboard if (stem := Path(tree.where).stem) in views else None
        if name is not None and name not in boards:
            problem, remedy = f"there is no dashboard {name!r} in the folder", near(name, list(boards))
            yield Problem(tree.place(("dashboard",)), "DKD353", problem, remedy)


def _twins(trees: Sequence[Tree]) -> Iterator[Problem]:
    """A title that stands in an earlier file too: nobody could tell the two apart in the menu."""
    seen: dict[object, str] = {}
    for tree in trees:
        title = tree.value.get("title") if isinstance(tree.value, dict) else None
        if isinstance(title, str) and title in seen:
            problem = f"{Path(seen[title]).name} has the title {title!r} too"
            yield Problem(tree.place(("title",)), "DKD349", problem, "give one of them another title")
        elif isinstance(title, str):
            seen[title] = tree.where
