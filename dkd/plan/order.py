"""Changes to several systems become the steps of a plan, in an order in which no step needs a later one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dkd.plan.step import phase
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
        cluster: Id of the Kafka cluster.
        model: Digest of the model.
        live: Digest of each managed artefact by address, as it was when the plan was made.
        unfinished: What did not come to its end before, such as ``deploy 1a2b3c4d``; empty where nothing is half done.
    """

    site: str
    target: str
    places: tuple[str, ...]
    steps: tuple[Change, ...]
    blocked: tuple[Change, ...] = ()
    cluster: str = ""
    model: str = ""
    live: Mapping[str, str] = field(default_factory=dict)
    unfinished: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the live systems are as the model says, and no deploy is half done."""
        return not self.steps and not self.blocked and not self.unfinished

    @property
    def drift(self) -> tuple[Change, ...]:
        """The changes in which another hand had a part."""
        return tuple(change for change in (*self.steps, *self.blocked) if change.is_drift)


def ordered(changes: Iterable[Change], *, tightens: bool = False) -> tuple[Change, ...]:
    """*changes* so that readers know what writers will send; what destroys data comes last.

    Args:
        changes: At most one each artefact, none of them blocked.
        tightens: Whether the model keeps less of a personal value than before: then writers go first, so that nothing
            of it is written any more when the readers have forgotten it.

    Returns:
        The same changes; of equal rank they stay as they came.

    Raises:
        ValueError: When a change is of no known kind.
    """
    return tuple(sorted(changes, key=lambda change: (phase(change, tightens), change.action != "create")))


def split(changes: Iterable[Change]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """The changes that can be carried out, and those that are blocked."""
    found = tuple(changes)
    free = tuple(change for change in found if change.action != "blocked")
    return free, tuple(change for change in found if change.action == "blocked")
