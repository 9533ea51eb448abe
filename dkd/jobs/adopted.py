"""What old files imply of a site, before it is written as a model: its fields, events, measures and what is lost."""

from dataclasses import dataclass, field
from typing import NamedTuple

from dkd.systems.avro.doctor import record_of
from dkd.systems.divolte.doctor.mapped import Script
from dkd.systems.druid.doctor.view import OldSpec
from dkd.systems.faults import Lost
from dkd.systems.places import Document, Node
from dkd.systems.records import NOTHING, Known, of_schema


@dataclass
class Bundle:
    """Files that are looked at together; each kind with its files' names.

    Attributes:
        confs: Divolte's configurations.
        mappings: Its mapping scripts.
        schemas: Avro schemas.
        specs: Druid's specs; a file may hold several.
        sample: What the records of the topic tell, where some were given.
    """

    confs: dict[str, Document] = field(default_factory=dict)
    mappings: dict[str, Script] = field(default_factory=dict)
    schemas: dict[str, Node] = field(default_factory=dict)
    specs: list[OldSpec] = field(default_factory=list)
    sample: Known = NOTHING
    events: frozenset[str] = frozenset()

    def schema_of(self) -> tuple[str, Node] | None:
        """The schema that a mapping fills: the only one; None when there is none, or more than one."""
        return next(iter(self.schemas.items())) if len(self.schemas) == 1 else None

    def known(self) -> Known:
        """What is known of the records: by a sample, else by the one schema."""
        one = self.schema_of()
        if self.sample.types or one is None:
            return self.sample
        record = record_of(one[1])
        return of_schema(record.plain(), f"by {one[0]}") if record is not None else NOTHING


class NewField(NamedTuple):
    """A field of the model.

    Attributes:
        name: In the model.
        type: Of the model's types.
        source: Its ``from:``; empty for the event parameter of the same name.
        values: Of an enum.
        description: From the schema's ``doc``.
        events: The events that carry it alone; none for a field of all.
    """

    name: str
    type: str
    source: str = ""
    values: tuple[str, ...] = ()
    description: str = ""
    events: tuple[str, ...] = ()


class NewMeasure(NamedTuple):
    """A measure of the model: one of count, sum and count_distinct, and of what."""

    name: str
    kind: str
    of: str
    where: tuple[str, str] | None = None


@dataclass
class Draft:
    """A model in the making.

    Attributes:
        site: Its name.
        fields: By the name that they had in the old records.
        standard: Names in the old records → standard columns that hold the same.
        events: Besides page_view.
        measures: In the order of the specs.
        gap: Of sessions, such as ``30m``; empty where no file says.
        segment: Of the events' datasource.
        cookie_domain: Of the collector; empty where no file says.
        lost: What did not survive.
    """

    site: str
    fields: dict[str, NewField] = field(default_factory=dict)
    standard: dict[str, str] = field(default_factory=dict)
    events: dict[str, None] = field(default_factory=dict)
    measures: dict[str, NewMeasure] = field(default_factory=dict)
    gap: str = ""
    segment: str = "hour"
    cookie_domain: str = ""
    origins: list[str] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)

    def column(self, old: str) -> str | None:
        """Name in clean events of what the old records called *old*; None when it is not there."""
        return self.fields[old].name if old in self.fields else self.standard.get(old)
