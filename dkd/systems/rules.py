"""What a change means and what to do about it, as data: one rule for each kind of change, each with a stable code."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from dkd.systems.classes import ChangeClass

Values = Mapping[str, object]
"""Address to a JSON value."""

PARTIES: Mapping[str, str] = {
    "A": "approval", "R": "schema kept by its id", "K": "topics", "D": "Druid", "E": "enrichers", "V": "collectors",
    "S": "site", "U": "views and questions", "W": "wait out the retention", "H": "history rewritten",
    "P": "old topic removed",
}  # fmt: skip
"""Who takes part in a rollout, by the letters of an order."""

Mode = Literal["in-place", "restart", "replace"]
"""How a change is applied: at once, by a restart of collectors or tasks, or by a new artefact beside the old one."""


class Rule(NamedTuple):
    """One kind of change.

    Attributes:
        code: ``DKD`` and three digits; never given to another kind.
        effect: What it does to stored data and to readers.
        what: The change, in one clause.
        why: Why it has its class, with the fact behind it.
        remedy: What to do.
        order: Letters of :data:`PARTIES` in the order in which they must change, each after the one before is done;
            empty where any order will do.
        mode: How it is applied.
    """

    code: str
    effect: ChangeClass
    what: str
    why: str
    remedy: str
    order: str = ""
    mode: Mode = "in-place"

    @property
    def steps(self) -> tuple[str, ...]:
        """The order in words."""
        return tuple(PARTIES[letter] for letter in self.order.split())


UNKNOWN = Rule(
    "DKD900",
    "blocked",
    "a change that no rule knows",
    "What no rule has looked at may lose data, so it is not let through.",
    "undo it, or report it so that it gets a rule",
)


class Edit(NamedTuple):
    """One value, or one whole artefact, that differs.

    Attributes:
        place: Its address within its system, such as ``topic/shop.raw/retention.ms``.
        before: None where there was none; of a whole artefact its values by their places in it.
        after: The same; None where there is none any more.
        root: What comes before *place* in *old* and *new*.
        old: All values of the old side.
        new: All values of the new side.
    """

    place: str
    before: object
    after: object
    root: str
    old: Values
    new: Values

    def was(self, place: str) -> object:
        """The old value at *place* of the same system."""
        return self.old.get(self.root + place)

    def now(self, place: str) -> object:
        """The new value at *place* of the same system."""
        return self.new.get(self.root + place)

    def names(self, side: Values, start: str) -> Iterator[str]:
        """Places of *side* in the same system that begin with *start*, without it."""
        whole = self.root + start
        return (address[len(whole) :] for address in side if address.startswith(whole))
