"""Avro bodies are walked all at once: which end exactly where they should, and where the values of each field lie.

A body that is too short or too long must not touch its neighbours. So each is walked field by field, all records at
once: positions are numpy columns, and a step costs the same for one record or thousands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]

_LONGEST_LIST = 64
"""Items of a list are walked one by one, for all records at once; a longer one is left to a slower reader."""

SPARE = 16
"""Bytes behind the last body, so that what is cut off there can be read without looking at the end each time."""

_PRIMITIVE = frozenset({"null", "boolean", "int", "long", "float", "double", "string", "bytes"})


@dataclass(frozen=True)
class Found:
    """The values of a field, one entry for each body; those of bodies that are not sound mean nothing.

    Attributes:
        live: Where there is a value that is not null.
        numbers: Values of integers and booleans; of all others, where the value begins.
        lengths: Of texts and bytes.
        items: Of lists: those of all bodies, by body.
        owners: The body of each item.
    """

    live: Mask
    numbers: Numbers
    lengths: Numbers | None = None
    items: "Found | None" = None
    owners: NDArray[np.intp] | None = None

    def at(self, places: NDArray[np.intp]) -> "Found":
        """The values at *places*, which ascend."""
        lengths = None if self.lengths is None else self.lengths[places]
        found = Found(self.live[places], self.numbers[places], lengths)
        if self.items is None or self.owners is None:
            return found
        kept = np.flatnonzero(np.isin(self.owners, places))
        return replace(found, items=self.items.at(kept), owners=np.searchsorted(places, self.owners[kept]))

    def spread(self, live: Mask) -> "Found":
        """Lists of the bodies that *live* marks, among those of all bodies; the others have none."""
        rows = np.flatnonzero(live)
        return replace(self, live=live, owners=None if self.owners is None else rows[self.owners])


class Verdict(NamedTuple):
    """What the walk found, one entry for each body.

    Attributes:
        sound: Every length and branch fits, and the last field ends where the body ends.
        unsure: Holds what the walk doesn't know, so it is not called sound; a reader of single records must decide.
        fields: The values of each field, in the schema's order.
    """

    sound: Mask
    unsure: Mask
    fields: list[Found]


def walked(bodies: Sequence[bytes], schema: Mapping[str, Any]) -> Verdict:
    """Whether each of *bodies* has the structure of a record of *schema*; text is not checked for UTF-8."""
    return walked_through(b"".join((*bodies, bytes(SPARE))), ends_of(bodies), schema)


def ends_of(values: Sequence[bytes]) -> Numbers:
    """Where each of *values* ends, when they stand one after the other."""
    return np.cumsum(np.fromiter(map(len, values), np.int64, len(values)))


def walked_through(text: bytes, ends: Numbers, schema: Mapping[str, Any], frame_bytes: int = 0) -> Verdict:
    """The same for bodies that stand one after the other.

    Args:
        text: Begins with the first body; :data:`SPARE` bytes or more follow the last.
        ends: Of each body.
        schema: Of the bodies.
        frame_bytes: What stands before each body and is not looked at.
    """
    count = len(ends)
    if not is_known(schema):
        return Verdict(np.zeros(count, bool), np.ones(count, bool), [])
    starts = np.concatenate((np.zeros(min(count, 1), np.int64), ends[:-1])) + frame_bytes
    walk, every = _Walk(np.frombuffer(text, np.uint8), starts, ends), np.ones(count, bool)
    fields = [walk.value(field["type"], every) for field in schema["fields"]]
    return Verdict(walk.arrived & ~walk.unsure, walk.unsure, fields)


def is_known(schema: Mapping[str, Any]) -> bool:
    """Whether all types of *schema* are ones that the walk can step over."""
    return all(_known(field["type"]) for field in schema["fields"])


def kind_of(kind: Any) -> Any:
    """The type of a field's values that are not null."""
    if isinstance(kind, list):
        return kind_of(next((branch for branch in kind if branch != "null"), "null"))
    return kind["type"] if isinstance(kind, Mapping) and kind["type"] != "array" else kind


def _known(kind: Any) -> bool:
    if isinstance(kind, list):
        return sum(branch != "null" for branch in kind) <= 1 and all(map(_known, kind))
    if isinstance(kind, Mapping):
        return bool(kind["type"] in _PRIMITIVE or (kind["type"] == "array" and _flat(kind["items"])))
    return kind in _PRIMITIVE


def _flat(items: Any) -> bool:
    return _known(items) and not isinstance(kind_of(items), Mapping)


class _Walk:
    """One place in each body, moved forward field by field; it never leaves the body.

    Methods take *live*, the bodies in which there is a value to step over; the others stay where they are.
    """

    def __init__(self, data: NDArray[np.uint8], place: Numbers, end: Numbers) -> None:
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

    def value(self, kind: Any, live: Mask) -> Found:
        """Step over a value of type *kind*."""
        if isinstance(kind, list):
            return self._union(kind, live)
        if isinstance(kind, Mapping) and kind["type"] == "array":
            return self._list(kind["items"], live)
        return self._primitive(kind["type"] if isinstance(kind, Mapping) else kind, live)

    def _primitive(self, kind: str, live: Mask) -> Found:
        if kind in ("string", "bytes"):
            lengths = self._number(live)
            start = self.place
            self._skip(lengths, live)
            return Found(live, start, lengths)
        if kind in ("int", "long"):
            number = self._number(live)
            if kind == "int":
                self._refuse(live & ((number < -(2**31)) | (number >= 2**31)))
            return Found(live, number)
        if kind == "boolean":
            byte = self._data[self.place]
            self._refuse(live & (byte > 1))
            self._skip(1, live)
            return Found(live, byte.astype(np.int64))
        start = self.place
        self._skip({"null": 0, "float": 4, "double": 8}[kind], live)
        return Found(live if kind != "null" else np.zeros(len(live), bool), start)

    def _union(self, branches: Sequence[Any], live: Mask) -> Found:
        chosen = self._data[self.place]  # a number below 64 is one byte, twice its value
        # The same number may be written longer, though nobody does.
        self.unsure |= live & self.sound & (chosen > 0x7F) & (self.place < self._end)
        self._refuse(live & ((chosen >= 2 * len(branches)) | (chosen & 1 == 1)))
        self._move(live.astype(np.int64))
        found = Found(np.zeros(len(live), bool), self.place)
        for seq, branch in enumerate(branches):
            if branch != "null":
                found = self.value(branch, live & (chosen == 2 * seq))
        return found

    def _list(self, items: Any, live: Mask) -> Found:
        rows = np.flatnonzero(live & self.sound)
        inner = _Walk(self._data, self.place[rows], self._end[rows])
        found, owners = inner.walk_list(items)
        self.place = self.place.copy()
        self.place[rows] = inner.place
        self.sound[rows] &= inner.sound
        self.unsure[rows] |= inner.unsure
        return Found(live, self.place, items=found, owners=rows[owners])

    def walk_list(self, items: Any) -> tuple[Found, NDArray[np.intp]]:
        """Step over a list in every body, blocks of items of which the last is empty: all items, and whose they are."""
        live, passed = np.ones(len(self.place), bool), np.zeros(len(self.place), np.int64)
        steps = [(self.value(items, np.zeros(len(live), bool)), np.empty(0, np.intp))]
        while live.any():
            count = self._number(live)
            self._number(live & (count < 0))  # the block's length in bytes, for readers that want to skip it
            # The least number there is has no absolute value.
            count = np.where(live, np.abs(np.clip(count, -_LONGEST_LIST - 1, _LONGEST_LIST + 1)), 0)
            passed += count
            self.unsure |= self.sound & (passed > _LONGEST_LIST)
            live &= (count > 0) & self.sound & ~self.unsure
            for done in range(int(count[live].max(initial=0))):
                mine = live & (count > done)
                steps.append((self.value(items, mine), np.flatnonzero(mine)))
        owners = np.concatenate([owner for _, owner in steps])
        return _joined(steps, np.argsort(owners, kind="stable")), np.sort(owners)

    def _number(self, live: Mask) -> Numbers:
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

    def _skip(self, length: Numbers | int, live: Mask) -> None:
        room = self._end - self.place
        self._refuse(live & ((length < 0) | (length > room)))
        self._move(np.where(live, np.clip(length, 0, room), 0))

    def _move(self, steps: Numbers) -> None:
        # What was found keeps the place before, so it is not changed itself.
        self.place = self.place + steps
        beyond = self.place > self._end
        if beyond.any():
            self._refuse(beyond)
            self.place = np.minimum(self.place, self._end)

    def _refuse(self, wrong: Mask) -> None:
        self.sound &= ~wrong


def _joined(steps: Sequence[tuple[Found, NDArray[np.intp]]], order: NDArray[np.intp]) -> Found:
    """The values of some steps at their places, in *order*."""
    found = [step.at(places) for step, places in steps]
    lengths = [one.lengths for one in found if one.lengths is not None]
    return Found(
        np.concatenate([one.live for one in found])[order],
        np.concatenate([one.numbers for one in found])[order],
        np.concatenate(lengths)[order] if lengths else None,
    )
