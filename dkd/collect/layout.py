"""The model → where each value stands in a raw record, and how a record becomes the bytes of its message."""

from typing import NamedTuple

from dkd.collect.avro import Writer
from dkd.collect.geo import Cities, cities
from dkd.collect.sources import Read, Reader
from dkd.collect.steps import finder
from dkd.collect.values import BadValue, Take, exact, lenient, nearest
from dkd.model.naming import snake_case
from dkd.model.schema import Field, Model
from dkd.model.source import named, parameters_of, parse_source, plain_parameter, steps_of
from dkd.model.step import Step
from dkd.systems.avro.render import frame, raw_schema, schema_id

MOST_RECORD_BYTES = 900_000
"""Below what librdkafka and brokers take by default. One record that Kafka never takes would hold up all behind it."""

Record = list[object]
"""The values of a raw record in the order of its schema's fields; None is null."""


class ModelField(NamedTuple):
    """One of the model's own fields that is stored.

    Attributes:
        slot: Its place in the record.
        field: What the model says of it.
        exact: Takes its value where types must match.
        lenient: Takes its value where Divolte's conversions hold.
        find: Its value where ``from:`` says, else its default; None where there is neither.
        parameter: The event parameter that alone holds it; empty where ``from:`` says anything else.
        has_default: Whether the model has a value for where there is none.
    """

    name: str
    slot: int
    field: Field
    exact: Take
    lenient: Take
    find: Read
    parameter: str
    has_default: bool


class Layout:
    """How records of one model are laid out; made once, then only read."""

    def __init__(self, model: Model) -> None:
        """Work out the slots of *model*.

        Raises:
            DkdError: DKD236, when a source asks the city database and that cannot be read.
        """
        schema = raw_schema(model)
        self._writer = Writer(schema, frame(schema_id(schema)))
        self.size = len(self._writer.names)
        self.slot = {name: slot for slot, name in enumerate(self._writer.names)}
        self._reader = Reader(self.slot, _cities(model))
        self.fields = tuple(self._field(name, field) for name, field in model.all_fields.items() if name in self.slot)
        self.parameters = frozenset(
            parameter for name in model.all_fields for parameter in parameters_of(name, model.all_fields[name])
        )
        self.dropped = frozenset(name for name in model.all_fields if name not in self.slot)
        self._required = {event: [(self.slot[n], n) for n in model.required_of(event)] for event in model.events}

    def _field(self, name: str, field: Field) -> ModelField:
        find = finder(name, field, self._reader)
        parameter, has_default = plain_parameter(name, field), field.default is not None
        return ModelField(name, self.slot[name], field, exact(field), lenient(field), find, parameter, has_default)

    def value(self, record: Record) -> bytes:
        """The Kafka value of *record*: Divolte's confluent frame and the Avro record.

        Raises:
            BadValue: ``too_large``, for more than :data:`MOST_RECORD_BYTES`.
        """
        found = self._writer.write(record)
        if len(found) > MOST_RECORD_BYTES:
            remedy = "send less in one event, or store it in fewer fields"
            raise BadValue("too_large", f"a record of {len(found)} bytes", remedy)
        return found

    def event(self, name: str) -> str:
        """The model's event that is sent as *name*: itself, or its snake_case.

        Raises:
            BadValue: ``unknown_event``, when the model has neither.
        """
        if name in self._required:
            return name
        event = snake_case(name[:200])
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


def _cities(model: Model) -> Cities | None:
    """The city database, where a field that is stored asks it."""
    path = model.collector.geo_database
    return cities(path) if path is not None and any(map(_asks_cities, _asked(model))) else None


def _asked(model: Model) -> list[Step]:
    fields = model.all_fields.items()
    return [step for name, field in fields if field.privacy != "drop" for step in steps_of(name, field)]


def _asks_cities(step: Step) -> bool:
    texts = [step.source, *(text for asked in (step.when, step.test) if asked for text in named(asked))]
    return step.geo is not None or any(text is not None and parse_source(text).kind == "geo" for text in texts)
