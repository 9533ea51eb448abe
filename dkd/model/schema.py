"""The model as frozen types: what a site sends, how it is enriched, stored, measured, and where it is deployed."""

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field as Option

from dkd.model.enrichers import Enrichers
from dkd.model.step import Literals, Step
from dkd.model.types import Duration, FieldType, Frozen, Name, Privacy, SiteName


class Field(Frozen):
    """One value that an event carries; it keeps its name in Avro, JSON and Druid."""

    type: FieldType = "string"
    required: bool = False
    values: tuple[str, ...] = Option((), description="the values of an enum")
    unit: str | None = None
    description: str | None = None
    source: tuple[Step, ...] | None = Option(
        None,
        alias="from",
        description="where the value is found: the text of a source, a step, or a list of which the first that has a "
        "value counts; default: the event parameter of the same name",
    )
    default: Literals | None = Option(None, description="the value where there is none; not for a list")
    privacy: Privacy = "keep"
    was: Name | None = Option(None, description="the name that it had before, so that a rename is seen as one")


class Event(Frozen):
    """One kind of thing that happens on the site."""

    description: str | None = None
    fields: dict[Name, Field] = {}
    was: Name | None = Option(None, description="the name that it had before, so that a rename is seen as one")


class Sender(Frozen):
    """A server that may send events of many parties, with their own times."""

    name: Name
    key: str = Option(description="${ENV}: the environment variable that holds the sender's key")


class Collector(Frozen):
    """How events come in."""

    kind: Literal["dkd", "divolte"] = "dkd"
    ip: Literal["full", "truncate", "hash"] = "truncate"
    cookie_domain: str | None = None
    geo_database: str | None = Option(
        None, description="file of a MaxMind city database (.mmdb) where the collector runs; sources of geo need it"
    )
    origins: tuple[str, ...] = ()
    senders: tuple[Sender, ...] = ()


class Retention(Frozen):
    """How long each topic keeps its records."""

    raw: Duration = timedelta(days=7)
    clean: Duration = timedelta(days=3)
    sessions: Duration = timedelta(days=30)
    rejects: Duration = timedelta(days=7)


class Topics(Frozen):
    """Kafka's side of the site."""

    partitions: Annotated[int, Option(ge=1, le=1024)] = 4
    replication: Annotated[int, Option(ge=1, le=9)] = 1
    retention: Retention = Retention()


class Datasource(Frozen):
    """One of Druid's tables."""

    source: Literal["clean", "sessions"] | None = Option(None, alias="from")
    segment: Literal["hour", "day", "month"] = "hour"
    retention: Duration = Option(
        timedelta(days=400), description="how long rows stay in Druid, by its load and drop rules"
    )
    compact_after: Duration | None = Option(
        None, description="age from which Druid merges small segments, and rewrites late ones; default: never"
    )


class Datasources(Frozen):
    """Druid's tables of the site, ``<site>_events`` and ``<site>_sessions``."""

    events: Datasource = Datasource(source="clean", segment="hour", retention=timedelta(days=400))
    sessions: Datasource = Datasource(source="sessions", segment="day", retention=timedelta(days=800))


class Measure(Frozen):
    """A number computed over events or sessions: exactly one of count, sum, count_distinct and ratio."""

    count: Literal["events", "sessions"] | None = None
    sum: Name | None = None
    count_distinct: Name | None = None
    ratio: tuple[Name, Name] | None = None
    where: dict[Name, str | int | float | bool] = {}
    description: str | None = None


class Kafka(Frozen):
    """A Kafka cluster of a target."""

    servers: str
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    user: str | None = None
    password: str | None = None
    ca: str | None = Option(None, description="file of the certificates that sign the servers'; default: the system's")


class Druid(Frozen):
    """A Druid cluster of a target, reached through its router."""

    router: str
    user: str | None = None
    password: str | None = None
    ca: str | None = Option(None, description="file of the certificates that sign the servers'; default: the system's")


class Divolte(Frozen):
    """A Divolte installation of a target."""

    dir: str = Option(description="where its three files lie, as DIVOLTE_CONF_DIR says")
    restart: str | None = Option(None, description="the command that starts it again; run without a shell")
    url: str | None = None


class Target(Frozen):
    """Where the model is deployed; ``local`` is the stack of ``dkd up`` and needs nothing."""

    kafka: Kafka | None = None
    druid: Druid | None = None
    divolte: Divolte | None = None
    collector: str | None = Option(None, description="URL of the running collector")
    enrichers: tuple[str, ...] = Option(
        (), description="URL of each enricher's --metrics-port; a deploy waits until they work by the new model"
    )


class Waiver(Frozen):
    """Lets one change of a class that fails a review pass, for a while and for a reason."""

    rule: Annotated[str, Option(pattern=r"^DKD\d{3}$")] = Option(description="code of the rule, as dkd diff prints it")
    address: Annotated[str, Option(min_length=1)] = Option(description="what changes, as dkd diff prints it")
    reason: Annotated[str, Option(min_length=1)]
    owner: str | None = Option(None, description="who answers for it")
    until: date = Option(description="the last day on which it counts (UTC)")


class Model(Frozen):
    """One site, whole."""

    dkd: Literal[1]
    site: SiteName
    description: str | None = None
    collector: Collector = Collector()
    events: dict[Name, Event] = {}
    fields: dict[Name, Field] = {}
    enrich: Enrichers = Enrichers()
    topics: Topics = Topics()
    datasources: Datasources = Datasources()
    measures: dict[Name, Measure] = {}
    targets: dict[Name, Target] = {"local": Target()}
    reserved: tuple[Name, ...] = Option((), description="names of events and fields that are gone and stay unused")
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

    def topic(self, kind: str) -> str:
        """Name of one of the site's topics: raw, clean, sessions, rejects or state."""
        return f"{self.site}.{kind}"

    def datasource(self, kind: str) -> str:
        """Name of one of the site's datasources: events or sessions."""
        return f"{self.site}_{kind}"
