"""The model → where each value stands in a raw record, and how a record becomes the bytes of its message."""

from collections.abc import Callable
from typing import NamedTuple

from dkd.collect.avro import Writer
from dkd.collect.sources import Place, finder
from dkd.collect.values import BadValue, Take, exact, lenient, nearest
from dkd.model.naming import snake_case
from dkd.model.schema import Field, Model
from dkd.model.source import parse_source
from dkd.systems.avro.render import frame, raw_schema, schema_id

Record = list[object]
"""The values of a raw record in the order of its schema's fields; None is null."""


class ModelField(NamedTuple):
    """One of the model's own fields that is stored.

    Attributes:
        slot: Its place in the record.
        exact: Takes its value where types must match.
        lenient: Takes its value where Divolte's conversions hold.
        find: Its value where ``from:`` says.
        parameter: The event parameter that holds it; empty where ``from:`` names another place.
    """

    name: str
    slot: int
    exact: Take
    lenient: Take
    find: Callable[[Place], object]
    parameter: str


class Layout:
    """How records of one model are laid out; made once, then only read."""

    def __init__(self, model: Model) -> None:
        """Work out the slots of *model*."""
        schema = raw_schema(model)
        self._writer = Writer(schema)
        self._frame = frame(schema_id(schema))
        self.size = len(self._writer.names)
        self.slot = {name: slot for slot, name in enumerate(self._writer.names)}
        self.fields = tuple(self._field(name, field) for name, field in model.all_fields.items() if name in self.slot)
        self.dropped = frozenset(name for name in model.all_fields if name not in self.slot)
        self._required = {event: [(self.slot[n], n) for n in model.required_of(event)] for event in model.events}

    def _field(self, name: str, field: Field) -> ModelField:
        source = parse_source(field.source, name)
        parameter = source.name if source.kind == "parameter" else ""
        return ModelField(name, self.slot[name], exact(field), lenient(field), finder(source), parameter)

    def value(self, record: Record) -> bytes:
        """The Kafka value of *record*: Divolte's confluent frame and the Avro record."""
        return self._frame + self._writer.write(record)

    def event(self, name: str) -> str:
        """The model's event that is sent as *name*: itself, or its snake_case.

        Raises:
            BadValue: ``unknown_event``, when the model has neither.
        """
        for event in (name, snake_case(name[:200])):
            if event in self._required:
                return event
        remedy = nearest(snake_case(name[:100]), tuple(self._required))
        raise BadValue("unknown_event", f"the model has no event {name[:60]!r}", remedy, "event")

    def missing(self, event: str, record: Record) -> str | None:
        """The first field that *event* must carry and *record* does not hold."""
        for slot, name in self._required[event]:
            if record[slot] is None:
                return name
        return None
