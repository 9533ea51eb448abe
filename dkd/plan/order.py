"""Changes to several systems become the steps of a plan, in an order in which no step needs a later one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dkd.systems.change import Change


@dataclass(frozen=True)
class Plan:
    """What a deploy would do.

    Attributes:
        site: The model's site.
        target: Name of the target.
        places: Where its systems are, for people, such as ``Kafka 127.0.0.1:9092``.
        steps: In the order in which they are carried out.
        blocked: What keeps the plan from being carried out; nothing is done while there is any.
    """

    site: str
    target: str
    places: tuple[str, ...]
    steps: tuple[Change, ...]
    blocked: tuple[Change, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the live systems are as the model says."""
        return not self.steps and not self.blocked


def ordered(changes: Iterable[Change], systems: Sequence[str]) -> tuple[Change, ...]:
    """*changes* in the order of their systems; within one, new artefacts come before changed ones.

    Args:
        changes: At most one each artefact, none of them blocked.
        systems: Names of systems, the one that the others read from first: Druid's consumer needs its topic.

    Returns:
        The same changes; of equal rank they stay as they came.

    Raises:
        ValueError: When a change is of none of the *systems*.
    """
    return tuple(sorted(changes, key=lambda change: (systems.index(change.system), change.action != "create")))


def split(changes: Iterable[Change]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """The changes that can be carried out, and those that are blocked."""
    found = tuple(changes)
    free = tuple(change for change in found if change.action != "blocked")
    return free, tuple(change for change in found if change.action == "blocked")
