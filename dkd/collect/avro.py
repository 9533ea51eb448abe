"""Values in the order of a schema's fields → one Avro record, by a writer that is put together once per schema."""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
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
        self._write = _compiled([_branches(field["type"]) for field in schema["fields"]])

    def write(self, values: Sequence[object]) -> bytes:
        """One record without any frame; *values* stand in the order of :attr:`names`, None is null.

        Raises:
            TypeError: When a field that cannot be null is None, or the number of values is another.
        """
        return self._write(*values)


def _compiled(fields: Sequence[tuple[bytes | None, Write]]) -> Callable[..., bytes]:
    """One expression for all *fields*: a loop over them costs as much again as what it does."""
    numbers = range(len(fields))
    given = ",".join(f"v{n}" for n in numbers)
    parts = "".join(f"n{n} if v{n} is None else w{n}(v{n})," for n in numbers)
    known: dict[str, Any] = {"join": b"".join}
    for number, (null, write) in enumerate(fields):
        known |= {f"n{number}": null, f"w{number}": write}
    # Nothing of the schema is in this text but how many fields it has.
    made: Callable[..., bytes] = eval(f"lambda {given}: join(({parts}))", known)  # noqa: S307
    return made


def _branches(kind: Any) -> tuple[bytes | None, Write]:
    """How null is written (None where it cannot be), and how a value is, with the number of its branch before it."""
    if not isinstance(kind, list):
        return None, _writer(kind, b"")
    null = kind.index("null")
    return whole(null), _writer(kind[1 - null], whole(1 - null))


def _writer(kind: Any, prefix: bytes) -> Write:
    if isinstance(kind, str) and kind in _PRIMITIVES:
        return _PRIMITIVES[kind](prefix)
    if isinstance(kind, Mapping) and kind["type"] == "array":
        return _array(_branches(kind["items"]), prefix)
    raise ValueError(f"no writer for {kind}")


def whole(value: int) -> bytes:
    """An ``int`` or ``long``: zigzag, seven bits to a byte, the lowest first."""
    rest = value << 1 ^ value >> 63
    if rest < _READY:
        return _LAST[rest]
    found = b""
    while rest >= _READY:
        found += _PAIRS[rest & _READY - 1]
        rest >>= 14
    return found + _LAST[rest]


@lru_cache(maxsize=4)
def _wholes(prefix: bytes) -> Write:
    ready = tuple(prefix + last for last in _LAST)

    def number(value: int) -> bytes:
        rest = value << 1 ^ value >> 63
        return ready[rest] if rest < _READY else prefix + whole(value)

    return number


def _texts(prefix: bytes) -> Write:
    heads = tuple(prefix + whole(size) for size in range(_SHORT))

    def text(value: str) -> bytes:
        try:
            content = value.encode()
        except UnicodeEncodeError:
            content = value.encode("utf-8", "replace")
        size = len(content)
        return (heads[size] if size < _SHORT else prefix + whole(size)) + content

    return text


def _booleans(prefix: bytes) -> Write:
    return {True: prefix + b"\x01", False: prefix + b"\x00"}.__getitem__


def _reals(form: struct.Struct) -> Callable[[bytes], Write]:
    return lambda prefix: lambda value: prefix + form.pack(value)


def _array(branches: tuple[bytes | None, Write], prefix: bytes) -> Write:
    null, write = branches

    def array(items: Sequence[object]) -> bytes:
        if not items:
            return prefix + b"\x00"
        parts = [null if item is None else write(item) for item in items]
        return prefix + whole(len(items)) + b"".join(parts) + b"\x00"  # type: ignore[arg-type]  # as above

    return array


_READY = 1 << 14
_SHORT = 256
_LAST = tuple(bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(_READY))
_PAIRS = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_READY))
"""Fourteen bits at a time, the last ones and those before: most numbers are lengths, sizes of screens, and times."""
_PRIMITIVES: dict[str, Callable[[bytes], Write]] = {
    "string": _texts, "int": _wholes, "long": _wholes, "boolean": _booleans, "float": _reals(_FLOAT),
    "double": _reals(_DOUBLE),
}  # fmt: skip
