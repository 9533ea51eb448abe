"""The parts of the local stack: their names, in the order they start, and the ports each of them listens on."""

from dataclasses import dataclass

from dkd.errors import UsageError


@dataclass(frozen=True)
class Part:
    """One process of the stack.

    Attributes:
        name: What people call it; also the name of its log.
        ports: Fields of :class:`dkd.settings.Ports` that it listens on.
        needs: Parts that must be there before it.
    """

    name: str
    ports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


PARTS = (
    Part("kafka", ("kafka", "controller")),
    Part("druid", ("zookeeper", "derby", "coordinator", "broker", "historical", "indexer")),
    Part("collector", ("collector",), needs=("kafka",)),
    Part("enricher", ("enricher_admin",), needs=("kafka",)),
)
SERVERS = ("kafka", "druid")
SERVICES = ("collector", "enricher")
"""Parts that are dkd's own commands and need a model."""
STOP_ORDER = (SERVICES, ("druid",), ("kafka",))
"""Druid needs Kafka to stop cleanly, so Kafka is the last."""


def part(name: str) -> Part:
    """The part of that name, which must exist."""
    return next(one for one in PARTS if one.name == name)


def chosen(only: str | None, where: str = "--only") -> tuple[str, ...]:
    """Names in a comma-separated list, in the order of :data:`PARTS`; all of them for None.

    Raises:
        UsageError: DKD115, when a name is no part.
    """
    known = [one.name for one in PARTS]
    if only is None:
        return tuple(known)
    asked = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in asked if name not in known]
    if unknown or not asked:
        problem = f"there is no part {unknown[0]!r}" if unknown else "no part is named"
        raise UsageError("DKD115", where=where, problem=problem, remedy=f"choose from: {', '.join(known)}")
    return tuple(name for name in known if name in asked)
