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


def text(least: int, most: int) -> Any:
    """The type of a text of *least* to *most* characters."""
    return Annotated[str, Meta(min_length=least, max_length=most)]


def kind(field: Field, is_exact: bool) -> Any:
    """The type of *field*; values of an enum count only where *is_exact*."""
    if field.type == "enum":
        return Literal[field.values] if is_exact and field.values else str
    return _TYPES[field.type]


class Reading:
    """Reads events of one structure into records of one layout.

    Attributes:
        nests: Whether it takes values of any type, which may hold others.
    """

    def __init__(self, types: Mapping[str, Any], slots: Mapping[str, int], size: int) -> None:
        """Take names of *types* and no others; each of *slots* goes to its place in a record of *size* values."""
        named = {slots[name]: name for name in types if name in slots}
        # It begins with the whole record, so that values need no sorting; what nobody may send takes null.
        names = [named.get(slot, f" {slot}") for slot in range(size)]
        self._others = [name for name in types if name not in named.values()]
        names += self._others
        fields = [(f"v{index}", types.get(name, type(None)) | None, None) for index, name in enumerate(names)]
        rename = {f"v{index}": name for index, name in enumerate(names)}
        made = msgspec.defstruct("Event", fields, forbid_unknown_fields=True, rename=rename, gc=False)
        self.nests = object in types.values()
        self._decode = msgspec.json.Decoder(made).decode
        self._size = size

    def read(self, content: bytes) -> tuple[list[object], dict[str, object]] | None:
        """The record that *content* fills, and the values without a place there; None where a closer look is needed."""
        try:
            values = list(astuple(self._decode(content)))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not self._others:
            return values, {}
        others = dict(zip(self._others, values[self._size :], strict=True))
        del values[self._size :]
        return values, others
