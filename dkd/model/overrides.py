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

    raw: Duration | None = Option(None, description="what collectors wrote, as browsers sent it")
    clean: Duration | None = Option(None, description="enriched events")
    sessions: Duration | None = Option(None, description="finished sessions")
    rejects: Duration | None = Option(None, description="what was refused; never longer than raw")


class TopicsThere(Frozen):
    """The site's topics at one target."""

    partitions: Partitions | None = Option(None, description="the unit of scale; it cannot shrink later")
    replication: Replication | None = Option(None, description="copies of each partition, on as many brokers")
    retention: RetentionThere | None = Option(None, description="how long each topic keeps its records")


class DatasourceThere(Frozen):
    """One of Druid's tables at one target."""

    segment: Segment | None = Option(None, description="time that one of Druid's segments covers")
    retention: Duration | None = Option(None, description="how long rows stay in Druid")
    compact_after: Duration | None = Option(None, description="age from which Druid merges small segments")


class DatasourcesThere(Frozen):
    """Druid's tables at one target."""

    events: DatasourceThere | None = Option(None, description="of events")
    sessions: DatasourceThere | None = Option(None, description="of finished sessions")


def overridden(base: Part, there: Frozen | None) -> Part:
    """*base* with what *there* says instead, key by key."""
    said = {name: getattr(there, name) for name in there.model_fields_set} if there else {}
    update = {
        name: overridden(getattr(base, name), value) if isinstance(value, Frozen) else value
        for name, value in said.items()
        if value is not None
    }
    return base.model_copy(update=update) if update else base
