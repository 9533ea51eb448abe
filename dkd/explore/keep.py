"""A view or its filters → a new file of the project; what is there already is replaced only when that is said."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dkd.errors import UsageError
from dkd.explore import saved, segment
from dkd.explore.view import View
from dkd.model.schema import Model

_HEADER = "# {}, saved from the explorer. `dkd check` checks it against the model; change it as you like.\n"
_MOST_NAME = 60


def save_view(folder: Path | None, model: Model, title: str, view: View, *, replaces: bool = False) -> Path:
    """Write *view* as ``<slug of the title>.yaml`` into the project's folder of views.

    Raises:
        UsageError: DKD345 without a project, DKD346 when the file is there already, DKD347 when the title or the view
            is none that a file can hold, DKD348 when it cannot be written.
    """
    text = _text(f"View “{title.strip()}”", saved.as_tree(title.strip(), view))
    return _write(folder, title, text, saved.read(text, "view", model).problems, replaces)


def save_segment(folder: Path | None, model: Model, title: str, view: View, *, replaces: bool = False) -> Path:
    """Write the filters of *view* as a segment; raises what :func:`save_view` raises."""
    if not view.question.filters:
        raise UsageError("DKD347", problem="there is no filter to save", remedy="filter first")
    text = _text(f"Segment “{title.strip()}”", segment.as_tree(title.strip() or "?", view.question.filters))
    problems = segment.read_segment(text, "segment", model).problems
    return _write(folder / segment.SEGMENTS if folder else None, title, text, problems, replaces)


def slug(title: str) -> str:
    """A title as the name of a file: small letters, digits and hyphens; empty where nothing of it can be used."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MOST_NAME].rstrip("-")


def _text(what: str, tree: Mapping[str, Any]) -> str:
    body = yaml.safe_dump(dict(tree), sort_keys=False, allow_unicode=True, width=116, default_flow_style=None)
    return _HEADER.format(what) + body


def _write(folder: Path | None, title: str, text: str, problems: Any, replaces: bool) -> Path:
    if folder is None:
        remedy = "start dkd explore with the model in a project's specs/ folder, as dkd init makes it"
        raise UsageError("DKD345", problem="the explorer serves no project to save in", remedy=remedy)
    name = slug(title)
    if not name:
        raise UsageError("DKD347", problem=f"{title!r:.80} gives a file no name", remedy="use letters or digits")
    if problems:
        raise UsageError("DKD347", problem=f"this cannot be saved: {problems[0].problem}", remedy=problems[0].remedy)
    path = folder / f"{name}.yaml"
    _require_title_free(folder, title.strip(), path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not replaces:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            return path
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except FileExistsError as error:
        problem, remedy = f"there is {path.name} already", "choose another title, or replace it"
        raise UsageError("DKD346", where=path.name, problem=problem, remedy=remedy) from error
    except OSError as error:
        problem = f"cannot write {path.name}: {error.strerror}"
        raise UsageError("DKD348", where=str(folder), problem=problem, remedy="make the folder writable") from error
    return path


def _require_title_free(folder: Path, title: str, path: Path) -> None:
    """Another file with the same title would stand in the menu as a twin."""
    for other in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        if other.name != path.name and re.search(
            rf"^title:\s*['\"]?{re.escape(title)}['\"]?\s*(#.*)?$", other.read_text("utf-8", "replace"), re.M
        ):
            problem = f"{other.name} has the title {title!r} already"
            raise UsageError("DKD346", where=other.name, problem=problem, remedy="choose another title")
