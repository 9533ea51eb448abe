"""What two models say, value by value, becomes the list of what changed, each classed; knows no system."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from dkd.systems.classes import BREAKING, CLASSES, ChangeClass

Values = Mapping[str, object]
"""Address, whose first part is a system's name, to a JSON value."""

Classify = Callable[[str, object, object], ChangeClass]


class Changed(NamedTuple):
    """One value that changed.

    Attributes:
        address: Such as ``kafka/topic/shop.raw/retention.ms``.
        before: None where there was none.
        after: None where there is none any more.
        effect: What the change does to stored data and to readers.
    """

    address: str
    before: object
    after: object
    effect: ChangeClass

    @property
    def system(self) -> str:
        """The first part of the address."""
        return _system(self.address)

    @property
    def sign(self) -> str:
        """``+`` for what is new, ``-`` for what is gone, ``~`` for the rest."""
        return "+" if self.before is None else "-" if self.after is None else "~"

    def as_dict(self) -> dict[str, object]:
        """The change as plain values, for ``--format json``."""
        action = {"+": "create", "-": "delete", "~": "update"}[self.sign]
        place = {"address": self.address, "system": self.system, "action": action}
        return {**place, "before": self.before, "after": self.after, "class": self.effect}


def diff(old: Values, new: Values, classify: Classify) -> list[Changed]:
    """Every value that differs, system by system; within one in the order of *old*, then of what *new* has more.

    Values are equal when their JSON is: ``1``, ``1.0`` and ``true`` are three values.
    """
    addresses = list(dict.fromkeys((*old, *new)))
    systems = list(dict.fromkeys(_system(address) for address in addresses))
    addresses.sort(key=lambda address: systems.index(_system(address)))
    pairs = ((address, old.get(address), new.get(address)) for address in addresses)
    return [
        Changed(address, before, after, classify(address, before, after))
        for address, before, after in pairs
        if _json(before) != _json(after)
    ]


def met(changes: Iterable[Changed], asked: Collection[str]) -> list[Changed]:
    """Those of *changes* whose class is asked for; ``any`` stands for every class, ``breaking`` for the unsafe ones."""
    chosen = {one for name in asked for one in _named(name)}
    return [change for change in changes if change.effect in chosen]


NAMES = ("any", "breaking", *CLASSES)
"""What ``--fail-on`` takes."""


def as_text(changes: Sequence[Changed]) -> str:
    """The changes for people: one line each, the classes counted in the last line."""
    if not changes:
        return "Nothing changes.\n"
    width = max(len(change.address) for change in changes)
    effect_width = max(len(change.effect) for change in changes)
    lines = [f"{one.sign} {one.address:{width}}  {one.effect:{effect_width}}  {_values(one)}" for one in changes]
    counts = [f"{count} {effect}" for effect in CLASSES if (count := sum(one.effect == effect for one in changes))]
    plural = "" if len(changes) == 1 else "s"
    return "\n".join([*lines, f"{len(changes)} change{plural}: {', '.join(counts)}."]) + "\n"


def as_json(changes: Sequence[Changed]) -> str:
    """The changes for programs."""
    found = {"format_version": 1, "changes": [change.as_dict() for change in changes]}
    return json.dumps(found, indent=2) + "\n"


def _system(address: str) -> str:
    return address.partition("/")[0]


def _named(name: str) -> Collection[str]:
    return CLASSES if name == "any" else BREAKING if name == "breaking" else (name,)


def _values(change: Changed) -> str:
    shown = (_shown(change.before), _shown(change.after))
    return shown[1] if change.sign == "+" else shown[0] if change.sign == "-" else " -> ".join(shown)


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() and value else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
