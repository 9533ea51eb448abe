"""What a person types behind ``--param`` becomes a value with a type."""

import json
import re

_LONG = range(-(2**63), 2**63)
_NOT_MARKS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def marks(query: str) -> int:
    """How many ``?`` of *query* stand for parameters: those outside texts, quoted names and comments."""
    return _NOT_MARKS.sub("", query).count("?")


def typed(text: str) -> object:
    """The value that *text* means: JSON where it is JSON, else the text itself.

    So ``42`` is a number, ``"42"`` in its own quotes is text, ``["a","b"]`` a list, ``null`` no value, and ``NL`` or
    ``2026-11-22`` is text as it stands, and so is a number that Druid has no type for: ``NaN``, or more than 64 bits.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text
    is_too_long = isinstance(value, int) and value not in _LONG
    return text if isinstance(value, dict) or is_too_long or value in (float("inf"), float("-inf")) else value


def _refuse(name: str) -> object:
    raise ValueError(name)
