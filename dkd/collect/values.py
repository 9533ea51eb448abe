"""One field's value as a sender gives it → the value that its column holds, or why not."""

import re
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from math import isfinite

from dkd.model.schema import Field

Take = Callable[[object], object]
"""Gives the column's value; raises :class:`BadValue`."""

INT = 1 << 31
LONG = 1 << 63
_MOST_FLOAT = 3.4028234663852886e38
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


class BadValue(ValueError):
    """A value that its column cannot hold.

    Attributes:
        reason: The machine's word for it.
        problem: What was found.
        remedy: What to send instead.
        field: The column or parameter; empty where whoever catches it knows.
    """

    def __init__(self, reason: str, problem: str, remedy: str, field: str = "") -> None:
        """Hold what is told to the sender."""
        super().__init__(problem)
        self.reason, self.problem, self.remedy, self.field = reason, problem, remedy, field


def exact(field: Field) -> Take:
    """Takes a JSON value whose type is the field's; whole numbers may be written ``3.0``."""
    return enum(field.values) if field.type == "enum" else _EXACT[field.type]


def lenient(field: Field) -> Take:
    """Takes what a browser may put into a batch: also the text of a number, the number of a text, a list of one.

    Values of an enum are not compared with its list: that, too, Divolte leaves to whoever reads the topic.
    """
    take = _EXACT["string" if field.type == "enum" else field.type]
    convert = _CONVERT.get(field.type, _as_text)

    def lenient(value: object) -> object:
        with suppress(BadValue):
            return take(value)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return take(convert(value))

    return lenient


def fitted(value: object, take: Take | None) -> object:
    """What *take* makes of *value*; *value* itself where that cannot be, or nothing is known of its column."""
    if take is not None and value is not None:
        with suppress(BadValue):
            return take(value)
    return value


def string(value: object) -> str:
    """A text as such."""
    if isinstance(value, str):
        return value
    raise BadValue("bad_type", f"{_found(value)} is not a text", "send a JSON string")


def boolean(value: object) -> bool:
    """True or false as such."""
    if isinstance(value, bool):
        return value
    raise BadValue("bad_type", f"{_found(value)} is not true or false", "send true or false")


def whole(bound: int) -> Take:
    """A whole number from -*bound* to *bound* - 1."""

    def whole(value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadValue("bad_type", f"{_found(value)} is not a whole number", "send a JSON number without fraction")
        if not -bound <= value < bound:
            bits = bound.bit_length()
            raise BadValue("bad_type", f"{_found(value)} does not fit {bits} bits", "send a smaller number")
        return value

    return whole


def number(most: float) -> Take:
    """A finite number not beyond *most*."""

    def number(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise BadValue("bad_type", f"{_found(value)} is not a number", "send a JSON number")
        if not -most <= value <= most or not isfinite(value):
            raise BadValue("bad_type", f"{_found(value)} is out of range", "send a smaller number")
        return float(value)

    return number


def texts(value: object) -> list[str]:
    """A list of texts as such."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise BadValue("bad_type", f"{_found(value)} is not a list of texts", "send a JSON array of strings")


def enum(values: tuple[str, ...]) -> Take:
    """A text that is one of *values*."""
    known = frozenset(values)

    def enum(value: object) -> str:
        text = string(value)
        if text not in known:
            raise BadValue("bad_enum", f"{_found(value)} is not one of the values", nearest(text, values))
        return text

    return enum


def nearest(name: str, names: tuple[str, ...]) -> str:
    """The remedy for a name that does not exist: those closest to it, else the first ones there are."""
    close = get_close_matches(name[:100], names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"use one of: {', '.join(names[:12])}"


def within(least: int, most: int) -> Take:
    """A text of *least* to *most* characters."""

    def within(value: object) -> str:
        text = string(value)
        if not least <= len(text) <= most:
            raise BadValue("bad_type", f"a text of {len(text)} characters", f"send {least} to {most} characters")
        return text

    return within


def _found(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_boolean(value: object) -> object:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value, value)
    return bool(value) if isinstance(value, int | float) else value


def _as_number(value: object) -> object:
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _as_whole(value: object) -> object:
    if isinstance(value, str):
        with suppress(ValueError):
            return int(value) if len(value) <= 20 and value.isascii() and "_" not in value else value
    return int(value) if isinstance(value, float) and isfinite(value) else value


def _as_texts(value: object) -> object:
    items = value if isinstance(value, list) else [value]
    return [_as_text(item) for item in items if item is not None]


_EXACT: dict[str, Take] = {
    "string": string, "boolean": boolean, "list": texts, "int": whole(INT), "long": whole(LONG),
    "timestamp": whole(LONG), "float": number(_MOST_FLOAT), "double": number(1.7976931348623157e308),
}  # fmt: skip
_CONVERT: dict[str, Callable[[object], object]] = {
    "boolean": _as_boolean, "list": _as_texts, "int": _as_whole, "long": _as_whole, "timestamp": _as_whole,
    "float": _as_number, "double": _as_number,
}  # fmt: skip
