"""Finished sessions become rows of the sessions topic: JSON as clean events are, in an order that no cut changes."""

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.blobs import PAGES, page_entries
from dkd.enrich.bots import texts_of
from dkd.enrich.contexts import DEVICE, ORIGIN
from dkd.enrich.encode import encode
from dkd.enrich.rules import Rules
from dkd.enrich.runs import BLOB_PARTS, Pieces
from dkd.enrich.singles import party_numbers, value_of
from dkd.model.columns import PARTY_HASH, SESSION_COLUMNS

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


def finished(pieces: Pieces, offsets: NDArray[np.int64], closed_by: list[str], rules: Rules) -> Finished:
    """Rows of the sessions *pieces*, by the offset that closed them, then end, start and id."""
    rows = pieces.rows
    order = np.lexsort((rows["id"][:, 1], rows["id"][:, 0], rows["start_ms"], rows["end_ms"], offsets))
    places = order.tolist()
    if not places:
        return Finished.none()
    table = _table(pieces.at(order), [closed_by[place] for place in places], rules)
    values = encode(table.select(column.name for column in SESSION_COLUMNS))
    return Finished(offsets[order].tolist(), table["party_id"].cast(pl.Binary).to_list(), values)


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
        PARTY_HASH: party_numbers(rows["key"]),
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
    return pl.Series(name, values, _TYPE[kind])


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
    # In which order they merged depends on what was a session already when the batch began.
    return sorted(packed[place : place + _ID_BYTES].hex() for place in range(0, len(packed), _ID_BYTES)) or None


def _unpacked(packed: list[bytes], names: tuple[str, ...]) -> list[pl.Series]:
    arrays = pl.Series(packed, dtype=pl.Binary).cast(pl.String).str.json_decode(pl.List(pl.String))
    return [arrays.list.get(place).alias(name) for place, name in enumerate(names)]
