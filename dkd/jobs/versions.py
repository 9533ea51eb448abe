"""A model file, a directory or a git ref becomes the models that it holds; two sets of models become their changes."""

import subprocess
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from dkd.errors import ModelError, UsageError
from dkd.model.load import load, read_model
from dkd.model.schema import Model
from dkd.plan.diff import Changed, diff
from dkd.systems.table import artefacts, classify, system_of, values_of

Models = dict[str, Model]
"""Site to model, sorted by site."""


def models_at(place: str) -> Models:
    """The models that *place* names.

    Args:
        place: A model's file; a directory that holds models in ``specs/`` or else itself; or a git ref, meaning
            ``specs/`` of the working directory as of that commit. What exists as a file or directory is never a ref.

    Raises:
        UsageError: DKD260, when it is none of these; DKD261, when it holds no model or two of one site.
        ModelError: With every mistake of the first model that has any.
    """
    path = Path(place)
    if path.is_file():
        found = [read_model(path)]
    elif path.is_dir():
        found = [read_model(file) for file in _files(path)]
    else:
        found = [load(text, f"{place}:{name}") for name, text in _at_ref(place)]
    if not found:
        raise UsageError("DKD261", where=place, problem="there is no model in specs/", remedy="name a model's file")
    return _by_site(place, found)


def changes(old: Models, new: Models) -> list[Changed]:
    """Everything that differs between *old* and *new*, classed, system by system.

    An artefact whose text differs although no value of its system does (an order, a comment) is one safe change.
    """
    found = diff(_values(old), _values(new), classify)
    told = {change.system for change in found}
    return found + [change for change in _quiet(old, new) if change.system not in told]


def _values(models: Models) -> dict[str, object]:
    return {address: value for model in models.values() for address, value in values_of(model).items()}


def _quiet(old: Models, new: Models) -> Iterator[Changed]:
    before, after = (_files_of(models) for models in (old, new))
    for path in sorted(before.keys() & after.keys()):
        if before[path] != after[path]:
            lines = zip_longest(before[path].splitlines(), after[path].splitlines(), fillvalue="")
            first = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
            yield Changed(f"{system_of(path)}/file/{path}", first[0].strip(), first[1].strip(), "safe")


def _files_of(models: Models) -> dict[str, str]:
    return {path: text for model in models.values() for path, text in artefacts(model).items()}


def _by_site(place: str, found: list[Model]) -> Models:
    models = {model.site: model for model in sorted(found, key=lambda model: model.site)}
    if len(models) < len(found):
        raise UsageError("DKD261", where=place, problem="two models are of one site", remedy="name one of them")
    return models


def _files(folder: Path) -> list[Path]:
    specs = folder / "specs"
    return sorted(path for path in (specs if specs.is_dir() else folder).iterdir() if _is_model(path.name))


def _is_model(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _at_ref(ref: str) -> list[tuple[str, str]]:
    if ref.startswith("-"):
        raise _no_place(ref, "and no ref begins with a dash")
    names = _git(ref, "ls-tree", "-z", "--name-only", ref, "specs/").split("\0")
    return [(name, _git(ref, "show", f"{ref}:./{name}")) for name in sorted(names) if _is_model(name)]


def _git(ref: str, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise _no_place(ref, "and git is not installed") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"git ended with {done.returncode}"]
        raise _no_place(ref, f"and git says: {lines[0]}")
    try:
        return done.stdout.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError("DKD200", where=ref, problem="a model is not UTF-8", remedy="save it as UTF-8") from error


def _no_place(ref: str, why: str) -> UsageError:
    problem = f"there is no such file or directory, {why}"
    return UsageError("DKD260", where=ref, problem=problem, remedy="name a file, a directory or a git ref")
