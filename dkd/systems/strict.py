"""A JSON value and a shape → what in it a system does not know, each at its path, with the nearest name.

A shape says which keys an object may have. Systems that drop what they do not know, without a word, need one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

_MOST_NAMES = 12


class Finding(NamedTuple):
    """One thing that is not known.

    Attributes:
        path: Where, such as ``spec.ioConfig.taskCout`` or ``spec.dataSchema.metricsSpec[2].type``.
        problem: What is wrong there.
        remedy: What to write instead.
    """

    path: str
    problem: str
    remedy: str

    def line(self) -> str:
        """For people."""
        return f"{self.path}: {self.problem}; {self.remedy}"


@dataclass(frozen=True)
class Keys:
    """An object with some of these keys and no others; each key's value has the shape at it."""

    known: Mapping[str, "Shape"]


@dataclass(frozen=True)
class Kinds:
    """An object whose keys depend on its ``type``.

    Attributes:
        kinds: The keys of each type, beside ``type`` itself.
        absent: The type of an object that names none; empty where it must name one.
        taken_for: What the system makes of a type that it does not know; empty where it refuses it.
    """

    kinds: Mapping[str, Mapping[str, "Shape"]]
    absent: str = ""
    taken_for: str = ""


@dataclass(frozen=True)
class Each:
    """A list of objects of one shape; with *may_be_text*, a text stands for an object of that name."""

    inner: "Shape"
    may_be_text: bool = False


Shape = Keys | Kinds | Each | Callable[[], "Shape"] | None
"""None is free: anything may stand there. A function gives a shape that holds itself."""


def free(*names: str) -> dict[str, Shape]:
    """Keys whose values may be anything."""
    return dict.fromkeys(names)


def findings(value: Any, shape: Shape, path: str = "") -> Iterator[Finding]:
    """What in *value* is not as *shape* says, in the order of *value*; null is as if the key were not there."""
    shape = shape if isinstance(shape, Keys | Kinds | Each) or shape is None else shape()
    if shape is None or value is None:
        return
    if isinstance(shape, Each):
        yield from _list(value, shape, path)
    elif not isinstance(value, Mapping):
        yield Finding(path, f"{_shown(value)} is no object", "write {key: value}")
    elif isinstance(shape, Keys):
        yield from _object(value, shape.known, path)
    elif isinstance(shape, Kinds):
        yield from _kind(value, shape, path)


def nearest(name: object, names: Iterable[str]) -> str:
    """A remedy for an unknown *name*: the nearest of *names*, or the first of them."""
    known = sorted(names)
    close = get_close_matches(str(name), known, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    more = ", …" if len(known) > _MOST_NAMES else ""
    return f"known here: {', '.join(known[:_MOST_NAMES])}{more}" if known else "remove it"


def _list(value: Any, shape: Each, path: str) -> Iterator[Finding]:
    if not isinstance(value, list | tuple):
        yield Finding(path, f"{_shown(value)} is no list", "write [value, …]")
        return
    for seq, inner in enumerate(value):
        if not (shape.may_be_text and isinstance(inner, str)):
            yield from findings(inner, shape.inner, f"{path}[{seq}]")


def _kind(value: Mapping[str, Any], shape: Kinds, path: str) -> Iterator[Finding]:
    kind = value.get("type") or shape.absent
    keys = shape.kinds.get(kind) if isinstance(kind, str) else None
    if keys is None:
        said = f"{_shown(kind)} is no type that is known here" if kind else "the type is missing"
        taken = f", and is taken for {shape.taken_for}" if shape.taken_for else ""
        yield Finding(_inner(path, "type"), said + taken, nearest(kind, shape.kinds))
    else:
        yield from _object(value, {"type": None, **keys}, path)


def _object(value: Mapping[str, Any], known: Mapping[str, Shape], path: str) -> Iterator[Finding]:
    for key, inner in value.items():
        place = _inner(path, key)
        if key in known:
            yield from findings(inner, known[key], place)
        elif inner is not None:
            yield Finding(place, "unknown key", nearest(key, known))


def _inner(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _shown(value: object) -> str:
    return f"{value!r:.60}"
