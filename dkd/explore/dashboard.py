"""A file ``dashboard: 1`` → several views on one page, or every mistake of the file at its line and column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, Literal, NamedTuple

from pydantic import Field as Option

from dkd.errors import Problem, UsageError
from dkd.explore.saved import read_tree
from dkd.explore.segment import validated
from dkd.explore.view import View, as_link, fitted
from dkd.model.schema import Model
from dkd.model.tree import Path, Tree
from dkd.model.types import Frozen, Zone
from dkd.query.measure import near
from dkd.query.question import Question, Text

MOST_TILES = 16


class TileFile(Frozen):
    """A tile as a file holds it: a saved view by the stem of its file, or a view in place."""

    view: str | dict[str, Any]
    title: Text | None = None
    width: Literal[1, 2, 3] = 1


class DashboardFile(Frozen):
    """A dashboard as a file holds it; the interval, zone and comparison are those that it opens with."""

    dashboard: Literal[1]
    title: Text
    interval: dict[str, Any] = Option(default_factory=lambda: {"last": "1d"})
    zone: Zone = "UTC"
    compare: Literal["previous", "weekday", "year"] | None = None
    tiles: tuple[TileFile, ...] = Option(min_length=1, max_length=MOST_TILES)


@dataclass(frozen=True)
class Tile:
    """One view of a dashboard.

    Attributes:
        title: Above it.
        view: What it shows, in its own interval.
        width: Columns of three.
    """

    title: str
    view: View
    width: int = 1


@dataclass(frozen=True)
class Dashboard:
    """Several views on one page, all of the bar's time, zone and further filters.

    Attributes:
        name: Stem of its file.
        title: For the menu.
        bar: The view that it opens as.
        tiles: In the order of the file.
    """

    name: str
    title: str
    bar: View
    tiles: tuple[Tile, ...]


class ReadDashboard(NamedTuple):
    """What a file became: a dashboard, or else its mistakes."""

    dashboard: Dashboard | None
    problems: tuple[Problem, ...]


def is_dashboard(tree: Tree) -> bool:
    """Whether the file means to be one; a view may name the one that it opens."""
    return isinstance(tree.value, dict) and "dashboard" in tree.value and "view" not in tree.value


def read_dashboard(
    tree: Tree, model: Model, views: Mapping[str, tuple[str, View]], names: Sequence[str]
) -> ReadDashboard:
    """The dashboard that a file holds.

    Args:
        tree: The file.
        model: Whose names its tiles may use.
        views: Saved views by the stem of their file, title and view.
        names: Stems of all files of views, also of those that are broken and tell so themselves.
    """
    name = File(tree.where).stem
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
        tree.add((), "DKD352", f"no link can name {name!r}", "name the file with letters, digits, _ and -")
    held = validated(DashboardFile, tree)
    if held is None:
        return ReadDashboard(None, tuple(tree.problems))
    found = [_tile(tree, at, one, model, views, names) for at, one in enumerate(held.tiles)]
    tiles = tuple(one for one in found if one is not None)
    bar = _bar(tree, held, name, tiles) if tiles else None
    return ReadDashboard(Dashboard(name, held.title, bar, tiles) if bar else None, tuple(tree.problems))


def merged(bar: View, tile: View) -> View:
    """The tile's view in the bar's time, zone and comparison, of the people the bar counts, with its filters too."""
    own, over = tile.question, bar.question
    # A step that suited the tile's own interval may make a thousand of the bar's.
    changed = {
        "interval": over.interval, "zone": over.zone, "with_bots": over.with_bots, "compare": over.compare,
        "against": over.against, "grain": own.grain if own.interval == over.interval else over.grain,
        "filters": (*own.filters, *(one for one in over.filters if one not in own.filters)),
    }  # fmt: skip
    return tile.model_copy(update={"question": own.model_copy(update=changed), "live": bar.live, "panels": ()})


def _tile(
    tree: Tree, at: int, one: TileFile, model: Model, views: Mapping[str, tuple[str, View]], names: Sequence[str]
) -> Tile | None:
    path: Path = ("tiles", at, "view")
    if isinstance(one.view, str):
        if one.view in views:
            title, view = views[one.view]
            return Tile(one.title or title, view, one.width)
        if one.view not in names:
            tree.add(path, "DKD353", f"there is no view {one.view!r} in the folder", near(one.view, list(names)))
        return None
    read = read_tree(_below(tree, path, {"view": 1, "title": one.title or "View"}), model)
    tree.problems += read.problems
    fits = fitted(read.view, model).view if read.view is not None else None
    return Tile(one.title or "View", fits, one.width) if fits is not None else None


def _below(tree: Tree, path: Path, usual: Mapping[str, Any]) -> Tree:
    """The part of the tree at *path* as a tree of its own, whose places are those of the file; *usual* values first."""
    size = len(path)
    value: Any = tree.value
    for part in path:
        value = value[part]
    keys = {one[size:]: place for one, place in tree.keys.items() if one[:size] == path and len(one) > size}
    values = {one[size:]: place for one, place in tree.values.items() if one[:size] == path}
    interval = {"interval": {"last": "1d"}}
    return Tree(tree.where, {**interval, **usual, **value}, keys, values)


def _bar(tree: Tree, held: DashboardFile, name: str, tiles: Sequence[Tile]) -> View | None:
    values = {
        "measures": tiles[0].view.question.measures[:1], "interval": held.interval, "zone": held.zone,
        "compare": held.compare,
    }  # fmt: skip
    try:
        bar = View(question=Question.model_validate(values), dashboard=name)
        as_link(bar)
    except (ValueError, UsageError):
        tree.add(("interval",), "DKD204", "this is no interval", "write {last: 7d} or {start: …, end: …}")
        return None
    return bar
