"""The model as frozen types: what a site sends, how it is enriched, stored, measured, and where it is deployed."""

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field as Option

from dkd.model.collector import Collector
from dkd.model.dimensions import Dimension
from dkd.model.enrichers import Enrichers
from dkd.model.measures import Measure
from dkd.model.overrides import DatasourcesThere, Partitions, Replication, Segment, TopicsThere, overridden
from dkd.model.step import Literals, Step
from dkd.model.types import Duration, FieldType, Frozen, Name, Privacy, SiteName


class Field(Frozen):
    """One value that an event carries; it keeps its name in Avro, JSON and Druid."""

    type: FieldType = Option(
        "string", description="what a value is; timestamp is UTC milliseconds, list a list of strings"
    )
    required: bool = Option(False, description="events without it are rejected")
    values: tuple[str, ...] = Option((), description="the values of an enum")
    unit: str | None = Option(None, description="what a number counts, such as EUR or ms")
    description: str | None = Option(None, description="what it says, for people")
    source: tuple[Step, ...] | None = Option(
        None,
        alias="from",
        description="where the value is found: the text of a source, a step, or a list of which the first that has a "
        "value counts; default: the event parameter of the same name",
    )
    default: Literals | None = Option(None, description="the value where there is none; not for a list")
    privacy: Privacy = Option("keep", description="what of a value may go beyond the raw topic; drop: it is never sent")
    purpose: str | None = Option(None, description="what personal data are collected for, and on which ground")
    owner: str | None = Option(None, description="who answers for it")
    deprecated: str | None = Option(None, description="why it should not be used any more, and what replaces it")
    was: Name | None = Option(None, description="the name that it had before, so that a rename is seen as one")


class Event(Frozen):
    """One kind of thing that happens on the site."""

    description: str | None = Option(None, description="what it says, for people")
    owner: str | None = Option(None, description="who answers for it")
    deprecated: str | None = Option(None, description="why it should not be sent any more, and what replaces it")
    use: tuple[Name, ...] = Option((), description="groups whose fields it carries too")
    fields: dict[Name, Field] = Option({}, description="what it may carry beside the model's own fields, by name")
    was: Name | None = Option(None, description="the name that it had before, so that a rename is seen as one")


class Retention(Frozen):
    """How long each topic keeps its records."""

    raw: Duration = Option(timedelta(days=7), description="what browsers sent")
    clean: Duration = Option(timedelta(days=3), description="enriched events")
    sessions: Duration = Option(timedelta(days=30), description="finished sessions")
    rejects: Duration = Option(timedelta(days=7), description="what was refused; no longer than raw")


class Topics(Frozen):
    """Kafka's side of the site."""

    partitions: Partitions = Option(4, description="the unit of scale; it cannot shrink later")
    replication: Replication = Option(1, description="copies of each partition, on as many brokers")
    retention: Retention = Option(Retention(), description="how long each topic keeps its records")
    format: Literal["json", "avro"] = Option(
        "json", description="how clean events and session rows are written; avro is not offered yet"
    )


class Datasource(Frozen):
    """One of Druid's tables."""

    source: Literal["clean", "sessions"] | None = Option(None, alias="from", description="the topic that fills it")
    segment: Segment = Option("hour", description="time that one of Druid's segments covers")
    retention: Duration = Option(
        timedelta(days=400), description="how long rows stay in Druid, by its load and drop rules"
    )
    compact_after: Duration | None = Option(
        None, description="age from which Druid merges small segments, hours into days; default: never"
    )
    rollup: bool = Option(False, description="whether old rows are added up; not offered yet")


class Datasources(Frozen):
    """Druid's tables of the site, ``<site>_events`` and ``<site>_sessions``."""

    events: Datasource = Option(
        Datasource(source="clean", segment="hour", retention=timedelta(days=400)), description="a row for each event"
    )
    sessions: Datasource = Option(
        Datasource(source="sessions", segment="day", retention=timedelta(days=800)),
        description="a row for each finished session",
    )


class Kafka(Frozen):
    """A Kafka cluster of a target."""

    servers: str = Option(description="host:port, several with commas between")
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Option(
        "PLAINTEXT", description="its protocol"
    )
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Option("PLAIN", description="how users log in")
    user: str | None = Option(None, description="user, or ${ENV}")
    password: str | None = Option(None, description="${ENV}: the environment variable that holds it")
    ca: str | None = Option(None, description="file of the certificates that sign the servers'; default: the system's")


class Druid(Frozen):
    """A Druid cluster of a target, reached through its router."""

    router: str = Option(description="URL of its router, such as https://druid:8888")
    user: str | None = Option(None, description="user, or ${ENV}")
    password: str | None = Option(None, description="${ENV}: the environment variable that holds it")
    ca: str | None = Option(None, description="file of the certificates that sign the servers'; default: the system's")


class Divolte(Frozen):
    """A Divolte installation of a target."""

    dir: str = Option(description="where its three files lie, as DIVOLTE_CONF_DIR says")
    restart: str | None = Option(None, description="the command that starts it again; run without a shell")
    url: str | None = Option(None, description="where it answers, so that a deploy can ask it")


class Target(Frozen):
    """Where the model is deployed; ``local`` is the stack of ``dkd up`` and needs nothing."""

    kafka: Kafka | None = Option(None, description="its Kafka cluster")
    druid: Druid | None = Option(None, description="its Druid cluster")
    divolte: Divolte | None = Option(None, description="its Divolte, for collector.kind divolte")
    collector: str | None = Option(None, description="URL of the running collector")
    enrichers: tuple[str, ...] = Option(
        (), description="URL of each enricher's --metrics-port; a deploy waits until they work by the new model"
    )
    topics: TopicsThere | None = Option(None, description="what is otherwise there than in the model's topics")
    datasources: DatasourcesThere | None = Option(
        None, description="what is otherwise there than in the model's datasources"
    )

    @property
    def is_other(self) -> bool:
        """Whether topics or datasources are otherwise there."""
        return self.topics is not None or self.datasources is not None


class Waiver(Frozen):
    """Lets one change of a class that fails a review pass, for a while and for a reason."""

    rule: Annotated[str, Option(pattern=r"^DKD\d{3}$")] = Option(description="code of the rule, as dkd diff prints it")
    address: Annotated[str, Option(min_length=1)] = Option(description="what changes, as dkd diff prints it")
    reason: Annotated[str, Option(min_length=1)] = Option(description="why it may pass")
    owner: str | None = Option(None, description="who answers for it")
    until: date = Option(description="the last day on which it counts (UTC)")


class Model(Frozen):
    """One site, whole."""

    dkd: Literal[1] = Option(description="format of this file")
    site: SiteName = Option(description="prefix of every topic, datasource and consumer group")
    description: str | None = Option(None, description="what the site is, for people")
    collector: Collector = Option(Collector(), description="how events come in")
    include: tuple[str, ...] = Option(
        (), description="files below this one's folder that hold more events, fields, groups, dimensions and measures"
    )
    events: dict[Name, Event] = Option({}, description="what the site sends; an event that is not listed is rejected")
    fields: dict[Name, Field] = Option({}, description="what every event may carry beside the standard columns")
    groups: dict[Name, dict[Name, Field]] = Option(
        {}, description="fields that several events carry, by a name for them"
    )
    enrich: Enrichers = Option(Enrichers(), description="what is added between the raw and the clean topic")
    topics: Topics = Option(Topics(), description="Kafka's side of the site")
    datasources: Datasources = Option(Datasources(), description="Druid's tables of the site")
    dimensions: dict[Name, Dimension] = Option(
        {}, description="dimensions that Druid computes from columns whenever they are asked for; none is stored"
    )
    measures: dict[Name, Measure] = Option({}, description="numbers that people ask for, by name")
    targets: dict[Name, Target] = Option({"local": Target()}, description="where the model is deployed, by name")
    reserved: tuple[Name, ...] = Option((), description="names of events and fields that are gone and stay unused")
    conventions: tuple[Literal["ga4"], ...] = Option(
        (), description="limits of other tools that names must keep as well; ga4: those of Google Analytics 4"
    )
    waivers: tuple[Waiver, ...] = Option((), description="changes that may pass a review although their class may not")

    @cached_property
    def all_fields(self) -> dict[str, Field]:
        """Every field of the model by name, in the order of the file: shared ones first, then event by event.

        A field that only some events carry cannot be required of all, so ``required`` is false here for those.
        """
        found = dict(self.fields)
        for event in self.events.values():
            for name, field in event.fields.items():
                if name not in found:
                    found[name] = field.model_copy(update={"required": False}) if field.required else field
        return found

    def field_path(self, name: str) -> tuple[str, ...] | None:
        """Where the field *name* stands first in the file; None where it does not."""
        if name in self.fields:
            return ("fields", name)
        found = (("events", event, "fields", name) for event, body in self.events.items() if name in body.fields)
        return next(found, None)

    def required_of(self, event: str) -> tuple[str, ...]:
        """Names of the fields that *event* must carry, in the order of the file."""
        own = self.events[event].fields
        return tuple(name for name, field in {**self.fields, **own}.items() if field.required)

    def at(self, target: str) -> "Model":
        """The model as it counts at *target*: topics and datasources are as they stand there, the rest as it is."""
        there = self.targets.get(target)
        if there is None or not there.is_other:
            return self
        topics, datasources = overridden(self.topics, there.topics), overridden(self.datasources, there.datasources)
        return self.model_copy(update={"topics": topics, "datasources": datasources})

    @property
    def other_targets(self) -> tuple[str, ...]:
        """Names of the targets where topics or datasources are otherwise."""
        return tuple(name for name, target in self.targets.items() if target.is_other)

    def topic(self, kind: str) -> str:
        """Name of one of the site's topics: raw, clean, sessions, rejects or state."""
        return f"{self.site}.{kind}"

    def datasource(self, kind: str) -> str:
        """Name of one of the site's datasources: events or sessions."""
        return f"{self.site}_{kind}"
