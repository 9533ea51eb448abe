"""A model's file → the site that pages are about; read again when one of its files changes."""

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from dkd.errors import DkdError
from dkd.explore.asking import Desk
from dkd.explore.lineage import Lineage
from dkd.explore.project import FOLDER, kept
from dkd.explore.visit import Site
from dkd.explore.watch import Seen, Watch, seen
from dkd.model.load import read_placed
from dkd.model.schema import Model
from dkd.settings import druid_settings, settings


def site_of(model: Path, target: str, base_port: int) -> Site:
    """The site as its files are now; what Druid answered is kept while the model's own file is as it was.

    Raises:
        DkdError: When the model cannot be read.
    """
    version = model.stat().st_mtime_ns if model.is_file() else 0
    return _with_kept(model, target, base_port, version, _versions(folder_of(model)))


def folder_of(model: Path) -> Path:
    """Where the project of a model keeps its views."""
    project = model.parent.parent if model.parent.name == "specs" else model.parent
    return project / FOLDER


def _project(model: Path) -> Path | None:
    """The folder that views are saved in; None where the model lies in no project."""
    return folder_of(model) if model.parent.name == "specs" else None


@lru_cache(maxsize=1)
def _site(model: Path, target: str, base_port: int, version: int) -> Site:  # noqa: ARG001  # of the file
    read, tree = read_placed(model)
    named = Lineage(read, tree, folder_of(model).parent)
    druid = druid_settings(read, target, os.environ, base_port)
    return Site(read, Desk(druid), (), druid, Watch(lambda: _heard(read, target, base_port)), named)


@lru_cache(maxsize=1)
def _with_kept(
    model: Path,
    target: str,
    base_port: int,
    version: int,
    versions: tuple[tuple[str, int], ...],  # noqa: ARG001
) -> Site:
    read = _site(model, target, base_port, version)
    found = kept(folder_of(model), read.model)
    return replace(read, saved=found.saved, project=_project(model), kept=found)


def _heard(model: Model, target: str, base_port: int) -> Seen:
    """What the target's Kafka says; who only asks Druid needs none of its secrets, and does without it."""
    try:
        return seen(settings(model, target, os.environ, base_port), model)
    except DkdError as error:
        return Seen(problems=(error.problems[0].line(),))


def _versions(folder: Path) -> tuple[tuple[str, int], ...]:
    """Each file of the folder and when it was written."""
    files = sorted(folder.rglob("*.y*ml")) if folder.is_dir() else []
    return tuple((str(path), path.stat().st_mtime_ns) for path in files if path.is_file())
