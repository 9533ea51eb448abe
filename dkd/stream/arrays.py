"""Values that were found in Avro bodies become columns of arrow, whose texts stay where they are."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dkd.stream.structure import Found, kind_of

_SHORT = 12
"""A text of so many bytes at most stands in its view; of a longer one the view tells where it lies.
https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout"""

_KEPT = np.array([(1 << 8 * min(count, 8)) - 1 for count in range(_SHORT + 1)], np.uint64)
_KEPT_BEHIND = np.array([(1 << 8 * max(count - 8, 0)) - 1 for count in range(_SHORT + 1)], np.uint32)
"""The bytes of a short text, as masks of its first eight and its last four bytes."""

_FLOATS = {"float": "<f4", "double": "<f8"}
_INTEGERS = {"int": "<i4", "long": "<i8"}


def arrow_of(text: bytes, values: Found, kind: Any) -> Any:
    """*values* as an array of arrow; texts are bytes still, and stay where they are in *text*."""
    count, live = len(values.live), values.live
    validity = None if live.all() else pa.py_buffer(np.packbits(live, bitorder="little"))
    if values.items is not None and values.owners is not None:
        items = arrow_of(text, values.items, kind_of(kind["items"]))
        starts = np.append(0, np.cumsum(np.bincount(values.owners, minlength=count)))
        buffers = [validity, pa.py_buffer(starts)]
        return pa.Array.from_buffers(pa.large_list(items.type), count, buffers, children=[items])
    if values.lengths is not None:
        views = pa.py_buffer(_views(text, values.numbers, np.where(live, values.lengths, 0)))
        return pa.Array.from_buffers(pa.binary_view(), count, [validity, views, pa.py_buffer(text)])
    if kind == "boolean":
        bits = pa.py_buffer(np.packbits(values.numbers.astype(bool), bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), count, [validity, bits])
    if kind in _FLOATS:
        numbers = np.ndarray((len(text) - 7,), _FLOATS[kind], text, 0, (1,))[np.where(live, values.numbers, 0)]
        type_ = pa.float32() if kind == "float" else pa.float64()
        return pa.Array.from_buffers(type_, count, [validity, pa.py_buffer(numbers)])
    if kind == "null":
        return pa.nulls(count, pa.string_view())
    numbers = values.numbers.astype(_INTEGERS[kind], copy=False)
    return pa.Array.from_buffers(pa.int32() if kind == "int" else pa.int64(), count, [validity, pa.py_buffer(numbers)])


def _views(text: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Views of arrow: length, first four bytes, number of the buffer, place in it; or the length and a short text."""
    fours, eights = (np.ndarray((len(text) - size + 1,), f"<u{size}", text, 0, (1,)) for size in (4, 8))
    found = np.empty((len(starts), 4), np.uint32)
    found[:, 0], found[:, 1], found[:, 2], found[:, 3] = lengths, fours[starts], 0, starts
    short = np.flatnonzero(lengths <= _SHORT)
    if len(short):
        length, start = lengths[short], starts[short]
        first = eights[start] & _KEPT[length]
        found[short, 1], found[short, 2] = first & np.uint64(0xFFFFFFFF), first >> np.uint64(32)
        found[short, 3] = fours[np.where(length > 8, start + 8, 0)] & _KEPT_BEHIND[length]
    return found


def as_text(column: pl.Series, kind: pl.DataType) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Bytes, or lists of them, as text, and which values are not UTF-8; these are null."""
    try:
        return column.cast(kind), np.zeros(len(column), bool)
    except pl.exceptions.PolarsError:
        texts = [_text(value) for value in column.to_list()]
        found = pl.Series(column.name, texts, kind)
        return found, (found.is_null() & column.is_not_null()).to_numpy()


def _text(value: Any) -> Any:
    try:
        if isinstance(value, list):
            return [item if item is None else item.decode() for item in value]
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
