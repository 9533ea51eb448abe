"""The types that the model's values are made of: names, durations, field types."""

import re
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

FieldType = Literal["string", "boolean", "int", "long", "float", "double", "timestamp", "enum", "list"]
"""``timestamp`` is UTC milliseconds since 1970; ``list`` is a list of strings."""

NUMERIC: frozenset[str] = frozenset({"int", "long", "float", "double"})

Value = str | int | Annotated[float, Field(allow_inf_nan=False)] | bool
Scalar = Value | None
"""One value of a dimension; None is "has no value", which is not the same as empty text."""

Number = int | Annotated[float, Field(allow_inf_nan=False)]

Privacy = Literal["keep", "truncate", "pseudonymise", "drop"]

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,18})(ms|s|m|h|d)", re.ASCII)
_LONGEST_MS = 36_525 * _UNITS["d"]


def zone_name(name: str) -> str:
    """*name*, when it is a time zone's.

    Raises:
        ValueError: When there is none of that name.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; write an IANA name such as Europe/Amsterdam") from error
    return name


class Frozen(BaseModel):
    """Validated once, then unchangeable; a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def duration(value: object) -> object:
    """``"30m"`` as a timedelta; anything but a text is handed on unchanged.

    Raises:
        ValueError: When the text is not a whole number with one of the units ms, s, m, h, d.
    """
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(str(value))
    if found is None or not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration like 30m, 5s or 7d")
    if int(found[1]) * _UNITS[found[2]] > _LONGEST_MS:
        raise ValueError(f"{value:.40} is longer than 100 years")
    return timedelta(milliseconds=int(found[1]) * _UNITS[found[2]])


def duration_text(value: timedelta) -> str:
    """The shortest text that :func:`duration` reads as *value*."""
    value_ms = value // timedelta(milliseconds=1)
    unit = next(name for name, size in reversed(_UNITS.items()) if value_ms % size == 0)
    return f"{value_ms // _UNITS[unit]}{unit}"


def in_ms(value: timedelta) -> int:
    """Whole milliseconds of *value*."""
    return value // timedelta(milliseconds=1)


Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(duration_text),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30m", "7d"]}),
]
Zone = Annotated[str, AfterValidator(zone_name)]
"""An IANA name such as ``Europe/Amsterdam``."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""Names of events, fields and measures: one spelling that Avro, JSON, SQL and Groovy all take unquoted."""
SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
