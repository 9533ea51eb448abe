"""Avro bodies become columns of arrow by the compiled walk; the same as :mod:`dkd.stream.structure` finds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dkd.stream.arrays import arrow_of
from dkd.stream.structure import SPARE, ends_of, kind_of, walked_through

_VIEW_BYTES = 16
_WIDTHS = {"string": 16, "bytes": 16, "int": 4, "long": 8, "float": 4, "double": 8, "array": 16}
_TYPES = {
    "string": pa.string_view(), "bytes": pa.binary_view(), "boolean": pa.bool_(), "int": pa.int32(),
    "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
    "array": pa.binary_view(),
}  # fmt: skip


class Walked(NamedTuple):
    """What the walk found.

    Attributes:
        columns: An array of arrow for each field, with an entry for each body; texts of sound bodies are UTF-8.
        verdicts: For each body 0 where it is sound, 1 where not, and 2 where a reader of single records must decide.
    """

    columns: list[Any]
    verdicts: NDArray[np.uint8]


def walked(values: list[bytes], frame_bytes: int, fields: list[Mapping[str, Any]]) -> Walked:
    """Columns of the bodies in *values*, each of which begins with so many bytes that are not looked at."""
    from dkd.kernel import avro

    count, verdicts = len(values), np.empty(len(values), np.uint8)
    kinds = [kind_of(field["type"]) for field in fields]
    names = ["array" if isinstance(kind, Mapping) else kind for kind in kinds]
    room = [(_values(name, count), np.zeros((count + 7) // 8, np.uint8)) for name in names]
    numbers = [number for field in fields for number in _numbers(field["type"], avro.KINDS)]
    texts = list(map(pa.py_buffer, avro.walk(values, frame_bytes, np.array(numbers, np.int32), room, verdicts)))
    columns = list[Any]()
    for kind, name, (held, live) in zip(kinds, names, room, strict=True):
        if name == "null":
            columns.append(pa.nulls(count, pa.string_view()))
            continue
        mine = texts if _WIDTHS.get(name) == _VIEW_BYTES else []
        column = pa.Array.from_buffers(_TYPES[name], count, [pa.py_buffer(live), pa.py_buffer(held), *mine])
        columns.append(_lists(pl.Series(column), kind) if name == "array" else column)
    return Walked(columns, verdicts)


def _lists(bodies: pl.Series, kind: Any) -> Any:
    """The lists that *bodies* hold, each as Avro has it."""
    held, live = bodies.drop_nulls().to_list(), bodies.is_not_null().to_numpy()
    text = b"".join((*held, bytes(SPARE)))
    found = walked_through(text, ends_of(held), {"fields": [{"type": kind}]}).fields[0]
    return arrow_of(text, found.spread(live), kind)


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
