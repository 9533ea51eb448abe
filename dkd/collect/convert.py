"""What stands in a request → what a field of a type holds of it, converted as Divolte converts it; None where nothing.

Event parameters are converted as Jackson does (a list of one is its item, the text of a number a number), texts as
Guava does. Both are exact down to their oddities, which the tests compare with the real ones.
"""

import re
import struct
from collections.abc import Callable
from decimal import Decimal

Convert = Callable[[object], object]
"""Never fails."""

_BITS = {"int": 32, "long": 64, "timestamp": 64}
_WHOLE = re.compile(r"-?[0-9]+")
_SIGNED = re.compile(r"[+-]?\d+")
"""Digits of any script, as Java takes them."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX = re.compile(r"([+-]?)0[xX]([0-9A-Fa-f]*)(?:\.([0-9A-Fa-f]*))?[pP]([+-]?[0-9]+)")
_NAMES = {"NaN": "nan", "Infinity": "inf"}
_JSON_NAMES = {**_NAMES, "INF": "inf", "-INF": "-inf", "-Infinity": "-inf"}
_BLANKS = "".join(map(chr, range(0x21)))
"""What Java's trim takes off."""
_MOST_TEXT = 1100
"""Digits of a number's text; Java has no such bound, and no number so long is meant."""


def of_json(kind: str) -> Convert:
    """For event parameters: what Divolte's path onto a field of type *kind* holds."""
    read = _JSON[kind]

    def of_json(value: object) -> object:
        return read(value)

    return of_json


def of_text(kind: str) -> Convert:
    """For texts: what Divolte's ``parse to`` gives for a field of type *kind*; ``list`` holds the one text."""
    if kind in _BITS:
        return lambda text: whole(text, _BITS[kind])
    if kind in ("float", "double"):
        return lambda text: real(text, kind)
    if kind == "boolean":
        return {"true": True, "false": False}.get  # type: ignore[return-value]  # a text is hashable
    return (lambda text: [text]) if kind == "list" else lambda text: text


def whole(text: object, bits: int) -> int | None:
    """The number that *text* is, where it fits *bits*; no plus sign, no blanks."""
    if not isinstance(text, str) or len(text) > _MOST_TEXT or not _WHOLE.fullmatch(text):
        return None
    value = int(text)
    return value if -(1 << bits - 1) <= value < 1 << bits - 1 else None


def real(text: object, kind: str) -> float | None:
    """The number that *text* is in Java: also ``1.`` and ``.5``, ``1e3f``, ``0x1p3``, ``NaN``, ``-Infinity``."""
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        return None
    sign, body = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if body in _NAMES:
        return float(sign + _NAMES[body])
    if (body[-1:] in tuple("fFdD") and body[:2] not in ("0x", "0X")) or re.search(r"[pP][+-]?\d+[fFdD]$", body):
        body = body[:-1]
    found = _HEX.fullmatch(sign + body)
    if found:
        return _hex(found, kind)
    return _fitted(float(sign + body), kind) if _NUMBER.fullmatch(sign + body) else None


def as_text(value: object) -> str:
    """The text of an event parameter: empty for a list, an object and what is not there, ``null`` for null."""
    return "" if isinstance(value, list | dict) else "null" if value is None else _text(value) or ""


def _text(value: object) -> str | None:
    """The text of a scalar; None of anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        # As Divolte writes it: BigDecimal's text without trailing zeros, which is decimal's own.
        plain = value.normalize() if len(value.as_tuple().digits) <= 28 else value
        return str(plain) if plain else "0"
    if isinstance(value, float):
        return java_text(value)
    return str(value) if isinstance(value, int) else None


def java_text(value: float) -> str:
    """A double as Java writes it: ``1.0E21`` and not ``1e+21``."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else format(Decimal(repr(value)), "f")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = int(exponent) + len(text) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _one(value: object) -> object:
    """The only item of a list, and of a list in it; anything else as it is."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _json_text(value: object) -> str | None:
    return _text(_one(value))


def _json_boolean(value: object) -> bool | None:
    value = _one(value)
    if isinstance(value, str):
        return {"true": True, "True": True, "false": False, "False": False}.get(value.strip(_BLANKS))
    return bool(value) if isinstance(value, int) else None


def _json_whole(bits: int) -> Convert:
    def json_whole(value: object) -> int | None:
        value = _one(value)
        if isinstance(value, str):
            text = value.strip(_BLANKS)
            if len(text) > _MOST_TEXT or not _SIGNED.fullmatch(text):
                return None
            number = int(text)
            return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return None
        return _low(value, bits)

    return json_whole


def _low(value: int | float | Decimal, bits: int) -> int | None:
    """The lowest *bits* of a number without its fraction, as Java keeps them."""
    if isinstance(value, Decimal) and value.adjusted() > _MOST_TEXT:
        return 0
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    if isinstance(value, float):
        # Java's narrowing of a double keeps the nearest number that fits.
        return max(-(1 << bits - 1), min(number, (1 << bits - 1) - 1))
    return (number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def _json_real(kind: str) -> Convert:
    def json_real(value: object) -> float | None:
        value = _one(value)
        if isinstance(value, str):
            text = value.strip(_BLANKS)
            return float(_JSON_NAMES[text]) if text in _JSON_NAMES else real(text, kind)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return None
        try:
            return _fitted(float(value), kind)
        except OverflowError:
            return _fitted(float("inf") if value > 0 else float("-inf"), kind)

    return json_real


def _json_texts(value: object) -> list[str | None] | None:
    """A list of texts; what is no list is one item of it, even null. One item that is no text spoils all."""
    found: list[str | None] = []
    for item in value if isinstance(value, list) else [value]:
        text = _json_text(item)
        if text is None and item is not None:
            return None
        found.append(text)
    return found


def _hex(found: re.Match[str], kind: str) -> float | None:
    sign, whole_part, fraction, power = found[1], found[2], found[3] or "", int(found[4])
    if not whole_part and not fraction:
        return None
    try:
        return _fitted(float.fromhex(f"{sign}0x{whole_part or '0'}.{fraction or '0'}p{power}"), kind)
    except OverflowError:
        return float(f"{sign}inf")


def _fitted(value: float, kind: str) -> float:
    """*value* as a field of *kind* holds it: beyond a float it is infinite."""
    if kind == "double":
        return value
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


_JSON: dict[str, Convert] = {
    "string": _json_text, "enum": _json_text, "boolean": _json_boolean, "int": _json_whole(32),
    "long": _json_whole(64), "timestamp": _json_whole(64), "float": _json_real("float"),
    "double": _json_real("double"), "list": _json_texts,
}  # fmt: skip
