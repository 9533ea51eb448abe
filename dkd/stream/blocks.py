"""Avro bodies of one schema become columns: as a whole where they lie, or one by one where the walk is not sure."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import fastavro
import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd import kernel
from dkd.stream import views
from dkd.stream.arrays import arrow_of, as_text
from dkd.stream.structure import SPARE, Found, ends_of, is_known, kind_of, walked_through

Schema = Mapping[str, Any]
Places = NDArray[np.intp]

FRAME_BYTES = 5
_POLARS: dict[str, pl.DataType] = {
    "string": pl.String(), "boolean": pl.Boolean(), "int": pl.Int32(), "long": pl.Int64(), "float": pl.Float32(),
    "double": pl.Float64(), "bytes": pl.Binary(), "null": pl.String(),
}  # fmt: skip


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
        is_compiled = kernel.IS_COMPILED and is_known(self.schema)
        table, unsure = (self._compiled if is_compiled else self._plain)(values)
        if not len(unsure):
            return table
        singles = self._singly(values, unsure)
        places = np.concatenate((table.places, singles.places))
        order = np.argsort(places)
        return Table(pl.concat((table.frame, singles.frame))[order], places[order])

    def _compiled(self, values: Sequence[bytes]) -> tuple[Table, Places]:
        """The sound records, and the places of those of which the walk is not sure."""
        columns, verdicts = views.walked(list(values), FRAME_BYTES, self.schema["fields"])
        frame = pl.DataFrame(list(map(_named, self.types, columns, self.types.values())))
        places = np.flatnonzero(verdicts == 0)
        if len(places) < len(values):
            frame = frame[places]
        return Table(frame, places), np.flatnonzero(verdicts == 2)

    def _plain(self, values: Sequence[bytes]) -> tuple[Table, Places]:
        """The same."""
        text = b"".join((*values, bytes(SPARE)))
        verdict = walked_through(text, ends_of(values), self.schema, FRAME_BYTES)
        table = self._columns(text, verdict.fields, np.flatnonzero(verdict.sound))
        return table, np.flatnonzero(verdict.unsure)

    def _columns(self, text: bytes, fields: Sequence[Found], places: Places) -> Table:
        """The records at *places*, all of them sound, but those with a text that is not UTF-8."""
        if not len(places):
            return Table(pl.DataFrame(schema=dict(self.types)), places)
        lost, found = np.zeros(len(places), bool), list[pl.Series]()
        whole = len(places) == len(fields[0].live) if fields else True
        for (name, kind), field, values in zip(self.types.items(), self.schema["fields"], fields, strict=True):
            mine = values if whole else values.at(places)
            column = pl.Series(name, arrow_of(text, mine, kind_of(field["type"])))
            if column.dtype != kind:
                column, is_lost = as_text(column, kind)
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


def reader(schema: Schema, names: Mapping[str, str]) -> Reader:
    """A reader of records of *schema*.

    Args:
        schema: A flat record, as it was written.
        names: Column of each Avro field; a field that is not here keeps its own name.
    """
    columns = {field["name"]: names.get(field["name"], field["name"]) for field in schema["fields"]}
    types = {columns[field["name"]]: _type(kind_of(field["type"])) for field in schema["fields"]}
    return Reader(schema, fastavro.parse_schema(json.loads(json.dumps(schema))), columns, types)


def _named(name: str, column: Any, kind: pl.DataType) -> pl.Series:
    found = pl.Series(name, column)
    return found if found.dtype == kind else found.cast(kind)


def _type(kind: Any) -> pl.DataType:
    return pl.List(_type(kind_of(kind["items"]))) if isinstance(kind, Mapping) else _POLARS[kind]
