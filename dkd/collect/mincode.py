"""Event parameters in Divolte's mincode → plain Python values."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import cast

from dkd import kernel

if kernel.IS_COMPILED:
    from dkd.kernel import tag

Value = None | bool | int | Decimal | str | list["Value"] | dict[str, "Value"]
"""Numbers are whole (int) or exact decimals; the names of an object are in the order of the text."""

MOST_DEPTH = 32
"""Deeper text is an error. Divolte sets no bound but its stack."""

_TEXT = re.compile(r"((?:[^~!]++|~.)*+)!", re.DOTALL)
_ESCAPE = re.compile(r"~(.)", re.DOTALL)
_WHOLE = re.compile(r"[+-]?[0-9A-Za-z]{1,300}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")


class MincodeError(ValueError):
    """The text is not mincode; Divolte then treats the event as one without parameters."""


def decode(text: str) -> Value:
    """The first value in *text*; what follows it is ignored, as Divolte does.

    Raises:
        MincodeError: For an unknown type, text that ends too early, a wrong closing character, a bad number, or more
            than :data:`MOST_DEPTH` levels.
    """
    if not text:
        raise MincodeError("there is no value")
    found = tag.members(text) if kernel.IS_COMPILED else None
    return plain(text) if found is None else cast(Value, found)


def plain(text: str) -> Value:
    """The same where there is no compiled kernel, or *text* is no flat object."""
    return _value(text, 0, 1)[0]


def _value(text: str, at: int, depth: int) -> tuple[Value, int]:
    """The value whose type stands at *at*, and where the text goes on."""
    kind = text[at]
    if kind == "(":
        return _members(text, at + 1, depth)
    if kind == "a":
        return _items(text, at + 1, depth)
    return _scalar(text, kind, at + 1)


def _scalar(text: str, kind: str, at: int) -> tuple[Value, int]:
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], at
    read = _READERS.get(kind)
    if read is None:
        raise MincodeError(f"{kind!r} is no type")
    payload, at = _text(text, at)
    return read(payload), at


def _members(text: str, at: int, depth: int) -> tuple[Value, int]:
    if depth > MOST_DEPTH:
        raise MincodeError("too many levels")
    found: dict[str, Value] = {}
    while (kind := text[at : at + 1]) != ")":
        if not kind:
            raise MincodeError("an object is not closed")
        name, at = _text(text, at + 1)
        if kind == "(":
            found[name], at = _members(text, at, depth + 1)
        elif kind == "a":
            found[name], at = _items(text, at, depth + 1)
        else:
            found[name], at = _scalar(text, kind, at)
    return found, at + 1


def _items(text: str, at: int, depth: int) -> tuple[Value, int]:
    if depth > MOST_DEPTH:
        raise MincodeError("too many levels")
    found: list[Value] = []
    while (kind := text[at : at + 1]) != ".":
        if not kind:
            raise MincodeError("an array is not closed")
        item, at = _value(text, at, depth + 1)
        found.append(item)
    return found, at + 1


def _text(text: str, at: int) -> tuple[str, int]:
    found = _TEXT.match(text, at)
    if found is None:
        raise MincodeError("a text is not closed")
    payload = found[1]
    return (_ESCAPE.sub(r"\1", payload) if "~" in payload else payload), found.end()


def _whole(payload: str) -> int:
    if _WHOLE.fullmatch(payload) is None:
        raise MincodeError("a whole number is not base 36")
    return int(payload, 36)


def _decimal(payload: str) -> Decimal:
    if _DECIMAL.fullmatch(payload) is None:
        raise MincodeError("a number is not a decimal")
    try:
        return Decimal(payload)
    except InvalidOperation as error:
        raise MincodeError("a number is out of range") from error


_CONSTANTS: dict[str, bool | None] = {"t": True, "f": False, "n": None}
_READERS: dict[str, Callable[[str], Value]] = {"s": str, "d": _whole, "j": _decimal}
