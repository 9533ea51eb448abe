"""YAML text → frozen Model, or every mistake of the file, each at its line and column with the nearest valid names."""

from difflib import get_close_matches
from pathlib import Path as File
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from dkd.errors import ModelError, Problem, UsageError
from dkd.model.check import check
from dkd.model.normal import normalise
from dkd.model.schema import Model
from dkd.model.tree import Path, Tree, parse

_MOST_BYTES = 5_000_000
_SECRET_KEYS = frozenset({"password", "user", "key"})


def read_model(path: File) -> Model:
    """The model in the file *path*.

    Raises:
        UsageError: DKD110, when the file cannot be read.
        ModelError: With every mistake of the file, in its order.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            "DKD110", where=str(path), problem=str(error.strerror), remedy="name a readable file"
        ) from error
    if len(content) > _MOST_BYTES:
        problem = f"{len(content)} bytes are more than a model may have"
        raise ModelError("DKD200", where=f"{path}:1:1", problem=problem, remedy=f"keep it below {_MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        place = f"{path}:{line}:{column}"
        raise ModelError("DKD200", where=place, problem="this is not UTF-8", remedy="save it as UTF-8") from error
    return load(text, str(path))


def load(text: str, where: str) -> Model:
    """The model that *text* holds.

    Args:
        text: One YAML document.
        where: Name of its file, for the places of mistakes.

    Raises:
        ModelError: With every mistake, in the order of the file: wrong YAML, unknown keys and values, and names that
            lead nowhere, all at once.
    """
    tree = parse(text, where)
    if not isinstance(tree.value, dict):
        if not tree.problems:
            found = "is empty" if tree.value is None else f"holds a {type(tree.value).__name__} at the top"
            tree.add((), "DKD200", f"the model {found}", "start with dkd: 1 and site: NAME, or run dkd init")
        raise ModelError.of(tree.problems)
    root = normalise(tree)
    model, broken = _validated(root, tree)
    for path, code, problem, remedy in check(model):
        if not _suspect(path, problem, broken):
            tree.add(path, code, problem, remedy, of_key=code in _KEY_CODES)
    if tree.problems:
        raise ModelError.of(sorted(set(tree.problems), key=_in_file_order))
    return model


_KEY_CODES = frozenset({"DKD210", "DKD219"})


def _suspect(path: Path, problem: str, broken: set[Path]) -> bool:
    """Whether a mistake only follows from a part of the file that was already reported and left out."""
    names = {str(part) for lost in broken for part in lost[-1:]}
    return any(path[: len(lost)] == lost for lost in broken) or any(f"{name!r}" in problem for name in names)


def _in_file_order(problem: Problem) -> tuple[int, int, Problem]:
    *_, line, column = problem.where.rsplit(":", 2)
    return int(line), int(column), problem


def _validated(root: dict[str, Any], tree: Tree) -> tuple[Model, set[Path]]:
    """A model of what is right in *root*; what is wrong is noted and left out, so that the rest is still checked."""
    broken: set[Path] = set()
    for _ in range(200):
        try:
            return Model.model_validate(root), broken
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                path = _note(detail, tree)
                _leave_out(root, path, broken)
    raise ModelError.of(tree.problems)


def _note(detail: Any, tree: Tree) -> Path:
    """Note one of pydantic's findings; the path to what must be left out."""
    path: Path = tuple(detail["loc"])
    kind = detail["type"]
    if path and path[-1] == "[key]":
        path = path[:-1]
        remedy = "use small letters, digits and _, beginning with a letter, at most 60"
        tree.add(path, "DKD206", f"{path[-1]!r} is not a valid name", remedy, of_key=True)
    elif kind == "extra_forbidden":
        remedy = _nearest(str(path[-1]), _keys_at(path[:-1]), "known here")
        tree.add(path, "DKD203", f"unknown key {path[-1]!r}", remedy, of_key=True)
    elif kind == "missing":
        tree.add(path[:-1], "DKD205", f"{path[-1]!r} is missing", "add it")
    else:
        tree.add(path, "DKD204", *_wrong_value(detail, path))
    return path


def _wrong_value(detail: Any, path: Path) -> tuple[str, str]:
    shown = "this value" if path and path[-1] in _SECRET_KEYS else f"{detail['input']!r:.60}"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        allowed = tuple(str(value) for value in get_args(_strip(_type_at(path)))) or (str(context.get("expected")),)
        return f"{shown} is not one of the values allowed for {path[-1]!r}", _nearest(
            shown.strip("'"), allowed, "allowed"
        )
    if kind == "value_error":
        return str(context.get("error", detail["msg"])), "correct the value"
    if kind == "string_pattern_mismatch":
        return f"{shown} is not a valid name", "use small letters, digits and _, beginning with a letter"
    message = str(detail["msg"]).removeprefix("Input ").removeprefix("Value ")
    return f"{shown} for {path[-1] if path else 'the model'!r}: {message}", "correct the value"


def _leave_out(root: dict[str, Any], path: Path, broken: set[Path]) -> None:
    broken.add(path)
    holder: Any = root
    for part in path[:-1]:
        inner = holder.get(part) if isinstance(holder, dict) else _item(holder, part)
        if inner is None:
            break
        holder = inner
    last = path[-1] if path else None
    if path == ("site",) or path == ("dkd",):
        root[str(last)] = "site" if last == "site" else 1
    elif isinstance(holder, dict) and last in holder:
        del holder[last]
    elif len(path) > 1:
        _leave_out(root, path[:-1], broken)
    else:
        root.clear()
        root.update({"dkd": 1, "site": "site"})


def _item(holder: object, part: object) -> object:
    return holder[part] if isinstance(holder, list) and isinstance(part, int) and part < len(holder) else None


def _nearest(name: str, names: tuple[str, ...], label: str) -> str:
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"{label}: {', '.join(names)}" if names else "remove it"


def _strip(annotation: Any) -> Any:
    """The type inside ``X | None``."""
    if get_origin(annotation) in (Union, UnionType):
        inner = [choice for choice in get_args(annotation) if choice is not NoneType]
        return inner[0] if len(inner) == 1 else annotation
    return annotation


def _type_at(path: Path) -> Any:
    """The declared type of the value at *path*; None where the schema does not say."""
    found: Any = Model
    for part in path:
        found = _strip(found)
        if isinstance(found, type) and issubclass(found, BaseModel):
            fields = {info.alias or name: info for name, info in found.model_fields.items()}
            found = fields[str(part)].annotation if str(part) in fields else None
        elif get_origin(found) is dict:
            found = get_args(found)[1]
        elif get_origin(found) is tuple:
            found = get_args(found)[0]
        else:
            return None
    return found


def _keys_at(path: Path) -> tuple[str, ...]:
    found = _strip(_type_at(path))
    if isinstance(found, type) and issubclass(found, BaseModel):
        return tuple(info.alias or name for name, info in found.model_fields.items())
    return get_args(found) if get_origin(found) is Literal else ()
