"""Columns and what rows share become parts of JSON objects, as the compiled kernel takes them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.held import held

Part = tuple[int, bytes, Any, Any, int, Sequence[Any]]
"""See :func:`dkd.kernel.rows.written`."""


def lines(parts: list[Part], count: int) -> list[bytes]:
    """Each row as a JSON object in UTF-8."""
    from dkd.kernel.rows import written

    return written(parts, count)


def shared(places: NDArray[np.intp], texts: list[str]) -> Part:
    """Members that begin with a comma, by row one of *texts*."""
    return _kind("shared"), b"", None, np.ascontiguousarray(places, np.int64), 0, texts


def parts_of(columns: Iterable[pl.Series]) -> list[Part]:
    """Each of *columns* as a member, with what is null or no finite number left out, as by :mod:`dkd.enrich.encode`."""
    return [_member(column) for column in columns if column.null_count() < len(column)]


def _member(column: pl.Series) -> Part:
    kind, values = _values(column)
    before = f",{json.dumps(column.name, ensure_ascii=False)}:".encode()
    return _kind(kind), before, *held(values)


def _values(column: pl.Series) -> tuple[str, pl.Series]:
    """The kind of the kernel, and the column with values of that kind."""
    if column.dtype == pl.String:
        return "quoted", column
    if column.dtype == pl.Boolean:
        return "truth", column
    if column.dtype.is_integer() and column.dtype != pl.UInt64:
        return "number", column.cast(pl.Int64)
    if column.dtype.is_float():
        return "bare", column.set(~column.is_finite(), None).cast(pl.String)
    texts = column.to_frame().select(pl.struct(column.name).struct.json_encode()).to_series()
    bare = texts.str.strip_prefix(f"{{{json.dumps(column.name, ensure_ascii=False)}:").str.strip_suffix("}")
    return "bare", bare.set(column.is_null(), None)


def _kind(name: str) -> int:
    from dkd.kernel.rows import KINDS

    return KINDS.index(name)
