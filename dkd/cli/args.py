"""Arguments that several commands share, and the model and settings that they lead to."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TextIO, TypeVar

import typer

from dkd.errors import DkdError, UsageError

if TYPE_CHECKING:
    from dkd.model.schema import Model
    from dkd.settings import DruidSettings, Settings

Explained = TypeVar("Explained")
ModelArgument = Annotated[
    Path | None, typer.Argument(metavar="MODEL", help="The model; default: the one YAML in specs/.", show_default=False)
]
ModelOption = Annotated[
    Path | None, typer.Option("--model", "-m", help="The model; default: the one YAML in specs/.", show_default=False)
]
TargetOption = Annotated[str, typer.Option("--target", "-t", help="Where: a target of the model.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at *stream*; Python has None for a standard stream that was closed before it began."""
    return stream is not None and not stream.closed and stream.isatty()


class Opened(NamedTuple):
    """What most commands work on.

    Attributes:
        path: The model's file.
        project: The directory that holds ``specs/``, ``compose/`` and ``.dkd/``.
        model: The checked model.
        settings: Where its chosen target is.
    """

    path: Path
    project: Path
    model: "Model"
    settings: "Settings"

    @property
    def schemas(self) -> Path:
        """Where every schema that the site's raw records were written with is kept."""
        return self.project / "specs" / self.model.site / "schemas"


class Asked(NamedTuple):
    """What commands work on that only ask.

    Attributes:
        path: The model's file.
        project: The directory that holds ``specs/``.
        model: The checked model.
        druid: Where the Druid of its chosen target is.
    """

    path: Path
    project: Path
    model: "Model"
    druid: "DruidSettings"


def find_model(path: Path | None) -> Path:
    """The file of the model: *path*, or the one YAML in ``specs/``.

    Raises:
        UsageError: DKD110, when there is none, more than one, or *path* is no file.
    """
    if path is not None:
        if path.is_file():
            return path
        problem = "this is a directory" if path.is_dir() else "there is no such file"
        kind = "plan" if path.suffix == ".json" else "model"
        raise UsageError("DKD110", where=str(path), problem=problem, remedy=f"name the file of a {kind}")
    found = sorted([*Path("specs").glob("*.yaml"), *Path("specs").glob("*.yml")])
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError("DKD110", where="specs/", problem="there is no model", remedy="run dkd init, or name a model")
    names = ", ".join(str(name) for name in found)
    raise UsageError("DKD110", where="specs/", problem=f"there are several models: {names}", remedy="name one of them")


def project_of(path: Path) -> Path:
    """The project's directory: the one above ``specs/``, else the model's own."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "specs" else folder


def base_port(project: Path) -> int:
    """The local stack's first port: ``DKD_BASE_PORT``, else the one this project's stack was started with.

    Raises:
        UsageError: DKD111, when ``DKD_BASE_PORT`` is not a port.
    """
    import json

    from dkd.settings import DEFAULT_BASE_PORT, Ports

    asked = os.environ.get("DKD_BASE_PORT")
    if asked is not None:
        if asked.isdigit() and 1024 <= int(asked) <= 65535 - len(Ports._fields):
            return int(asked)
        raise UsageError(
            "DKD111", where="DKD_BASE_PORT", problem=f"{asked!r} is not a port", remedy="use 1024 to 65000"
        )
    chosen = project / ".dkd" / "ports.json"
    try:
        return int(json.loads(chosen.read_text("utf-8"))["base_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_BASE_PORT


def load_model(path: Path | None) -> tuple[Path, Path, "Model"]:
    """The model's file, its project's directory, and the checked model.

    Raises:
        UsageError: DKD110, when there is no such file.
        ModelError: With every mistake of the file.
    """
    from dkd.model.load import read_model

    file = find_model(path)
    return file, project_of(file), read_model(file)


def opened(path: Path | None, target: str = "local") -> Opened:
    """The model as it counts at *target*, and where that is; raises what :func:`load_model` and ``settings`` raise."""
    from dkd.settings import settings

    file, project, model = load_model(path)
    return Opened(file, project, model.at(target), settings(model, target, environment(project), base_port(project)))


def asked(path: Path | None, target: str = "local") -> Asked:
    """The model as it counts at *target*, and its Druid; raises what :func:`load_model` and ``settings`` raise."""
    from dkd.settings import druid_settings

    file, project, model = load_model(path)
    druid = druid_settings(model, target, environment(project), base_port(project))
    return Asked(file, project, model.at(target), druid)


def environment(project: Path) -> dict[str, str]:
    """The process's environment; a local stack's own pseudonym key stands in where none is set."""
    key = project / ".dkd" / "pseudonym.key"
    try:
        own = {"DKD_PSEUDONYM_KEY": key.read_text("utf-8").strip()} if key.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        remedy = "put back the key that was there: with another one, known visitors get new pseudonyms"
        raise DkdError(
            "DKD122", where=str(key), problem="the key of pseudonyms cannot be read", remedy=remedy
        ) from error
    return {**own, **os.environ}


def explanation(
    command: str,
    asked: str,
    table: Mapping[str, Explained],
    one: Callable[[Explained], str],
    page: Callable[[Iterable[Explained]], str],
) -> str:
    """What the code that was *asked* for means, by *one* entry of *table*; of ``all``, the whole *page*.

    Raises:
        UsageError: DKD268, when *command* has no such code.
    """
    from difflib import get_close_matches

    code = asked.upper()
    if code == "ALL":
        return page(table.values())
    if code not in table:
        close = get_close_matches(code, list(table), n=3, cutoff=0.5)
        remedy = f"did you mean {' or '.join(close)}?" if close else f"{command} --explain all lists them"
        raise UsageError("DKD268", where="--explain", problem=f"there is no code {asked!r}", remedy=remedy)
    return one(table[code])
