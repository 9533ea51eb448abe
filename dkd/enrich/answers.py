"""Answers by what was asked, kept from batch to batch: rows are told apart by hash, and share what is found."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd import kernel

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
        columns: Items of the answers, each by answer; among them those of other rows, and more may come.
        made: What :meth:`array` made of them.
    """

    codes: Places
    columns: Sequence[list[Any]]
    made: dict[int, NDArray[Any]] = field(default_factory=dict)

    def at(self, places: Any) -> "Chosen":
        """Of the rows at *places*."""
        return replace(self, codes=self.codes[places])

    def series(self, item: int, kind: pl.DataType = pl.String()) -> pl.Series:  # noqa: B008 - a type
        """The item of each row as a column."""
        used = np.zeros(len(self.columns[item]), bool)
        used[self.codes] = True
        distinct = list(map(self.columns[item].__getitem__, np.flatnonzero(used).tolist()))
        return pl.Series(distinct, dtype=kind).gather((np.cumsum(used) - 1)[self.codes])

    def array(self, item: int, of: Callable[[Any], Any]) -> NDArray[Any]:
        """What *of* makes of the item of each row, asked once for each answer; always the same *of* for an item."""
        made, known = self.made.get(item), self.columns[item]
        if made is None or len(made) < len(known):
            more = np.array(list(map(of, known[len(made) if made is not None else 0 :])), None if known else bool)
            made = self.made[item] = more if made is None else np.concatenate((made, more))
        found: NDArray[Any] = made[self.codes]
        return found

    def values(self, item: int) -> list[Any]:
        """The item of each row."""
        return list(map(self.columns[item].__getitem__, self.codes.tolist()))


class Table:
    """Keys are numbered in the order in which they come first; the compiled table's plain form."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def number(self, keys: NDArray[np.uint64], numbers: Places, firsts: Places) -> int:
        """See :meth:`dkd.kernel.index.Index.number`."""
        before, asked = len(self._known), keys.tolist()
        numbers[:] = np.fromiter(map(self._known.get, asked, repeat(-1)), np.intp, len(asked))
        for place in np.flatnonzero(numbers < 0).tolist():
            new = len(self._known)
            numbers[place] = self._known.setdefault(asked[place], new)
            if numbers[place] == new:
                firsts[new - before] = place
        return len(self._known) - before


def _table() -> Any:
    if not kernel.IS_COMPILED:
        return Table()
    from dkd.kernel.index import Index

    return Index()


class Answers:
    """Answers of one kind, each a tuple of the same items."""

    def __init__(self, items: int = 1) -> None:
        """None yet; each will have so many *items*."""
        self._items = items
        self._forget()

    def of(self, asked: pl.DataFrame, ask: Callable[[pl.DataFrame], Iterable[Answer]]) -> Chosen:
        """The answers of *asked*, of which *ask* is told only rows that are new, each once.

        Rows are the same where 64 bits of their hashes are, and nothing looks whether they are equal. With the hundred
        thousand that are kept at most, about, a new row is taken for another with odds of 1 to 10^14: once in some
        thousand years at a thousand new rows a second, and not again in another process, whose seed is another.
        """
        if self._size_bytes > _KEPT_BYTES:
            self._forget()
        codes, firsts = np.empty((2, asked.height), np.intp)
        new = self._table.number(asked.hash_rows(_SEED).to_numpy(), codes, firsts)
        if new:
            try:
                self._learn(ask(asked[firsts[:new]]))
            except BaseException:
                # The rows are numbered, and must not be answered by what comes next.
                self._forget()
                raise
        return Chosen(codes, self._columns, self._made)

    def _forget(self) -> None:
        self._table = _table()
        self._columns: list[list[Any]] = [[] for _ in range(self._items)]
        self._made: dict[int, NDArray[Any]] = {}
        self._size_bytes = 0

    def _learn(self, answers: Iterable[Answer]) -> None:
        found = list(answers)
        for known, more in zip(self._columns, zip(*found, strict=True), strict=True):
            known += more
        texts = (item for answer in found for item in answer if isinstance(item, (str, bytes)))
        self._size_bytes += sum(map(len, texts)) + _ANSWER_BYTES * len(found)
