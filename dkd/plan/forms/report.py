"""What a comparison found, and the words that its forms share."""

from collections.abc import Sequence
from dataclasses import dataclass

from dkd.errors import Problem
from dkd.plan.diff import Changed, shown
from dkd.systems.classes import BREAKING, CLASSES, ChangeClass

WORST_FIRST: tuple[ChangeClass, ...] = tuple(reversed(CLASSES))


@dataclass(frozen=True)
class Report:
    """What a comparison found.

    Attributes:
        old: What was compared, as people name it.
        new: With what.
        changes: System by system.
        mistakes: Of waivers, in the order of the file.
    """

    old: str
    new: str
    changes: Sequence[Changed]
    mistakes: Sequence[Problem] = ()

    @property
    def open(self) -> list[Changed]:
        """Changes that need a decision: unsafe ones that nobody waived."""
        return [one for one in self.changes if one.effect in BREAKING and not one.waiver]

    @property
    def orders(self) -> dict[tuple[str, ...], list[Changed]]:
        """Orders in words, each with the changes that need it, the longest first."""
        found: dict[tuple[str, ...], list[Changed]] = {}
        for one in self.changes:
            if one.effect == "needs-order":
                found.setdefault(one.rule.steps, []).append(one)
        return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))

    def of(self, effect: ChangeClass) -> list[Changed]:
        """The changes of one class."""
        return [one for one in self.changes if one.effect == effect]

    def counts(self) -> str:
        """How many changes of which class, the worst first."""
        found = {effect: len(self.of(effect)) for effect in WORST_FIRST}
        return ", ".join(f"{count} {effect}" for effect, count in found.items() if count)


def before_and_after(change: Changed, longest: int) -> tuple[str, str]:
    """Both values in at most *longest* characters each; empty where there is none."""
    texts = ("" if value is None else shown(value) for value in (change.before, change.after))
    before, after = (text if len(text) <= longest else f"{text[: longest - 1]}…" for text in texts)
    return before, after
