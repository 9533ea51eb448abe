"""A model's long form → the Model of what is right in it; what is wrong is noted, left out, and remembered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from itertools import groupby
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from dkd.errors import ModelError
from dkd.model.schema import Model
from dkd.model.tree import Path, Tree

_ROUNDS = 200
_SECRET_KEYS = frozenset({"password", "user", "key"})
_PLAIN = (bool, int, float, date)
"""What YAML takes an unquoted word for, such as no, 1.10 and 2026-05-01."""
_NAMESPACES = ("events", "fields", "groups", "dimensions", "measures")
_EXPECTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of names",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""What a value should have been, by pydantic's type of error: https://docs.pydantic.dev/latest/errors/validation_errors."""
_BOUNDS = {
    "greater_than": ("more than {}", "gt"),
    "greater_than_equal": ("{} or more", "ge"),
    "less_than": ("less than {}", "lt"),
    "less_than_equal": ("{} at most", "le"),
}


@dataclass
class Lost:
    """What was left out of a model, and what therefore is no mistake of its own.

    Attributes:
        paths: Each part that was left out.
        names: Events, fields, dimensions and measures that the file defines and the model has not.
    """

    paths: set[Path] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def covers(self, path: Path) -> bool:
        """Whether *path*, or a part that holds it, was left out."""
        return any(path[:size] in self.paths for size in range(len(path) + 1))

    def emptied(self, path: Path, kind: str) -> bool:
        """Whether the part at *path* is too short only because of what was left out of it."""
        return kind == "too_short" and any(lost[: len(path)] == path for lost in self.paths)

    def explains(self, path: Path, code: str, problem: str) -> bool:
        """Whether a mistake only follows from what was left out."""
        if self.covers(path) or any(f"{name!r}" in problem for name in self.names):
            return True
        if code in ("DKD213", "DKD219", "DKD234", "DKD276", "DKD278") and any(
            lost[: len(path)] == path for lost in self.paths
        ):
            return True  # it lacks what was left out of it
        if code == "DKD213" and any((section,) in self.paths for section in _NAMESPACES):
            return True  # a name that leads nowhere may be one of a section that is gone
        # A field whose type was left out has the default one, and an enum may lack its values.
        untyped = (lost[-2] for lost in self.paths if lost[-1:] in (("type",), ("values",)))
        return code in ("DKD212", "DKD214") and any(f"{name!r}" in problem for name in untyped)


def validated(root: dict[str, Any], tree: Tree) -> tuple[Model, Lost]:
    """A model of what is right in *root*, and what is not in it.

    Args:
        root: The long form of the file; wrong parts are taken out of it.
        tree: Learns every mistake at its place.

    Raises:
        ModelError: When nothing is left that could be a model.
    """
    lost, defined = Lost(), set(_defined(root))
    for _ in range(_ROUNDS):
        try:
            model = Model.model_validate(root)
        except ValidationError as error:
            for path, details in groupby(error.errors(include_url=False), lambda one: _place(one, tree)):
                found = list(details)
                needs_lost = path in lost.paths and found[0]["type"] == "missing"
                # What lacks a part that was left out goes with it; only the part is a mistake.
                path = path[:-1] if needs_lost else path
                if not needs_lost and not lost.emptied(path, found[0]["type"]):
                    _note(path, found, tree)
                if not lost.covers(path):
                    _leave_out(root, path, lost)
        else:
            lost.names = defined - set(_defined(root))
            return model, lost
    raise ModelError.of(tree.problems)


def _defined(root: Mapping[str, Any]) -> Iterator[str]:
    """Names of events, fields, dimensions and measures."""
    events = root.get("events")
    holders = [root.get(name) for name in _NAMESPACES]
    holders += [event.get("fields") for event in _values(events) if isinstance(event, dict)]
    for holder in holders:
        if isinstance(holder, dict):
            yield from map(str, holder)


def _values(section: object) -> Sequence[object]:
    return list(section.values()) if isinstance(section, dict) else []


def _place(detail: Any, tree: Tree) -> Path:
    """Where in the file a finding of pydantic's is, without the names that it gives to the choices of a union."""
    whole: Path = tuple(detail["loc"])
    if whole[-1:] == ("[key]",):
        return whole[:-1]
    end = whole[-1:] if detail["type"] == "missing" else ()
    rest = whole[: len(whole) - len(end)]
    path: Path = rest if _is_in(tree, rest) else ()
    for part in rest if path != rest else ():
        path = (*path, part) if _is_in(tree, (*path, part)) else path
    return path + end


def _is_in(tree: Tree, path: Path) -> bool:
    return path in tree.values or path in tree.keys


def _note(path: Path, details: list[Any], tree: Tree) -> None:
    """Note what is wrong at *path*; several findings are the choices of one union, none of which fits."""
    first = details[0]
    kind = first["type"]
    if first["loc"][-1:] == ("[key]",):
        remedy = "use small letters, digits and _, beginning with a letter, at most 60"
        tree.add(path, "DKD206", f"{path[-1]!r} is not a valid name", remedy, of_key=True)
    elif kind == "extra_forbidden":
        remedy = _nearest(str(path[-1]), _keys_at(path[:-1]), "known here")
        tree.add(path, "DKD203", f"unknown key {path[-1]!r}", remedy, of_key=True)
    elif kind == "missing" and isinstance(path[-1], int):
        tree.add(path[:-1], "DKD205", f"{path[-2]!r} needs item {path[-1] + 1}", "add it")
    elif kind == "missing":
        tree.add(path[:-1], "DKD205", f"{path[-1]!r} is missing", "add it")
    elif len(details) > 1:
        wanted = " or ".join(dict.fromkeys(_EXPECTED.get(one["type"], "another value") for one in details))
        tree.add(path, "DKD204", f"{_shown(first, path)} for {_named(path)} should be {wanted}", "correct the value")
    else:
        tree.add(path, "DKD204", *_wrong_value(first, path))


def _shown(detail: Any, path: Path) -> str:
    """The value found, cut; never one that may be a secret."""
    if any(part in _SECRET_KEYS for part in path):
        return "this value"
    value = detail["input"]
    return "nothing" if value is None else f"{value!r:.60}"


def _wrong_value(detail: Any, path: Path) -> tuple[str, str]:
    shown, kind, context = _shown(detail, path), detail["type"], detail.get("ctx", {})
    name = path[-1] if path else "the model"
    if kind == "literal_error":
        allowed = tuple(str(value) for value in get_args(_strip(_type_at(path)))) or (str(context.get("expected")),)
        return f"{shown} is not one of the values allowed for {name!r}", _nearest(shown.strip("'"), allowed, "allowed")
    if kind == "value_error":
        return str(context.get("error", detail["msg"])), "correct the value"
    if kind == "string_pattern_mismatch" and name == "rule":
        return f"{shown} is no code of a rule", "copy it from dkd diff; it looks like DKD981"
    if kind == "string_pattern_mismatch":
        return f"{shown} is not a valid name", "use small letters, digits and _, beginning with a letter"
    if kind in _EXPECTED:
        is_unquoted = kind == "string_type" and isinstance(detail["input"], _PLAIN)
        remedy = "put it in quotes" if is_unquoted else "correct the value"
        return f"{shown} for {_named(path)} should be {_EXPECTED[kind]}", remedy
    message = str(detail["msg"]).removeprefix("Input ").removeprefix("Value ")
    return f"{shown} for {_named(path)}: {message}", "correct the value"


def in_words(detail: Any) -> str:
    """One of pydantic's errors as people say it, whatever value it is about."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        form, bound = _BOUNDS[kind]
        return f"this should be {form.format(context[bound])}"
    if kind == "literal_error":
        return f"this should be {context['expected']}"
    if kind == "string_pattern_mismatch":
        return "this is not a valid name"
    if kind in _EXPECTED:
        return f"this should be {_EXPECTED[kind]}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"this {message.removeprefix('Input ')}" if message.startswith("Input ") else message


def _named(path: Path) -> str:
    """What a message calls the part at *path*."""
    if len(path) > 1 and isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {path[-2]!r}"
    return repr(path[-1]) if path else "the model"


def _leave_out(root: dict[str, Any], path: Path, lost: Lost) -> None:
    """Take the part at *path* out of *root*; of a list, or of what lacks something, all of it."""
    lost.paths.add(path)
    holder: Any = root
    for part in path[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else _item(holder, part)
    last = path[-1] if path else None
    if path == ("site",) or path == ("dkd",):
        root[str(last)] = "site" if last == "site" else 1
    elif isinstance(holder, dict) and last in holder:
        del holder[last]
    elif len(path) > 1:
        _leave_out(root, path[:-1], lost)
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
    """The type inside ``Annotated`` and ``X | None``; of more choices the one that has keys."""
    if get_origin(annotation) is Annotated:
        return _strip(get_args(annotation)[0])
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    inner = [_strip(choice) for choice in get_args(annotation) if choice is not NoneType]
    models = [choice for choice in inner if isinstance(choice, type) and issubclass(choice, BaseModel)]
    return inner[0] if len(inner) == 1 else models[0] if len(models) == 1 else annotation


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
