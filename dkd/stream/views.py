"""Avro bodies become columns of arrow by the compiled walk; the same as :mod:`dkd.stream.structure` finds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dkd.stream.arrays import arrow_of
from dkd.stream.structure import Found, Numbers, kind_of, lists_at

LARGEST_BYTES = (1 << 31) - 1
"""A view tells in so many bits where its text lies."""

_WIDTHS = {"string": 16, "bytes": 16, "int": 4, "long": 8, "float": 4, "double": 8, "array": 8}
_TYPES = {
    "string": pa.string_view(), "bytes": pa.binary_view(), "boolean": pa.bool_(), "int": pa.int32(),
    "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
}  # fmt: skip


class Walked(NamedTuple):
    """What the walk found.

    Attributes:
        columns: An array of arrow for each field, with an entry for each body; texts of sound bodies are UTF-8.
        verdicts: For each body 0 where it is sound, 1 where not, and 2 where a reader of single records must decide.
    """

    columns: list[Any]
    verdicts: NDArray[np.uint8]


def walked(text: bytes, ends: Numbers, frame_bytes: int, fields: list[Mapping[str, Any]]) -> Walked:
    """Columns of *text*, which is below :data:`LARGEST_BYTES`; see :func:`dkd.stream.structure.walked_through`."""
    from dkd.kernel import avro

    count, verdicts = len(ends), np.empty(len(ends), np.uint8)
    kinds = [kind_of(field["type"]) for field in fields]
    names = ["array" if isinstance(kind, Mapping) else kind for kind in kinds]
    room = [(_values(name, count), np.zeros((count + 7) // 8, np.uint8)) for name in names]
    numbers = [number for field in fields for number in _numbers(field["type"], avro.KINDS)]
    avro.walk(text, ends, frame_bytes, np.array(numbers, np.int32), room, verdicts)
    columns = [
        _column(text, count, kind, *one) if name in _TYPES else arrow_of(text, _found(text, ends, kind, *one), kind)
        for kind, name, one in zip(kinds, names, room, strict=True)
    ]
    return Walked(columns, verdicts)


def _column(text: bytes, count: int, kind: str, values: NDArray[np.uint8], live: NDArray[np.uint8]) -> Any:
    buffers = [pa.py_buffer(live), pa.py_buffer(values)]
    return pa.Array.from_buffers(_TYPES[kind], count, buffers + [pa.py_buffer(text)] * (_WIDTHS.get(kind) == 16))


def _found(text: bytes, ends: Numbers, kind: Any, starts: NDArray[np.uint8], live: NDArray[np.uint8]) -> Found:
    """Values of lists, and of what is always null."""
    is_live = np.unpackbits(live, count=len(ends), bitorder="little").astype(bool)
    if isinstance(kind, Mapping):
        return lists_at(text, starts.view(np.int64), ends, is_live, kind)
    return Found(is_live, np.zeros(len(ends), np.int64))


def _values(name: str, count: int) -> NDArray[np.uint8]:
    return np.zeros((count + 7) // 8 if name == "boolean" else _WIDTHS.get(name, 0) * count, np.uint8)


def _numbers(kind: Any, kinds: tuple[str, ...]) -> tuple[int, ...]:
    """A field's type as the walk takes it."""
    values = kind_of(kind)
    if isinstance(values, Mapping):
        return kinds.index("array"), *_union(kind), kinds.index(kind_of(values["items"])), *_union(values["items"])
    return kinds.index(values), *_union(kind), 0, 0, 0


def _union(kind: Any) -> tuple[int, int]:
    """How many branches it has, and which of them is not null."""
    if not isinstance(kind, list):
        return 0, 0
    return len(kind), next((place for place, branch in enumerate(kind) if branch != "null"), -1)
