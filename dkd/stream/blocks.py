"""Avro bodies of one schema become columns: as one block by polars-avro, or one by one by fastavro where that fails."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import fastavro
import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.stream.structure import Verdict, walked_through

try:
    import polars_avro
except ImportError:  # no wheel for this platform
    polars_avro = None  # type: ignore[assignment]

_UNREADABLE = (pl.exceptions.PolarsError, *((polars_avro.AvroError,) if polars_avro else ()))

Schema = Mapping[str, Any]
Places = NDArray[np.intp]

_SYNC = b"dkd block marker"  # of 16 bytes, as Avro wants; the walk wants no more behind the last body
FRAME_BYTES = 5
_FRAME = "dkdFrame"
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
    """Reads framed records of one schema; for one thread at a time.

    Attributes:
        schema: As it was written.
        parsed: The same for fastavro.
        columns: Column of each Avro field, in the schema's order.
        types: Type of each column.
        head: What stands before the block in an Avro file; its schema begins with the frame, as each record does.
        bytes_head: The same, but text is called bytes, which look the same in Avro.
        by_block: Whether polars-avro reads; else fastavro, which is some ten times slower and gives the same.
        file: Where blocks are put together; new memory for each would cost as much as reading it.
    """

    schema: Schema
    parsed: Any
    columns: Mapping[str, str]
    types: Mapping[str, pl.DataType]
    head: bytes
    bytes_head: bytes
    by_block: bool
    file: io.BytesIO = field(default_factory=io.BytesIO, repr=False)

    def read(self, values: Sequence[bytes]) -> Table:
        """One row for each body that is a whole record of the schema and nothing more, whatever its neighbours are.

        Args:
            values: Bodies with their frames.
        """
        verdict = self._walked(values)
        tables = [self._singly(values, np.flatnonzero(verdict.unsure))] if verdict.unsure.any() else []
        sound = np.flatnonzero(verdict.sound)
        if len(sound) == len(values) and self.by_block:
            tables += self._blocks(values, sound, is_filled=True)
        elif len(sound):
            tables += self._blocks(values, sound) if self.by_block else [self._singly(values, sound)]
        filled = [table for table in tables if len(table.places)]
        if not filled:
            return self._singly(values, sound[:0])
        if len(filled) == 1:
            return filled[0]
        places = np.concatenate([table.places for table in filled])
        order = np.argsort(places)
        return Table(pl.concat([table.frame for table in filled])[order], places[order])

    def _blocks(self, values: Sequence[bytes], places: Places, *, is_filled: bool = False) -> list[Table]:
        try:
            if not is_filled:
                self._filled([values[place] for place in places])
            return [self._block(places)]
        except _UNREADABLE:  # text that is not UTF-8
            pass
        try:
            self._filled([values[place] for place in places], as_bytes=True)
            return self._sifted(self._block(places), values)
        except _UNREADABLE:  # in a list
            if len(places) <= _CHUNK:
                return [self._singly(values, places)]
        parts = np.array_split(places, -(-len(places) // _CHUNK))
        return [table for part in parts for table in self._blocks(values, part)]

    def _sifted(self, table: Table, values: Sequence[bytes]) -> list[Table]:
        """*table*, whose text is bytes still, with text where it is UTF-8; the few other rows are read one by one."""
        changed = [name for name, kind in self.types.items() if table.frame.schema[name] != kind]
        lost, found = np.zeros(len(table.places), bool), list[pl.Series]()
        for name in changed:
            column = table.frame[name]
            texts = _texts(column) if column.dtype == pl.Binary else column.cast(self.types[name])
            lost |= (texts.is_null() & column.is_not_null()).to_numpy()
            found.append(texts.alias(name))
        frame = table.frame.with_columns(found)
        rest = self._singly(values, table.places[lost])
        return [Table(frame.filter(pl.Series(~lost)), table.places[~lost]), rest]

    def _walked(self, values: Sequence[bytes]) -> Verdict:
        """Put *values* into the file, and tell which are sound."""
        start, ends = self._filled(values)
        with self.file.getbuffer() as whole, whole[start:] as text:
            return walked_through(text, ends, self.schema, FRAME_BYTES)

    def _filled(self, values: Sequence[bytes], *, as_bytes: bool = False) -> tuple[int, NDArray[np.int64]]:
        """Put *values* into the file, and tell where they begin and each ends; *as_bytes* leaves text unread."""
        ends, file = np.cumsum(np.fromiter(map(len, values), np.int64, len(values))), self.file
        file.seek(0)
        file.write(
            b"".join(
                (
                    self.bytes_head if as_bytes else self.head,
                    _number(len(values)),
                    _number(int(ends[-1]) if len(ends) else 0),
                )
            )
        )
        start = file.tell()
        file.writelines(values)
        file.write(_SYNC)
        file.truncate()
        return start, ends

    def _block(self, places: Places) -> Table:
        """The records at *places*, which are what the file holds."""
        self.file.seek(0)
        frame = polars_avro.read_avro(self.file, batch_size=max(len(places), 1))
        return Table(frame.drop(_FRAME).rename(dict(self.columns)), places)

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


def _texts(column: pl.Series) -> pl.Series:
    """Bytes as text; null where they are not UTF-8."""
    try:
        return column.cast(pl.String)
    except pl.exceptions.PolarsError:
        return pl.Series([None if value is None else _text(value) for value in column.to_list()], dtype=pl.String)


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


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
    # A frame before each record is a field of it, so that no record has to be copied without.
    frame = {"name": _FRAME, "type": {"type": "fixed", "name": f"{_FRAME}Bytes", "size": FRAME_BYTES}}
    framed = json.dumps({**schema, "fields": [frame, *schema["fields"]]})
    head, bytes_head = (_file_head(one.encode()) for one in (framed, framed.replace('"string"', '"bytes"')))
    return Reader(schema, parsed, columns, types, head, bytes_head, by_block and polars_avro is not None)


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
