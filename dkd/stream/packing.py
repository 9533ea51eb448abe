"""Rows of numbers become bytes, column by column, each with the fewest bytes a value in which all of them fit.

A column begins with the width of its values in bytes, 0 to 8, and its least value (8 bytes); then come the values as
what they are above it. Of signed columns :data:`dkd.enrich.dedup.NEVER` is 0 and the least value 1, as a single time
that is not known would else make all of them long. Everything is little-endian.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.dedup import NEVER

Rows = NDArray[np.void]
Numbers = NDArray[np.uint64]

_HEAD_BYTES = 9
_ONE = np.uint64(1)


def packed(rows: Rows) -> bytes:
    """*rows*, which :func:`unpacked` reads; empty where there are none."""
    if not len(rows):
        return b""
    if kernel.IS_COMPILED and rows.flags.c_contiguous:
        from dkd.kernel import packing

        return packing.packed(rows, len(rows), rows.itemsize, _places(rows.dtype))
    return b"".join(map(_column, _columns(rows)))


@cache
def _places(kind: np.dtype[Any]) -> list[tuple[int, int, bool]]:
    """Where the columns of rows of *kind* begin, how wide they are, and which of them are signed."""
    found = []
    for part, start, *_ in (kind.fields or {}).values():
        one, shape = part.subdtype or (part, ())
        widths = range(0, part.itemsize, one.itemsize) if shape else (0,)
        found += [(start + place, one.itemsize, one.kind == "i") for place in widths]
    return found


def unpacked(text: bytes, start: int, count: int, kind: np.dtype[Any]) -> tuple[Rows, int]:
    """*count* rows of the type *kind* that stand in *text* from *start* on, and where they end."""
    rows = np.zeros(count, kind)
    for values in _columns(rows) if count else ():
        width, least = text[start], np.frombuffer(text, "<u8", 1, start + 1)[0]
        start += _HEAD_BYTES
        above = np.zeros((count, 8), np.uint8)
        above[:, :width] = np.frombuffer(text, np.uint8, count * width, start).reshape(count, width)
        start += count * width
        values[:] = _above(above.view("<u8")[:, 0], least, values.dtype)
    return rows, start


def _columns(rows: Rows) -> Iterator[NDArray[Any]]:
    """The columns of *rows*, of which one of several numbers counts as several."""
    for name in rows.dtype.names or ():
        values = rows[name]
        yield from (values[:, place] for place in range(values.shape[1])) if values.ndim > 1 else (values,)


def _column(values: NDArray[Any]) -> bytes:
    if values.dtype.kind == "i":
        known = values[values != NEVER]
        least = known.min() if len(known) else values.dtype.type(0)
        above = np.where(values == NEVER, 0, (values - least).view(np.uint64) + _ONE)
    else:
        least = values.min()
        above = (values - least).astype(np.uint64)
    width = (int(above.max()).bit_length() + 7) // 8
    texts = np.ascontiguousarray(above, "<u8").view(np.uint8).reshape(len(values), 8)[:, :width]
    return bytes([width]) + (int(least) % (1 << 64)).to_bytes(8, "little") + texts.tobytes()


def _above(above: Numbers, least: np.uint64, kind: np.dtype[Any]) -> NDArray[Any]:
    if kind.kind != "i":
        return (above + least).astype(kind)
    return np.where(above == 0, NEVER, (above - _ONE + least).view(np.int64))
