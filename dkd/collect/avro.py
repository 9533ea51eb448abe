"""Values in the order of a schema's fields → one Avro record, by a writer that is put together once per schema."""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dkd import kernel

Write = Callable[[Any], bytes]

_FLOAT = struct.Struct("<f")
_DOUBLE = struct.Struct("<d")


class Writer:
    """Writes records of one schema; fastavro is its oracle in the tests.

    Attributes:
        names: Of the schema's fields.
        write: Makes one record of a list of values in the order of :attr:`names`, None is null. Raises TypeError when
            a field that cannot be null is None, or the number of values is another.
        plain: The same where there is no compiled kernel.
    """

    def __init__(self, schema: Mapping[str, Any], before: bytes = b"") -> None:
        """Take a record *schema* whose fields are primitives or lists of them, each plain or nullable.

        Args:
            schema: As Avro has it.
            before: What stands before every record.

        Raises:
            ValueError: For any other type; dkd renders no such schema.
        """
        kinds = [field["type"] for field in schema["fields"]]
        self.names: tuple[str, ...] = tuple(field["name"] for field in schema["fields"])
        self.plain: Callable[[list[object]], bytes] = _joined([_branches(kind) for kind in kinds], before)
        self.write = _kernel(kinds, before) if kernel.IS_COMPILED else self.plain


def _kernel(kinds: Sequence[Any], before: bytes) -> Callable[[list[object]], bytes]:
    from dkd.kernel import record

    def kind(of: Any) -> tuple[int, int]:
        null = of.index("null") if isinstance(of, list) else -1
        plain = of if null < 0 else of[1 - null]
        return record.KINDS.index("array" if isinstance(plain, Mapping) else plain), null

    def items(of: Any) -> tuple[int, int]:
        plain = next(one for one in of if one != "null") if isinstance(of, list) else of
        return kind(plain["items"]) if isinstance(plain, Mapping) else (0, -1)

    return record.Writer(before, [(*kind(one), *items(one)) for one in kinds]).write


def _joined(fields: Sequence[tuple[bytes | None, Write]], before: bytes) -> Callable[[list[object]], bytes]:
    """One expression for all *fields*: a loop over them costs as much again as what it does."""
    numbers = range(len(fields))
    given = ",".join(f"v{n}" for n in numbers)
    parts = "".join(f"n{n} if v{n} is None else w{n}(v{n})," for n in numbers)
    known: dict[str, Any] = {"join": b"".join, "before": before}
    for number, (null, write) in enumerate(fields):
        known |= {f"n{number}": null, f"w{number}": write}
    # Nothing of the schema is in this text but how many fields it has.
    made: Callable[..., bytes] = eval(f"lambda {given}: join((before,{parts}))", known)  # noqa: S307
    return lambda values: made(*values)


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
