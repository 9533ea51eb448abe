"""Avro bodies of one schema become columns: as one block by polars-avro, or one by one by fastavro where that fails."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import fastavro
import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.stream.structure import walked

try:
    import polars_avro
except ImportError:  # no wheel for this platform
    polars_avro = None  # type: ignore[assignment]

Schema = Mapping[str, Any]
Places = NDArray[np.intp]

_SYNC = b"dkd block marker"
_CHUNK = 256
"""Bodies of a block that failed are tried again in pieces of this size, so that a bad one slows only its neighbours."""

_POLARS: dict[str, pl.DataType] = {
    "string": pl.String(), "boolean": pl.Boolean(), "int": pl.Int32(), "long": pl.Int64(), "float": pl.Float32(),
    "double": pl.Float64(), "bytes": pl.Binary(),
}  # fmt: skip


class Table(NamedTuple):
    """Columns of the bodies that could be read, and the places of these in what was given, ascending."""

    frame: pl.DataFrame
    places: Places


@dataclass(frozen=True)
class Reader:
    """Reads bodies of one schema.

    Attributes:
        schema: As it was written.
        parsed: The same for fastavro.
        columns: Column of each Avro field, in the schema's order.
        types: Type of each column.
        head: What stands before the block in an Avro file.
        by_block: Whether polars-avro reads; else fastavro, which is some ten times slower and gives the same.
    """

    schema: Schema
    parsed: Any
    columns: Mapping[str, str]
    types: Mapping[str, pl.DataType]
    head: bytes
    by_block: bool

    def read(self, bodies: Sequence[bytes]) -> Table:
        """One row for each body that is a whole record of the schema and nothing more, whatever its neighbours are."""
        verdict = walked(bodies, self.schema)
        tables = [self._singly(bodies, np.flatnonzero(verdict.unsure))]
        sound = np.flatnonzero(verdict.sound)
        if len(sound):
            tables += self._blocks(bodies, sound) if self.by_block else [self._singly(bodies, sound)]
        filled = [table for table in tables if len(table.places)] or tables[:1]
        if len(filled) == 1:
            return filled[0]
        places = np.concatenate([table.places for table in filled])
        order = np.argsort(places)
        return Table(pl.concat([table.frame for table in filled])[order], places[order])

    def _blocks(self, bodies: Sequence[bytes], places: Places) -> list[Table]:
        try:
            return [self._block(bodies, places)]
        except (polars_avro.AvroError, pl.exceptions.PolarsError):  # text that is not UTF-8
            if len(places) <= _CHUNK:
                return [self._singly(bodies, places)]
        parts = np.array_split(places, -(-len(places) // _CHUNK))
        return [table for part in parts for table in self._blocks(bodies, part)]

    def _block(self, bodies: Sequence[bytes], places: Places) -> Table:
        chosen = bodies if len(places) == len(bodies) else [bodies[place] for place in places]
        block = b"".join(chosen)
        file = b"".join((self.head, _number(len(chosen)), _number(len(block)), block, _SYNC))
        frame = polars_avro.read_avro(io.BytesIO(file), batch_size=max(len(chosen), 1))
        return Table(frame.rename(dict(self.columns)), places)

    def _singly(self, bodies: Sequence[bytes], places: Places) -> Table:
        records, kept = [], []
        for place in places:
            try:
                records.append(self._record(bodies[place]))
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


def reader(schema: Schema, names: Mapping[str, str], *, by_block: bool = True) -> Reader:
    """A reader of records of *schema*.

    Args:
        schema: A flat record, as it was written.
        names: Column of each Avro field; a field that is not here keeps its own name.
        by_block: Use polars-avro where it is installed.
    """
    columns = {field["name"]: names.get(field["name"], field["name"]) for field in schema["fields"]}
    types = {columns[field["name"]]: _type(field["type"]) for field in schema["fields"]}
    text = json.dumps(schema)
    parsed = fastavro.parse_schema(json.loads(text))
    return Reader(schema, parsed, columns, types, _file_head(text.encode()), by_block and polars_avro is not None)


def _type(kind: Any) -> pl.DataType:
    """The column type that polars-avro gives a field."""
    if isinstance(kind, list):
        return _type(next((branch for branch in kind if branch != "null"), "string"))
    if isinstance(kind, Mapping):
        return pl.List(_type(kind["items"])) if kind["type"] == "array" else _type(kind["type"])
    return _POLARS[kind]


def _file_head(schema: bytes) -> bytes:
    entries = ((b"avro.schema", schema), (b"avro.codec", b"null"))
    texts = b"".join(_number(len(text)) + text for entry in entries for text in entry)
    return b"Obj\x01" + _number(len(entries)) + texts + _number(0) + _SYNC


def _number(value: int) -> bytes:
    """A number of 0 or more in Avro's zigzag form."""
    value <<= 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
