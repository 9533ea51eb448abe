"""A model's artefacts and the project's files become the files that are due, each written whole or not at all."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from dkd.errors import DkdError, RefusedError
from dkd.jobs.pin import FILE as PINS
from dkd.model.schema import Model
from dkd.systems.avro.render import schema_id, semantic_json
from dkd.systems.table import artefacts

State = Literal["missing", "stale", "extra", "broken"]

_UNFINISHED = ".dkd-unfinished"
_SCHEMAS = "/schemas/"


class Finding(NamedTuple):
    """A file that is not as the model says.

    Attributes:
        path: Relative to the project's directory, with ``/``.
        state: ``missing`` or ``stale`` where ``dkd render`` writes it; ``extra`` for a file in ``specs/<site>/`` that
            no artefact is; ``broken`` for a kept schema that is not the one its name says.
    """

    path: str
    state: State


def compared(project: Path, model: Model) -> list[Finding]:
    """Every file of the site that is not as *model* says, sorted; reads only."""
    wanted = artefacts(model)
    found = [Finding(path, state) for path, text in wanted.items() if (state := _state(project / path, text))]
    found += [finding for path in _others(project, model, wanted) if (finding := _other(project, model, path))]
    return sorted(found)


def render(project: Path, model: Model) -> list[str]:
    """Write the files that are missing or stale.

    Every text is on disk before the first file is replaced, and each file is replaced in one step, so that a full disk
    or a kill leaves no file half-written. Other files are left alone.

    Returns:
        Paths of those that were written, sorted.

    Raises:
        RefusedError: DKD251, when a kept schema has the id of the model's but another meaning.
        DkdError: DKD252, when a file cannot be written; no file has changed then.
    """
    return _written(project, artefacts(model))


def keep_schema(project: Path, model: Model) -> list[str]:
    """Write the schema of the model's raw records alone, where no render has done so.

    Whatever is about to let records of this schema be written calls this first: a later model's enricher reads them
    only by this file. Returns and raises what :func:`render` does.
    """
    wanted = {path: text for path, text in artefacts(model).items() if _SCHEMAS in path}
    return _written(project, wanted)


def _written(project: Path, wanted: Mapping[str, str]) -> list[str]:
    _refuse_collision(project, wanted)
    due = {path: text for path, text in wanted.items() if _state(project / path, text)}
    _write(project, due)
    return list(due)


def _state(file: Path, text: str) -> State | None:
    try:
        found = file.read_bytes()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise _failed(file, error) from error
    return None if found == text.encode() else "stale"


def _others(project: Path, model: Model, wanted: Mapping[str, str]) -> list[str]:
    folder = project / "specs" / model.site
    files = (file.relative_to(project).as_posix() for file in folder.rglob("*") if file.is_file())
    return [path for path in files if path not in wanted and not path.endswith(_UNFINISHED)]


def _other(project: Path, model: Model, path: str) -> Finding | None:
    """What is wrong with a file that no artefact is: nothing with a schema of the past, or with what deploy keeps."""
    if path == f"specs/{model.site}/{PINS}":
        return None
    folder = f"specs/{model.site}/schemas/"
    name = path.removeprefix(folder)
    if not path.startswith(folder) or not name.endswith(".avsc"):
        return Finding(path, "extra")
    try:
        kept = schema_id(json.loads((project / path).read_text("utf-8")))
    except (ValueError, AttributeError, TypeError):
        return Finding(path, "broken")
    return None if name == f"{kept}.avsc" else Finding(path, "broken")


def _refuse_collision(project: Path, wanted: Mapping[str, str]) -> None:
    for path, text in wanted.items():
        file = project / path
        if file.parent.name == "schemas" and file.is_file() and not _same_schema(file, text):
            raise RefusedError(
                "DKD251",
                where=path,
                problem="the kept schema of this id means something else than the model's",
                remedy="restore the file from git; if it is unchanged there, add a field or change the order of two",
            )


def _same_schema(file: Path, text: str) -> bool:
    try:
        kept = json.loads(file.read_text("utf-8"))
    except ValueError:
        return False
    return semantic_json(kept) == semantic_json(json.loads(text))


def _write(project: Path, due: Mapping[str, str]) -> None:
    unfinished = {path: project / f"{path}{_UNFINISHED}" for path in due}
    try:
        for path, file in unfinished.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("w", encoding="utf-8", newline="\n") as out:
                out.write(due[path])
                out.flush()
                os.fsync(out.fileno())
        # A schema is readable before anything names its id.
        for path in sorted(due, key=lambda path: _SCHEMAS not in path):
            unfinished[path].replace(project / path)
    except OSError as error:
        raise _failed(Path(error.filename or project), error) from error
    finally:
        _remove(unfinished.values())


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _failed(file: Path, error: OSError) -> DkdError:
    problem = error.strerror or str(error)
    return DkdError("DKD252", where=str(file), problem=problem, remedy="free the path or the disk, then render again")
