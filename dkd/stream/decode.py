"""The values of a batch become columns by the standard names, and a reject for each record that can't be read."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd import kernel
from dkd.model.columns import RAW_FIELDS
from dkd.model.schema import Model
from dkd.stream.blocks import FRAME_BYTES, Reader, reader
from dkd.stream.records import Batch
from dkd.systems.avro.render import raw_schema, schema_id

_HEAD: Callable[[Any], bytes] = itemgetter(slice(FRAME_BYTES))

Schema = dict[str, Any]


class Refusal(NamedTuple):
    """Why one record of a batch is no event.

    Attributes:
        offset: Where it stands in its partition.
        stage: Which step refused it.
        code: Stable code of the problem.
        reason: One machine-readable word.
        problem: What was found.
        remedy: What to do.
    """

    offset: int
    stage: str
    code: str
    reason: str
    problem: str
    remedy: str


class Decoded(NamedTuple):
    """What a batch holds.

    Attributes:
        frame: ``offset`` and the standard columns, one row for each readable record, by offset.
        refusals: One for each unreadable record, by offset.
    """

    frame: pl.DataFrame
    refusals: list[Refusal]


@dataclass(frozen=True)
class Decoder:
    """Reads framed Avro of every known schema.

    Attributes:
        readers: By schema id.
        wanted: Type of each column; a value of an older schema that can't be cast to it refuses its record.
    """

    readers: Mapping[int, Reader]
    wanted: Mapping[str, pl.DataType]

    def decode(self, batch: Batch) -> Decoded:
        """Columns of the records with a value; ticks are in neither part.

        The outcome of a record depends on its bytes alone, never on its neighbours.
        """
        refusals: list[Refusal] = []
        frames = [pl.DataFrame(schema={"offset": pl.Int64()})]
        for found_id, places in self._by_schema(batch, refusals).items():
            is_whole = len(places) == len(batch)
            values: Any = batch.values if is_whole else [batch.values[place] for place in places]
            table = self.readers[found_id].read(values)
            offsets = _array(batch.offsets) if is_whole else _array(batch.offsets)[np.asarray(places)]
            lost = np.delete(np.arange(len(values)), table.places) if len(table.places) < len(values) else ()
            refusals += [_unreadable(int(offsets[place]), found_id, len(values[place]) - FRAME_BYTES) for place in lost]
            frame = table.frame.insert_column(0, pl.Series("offset", offsets[table.places]))
            frames.append(self._typed(frame, refusals))
        frame = pl.concat(frames, how="diagonal_relaxed").sort("offset") if len(frames) > 2 else frames[-1]
        return Decoded(frame, sorted(refusals))

    def _by_schema(self, batch: Batch, refusals: list[Refusal]) -> dict[int, Sequence[int]]:
        """Places in the batch by schema id; records without a frame, or of an unknown schema, are refused."""
        found: dict[int, Sequence[int]] = {}
        for head, places in _by_head(batch.values).items():
            named = int.from_bytes(head[1:], "big")
            if len(head) == FRAME_BYTES and head[0] == 0 and named in self.readers:
                found[named] = places
            else:
                refusals += [_unframed(batch.offsets[place], head) for place in places]
        return found

    def _typed(self, frame: pl.DataFrame, refusals: list[Refusal]) -> pl.DataFrame:
        """*frame* with the wanted types; rows with a value that has none of that type are refused."""
        changed = [name for name, kind in frame.schema.items() if name in self.wanted and kind != self.wanted[name]]
        for name in changed:
            kind = self.wanted[name]
            nested = frame.schema[name].is_nested() != kind.is_nested()
            cast = pl.lit(None, kind) if nested else pl.col(name).cast(kind, strict=False)
            tried = frame.with_columns(cast.alias("?cast"))
            failed = pl.col(name).is_not_null() & pl.col("?cast").is_null()
            refusals += [_wrong_type(offset, name, kind) for offset in tried.filter(failed)["offset"].to_list()]
            frame = tried.filter(~failed).with_columns(pl.col("?cast").alias(name)).drop("?cast")
        return frame


def _by_head(values: Sequence[bytes | None]) -> Mapping[bytes, Sequence[int]]:
    """Places of the values that begin alike; ticks are in none."""
    if kernel.IS_COMPILED and (head := _one_head(values)):
        return {head: range(len(values))}
    if None not in values and len(heads := set(map(_HEAD, values))) == 1:
        return {heads.pop(): range(len(values))}
    found = [None if value is None else value[:FRAME_BYTES] for value in values]
    numbers = {head: number for number, head in enumerate(dict.fromkeys(found))}
    codes = np.fromiter(map(numbers.__getitem__, found), np.intp, len(found))
    parts = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return {head: part.tolist() for head, part in zip(numbers, parts, strict=False) if head is not None}


def _array(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.arange(numbers.start, numbers.stop) if isinstance(numbers, range) else np.asarray(numbers, np.int64)


def _one_head(values: Sequence[bytes | None]) -> bytes | None:
    from dkd.kernel.avro import one_head

    return one_head(list(values), FRAME_BYTES)


def known_schemas(model: Model, folder: Path) -> dict[int, Schema]:
    """Schemas by id: every file of *folder* (``specs/<site>/schemas``, which may be absent) and the model's own."""
    own = raw_schema(model)
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.avsc"))]
    return {schema_id(schema): schema for schema in (*kept, own)}


def decoder(schemas: Mapping[int, Schema], wanted: Mapping[str, pl.DataType]) -> Decoder:
    """A decoder of records of *schemas* into columns of the types *wanted*."""
    columns = {field.name: field.column for field in RAW_FIELDS}
    return Decoder({one: reader(schema, columns) for one, schema in schemas.items()}, wanted)


def _unframed(offset: int, head: bytes) -> Refusal:
    if len(head) == FRAME_BYTES and head[0] == 0:
        named = int.from_bytes(head[1:], "big")
        return Refusal(offset, "decode", "DKD521", "unknown_schema", f"schema {named} is unknown here",
                       f"put the schema's file {named}.avsc into specs/<site>/schemas")  # fmt: skip
    return Refusal(offset, "decode", "DKD520", "unreadable_avro",
                   f"it begins with 0x{head.hex()} and not with a schema id",
                   "let the collector write Divolte's confluent framing")  # fmt: skip


def _unreadable(offset: int, found_id: int, body_bytes: int) -> Refusal:
    return Refusal(offset, "decode", "DKD520", "unreadable_avro",
                   f"its {body_bytes} bytes are no record of schema {found_id}",
                   "compare the writer's schema with the one of that id")  # fmt: skip


def _wrong_type(offset: int, name: str, kind: pl.DataType) -> Refusal:
    return Refusal(offset, "decode", "DKD522", "bad_type", f"{name} was written as another type and is no {kind}",
                   f"give {name} its earlier type back, or name the field anew")  # fmt: skip
