"""A column of polars → its memory, as the compiled kernel takes it."""

from typing import Any

import polars as pl

_NEWEST = pl.CompatLevel.newest()
"""With it polars hands its own views out, and without it copies all texts."""


def held(column: pl.Series) -> tuple[Any, Any, int, list[Any]]:
    """Bits of what is not null (None: all), values or views, the row from which on both count, and the views' texts."""
    array = column.rechunk().to_arrow(compat_level=_NEWEST)
    live, values, *texts = array.buffers()
    return live, values, array.offset, texts
