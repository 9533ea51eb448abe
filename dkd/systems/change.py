"""A difference between what the model wants and what is live, in a form that no system owns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Action = Literal["create", "update", "delete", "verify", "blocked"]
"""``verify``: an earlier deploy stopped over this step; what it wrote is there and must be proved to work."""

HIDDEN = "(hidden)"
"""Stands for a secret wherever a value is shown."""


@dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        path: Where in the artefact, such as ``ioConfig.taskCount``.
        before: The live value; None where the live artefact does not set it.
        after: The wanted value; None where the model leaves it to the server's default.
        by_hand: Whether the live value is not the one that the last deploy left there.
    """

    path: str
    before: object
    after: object
    by_hand: bool = False


@dataclass(frozen=True)
class Change:
    """One thing that must happen to one artefact, or that must not.

    Attributes:
        system: Name of the system, such as ``kafka``.
        kind: Kind of artefact, such as ``topic``.
        name: The artefact's name there.
        action: ``blocked`` when dkd does not do it; *remedy* then says what to do instead.
        reason: Why, in one clause.
        risk: What it costs or loses; empty where nothing.
        differences: What an update changes, in the order of their paths; none for a new artefact.
        wanted: The whole artefact as it shall be; it may hold secrets, so it is never shown.
        removed: Whether the last deploy left an artefact there that is gone now.
        began: Class of the step that an earlier deploy began and *verify* looks at; empty for every other action.
    """

    system: str
    kind: str
    name: str
    action: Action
    reason: str
    risk: str = ""
    remedy: str = ""
    differences: tuple[Difference, ...] = ()
    wanted: Mapping[str, object] = field(default_factory=dict, repr=False)
    removed: bool = False
    began: str = ""

    @property
    def address(self) -> str:
        """System, kind and name in one word, such as ``kafka/topic/shop.raw``."""
        return f"{self.system}/{self.kind}/{self.name}"

    @property
    def is_drift(self) -> bool:
        """Whether another hand had a part in it: what is live is not what the last deploy left."""
        return self.removed or any(difference.by_hand for difference in self.differences)
