"""A value that stands in the model → the value that its field holds."""

from math import isfinite

from dkd.model.schema import Field
from dkd.model.step import Literals

MOST_TEXT = 10_000
"""Groovy, in which Divolte's mapping is written, takes no literal of more than 65,535 bytes."""
_BITS = {"int": 31, "long": 63, "timestamp": 63}
_MOST = {"float": 3.4028234663852886e38, "double": 1.7976931348623157e308}


def literal(value: Literals, field: Field) -> Literals:
    """*value* as its field holds it: a whole number in a field of type double is a float.

    Raises:
        ValueError: When the field cannot hold it; the message says what it holds.
    """
    kind = field.type
    if kind in ("string", "enum") and isinstance(value, str):
        if kind == "enum" and value not in field.values:
            raise ValueError(f"{value!r} is not one of the values: use one of {', '.join(field.values[:12])}")
        if len(value) > MOST_TEXT:
            raise ValueError(f"this text has {len(value)} characters: keep it below {MOST_TEXT}")
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind in _BITS and isinstance(value, int) and not isinstance(value, bool):
        if -(1 << _BITS[kind]) <= value < 1 << _BITS[kind]:
            return value
        raise ValueError(f"{value} does not fit {_BITS[kind] + 1} bits: write a smaller number")
    if kind in _MOST and isinstance(value, int | float) and not isinstance(value, bool):
        if isfinite(value) and abs(value) <= _MOST[kind]:
            return float(value)
        raise ValueError(f"{value} is beyond a {kind}: write a smaller number")
    remedy = "leave it out" if kind == "list" else f"write a {_WORDS.get(kind, kind)}"
    raise ValueError(f"{value!r} is no value of type {kind}: {remedy}")


_WORDS = {
    "string": "text in quotes", "enum": "text in quotes", "boolean": "true or false", "int": "whole number",
    "long": "whole number", "timestamp": "whole number, UTC milliseconds since 1970", "float": "number",
    "double": "number",
}  # fmt: skip
