"""What two models say, value by value, becomes the list of what changed, each with its rule; knows no system."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dkd.model.tree import Spot
from dkd.systems.classes import BREAKING, CLASSES, ChangeClass
from dkd.systems.rules import Rule, Values

RuleOf = Callable[[str, object, object, Values, Values], Rule | None]
"""Address, value before and after, all values of both sides; None where other lines tell the change."""


@dataclass(frozen=True)
class Changed:
    """One value, or one whole artefact, that changed.

    Attributes:
        address: Such as ``kafka/topic/shop.raw/retention.ms``.
        before: None where there was none; of a whole artefact its values by their places in it.
        after: The same; None where there is none any more.
        rule: What the change does, and what to do about it.
        note: What the rule asks about this one change; empty where it asks nothing.
        spot: Where in the model it comes from.
        waiver: Why it may pass a review all the same; empty where nobody said so.
    """

    address: str
    before: object
    after: object
    rule: Rule
    note: str = ""
    spot: Spot | None = None
    waiver: str = ""

    @property
    def effect(self) -> ChangeClass:
        """What the change does to stored data and to readers."""
        return self.rule.effect

    @property
    def system(self) -> str:
        """The first part of the address."""
        return _system(self.address)

    @property
    def sign(self) -> str:
        """``+`` for what is new, ``-`` for what is gone, ``~`` for the rest."""
        return "+" if self.before is None else "-" if self.after is None else "~"


def diff(old: Values, new: Values, rule_of: RuleOf, whole_of: Callable[[str], str]) -> list[Changed]:
    """Everything that differs, system by system; within one in the order of *old*, then of what *new* has more.

    Values are equal when their JSON is: ``1``, ``1.0`` and ``true`` are three values.

    Args:
        old: The values before.
        new: The values after.
        rule_of: The rule of a change.
        whole_of: The address of a value's artefact; one of which the other side has nothing is one change.
    """
    order = {name: seq for seq, name in enumerate(dict.fromkeys(_system(address) for address in (*old, *new)))}
    places = [
        place for place in (*old, *(address for address in new if address not in old)) if _differs(place, old, new)
    ]
    found = _grouped(places, old, new, whole_of)
    changes = [
        Changed(address, before, after, rule)
        for address, before, after in found
        if (rule := rule_of(address, before, after, old, new)) is not None
    ]
    return sorted(changes, key=lambda change: order[change.system])


def met(changes: Iterable[Changed], asked: Collection[str]) -> list[Changed]:
    """Those of *changes* that nobody waived and whose class is asked for.

    ``any`` stands for every class, ``breaking`` for the unsafe ones.
    """
    chosen = {one for name in asked for one in _named(name)}
    return [change for change in changes if change.effect in chosen and not change.waiver]


NAMES = ("any", "breaking", *CLASSES)
"""What ``--fail-on`` takes."""


def shown(value: object) -> str:
    """A value in one line: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) and value.isprintable() and value else _json(value)


def _differs(address: str, old: Values, new: Values) -> bool:
    before, after = old.get(address), new.get(address)
    if before is after:
        return False
    if type(before) is type(after) and isinstance(before, str | int):
        return before != after
    return _json(before) != _json(after)


def _grouped(
    places: Iterable[str], old: Values, new: Values, whole_of: Callable[[str], str]
) -> Iterator[tuple[str, object, object]]:
    """The changes, those of an artefact that is new or gone as a whole in one."""
    present: dict[bool, set[str]] = {}
    groups: dict[tuple[str, bool], dict[str, object]] = {}
    for place in places:
        is_gone = place not in new
        if place in old and not is_gone:
            yield place, old[place], new[place]
            continue
        if is_gone not in present:
            present[is_gone] = {whole_of(other) for other in (new if is_gone else old)}
        whole = whole_of(place)
        if whole in present[is_gone]:
            yield place, old.get(place), new.get(place)
        else:
            groups.setdefault((whole, is_gone), {})[place[len(whole) + 1 :]] = (old if is_gone else new)[place]
    for (whole, is_gone), values in groups.items():
        value = values[""] if values.keys() == {""} else values
        yield (whole, value, None) if is_gone else (whole, None, value)


def _system(address: str) -> str:
    return address.partition("/")[0]


def _named(name: str) -> Collection[str]:
    return CLASSES if name == "any" else BREAKING if name == "breaking" else (name,)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
