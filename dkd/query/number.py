"""What Druid answers for a part of a measure → a number and its error; two numbers → their ratio."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dkd.query.measure import SKETCH_EXACT, Part


@dataclass(frozen=True)
class Number:
    """One number.

    Attributes:
        value: None where there is none: a ratio over nothing, a quantile of nothing.
        error: Half the width of the range that the true number lies in; 0 is exact.
    """

    value: float | int | None
    error: float = 0.0


def nothing(part: Part) -> Number:
    """What *part* is where there is nothing to count."""
    return Number(None if part.measure.quantile is not None else 0)


def read(part: Part, value: Any) -> Number:
    """A number as Druid answers it for the SQL of *part*.

    A distinct count comes with its bounds as JSON text, a quantile as a list: how many numbers there are, and those at
    the least rank that may be meant, at the rank itself, and at the greatest.
    """
    if value is None:
        return nothing(part)
    if isinstance(value, list):
        return _quantile(part, value)
    if not isinstance(value, str):
        return Number(value)
    found = json.loads(value)
    if isinstance(found, float):
        # Druid writes what JSON has no number for, as the sum of an infinite value, as text.
        return Number(None)
    estimate, low, high = (found[name] for name in ("estimate", "lowBound", "highBound"))
    return Number(round(estimate), max(high - estimate, estimate - low))


def added(numbers: Iterable[Number]) -> Number:
    """The sum of counts or sums; none where one of them is none."""
    values = [one.value for one in numbers]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Number(None)
    if not any(isinstance(value, float) for value in known):
        return Number(sum(known))
    try:
        return Number(math.fsum(known))
    except OverflowError:
        # More than a double holds; for Druid it is infinite, which is none here too.
        return Number(None)


def ratio(above: Number, below: Number) -> Number:
    """One divided by the other; none where that is 0 or either is none."""
    if not below.value or above.value is None:
        return Number(None)
    found = above.value / below.value
    least = abs(below.value) - below.error
    widest = (abs(above.value) + above.error) / least if least > 0 else float("inf")
    return Number(found, widest - abs(found))


def _quantile(part: Part, value: list[Any]) -> Number:
    count, low, found, high = map(float, value)
    if not count:
        return nothing(part)
    number = int(found) if part.is_whole else found
    return Number(number, 0.0 if count < SKETCH_EXACT else max(high - found, found - low))
