"""Values in the order of a schema's fields → one Avro record, by a writer that is put together once per schema."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Write = Callable[[Any], bytes]

_FLOAT = struct.Struct("<f")
_DOUBLE = struct.Struct("<d")


class Writer:
    """Writes records of one schema; fastavro is its oracle in the tests."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Take a record *schema* whose fields are primitives or lists of them, each plain or nullable.

        Raises:
            ValueError: For any other type; dkd renders no such schema.
        """
        self.names: tuple[str, ...] = tuple(field["name"] for field in schema["fields"])
        self._fields = tuple(_branches(field["type"]) for field in schema["fields"])

    def write(self, values: Sequence[object]) -> bytes:
        """One record without any frame; *values* stand in the order of :attr:`names`, None is null.

        Raises:
            TypeError: When a field that cannot be null is None.
        """
        parts = [
            null if value is None else write(value) for value, (null, write) in zip(values, self._fields, strict=True)
        ]
        return b"".join(parts)


def _branches(kind: Any) -> tuple[Any, Write]:
    """How null is written (None where it cannot be), and how a value is, with the number of its branch."""
    if not isinstance(kind, list):
        return None, _writer(kind)
    null = kind.index("null")
    prefix, inner = whole(1 - null), kind[1 - null]
    if inner == "string":
        return whole(null), _prefixed_text(prefix)
    if inner in ("int", "long"):
        return whole(null), _prefixed_whole(prefix)
    write = _writer(inner)
    return whole(null), lambda value: prefix + write(value)


def _writer(kind: Any) -> Write:
    if isinstance(kind, str) and kind in _PRIMITIVES:
        return _PRIMITIVES[kind]
    if isinstance(kind, Mapping) and kind["type"] == "array":
        return _array(_branches(kind["items"]))
    raise ValueError(f"no writer for {kind}")


def whole(value: int) -> bytes:
    """An ``int`` or ``long``: zigzag, seven bits to a byte, the lowest first."""
    rest = value << 1 ^ value >> 63
    if rest < _MOST_READY:
        return _READY[rest]
    return _spelled(rest)


def _spelled(rest: int) -> bytes:
    if _TIMES[0] <= rest < _TIMES[1]:
        low = rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14 & 127 | 128, rest >> 21 & 127 | 128
        return bytes((*low, rest >> 28 & 127 | 128, rest >> 35))
    found = bytearray()
    while rest > 127:
        found.append(rest & 127 | 128)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def _prefixed_text(prefix: bytes) -> Write:
    """Most of a record is text: its length comes ready with what stands before it."""
    heads = tuple(prefix + whole(size) for size in range(_MOST_READY // 2))

    def text(value: str) -> bytes:
        try:
            content = value.encode()
        except UnicodeEncodeError:
            content = value.encode("utf-8", "replace")
        size = len(content)
        return (heads[size] if size < _MOST_READY // 2 else prefix + whole(size)) + content

    return text


def _prefixed_whole(prefix: bytes) -> Write:
    heads = tuple(prefix + one for one in _READY)

    def whole(value: int) -> bytes:
        rest = value << 1 ^ value >> 63
        return heads[rest] if rest < _MOST_READY else prefix + _spelled(rest)

    return whole


def _text(value: str) -> bytes:
    content = value.encode("utf-8", "replace")
    return whole(len(content)) + content


def _boolean(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _array(branches: tuple[Any, Write]) -> Write:
    null, write = branches

    def array(items: Sequence[object]) -> bytes:
        if not items:
            return b"\x00"
        return whole(len(items)) + b"".join(null if item is None else write(item) for item in items) + b"\x00"

    return array


_TIMES = 1 << 35, 1 << 42
"""What takes six bytes: milliseconds since 1970, of our time."""
_MOST_READY = 4096
_READY = tuple(map(_spelled, range(_MOST_READY)))
"""Small numbers are most numbers: lengths of texts, sizes of screens."""
_PRIMITIVES: dict[str, Write] = {
    "string": _text, "int": whole, "long": whole, "boolean": _boolean, "float": _FLOAT.pack, "double": _DOUBLE.pack,
}  # fmt: skip
