"""A change carried out party by party on ends in memory: what is lost, unreadable or refused on the way.

Real schemas and real Avro bytes; what collectors, enrichers, Druid and views do is reduced to what an order can break.
"""

import io
import json
from dataclasses import dataclass, field
from typing import Any

import fastavro

from dkd.model.columns import model_columns
from dkd.model.load import load
from dkd.systems.avro.render import raw_schema, schema_id

Record = dict[str, Any]

SAMPLES = {
    "string": "x",
    "int": 7,
    "long": 1 << 40,
    "double": 1.5,
    "boolean": True,
    "timestamp": 1 << 40,
    "list": ["a"],
}


@dataclass(frozen=True)
class World:
    """Every party as it is before, or after, a change.

    Attributes:
        schema: What collectors write with and enrichers read as.
        sends: What pages send.
        events: What enrichers accept.
        required: Fields by event that enrichers insist on.
        values: Values of enums by event that enrichers insist on.
        columns: What Druid lists, and enrichers hand on.
        asks: What views ask for.
    """

    schema: Record
    sends: tuple[Record, ...]
    events: frozenset[str] = frozenset({"e"})
    required: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    columns: frozenset[str] = frozenset({"f"})
    asks: frozenset[str] = frozenset({"f"})

    def accepts(self, record: Record) -> bool:
        """Whether an enricher lets the event pass."""
        event = record.get("eventType", "e")
        return (
            event in self.events
            and all(record.get(name) is not None for one, name in self.required if one == event)
            and all(record.get(name) in (None, *known) for one, name, known in self.values if one == event)
        )


def world(model_text: str, *, silent: str = "", sends: tuple[Record, ...] | None = None) -> World:
    """The world of a model whose pages send every field but *silent*, or just *sends*."""
    model = load(f"dkd: 1\nsite: shop\n{model_text}", "model")
    columns = frozenset(column.name for column in model_columns(model))
    said = tuple(
        {"eventType": event, **{name: value for name, value in _carried(model, event, seq).items() if name != silent}}
        for event in model.events
        for seq in range(3)
    )
    return World(
        raw_schema(model), said if sends is None else sends, frozenset(model.events),
        tuple((event, name) for event in model.events for name in model.required_of(event)),
        tuple(
            (event, name, one.values)
            for event, body in model.events.items()
            for name, one in {**model.fields, **body.fields}.items()
            if one.type == "enum"
        ),
        columns, columns - {silent},
    )  # fmt: skip


def _carried(model: Any, event: str, seq: int) -> Record:
    fields = {**model.fields, **model.events[event].fields}
    return {
        name: one.values[seq % len(one.values)] if one.type == "enum" else SAMPLES[one.type]
        for name, one in fields.items()
    }


@dataclass
class Rollout:
    """A change under way.

    Attributes:
        old: Before.
        new: After.
        lingers: Whether pages of before are alive until the order waits them out.
        faults: What went wrong, each once.
    """

    old: World
    new: World
    lingers: bool
    alive: dict[str, list[World]] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    topic: list[tuple[World, bytes]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self, order: str) -> list[str]:
        """The faults when parties change in *order*; instances of one party change one after the other."""
        self.alive = {party: [self.old] for party in "DEVSU"}
        self.kept = {schema_id(self.old.schema)}
        self._flow()
        for party in order.split():
            if party == "R":
                self.kept.add(schema_id(self.new.schema))
            elif party == "W":
                self.topic.clear()
                self.alive["S"] = self.alive["S"][-1:]
            elif party in self.alive:
                self.alive[party] = [self.old, self.new]
                self._flow()
                if not (party == "S" and self.lingers):
                    self.alive[party] = [self.new]
            self._flow()
        return self.faults

    def _flow(self) -> None:
        """Every page sends to every collector; every enricher reads it, and every record that is still there."""
        for pages in self.alive["S"]:
            for collector in self.alive["V"]:
                for event in pages.sends:
                    self._send(event, collector)
        for collector, body in self.topic:
            for enricher in self.alive["E"]:
                self._read(collector, body, enricher)
        self._ask()

    def _send(self, event: Record, collector: World) -> None:
        body = _written(event, collector.schema)
        self.topic.append((collector, body))
        for enricher in self.alive["E"]:
            record = self._read(collector, body, enricher)
            if record is None:
                continue
            if not enricher.accepts(record):
                self._fault("rejected")
                continue
            for druid in self.alive["D"]:
                self._arrives(event, {name: record.get(name) for name in enricher.columns & druid.columns})

    def _read(self, collector: World, body: bytes, enricher: World) -> Record | None:
        if schema_id(collector.schema) not in self.kept:
            return self._fault("unknown schema")
        try:
            found = fastavro.schemaless_reader(io.BytesIO(body), _parsed(collector.schema), _parsed(enricher.schema))
        except (fastavro.read.SchemaResolutionError, ValueError, IndexError, TypeError):
            return self._fault("cannot be read")
        return dict(found)  # type: ignore[arg-type]  # a record

    def _arrives(self, sent: Record, row: Record) -> None:
        """What is sent, and asked for or in the new world, is in Druid as it was sent."""
        asked = {name for views in self.alive["U"] for name in views.asks} | self.new.columns
        for name in asked & sent.keys():
            if row.get(name) != sent[name]:
                self._fault(f"{name} is lost")

    def _ask(self) -> None:
        for name in {name for views in self.alive["U"] for name in views.asks}:
            if any(name not in druid.columns for druid in self.alive["D"]):
                self._fault(f"{name} is no column")
            if any(all(name not in event for event in pages.sends) for pages in self.alive["S"]):
                self._fault(f"nobody sends {name}")

    def _fault(self, what: str) -> None:
        if what not in self.faults:
            self.faults.append(what)


def faults(old: World, new: World, order: str) -> list[str]:
    """What goes wrong when the parties change in *order*; empty when nothing does."""
    return Rollout(old, new, "W" in order.split()).run(order)


def swapped(order: str, first: str, second: str) -> str:
    """*order* with *second* just before *first*."""
    rest = [party for party in order.split() if party != second]
    rest.insert(rest.index(first), second)
    return " ".join(rest)


def _parsed(schema: Record) -> Any:
    return fastavro.parse_schema(json.loads(json.dumps(schema)))


def _written(event: Record, schema: Record) -> bytes:
    """The record as Divolte writes it: what does not fit a field leaves it at its default."""
    named = {entry["name"]: entry["type"] for entry in schema["fields"]}
    fitting = {key: value for key, value in event.items() if key in named and fastavro.validate(
        value, _typed(named[key]), raise_errors=False)}  # fmt: skip
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(schema), fitting)
    return out.getvalue()


def _typed(avro_type: Any) -> Any:
    return fastavro.parse_schema(json.loads(json.dumps(avro_type)))
