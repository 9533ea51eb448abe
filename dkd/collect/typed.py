"""The model's fields → a msgspec structure that reads one event and checks it in one go, the way most events are.

What it refuses is not wrong yet: it takes exactly what needs no conversion and no second look. Whatever it does not
take is read again name by name, which finds the field and the remedy, or the conversion.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import astuple

from dkd.model.schema import Field

INT = Annotated[int, Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
LONG = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_FLOAT = Annotated[float, Meta(ge=-3.4028234663852886e38, le=3.4028234663852886e38)]
_TYPES: dict[str, Any] = {
    "string": str, "boolean": bool, "list": list[str], "int": INT, "long": LONG, "timestamp": LONG, "float": _FLOAT,
    "double": float,
}  # fmt: skip

Values = tuple[object, ...]


def text(least: int, most: int) -> Any:
    """The type of a text of *least* to *most* characters."""
    return Annotated[str, Meta(min_length=least, max_length=most)]


def kind(field: Field, is_exact: bool) -> Any:
    """The type of *field*; values of an enum count only where *is_exact*."""
    if field.type == "enum":
        return Literal[field.values] if is_exact and field.values else str
    return _TYPES[field.type]


class Reading:
    """Reads events of one structure into records of one layout."""

    def __init__(self, types: Mapping[str, Any], slots: Mapping[str, int], size: int) -> None:
        """Take names of *types* and no others; each of *slots* goes to its place in a record of *size* values."""
        named = {slots[name]: name for name in types if name in slots}
        # It begins with the whole record, so that values need no sorting; what nobody may send takes null.
        names = [named.get(slot, f" {slot}") for slot in range(size)]
        names += [name for name in types if name not in named.values()]
        fields = [(f"v{index}", types.get(name, type(None)) | None, None) for index, name in enumerate(names)]
        rename = {f"v{index}": name for index, name in enumerate(names)}
        made = msgspec.defstruct("Event", fields, forbid_unknown_fields=True, rename=rename, gc=False)
        self._decode = msgspec.json.Decoder(made).decode
        self._size = size
        self._index = {name: index for index, name in enumerate(names)}

    def read(self, content: bytes) -> tuple[list[object], Values] | None:
        """The record that *content* fills and all values by :meth:`index`; None where a closer look is needed."""
        try:
            values = astuple(self._decode(content))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return list(values[: self._size]), values

    def index(self, name: str) -> int:
        """Where the value of *name* stands."""
        return self._index[name]
