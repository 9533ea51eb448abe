"""Splits, filters and conditions of a question ↔ the parts that they are of a link.

A part is a key and items, joined by dots. A filter's key is ``f``, or ``x`` where it excludes; behind that a letter for
its form where that is not a list of values, ``c``, ``m`` or ``r``; before it an ``a`` where it is of the segment to
compare with.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dkd.errors import UsageError
from dkd.model.types import Scalar
from dkd.query.question import Filter, FilterForm, Having, Range, Split

ITEM, _ESCAPE = ".", "-"
# Neither the address bar nor urllib changes letters, digits and these, so a link stays as it was written.
_MARKS: dict[str, Scalar] = {"-n": None, "-t": True, "-f": False}
_FORMS: dict[str, FilterForm] = {"": "values", "c": "contains", "m": "matches", "r": "ranges"}
FILTER_KEY = re.compile(r"(a?)([fx])([cmr]?)")
"""Whose filters, whether it keeps or excludes, and the form."""
_SPLIT = ("dimension", "limit", "sort", "ascending", "bucket", "by", "nested")
_UP, _NESTED = "up", "nested"


def joined(key: str, *values: Scalar) -> str:
    """A part: its key and an item for each of *values*."""
    return ITEM.join([key, *map(_item, values)])


def scalars(items: Iterable[str]) -> list[Scalar]:
    """The values that items are.

    Raises:
        UsageError: DKD317, when one is none.
    """
    return [_scalar(item) for item in items]


def split_part(split: Split) -> str:
    """One split; what is as usual at its end is left out."""
    items: list[Scalar] = [
        split.sort or "",
        _UP if split.ascending else "",
        "" if split.bucket is None else split.bucket,
        "" if split.by == "value" else split.by,
        _NESTED if split.nested else "",
    ]
    while items and items[-1] == "":
        items.pop()
    return joined("s", split.dimension, str(split.limit), *items)


def split_of(values: list[Scalar]) -> dict[str, object]:
    """The plain values of a split.

    Raises:
        UsageError: DKD317, when it has too many.
    """
    if len(values) > len(_SPLIT):
        raise no_link(f"a split has more than {len(_SPLIT)} values")
    found: dict[str, object] = {
        name: value for seq, (name, value) in enumerate(zip(_SPLIT, values, strict=False)) if seq < 2 or value != ""
    }
    for name, word in (("ascending", _UP), ("nested", _NESTED)):
        if name in found:
            found[name] = found[name] == word
    return found


def filter_part(one: Filter, whose: str = "") -> str:
    """One filter; *whose* is ``a`` for one of the segment to compare with."""
    letter = next(letter for letter, form in _FORMS.items() if form == one.form)
    key = f"{whose}{'x' if one.exclude else 'f'}{letter}"
    if one.form == "ranges":
        return joined(key, one.dimension, *(limit for each in one.ranges for limit in (each.at_least, each.below)))
    return joined(key, one.dimension, *(one.values if one.form == "values" else (one.contains or one.matches,)))


def filter_of(sign: str, letter: str, values: list[Scalar]) -> dict[str, object]:
    """The plain values of a filter.

    Raises:
        UsageError: DKD317, when it has not as many as its form needs.
    """
    form = _FORMS[letter]
    found: object = values[1:]
    if form == "ranges":
        found = _ranges(values[1:])
    elif form != "values":
        if len(values) != 2:
            raise no_link(f"a filter by {form} has {len(values)} values, and not two")
        found = values[1]
    return {"dimension": values[0] if values else "", form: found, "exclude": sign == "x"}


def having_part(one: Having) -> str:
    """One condition on a measure."""
    return joined("h", one.measure, one.range.at_least, one.range.below)


def having_of(values: list[Scalar]) -> dict[str, object]:
    """The plain values of a condition on a measure.

    Raises:
        UsageError: DKD317, when it has not a measure and two limits.
    """
    if len(values) != 3:
        raise no_link(f"a condition on a measure has {len(values)} values, and not three")
    return {"measure": values[0], "range": _ranges(values[1:])[0]}


def moment_text(moment: datetime) -> str:
    """A moment to the millisecond, UTC."""
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}"


def moment_of(text: str) -> datetime:
    """The moment of :func:`moment_text`.

    Raises:
        UsageError: DKD317, when it is none.
    """
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError as error:
        raise no_link(f"its time {text[:20]!r} cannot be read") from error


def no_link(problem: str) -> UsageError:
    """The error of a text that is no link."""
    return UsageError("DKD317", where="link", problem=problem, remedy="copy the whole link again")


def _ranges(limits: list[Scalar]) -> list[dict[str, Any]]:
    if len(limits) % 2:
        raise no_link("a range has one limit, and not two")
    pairs = zip(limits[::2], limits[1::2], strict=True)
    return [dict(zip(Range.model_fields, pair, strict=True)) for pair in pairs]


def _item(value: Scalar) -> str:
    mark = next((mark for mark, marked in _MARKS.items() if value is marked), None)
    if mark is not None:
        return mark
    if isinstance(value, str):
        return _escaped(value)
    return f"-i{_escaped(json.dumps(value))}"


def _escaped(text: str) -> str:
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte == ord("_") else f"{_ESCAPE}{byte:02X}"
        for byte in text.encode()
    )


def _scalar(item: str) -> Scalar:
    if item in _MARKS:
        return _MARKS[item]
    try:
        if item.startswith("-i"):
            return _number(_unescaped(item[2:]))
        return _unescaped(item)
    except ValueError as error:
        raise no_link(f"its value {item[:20]!r} cannot be read") from error


def _number(text: str) -> int | float:
    found = json.loads(text)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError(text)
    return found


def _unescaped(text: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9_]|-[0-9A-F]{2})*", text):
        raise ValueError(text)
    return re.sub(r"-(..)", lambda found: chr(int(found[1], 16)), text).encode("latin-1").decode()
