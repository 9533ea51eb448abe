"""A model file, a directory or a git ref becomes the models that it holds, each with its files and kept schemas."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dkd.errors import ModelError, UsageError
from dkd.jobs.git import files_at
from dkd.model.include import Reader
from dkd.model.load import beside, decoded, load_placed
from dkd.model.schema import Model
from dkd.model.tree import Tree
from dkd.systems.table import artefacts, values_of

_MODEL_ENDS = (".yaml", ".yml")

Schema = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One site as one side of a comparison has it.

    Attributes:
        model: The model.
        tree: Knows where each part of the model stands.
        files: Its artefacts.
        values: All that the model and its files say.
        kept: Schemas of raw records in ``specs/<site>/schemas``, by id.
    """

    model: Model
    tree: Tree
    files: Mapping[str, str]
    values: Mapping[str, object]
    kept: Mapping[int, Schema]


Versions = dict[str, Version]
"""Site to version, sorted by site."""


def version(
    text: str, where: str, kept: Mapping[str, bytes] | None = None, ref: str = "", read: Reader = lambda _: None
) -> Version:
    """What the model *text* is.

    Args:
        text: A model's YAML.
        where: Name of its file.
        kept: Files of schemas, by their paths; those of other sites are left out.
        ref: Where those files are from, when not from the working tree.
        read: Reads the files that the model includes.

    Raises:
        ModelError: With every mistake of the model, or DKD263 for a kept file that is no schema.
    """
    model, tree = load_placed(text, where, read)
    files = artefacts(model)
    return Version(model, tree, files, values_of(model, files), dict(_schemas(model.site, kept or {}, ref)))


def versions_at(place: str, *, may_be_empty: bool = False) -> Versions:
    """The models that *place* names.

    Args:
        place: A model's file; a directory that holds models in ``specs/`` or else itself; a git ref, meaning
            ``specs/`` of the working directory as of that commit; or ``REF:FILE``. What exists as a file or directory
            is never a ref.
        may_be_empty: Whether a ref may hold no model, as before the first one.

    Raises:
        UsageError: DKD260, when it is none of these; DKD261, when it holds no model or two of one site.
        ModelError: With every mistake of the first model that has any.
    """
    path = Path(place)
    if not place:
        raise UsageError("DKD260", where="dkd diff", problem="the name is empty", remedy="name a file or a git ref")
    if path.is_file():
        found = [_of_file(path)]
    elif path.is_dir():
        found = [_of_file(file) for file in _files(path)]
    else:
        found = _of_ref(place, may_be_empty=may_be_empty)
    if not found and not may_be_empty:
        raise UsageError("DKD261", where=place, problem="there is no model in specs/", remedy="name a model's file")
    return _by_site(place, found)


def _by_site(place: str, found: list[Version]) -> Versions:
    versions = {one.model.site: one for one in sorted(found, key=lambda one: one.model.site)}
    if len(versions) < len(found):
        raise UsageError("DKD261", where=place, problem="two models are of one site", remedy="name one of them")
    return versions


def _files(folder: Path) -> list[Path]:
    specs = folder / "specs"
    return sorted(path for path in (specs if specs.is_dir() else folder).iterdir() if path.name.endswith(_MODEL_ENDS))


def _of_file(path: Path) -> Version:
    specs = path.parent if path.resolve().parent.name == "specs" else path.parent / "specs"
    try:
        text = decoded(path.read_bytes(), str(path))
        kept = {str(file): file.read_bytes() for file in sorted(specs.glob("*/schemas/*.avsc"))}
    except OSError as error:
        raise UsageError(
            "DKD110", where=str(error.filename), problem=str(error.strerror), remedy="name a readable file"
        ) from error
    return version(text, str(path), kept, read=beside(path))


def _of_ref(place: str, *, may_be_empty: bool) -> list[Version]:
    ref, colon, name = place.partition(":")
    if colon and not name:
        raise UsageError("DKD260", where=place, problem="the name of a file is missing", remedy="write REF:FILE")
    files = files_at(ref, "specs/", lambda path: _is_model(path) or (path.endswith(".avsc") and "/schemas/" in path))
    wanted = [path for path in files if _is_model(path)]
    if colon:
        files |= files_at(ref, name)
        if name not in files:
            problem = f"{ref} has no file {name}" + (f"; it has {', '.join(wanted)}" if wanted else "")
            raise UsageError("DKD260", where=place, problem=problem, remedy="name a file as of that ref")
        wanted = [name]
    elif not wanted and not may_be_empty:
        raise UsageError("DKD261", where=place, problem="it has no model in specs/", remedy="name another ref")
    return [
        version(decoded(files[path], f"{ref}:{path}"), f"{ref}:{path}", files, ref, _beside(ref, path))
        for path in wanted
    ]


def _beside(ref: str, path: str) -> Reader:
    """What reads the files that the model at *path* includes, as of *ref*."""

    def read(name: str) -> str | None:
        file = str(PurePosixPath(path).parent / name)
        found = files_at(ref, file)
        return decoded(found[file], f"{ref}:{file}") if file in found else None

    return read


def _is_model(path: str) -> bool:
    found = PurePosixPath(path)
    return str(found.parent) == "specs" and path.endswith(_MODEL_ENDS)


def _schemas(site: str, files: Mapping[str, bytes], ref: str) -> Iterable[tuple[int, Schema]]:
    for path, content in files.items():
        found = PurePosixPath(path)
        if found.parts[-3:-1] != (site, "schemas") or found.suffix != ".avsc" or not found.stem.isdigit():
            continue
        try:
            schema = json.loads(content)
            is_schema = all({"name", "type"} <= field.keys() for field in schema["fields"])
        except (ValueError, TypeError, KeyError, AttributeError):
            is_schema = False
        if not is_schema:
            problem, remedy = "this is no schema of raw records", "restore the file from git"
            raise ModelError("DKD263", where=f"{ref}:{path}" if ref else path, problem=problem, remedy=remedy)
        yield int(found.stem), schema
