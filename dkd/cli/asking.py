"""What people write after ``--where``, ``--by`` and ``--having`` becomes the plain values of a question."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dkd.errors import UsageError

_SIGNS = re.compile(r"\s*([^\s=!~<>]+)\s*(!=|>=|<=|=~|!~|=|~|>|<)(.*)", re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FILTER = "country=NL, 'price>=10', price=10..20, page_path~shoes or 'page_path=~^/shop'"
EVERYTHING = "all"

Limits = dict[str, Any]
"""A range as plain values: at_least, below, or both."""


def filters(texts: Iterable[str], kinds: Mapping[str, str], option: str, zone: str) -> list[dict[str, Any]]:
    """The filters that *texts* are: one for all values of a dimension, all its ranges, and all its limits.

    Args:
        texts: As typed.
        kinds: Types of the model's dimensions; one that is not among them is taken for a text.
        option: Where they were typed, for errors; what is typed behind ``--not`` is left out.
        zone: On whose clock times are.

    Raises:
        UsageError: DKD132, when one is no filter.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for text in texts:
        name, sign, value = _parted(text, option, _FILTER)
        if sign in ("!=", "!~"):
            raise _wrong(option, f"{text!r} has a {sign}", f"write --not '{name}{sign[1:]}{value}'")
        kind = "time" if name == "time" else kinds.get(name, "string")
        is_ordered = kind in ("time", "long", "double")
        given: dict[str, Any]
        if sign in ("~", "=~"):
            form = "contains" if sign == "~" else "matches"
            # Two texts are two filters: both have to be there.
            found[name, f"{form} {value}"] = {"dimension": name, form: value}
            continue
        if sign == "=" and is_ordered and ".." in value:
            given = found.setdefault((name, "ranges"), {"dimension": name, "ranges": []})
            given["ranges"].append(limits(value.split("..", 1), kind, option, zone))
        elif sign == "=":
            given = found.setdefault((name, "values"), {"dimension": name, "values": []})
            given["values"].append(_value(value))
        else:
            given = found.setdefault((name, "limits"), {"dimension": name, "ranges": [{}]})
            _narrow(given["ranges"][0], sign, _limit(value, kind, option, zone), kind == "double")
    return [{**one, "exclude": option == "--not"} for one in found.values()]


def splits(text: str, usual: Mapping[str, Any], is_nested: bool) -> list[dict[str, Any]]:
    """The splits of ``country,price/10``: dimensions, with the width of buckets of numbers behind a slash."""
    found = []
    for name in names(text):
        dimension, slash, width = name.partition("/")
        bucket = {"bucket": _number(width, "--by", f"{name!r} has no width of buckets")} if slash else {}
        found.append({"dimension": dimension.strip(), **usual, **bucket, "nested": is_nested})
    return found


def having(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The conditions on measures: ``visitors>=100``, or ``visitors=100..200`` for from 100 to below 200.

    Raises:
        UsageError: DKD132, when one is none.
    """
    found: dict[str, Limits] = {}
    for text in texts:
        name, sign, value = _parted(text, "--having", "'visitors>=100' or visitors=100..200")
        if sign == "=" and ".." in value:
            found[name] = limits(value.split("..", 1), "double", "--having", "UTC")
        elif sign in (">=", "<=", ">", "<"):
            _narrow(found.setdefault(name, {}), sign, _limit(value, "double", "--having", "UTC"), True)
        else:
            raise _wrong("--having", f"{text!r} is no range", "write 'visitors>=100' or visitors=100..200")
    return [{"measure": name, "range": one} for name, one in found.items()]


def limits(ends: Iterable[str], kind: str, option: str, zone: str) -> Limits:
    """From the first up to and without the second of two texts, each of which may be empty."""
    given = zip(("at_least", "below"), ends, strict=True)
    return {name: _limit(text, kind, option, zone) for name, text in given if text.strip()}


def names(text: str) -> list[str]:
    """What stands between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _narrow(one: Limits, sign: str, limit: Any, has_fractions: bool) -> None:
    """Add a limit to a range, whose own upper end is not in it."""
    if sign in (">", "<="):
        # Whole numbers, and milliseconds, have a next one; of a fraction it is the next that a computer has.
        limit = math.nextafter(limit, math.inf) if has_fractions else math.floor(limit) + 1
    name, narrower = ("at_least", max) if sign in (">", ">=") else ("below", min)
    one[name] = narrower(one.get(name, limit), limit)


def _parted(text: str, option: str, examples: str) -> tuple[str, str, str]:
    found = _SIGNS.fullmatch(text)
    if found is None:
        raise _wrong(option, f"{text!r} has no =, ~, >= or <", f"write {examples}")
    return found[1], found[2], found[3]


def _limit(text: str, kind: str, option: str, zone: str) -> int | float:
    """A number, or a local time in milliseconds."""
    from dkd.query.question import local_moment

    text = text.strip()
    if kind in ("time", "long") and _DATE.match(text):
        try:
            return round(local_moment(text, zone).timestamp() * 1000)
        except ValueError as error:
            raise _wrong(option, str(error), "write 2026-11-01 or 2026-11-01T10:00") from error
    return _number(text, option, f"{text!r} is no {'time' if kind == 'time' else 'number'}")


def _number(text: str, option: str, problem: str) -> int | float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _wrong(option, problem, "write 10, 2.5, or for a time 2026-11-01T10:00")
    return int(text) if text.strip().lstrip("+-").isdigit() else number


def _value(text: str) -> object:
    """Text as it stands; ``null`` is no value, and quotes make a text of it again."""
    if text == "null":
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _wrong(option: str, problem: str, remedy: str) -> UsageError:
    return UsageError("DKD132", where=option, problem=problem, remedy=remedy)
