"""Avro bodies of one schema become columns: as a whole where they lie, or one by one where the walk is not sure."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import fastavro
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dkd.stream.structure import SPARE, Found, ends_of, kind_of, walked_through

Schema = Mapping[str, Any]
Places = NDArray[np.intp]

FRAME_BYTES = 5
_SHORT = 12
"""A text of so many bytes at most stands in its view; of a longer one the view tells where it lies.
https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout"""

_KEPT = np.array([(1 << 8 * min(count, 8)) - 1 for count in range(_SHORT + 1)], np.uint64)
_KEPT_BEHIND = np.array([(1 << 8 * max(count - 8, 0)) - 1 for count in range(_SHORT + 1)], np.uint32)
"""The bytes of a short text, as masks of its first eight and its last four bytes."""

_POLARS: dict[str, pl.DataType] = {
    "string": pl.String(), "boolean": pl.Boolean(), "int": pl.Int32(), "long": pl.Int64(), "float": pl.Float32(),
    "double": pl.Float64(), "bytes": pl.Binary(), "null": pl.String(),
}  # fmt: skip
_FLOATS = {"float": "<f4", "double": "<f8"}
_INTEGERS = {"int": "<i4", "long": "<i8"}


class Table(NamedTuple):
    """Columns of the bodies that could be read, and the places of these in what was given, ascending."""

    frame: pl.DataFrame
    places: Places


@dataclass(frozen=True)
class Reader:
    """Reads framed records of one schema.

    Attributes:
        schema: As it was written.
        parsed: The same for fastavro.
        columns: Column of each Avro field, in the schema's order.
        types: Type of each column.
    """

    schema: Schema
    parsed: Any
    columns: Mapping[str, str]
    types: Mapping[str, pl.DataType]

    def read(self, values: Sequence[bytes]) -> Table:
        """One row for each body that is a whole record of the schema and nothing more, whatever its neighbours are.

        Args:
            values: Bodies with their frames.
        """
        text = b"".join((*values, bytes(SPARE)))
        verdict = walked_through(text, ends_of(values), self.schema, FRAME_BYTES)
        table = self._columns(text, verdict.fields, np.flatnonzero(verdict.sound))
        if not verdict.unsure.any():
            return table
        singles = self._singly(values, np.flatnonzero(verdict.unsure))
        places = np.concatenate((table.places, singles.places))
        order = np.argsort(places)
        return Table(pl.concat((table.frame, singles.frame))[order], places[order])

    def _columns(self, text: bytes, fields: Sequence[Found], places: Places) -> Table:
        """The records at *places*, all of them sound, but those with a text that is not UTF-8."""
        if not len(places):
            return Table(pl.DataFrame(schema=dict(self.types)), places)
        lost, found = np.zeros(len(places), bool), list[pl.Series]()
        whole = len(places) == len(fields[0].live) if fields else True
        for (name, kind), field, values in zip(self.types.items(), self.schema["fields"], fields, strict=True):
            mine = values if whole else values.at(places)
            column = pl.Series(name, _arrow(text, mine, kind_of(field["type"])))
            if column.dtype != kind:
                column, is_lost = _as_text(column, kind)
                lost |= is_lost
            found.append(column)
        frame = pl.DataFrame(found)
        return Table(frame.filter(pl.Series(~lost)), places[~lost]) if lost.any() else Table(frame, places)

    def _singly(self, values: Sequence[bytes], places: Places) -> Table:
        records, kept = [], []
        for place in places:
            try:
                records.append(self._record(values[place][FRAME_BYTES:]))
                kept.append(place)
            except (ValueError, IndexError, EOFError, OverflowError, TypeError, MemoryError):
                continue
        frame = pl.DataFrame(records, schema=dict(self.types), orient="row")
        return Table(frame, np.asarray(kept, np.intp))

    def _record(self, body: bytes) -> list[Any]:
        stream = io.BytesIO(body)
        record = fastavro.schemaless_reader(stream, self.parsed, None)
        if not isinstance(record, dict) or stream.tell() != len(body):
            raise ValueError("the body is longer than its record")
        return [record[name] for name in self.columns]


def _arrow(text: bytes, values: Found, kind: Any) -> Any:
    """*values* as an array of arrow; texts are bytes still, and stay where they are in *text*."""
    count, live = len(values.live), values.live
    validity = None if live.all() else pa.py_buffer(np.packbits(live, bitorder="little"))
    if values.items is not None and values.owners is not None:
        items = _arrow(text, values.items, kind_of(kind["items"]))
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


def _as_text(column: pl.Series, kind: pl.DataType) -> tuple[pl.Series, NDArray[np.bool_]]:
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


def reader(schema: Schema, names: Mapping[str, str]) -> Reader:
    """A reader of records of *schema*.

    Args:
        schema: A flat record, as it was written.
        names: Column of each Avro field; a field that is not here keeps its own name.
    """
    columns = {field["name"]: names.get(field["name"], field["name"]) for field in schema["fields"]}
    types = {columns[field["name"]]: _type(kind_of(field["type"])) for field in schema["fields"]}
    return Reader(schema, fastavro.parse_schema(json.loads(json.dumps(schema))), columns, types)


def _type(kind: Any) -> pl.DataType:
    return pl.List(_type(kind_of(kind["items"]))) if isinstance(kind, Mapping) else _POLARS[kind]
