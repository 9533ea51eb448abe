"""Rows → files that other programs open: CSV that no spreadsheet runs, Parquet, SQL; what they are stands in them."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dkd.query.compile import Query
from dkd.query.question import Interval
from dkd.query.rows import Rows
from dkd.query.show import csv_line
from dkd.query.shown import as_sql

_BATCH = 20_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection."""


def file_name(site: str, view: str, span: Interval, zone: str, end: str) -> str:
    """Site, view, interval and zone as one name: ``shop_overview_20261126T1330_20261127T1323_Europe-Amsterdam.csv``."""
    start, stop = (f"{moment.astimezone(ZoneInfo(zone)):%Y%m%dT%H%M}" for moment in (span.start, span.end))
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", view).strip("-").lower() or "view"
    return f"{site}_{plain}_{start}_{stop}_{zone.replace('/', '-')}.{end}"


def csv(notes: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV in pieces: a line ``# …`` for each note, the heading, the rows."""
    yield "".join(f"# {' '.join(note.split())}\r\n" for note in notes) + csv_line(map(harmless, columns))
    lines = iter(rows)
    while batch := [csv_line(map(harmless, row)) for row in islice(lines, _BATCH)]:
        yield "".join(batch)


def harmless(value: Any) -> Any:
    """The value; a text that a spreadsheet would compute gets an apostrophe in front, which shows it as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def parquet(
    notes: Sequence[str], columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[bytes]:
    """Parquet in pieces; *types* are those of SQL, and the notes are the schema's metadata ``dkd``."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    kinds = [_kind(kind) for kind in types]
    fields = [pa.field(name, kind) for name, kind in zip(columns, kinds, strict=True)]
    schema = pa.schema(fields, metadata={"dkd": "\n".join(notes)})
    sink = io.BytesIO()
    lines = iter(rows)
    with pq.ParquetWriter(_Pieces(sink), schema, compression="zstd") as writer:
        while batch := list(islice(lines, _BATCH)):
            held = [_column(values, kind) for values, kind in zip(zip(*batch, strict=True), kinds, strict=True)]
            writer.write_table(pa.Table.from_arrays(held, schema=schema))
            yield _taken(sink)
    yield _taken(sink)


def sql(notes: Sequence[str], queries: Iterable[Query]) -> str:
    """The queries with their values in place, to run with ``dkd sql``."""
    heads = "".join(f"-- {' '.join(note.split())}\n" for note in notes)
    texts = (f"\n-- {one.role}{', compared' if one.is_previous else ''}\n{as_sql(one)};\n" for one in queries)
    return heads + "".join(texts)


def types_of(rows: Rows) -> tuple[str, ...]:
    """Types in SQL of an answer's columns, by what stands in them."""
    found = []
    for at in range(len(rows.columns)):
        kinds = {type(row[at]) for row in rows.rows} - {type(None)}
        found.append("BIGINT" if kinds == {int} else "DOUBLE" if kinds and kinds <= {int, float} else "VARCHAR")
    return tuple(found)


class _Pieces(io.RawIOBase):
    """A file that is only ever written to its end, and whose written part is taken away meanwhile."""

    def __init__(self, sink: io.BytesIO) -> None:
        self._sink, self._count = sink, 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._count += len(piece)
        return self._sink.write(piece)

    def tell(self) -> int:
        return self._count


def _taken(sink: io.BytesIO) -> bytes:
    found = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return found


def _kind(sql_type: str) -> Any:
    import pyarrow as pa

    known = {
        "BIGINT": pa.int64(), "INTEGER": pa.int64(), "DOUBLE": pa.float64(), "FLOAT": pa.float64(),
        "TIMESTAMP": pa.timestamp("ms", tz="UTC"),
    }  # fmt: skip
    return known.get(sql_type.partition("(")[0], pa.string())


def _column(values: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.array([None if value is None else datetime.fromisoformat(value) for value in values], kind)
    if pa.types.is_string(kind):
        return pa.array([value if value is None or isinstance(value, str) else _plain(value) for value in values], kind)
    if pa.types.is_floating(kind):
        return pa.array([float(value) if value is not None else None for value in values], kind)
    return pa.array(values, kind)


def _plain(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
