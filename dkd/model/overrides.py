"""What a target may have otherwise than the rest: the same keys as the model's, each of them optional."""

from typing import Annotated, Literal, TypeVar

from pydantic import Field as Option

from dkd.model.types import Duration, Frozen

Partitions = Annotated[int, Option(ge=1, le=1024)]
Replication = Annotated[int, Option(ge=1, le=9)]
Segment = Literal["hour", "day", "month"]

Part = TypeVar("Part", bound=Frozen)


class RetentionThere(Frozen):
    """How long each topic keeps its records at one target."""

    raw: Duration | None = None
    clean: Duration | None = None
    sessions: Duration | None = None
    rejects: Duration | None = None


class TopicsThere(Frozen):
    """The site's topics at one target."""

    partitions: Partitions | None = None
    replication: Replication | None = None
    retention: RetentionThere | None = None


class DatasourceThere(Frozen):
    """One of Druid's tables at one target."""

    segment: Segment | None = None
    retention: Duration | None = None
    compact_after: Duration | None = None


class DatasourcesThere(Frozen):
    """Druid's tables at one target."""

    events: DatasourceThere | None = None
    sessions: DatasourceThere | None = None


def overridden(base: Part, there: Frozen | None) -> Part:
    """*base* with what *there* says instead, key by key."""
    said = {name: getattr(there, name) for name in there.model_fields_set} if there else {}
    update = {
        name: overridden(getattr(base, name), value) if isinstance(value, Frozen) else value
        for name, value in said.items()
        if value is not None
    }
    return base.model_copy(update=update) if update else base
