"""Finished sessions become rows of the sessions topic: JSON as clean events are, in an order that no cut changes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dkd.enrich.blobs import PAGES, page_entries
from dkd.enrich.bots import texts_of
from dkd.enrich.contexts import DEVICE, ORIGIN, unpacked
from dkd.enrich.encode import encode
from dkd.enrich.rules import Rules
from dkd.enrich.runs import BLOB_PARTS, Pieces, united
from dkd.enrich.singles import party_numbers, value_of
from dkd.model.columns import PARTY_NUMBER, SESSION_COLUMNS

HEARTBEAT_S = 10
"""A page that has the visitor's attention sends a heartbeat so often."""

_ENGAGED_S = 20
_ID_BYTES = 16

_TYPE: dict[str, pl.DataType] = {
    "string": pl.String(), "long": pl.Int64(), "double": pl.Float64(), "boolean": pl.Boolean(),
    "list": pl.List(pl.String()),
}  # fmt: skip


class Finished(NamedTuple):
    """Rows of the sessions topic, in its order.

    Attributes:
        offsets: Of the record of raw that closed each session.
        party_ids: Keys.
        values: JSON.
    """

    offsets: list[int]
    party_ids: list[bytes]
    values: list[bytes]

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def none(cls) -> "Finished":
        """No rows."""
        return cls([], [], [])


class Ended(NamedTuple):
    """Sessions of one partition that ended.

    Attributes:
        pieces: Of each of them one.
        offsets: Of the record of raw that closed each.
        closed_by: Why.
    """

    pieces: Pieces
    offsets: NDArray[np.int64]
    closed_by: list[str]

    @classmethod
    def none(cls) -> "Ended":
        """No sessions."""
        return cls(Pieces.empty(), np.empty(0, np.int64), [])


def finished(ended: Sequence[Ended], rules: Rules) -> list[Finished]:
    """Rows of the sessions of each partition, by the offset that closed them, then end, start and id."""
    counts = [len(one.offsets) for one in ended]
    if not any(counts):
        return [Finished.none() for _ in ended]
    pieces, offsets = united(one.pieces for one in ended), np.concatenate([one.offsets for one in ended])
    rows, lane = pieces.rows, np.repeat(np.arange(len(ended)), counts)
    order = np.lexsort((rows["id"][:, 1], rows["id"][:, 0], rows["start_ms"], rows["end_ms"], offsets, lane))
    closed_by = [why for one in ended for why in one.closed_by]
    table = _table(pieces.at(order), [closed_by[place] for place in order.tolist()], rules)
    closed_at, party_ids = offsets[order].tolist(), table["party_id"].cast(pl.Binary).to_list()
    values = encode(table.select(column.name for column in SESSION_COLUMNS))
    edges = pairwise([0, *np.cumsum(counts).tolist()])
    return [Finished(closed_at[start:end], party_ids[start:end], values[start:end]) for start, end in edges]


def _table(pieces: Pieces, closed_by: list[str], rules: Rules) -> pl.DataFrame:
    """The columns of session rows, in no order."""
    rows, texts = pieces.rows, _texts(pieces)
    numbers = {name: rows[name].astype(np.int64) for name in ("start_ms", "end_ms", "pageviews", "conversions")}
    engaged_s = rows["heartbeats"].astype(np.float64) * HEARTBEAT_S
    is_engaged = (numbers["pageviews"] > 1) | (numbers["conversions"] > 0) | (engaged_s >= _ENGAGED_S)
    values = [value_of(*sums) for sums in zip(rows["units"].tolist(), rows["micros"].tolist(), strict=True)]
    entries = [[path.decode() for _, _, path in page_entries(packed)] for packed in texts["pages_bytes"]]
    found: dict[str, Any] = {
        "session_id": [one.tobytes().hex() for one in rows["id"]],
        "merged_ids": [_ids(packed) for packed in texts["merged_bytes"]],
        "party_id": [party.decode() for party in texts["party_bytes"]],
        PARTY_NUMBER: party_numbers(rows["key"]),
        "start_ms": numbers["start_ms"],
        "end_ms": numbers["end_ms"],
        "duration_s": (numbers["end_ms"] - numbers["start_ms"]) / 1000,
        "engaged_s": engaged_s if rules.has_heartbeats else None,
        "event_count": rows["events"].astype(np.int64),
        "pageview_count": numbers["pageviews"],
        "click_count": rows["clicks"].astype(np.int64),
        "entry_page": [paths[0] if paths else None for paths in entries],
        "exit_page": [paths[-1] if paths else None for paths in entries],
        "pages": [paths[:PAGES] or None for paths in entries],
        "pages_truncated": rows["pages"] > PAGES,
        "is_bounce": (numbers["pageviews"] == 1) & ~is_engaged,
        "converted": numbers["conversions"] > 0 if rules.conversions else None,
        "conversions": numbers["conversions"] if rules.conversions else None,
        "conversion_value": values if any(one.column for one in rules.conversions) else None,
        "is_bot": rows["bot"] > 0 if rules.has_bots else None,
        "bot_reason": list(map(texts_of, rows["bot"].tolist())),
        "closed_by": closed_by,
    }
    columns = [_column(column.name, column.type, found[column.name], len(rows))
               for column in SESSION_COLUMNS if column.name in found]  # fmt: skip
    arrays = ((texts["origin_bytes"], ORIGIN), (texts["device_bytes"], DEVICE))
    return pl.DataFrame([*columns, *(one for packed, names in arrays for one in _unpacked(packed, names))])


def _column(name: str, kind: str, values: Any, height: int) -> pl.Series:
    if values is None:
        return pl.Series(name, [None], _TYPE[kind]).new_from_index(0, height)
    return _lists(name, values) if kind == "list" else pl.Series(name, values, _TYPE[kind])


def _lists(name: str, values: list[list[str] | None]) -> pl.Series:
    """Lists of texts as a column; polars itself looks at each list on its own, 20 times slower."""
    ends = np.cumsum([0, *(len(one or ()) for one in values)])
    is_there = np.array([one is not None for one in values])
    items = pa.array([text for one in values for text in one or ()], pa.large_string())
    buffers = [pa.py_buffer(np.packbits(is_there, bitorder="little")), pa.py_buffer(ends)]
    array = pa.Array.from_buffers(pa.large_list(pa.large_string()), len(values), buffers, children=[items])
    return pl.Series(name, array)


def _texts(pieces: Pieces) -> dict[str, list[bytes]]:
    """The parts of each blob."""
    found: dict[str, list[bytes]] = {}
    starts = np.zeros(len(pieces.rows), np.int64)
    for name in BLOB_PARTS:
        ends = starts + pieces.rows[name]
        spans = zip(pieces.blobs, starts.tolist(), ends.tolist(), strict=True)
        found[name] = [blob[start:end] for blob, start, end in spans]
        starts = ends
    return found


def _ids(packed: bytes) -> list[str] | None:
    if not packed:
        return None
    # In which order they merged depends on what was a session already when the batch began.
    return sorted(packed[place : place + _ID_BYTES].hex() for place in range(0, len(packed), _ID_BYTES))


def _unpacked(packed: list[bytes], names: tuple[str, ...]) -> list[pl.Series]:
    """The columns of origins or of devices, which many sessions have alike."""
    known = {text: unpacked(text) for text in dict.fromkeys(packed)}
    return [pl.Series(name, [known[text][place] for text in packed], pl.String) for place, name in enumerate(names)]
