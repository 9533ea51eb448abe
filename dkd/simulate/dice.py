"""A text → endless random choices, the same on every machine and every Python.

Only ``Random.random()`` is promised to stay the same for the same seed, and only ``+ - * /`` round alike everywhere;
``exp`` and ``log`` do not. So everything here is made of those.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Value = TypeVar("Value")

_LONGEST = 13.0
_CHUNK = 1 << 48


class Dice:
    """Random choices that depend on *seed* alone."""

    def __init__(self, *seed: object) -> None:
        """Begin anew for *seed*: numbers and texts that name what is decided."""
        self._random = Random(":".join(map(str, seed))).random  # noqa: S311  # made-up visitors, not secrets

    def chance(self, share: float) -> bool:
        """True in *share* of all cases."""
        return self._random() < share

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends possible."""
        return least + int(self._random() * (most - least + 1))

    def pick(self, values: Sequence[Value]) -> Value:
        """One of *values*, each as likely as the others."""
        return values[int(self._random() * len(values))]

    def weighted(self, values: Sequence[Value], weights: Sequence[float]) -> Value:
        """One of *values*, as likely as its weight says."""
        left = self._random() * sum(weights)
        for value, weight in zip(values, weights, strict=True):
            left -= weight
            if left < 0:
                return value
        return values[-1]

    def count(self, mean: float) -> int:
        """A whole number of 0 or more; *mean* on average."""
        return int(mean * (0.5 + self._random()) + self._random())

    def pause(self, typical_ms: int) -> int:
        """A pause as people make them: mostly below *typical_ms*, at times much longer, never above 13 times it."""
        share = self._random()
        return 1 + int(typical_ms * min(0.1 + 0.6 * share / (1.05 - share), _LONGEST))

    def word(self, digits: int) -> str:
        """Hexadecimal digits that name something once."""
        chunks = (f"{int(self._random() * _CHUNK):012x}" for _ in range(-(-digits // 12)))
        return "".join(chunks)[:digits]
