"""Avro bodies are told apart, before any reader sees them: those that end exactly where they should, and the others.

A column reader takes many records as one block. A body that is too short or too long would shift all that follow, and
polars-avro 0.13 never returns from a block that holds more bytes than its records use. So each body is walked first,
field by field, all records at once: positions are numpy columns, and a step costs the same for one record or thousands.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_LONGEST_LIST = 64
"""Items of a list are walked one by one, for all records at once; a longer one is left to a slower reader."""

SPARE = 16
"""Bytes behind the last body, so that a number cut off there can be read without looking at the end each time."""

_PRIMITIVE = frozenset({"null", "boolean", "int", "long", "float", "double", "string", "bytes"})


class Verdict(NamedTuple):
    """What the walk found, one entry for each body.

    Attributes:
        sound: Every length and branch fits, and the last field ends where the body ends.
        unsure: Holds what the walk doesn't know, so it is not called sound; a reader of single records must decide.
    """

    sound: Mask
    unsure: Mask


def walked(bodies: Sequence[bytes], schema: Mapping[str, Any]) -> Verdict:
    """Whether each of *bodies* has the structure of a record of *schema*; text is not checked for UTF-8."""
    ends = np.cumsum(np.fromiter(map(len, bodies), np.int64, len(bodies)))
    return walked_through(b"".join((*bodies, bytes(SPARE))), ends, schema)


def walked_through(
    text: bytes | memoryview, ends: NDArray[np.int64], schema: Mapping[str, Any], frame_bytes: int = 0
) -> Verdict:
    """The same for bodies that stand one after the other.

    Args:
        text: Begins with the first body; :data:`SPARE` bytes or more follow the last.
        ends: Of each body.
        schema: Of the bodies.
        frame_bytes: What stands before each body and is not looked at.
    """
    count = len(ends)
    if not all(_known(field["type"]) for field in schema["fields"]):
        return Verdict(np.zeros(count, bool), np.ones(count, bool))
    starts = np.concatenate((np.zeros(min(count, 1), np.int64), ends[:-1])) + frame_bytes
    walk, every = _Walk(np.frombuffer(text, np.uint8), starts, ends), np.ones(count, bool)
    for field in schema["fields"]:
        walk.value(field["type"], every)
    return Verdict(walk.arrived & ~walk.unsure, walk.unsure)


def _known(kind: Any) -> bool:
    if isinstance(kind, list):
        return all(_known(branch) for branch in kind)
    if isinstance(kind, Mapping):
        return bool(kind["type"] in _PRIMITIVE or (kind["type"] == "array" and _known(kind["items"])))
    return kind in _PRIMITIVE


class _Walk:
    """One place in each body, moved forward field by field; it never leaves the body.

    Methods take *live*, the bodies in which there is a value to step over; the others stay where they are.
    """

    def __init__(self, data: NDArray[np.uint8], place: NDArray[np.int64], end: NDArray[np.int64]) -> None:
        self._data = data
        self.place = place
        self._end = end
        self.sound = np.ones(len(place), bool)
        self.unsure = np.zeros(len(place), bool)

    @property
    def arrived(self) -> Mask:
        """Which bodies are sound and used up."""
        at_end: Mask = self.place == self._end
        return self.sound & at_end

    def value(self, kind: Any, live: Mask) -> None:
        """Step over a value of type *kind*."""
        if isinstance(kind, list):
            self._union(kind, live)
        elif isinstance(kind, Mapping) and kind["type"] == "array":
            self._list(kind["items"], live)
        else:
            self._primitive(kind["type"] if isinstance(kind, Mapping) else kind, live)

    def _primitive(self, kind: str, live: Mask) -> None:
        if kind in ("string", "bytes"):
            self._skip(self._number(live), live)
        elif kind == "long":
            self._number(live)
        elif kind == "int":
            number = self._number(live)
            self._refuse(live & ((number < -(2**31)) | (number >= 2**31)))
        elif kind == "boolean":
            self._refuse(live & (self._data[self.place] > 1))
            self._skip(1, live)
        elif kind in ("float", "double"):
            self._skip(4 if kind == "float" else 8, live)

    def _union(self, branches: Sequence[Any], live: Mask) -> None:
        chosen = self._data[self.place]  # a number below 64 is one byte, twice its value
        self.unsure |= live & (chosen > 0x7F)  # the same number may be written longer, though nobody does
        self._refuse(live & ((chosen >= 2 * len(branches)) | (chosen & 1 == 1)))
        self._move(live.astype(np.int64))
        for seq, branch in enumerate(branches):
            if branch != "null":
                self.value(branch, live & (chosen == 2 * seq))

    def _list(self, items: Any, live: Mask) -> None:
        rows = np.flatnonzero(live & self.sound)
        inner = _Walk(self._data, self.place[rows], self._end[rows])
        inner.walk_list(items)
        self.place[rows] = inner.place
        self.sound[rows] &= inner.sound
        self.unsure[rows] |= inner.unsure

    def walk_list(self, items: Any) -> None:
        """Step over a list in every body: blocks of items, of which the last is empty."""
        live, passed = np.ones(len(self.place), bool), np.zeros(len(self.place), np.int64)
        while live.any():
            count = self._number(live)
            self._number(live & (count < 0))  # the block's length in bytes, for readers that want to skip it
            count = np.where(live, np.minimum(np.abs(count), _LONGEST_LIST + 1), 0)
            passed += count
            self.unsure |= passed > _LONGEST_LIST
            live &= (count > 0) & self.sound & ~self.unsure
            for done in range(int(count[live].max(initial=0))):
                self.value(items, live & (count > done))

    def _number(self, live: Mask) -> NDArray[np.int64]:
        """Read a zigzag number in each live body; 0 in the others."""
        number, more, shift = np.zeros(len(live), np.uint64), live, 0
        place = self.place.copy()
        while shift < 70 and more.any():
            byte = self._data[place]
            number |= np.where(more, byte & np.uint8(0x7F), np.uint8(0)).astype(np.uint64) << np.uint64(shift)
            if shift == 63:
                self._refuse(more & (byte > 1))
            place += more
            more = more & (byte > 0x7F)
            shift += 7
        self._move(place - self.place)
        return (number >> np.uint64(1)).view(np.int64) ^ -(number & np.uint64(1)).view(np.int64)

    def _skip(self, length: NDArray[np.int64] | int, live: Mask) -> None:
        room = self._end - self.place
        self._refuse(live & ((length < 0) | (length > room)))
        self._move(np.where(live, np.clip(length, 0, room), 0))

    def _move(self, steps: NDArray[np.int64]) -> None:
        self.place += steps
        beyond = self.place > self._end
        if beyond.any():
            self._refuse(beyond)
            np.minimum(self.place, self._end, out=self.place)

    def _refuse(self, wrong: Mask) -> None:
        self.sound &= ~wrong
