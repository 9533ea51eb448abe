"""One reject → all that is known of it, its original safe to look at, decoded where it can be."""

import base64
from pathlib import Path
from typing import Any

from dkd.jobs.fit import moment
from dkd.jobs.rejects import COLLECT, Listing, as_dict
from dkd.model.schema import Model
from dkd.query.show import visible
from dkd.stream.decode import Decoder, decoder, known_schemas
from dkd.stream.records import Batch

_HEX_BYTES = 16
_SHOWN_BYTES = 2_048


def raw_decoder(model: Model, schemas: Path) -> Decoder:
    """Reads single raw records of every known schema, each column as it was written."""
    return decoder(known_schemas(model, schemas), {})


def decoded(reader: Decoder, values: list[bytes | None]) -> list[dict[str, Any] | str]:
    """Columns of each value that is set, without nulls; a text that says why where it can't be read."""
    count = len(values)
    batch = Batch(0, range(count), [None] * count, values, [0] * count)
    found = reader.decode(batch)
    made: dict[int, dict[str, Any] | str] = {one.offset: one.problem for one in found.refusals}
    for row in found.frame.iter_rows(named=True):
        place = row.pop("offset")
        made[place] = {name: value for name, value in row.items() if value is not None}
    return [made.get(place, "it has no value") for place in range(count)]


def whole(listing: Listing, reader: Decoder) -> dict[str, Any]:
    """All of the first reject of *listing*, for programs: as listed, and its key, place and original."""
    (reject, *_) = listing.rejects
    columns = None if reject.stage == COLLECT else decoded(reader, [reject.value])[0]
    return {
        **as_dict(reject, listing.replayed_ms.get(reject.reject_id)),
        "partition": reject.partition,
        "offset": reject.offset,
        "key": None if reject.key is None else reject.key.decode("utf-8", "backslashreplace"),
        "sender": reject.headers.get("dkd-sender"),
        "is_cut": reject.is_cut,
        "value_base64": base64.b64encode(reject.value).decode(),
        "decoded": columns if isinstance(columns, dict) else None,
    }


def as_text(listing: Listing, reader: Decoder) -> str:
    """The same for people; what the visitor sent is shown with its control characters escaped."""
    (reject, *_), told = listing.rejects, whole(listing, reader)
    replayed_ms = told["replayed_ms"]
    lines = [
        ("reject", reject.reject_id),
        ("received", moment(reject.received_ms)),
        ("stage", reject.stage),
        ("reason", f"{reject.reason} ({reject.code})"),
        ("problem", reject.problem),
        ("remedy", reject.remedy),
        ("origin", reject.origin),
        ("key", "none" if told["key"] is None else told["key"]),
        *([("sender", told["sender"])] if told["sender"] else []),
        ("replayed", moment(replayed_ms) if replayed_ms else "no"),
        ("original", f"{len(reject.value):,} bytes{', only the beginning was kept' if reject.is_cut else ''}"),
    ]
    text = [f"{name:9} {visible(str(value))}" for name, value in lines]
    columns: dict[str, Any] = told["decoded"] or {}
    width = max(map(len, columns), default=0)
    shown = [f"  {name:{width}}  {visible(str(value))}" for name, value in columns.items()]
    return "\n".join([*text, *_content(reject.value), *(["decoded", *shown] if shown else [])])


def _content(value: bytes) -> list[str]:
    """The original as text where it is some, else as bytes in hexadecimal."""
    try:
        return [f"  {visible(line)}" for line in value.decode().split("\n")]
    except UnicodeDecodeError:
        pass
    lines = [
        f"  {start:04x}  {value[start : start + _HEX_BYTES].hex(' '):{3 * _HEX_BYTES}} {_printable(value, start)}"
        for start in range(0, min(len(value), _SHOWN_BYTES), _HEX_BYTES)
    ]
    left = len(value) - _SHOWN_BYTES
    return [*lines, f"  and {left:,} bytes more; --json has all"] if left > 0 else lines


def _printable(value: bytes, start: int) -> str:
    return "".join(chr(code) if 0x20 <= code < 0x7F else "." for code in value[start : start + _HEX_BYTES])
