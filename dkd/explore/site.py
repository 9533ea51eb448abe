"""A model's file → the site that pages are about; read again when one of its files changes."""

import os
from functools import lru_cache
from pathlib import Path

from dkd.errors import DkdError
from dkd.explore.asking import Desk
from dkd.explore.saved import FOLDER, listed
from dkd.explore.visit import Site
from dkd.explore.watch import Seen, Watch, seen
from dkd.model.load import read_model
from dkd.model.schema import Model
from dkd.settings import druid_settings, settings


def site_of(model: Path, target: str, base_port: int) -> Site:
    """The site as its files are now; one for all pages of the process.

    Raises:
        DkdError: When the model cannot be read.
    """
    return _site(model, target, base_port, _versions(model))


def folder_of(model: Path) -> Path:
    """Where the project of a model keeps its views."""
    project = model.parent.parent if model.parent.name == "specs" else model.parent
    return project / FOLDER


@lru_cache(maxsize=1)
def _site(model: Path, target: str, base_port: int, versions: tuple[int, ...]) -> Site:  # noqa: ARG001  # of the files
    read = read_model(model)
    druid = druid_settings(read, target, os.environ, base_port)
    views = tuple(listed(folder_of(model), read))
    return Site(read, Desk(druid), views, druid, Watch(lambda: _heard(read, target, base_port)))


def _heard(model: Model, target: str, base_port: int) -> Seen:
    """What the target's Kafka says; who only asks Druid needs none of its secrets, and does without it."""
    try:
        return seen(settings(model, target, os.environ, base_port), model)
    except DkdError as error:
        return Seen(problems=(error.problems[0].line(),))


def _versions(model: Path) -> tuple[int, ...]:
    """When the model and each view of its project were written."""
    kept = [model, *sorted(folder_of(model).glob("*.y*ml"))]
    return tuple(path.stat().st_mtime_ns for path in kept if path.is_file())
