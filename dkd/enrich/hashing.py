"""Texts become hashes of 64 bits, the same on every machine: keys of parties, events and pages."""

from typing import Any

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd import kernel

_NEWEST = pl.CompatLevel.newest()
"""With it polars hands its own views out, and without it copies all texts."""


def hashed(*columns: pl.Series) -> NDArray[np.uint64]:
    """xxh3 of each row's texts, with NUL between them; 0 where one is null."""
    if kernel.IS_COMPILED:
        from dkd.kernel import hashes

        found = np.empty(len(columns[0]), np.uint64)
        hashes.hashed(list(map(_views, columns)), len(found), xxhash.xxh3_64_intdigest, found)
        return found
    joined = pl.concat_str(*(pl.lit("\0") if one is None else one for one in _between(columns))).cast(pl.Binary)
    texts = pl.select(joined).to_series().to_list()
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((0 if text is None else digest(text) for text in texts), np.uint64, len(texts))


def _between(columns: tuple[pl.Series, ...]) -> list[pl.Series | None]:
    """*columns*, and None between them."""
    return [one for column in columns for one in (None, column)][1:]


def _views(column: pl.Series) -> tuple[Any, Any, int, list[Any]]:
    array = column.rechunk().to_arrow(compat_level=_NEWEST)
    live, views, *texts = array.buffers()
    return live, views, array.offset, texts
