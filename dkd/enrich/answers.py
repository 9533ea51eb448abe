"""Answers by what was asked, kept from batch to batch: rows are told apart by hash, and share what is found."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Answer = tuple[Any, ...]
Places = NDArray[np.intp]

_KEPT_BYTES = 48 * 1024 * 1024
"""About so much is kept; then it begins anew."""

_ANSWER_BYTES = 600
"""What an answer takes beside its texts, about."""

_SEED = hash(__name__) & ((1 << 63) - 1)
"""Another one in each process, as Python's own tables have: nobody can send texts that are taken for each other."""


@dataclass(frozen=True)
class Chosen:
    """The answers of some rows.

    Attributes:
        codes: Which of the answers is each row's.
        columns: Items of the answers, each by answer.
        made: What :meth:`array` made of them.
    """

    codes: Places
    columns: Sequence[Sequence[Any]]
    made: dict[int, NDArray[Any]] = field(default_factory=dict)

    def at(self, places: Any) -> "Chosen":
        """Of the rows at *places*."""
        return replace(self, codes=self.codes[places])

    def series(self, item: int, kind: pl.DataType = pl.String()) -> pl.Series:  # noqa: B008 - a type
        """The item of each row as a column."""
        return pl.Series(self.columns[item], dtype=kind).gather(self.codes)

    def array(self, item: int, of: Callable[[Any], Any]) -> NDArray[Any]:
        """What *of* makes of the item of each row, asked once for each answer; always the same *of* for an item."""
        if item not in self.made:
            self.made[item] = np.array(list(map(of, self.columns[item])), None if self.columns[item] else bool)
        found: NDArray[Any] = self.made[item][self.codes]
        return found

    def values(self, item: int) -> list[Any]:
        """The item of each row."""
        return list(map(self.columns[item].__getitem__, self.codes.tolist()))


class Answers:
    """Answers of one kind, each a tuple of the same items."""

    def __init__(self, items: int = 1) -> None:
        """None yet; each will have so many *items*."""
        self._items = items
        self._known: dict[int, int] = {}
        self._found: list[Answer] = []
        self._size_bytes = 0

    def of(self, asked: pl.DataFrame, ask: Callable[[pl.DataFrame], Iterable[Answer]]) -> Chosen:
        """The answers of *asked*, of which *ask* is told only rows that are new, each once.

        Rows are the same where 64 bits of their hashes are, and nothing looks whether they are equal. With the hundred
        thousand that are kept at most, about, a new row is taken for another with odds of 1 to 10^14: once in some
        thousand years at a thousand new rows a second, and not again in another process, whose seed is another.
        """
        keys = asked.hash_rows(_SEED).to_list()
        codes = self._codes(keys)
        if (codes < 0).any():
            if self._size_bytes > _KEPT_BYTES:
                self._known, self._found, self._size_bytes = {}, [], 0
                codes[:] = -1
            missing: dict[int, int] = {}
            for row in np.flatnonzero(codes < 0).tolist():
                missing.setdefault(keys[row], row)
            self._learn(list(missing), ask(asked[list(missing.values())]))
            codes = self._codes(keys)
        used = np.zeros(len(self._found), bool)
        used[codes] = True
        distinct = map(self._found.__getitem__, np.flatnonzero(used).tolist())
        return Chosen((np.cumsum(used) - 1)[codes], list(zip(*distinct, strict=True)) or [()] * self._items)

    def _codes(self, keys: Sequence[int]) -> Places:
        return np.fromiter(map(self._known.get, keys, repeat(-1)), np.intp, len(keys))

    def _learn(self, keys: Sequence[int], answers: Iterable[Answer]) -> None:
        start = len(self._found)
        self._found += answers
        self._known.update(zip(keys, range(start, len(self._found)), strict=True))
        texts = (item for answer in self._found[start:] for item in answer if isinstance(item, (str, bytes)))
        self._size_bytes += sum(map(len, texts)) + _ANSWER_BYTES * len(keys)
