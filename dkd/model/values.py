"""A value of the model, or of a question → what a column holds for it, and how a number is written."""

import math
from typing import Any

from dkd.model.columns import Column
from dkd.model.types import Scalar


def stored(column: Column, value: Scalar) -> Scalar:
    """*value* as Druid holds it: a flag is 1 or 0, text of a number is that number.

    Raises:
        ValueError: When the column cannot hold it.
    """
    if value is None:
        return None
    if column.type == "boolean":
        flags: dict[object, int] = {True: 1, False: 0, "true": 1, "false": 0, "1": 1, "0": 0}
        if value not in flags:
            raise ValueError(f"{column.name} is true or false, not {value!r}")
        return flags[value]
    if column.type in ("long", "double"):
        number = _number(value)
        is_whole = abs(number) < 2**63 and number == int(number)
        if not (is_whole if column.type == "long" else math.isfinite(number)):
            raise ValueError(f"{column.name} is a {'whole ' * (column.type == 'long')}number, not {value!r}")
        return int(number) if column.type == "long" else float(number)
    return text_of(value)


def held(column: Column, value: Any) -> Scalar:
    """What a value of Druid's means: 1 in a flag is true."""
    found: Scalar = bool(value) if column.type == "boolean" and value is not None else value
    return found


def text_of(value: Scalar) -> str:
    """A value as a column of text holds it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def number_text(value: float) -> str:
    """A number as short as it can be written: 10.0 as ``10``."""
    is_whole = abs(value) < 2**53 and value == int(value)
    return str(int(value)) if is_whole else repr(value)


def _number(value: Scalar) -> int | float:
    """The number that *value* is or spells; NaN where it is none."""
    try:
        return int(value) if isinstance(value, str) else value or 0
    except ValueError:
        pass
    try:
        return float(value or 0)
    except ValueError:
        return math.nan
