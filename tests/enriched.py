"""A record of each event of a model, as a collector writes it, through the model's whole enricher, in memory."""

import json
from pathlib import Path

from stream_site import NOW_MS, Writer, loop_on, run_out, written

from dkd.enrich.chain import prepare
from dkd.enrich.resources import Resources, open_resources
from dkd.model.schema import Field, Model
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Record, tick_record
from dkd.stream.source import Limits
from dkd.stream.work import Work

Row = dict[str, object]

_VALUE: dict[str, object] = {
    "string": 'ü "quoted" \\ and, more', "boolean": True, "int": 7, "long": 1 << 40, "float": 1.5, "double": 2.5,
    "timestamp": NOW_MS, "list": ["b", "a", "b"],
}  # fmt: skip


def value_of(field: Field) -> object:
    """A value that the field can have."""
    return field.values[0] if field.type == "enum" else _VALUE[field.type]


def one_of_each(model: Model, resources: Resources | None = None) -> dict[str, list[Row]]:
    """Rows of the clean and of the sessions topic, by the kind of their datasource; every event is one, none is lost.

    The first event of each kind has all fields, a second one only those that it must have.
    """
    records = [
        Record(b"p", _raw(model, event, seq), NOW_MS + seq) for seq, event in enumerate((*model.events, *model.events))
    ]
    ended_ms = NOW_MS + 86_400_000
    store = MemoryStore()
    store.append({("raw", 0): [*records, tick_record(ended_ms, ended_ms)]}, {})
    setup = prepare(model, resources or open_resources(model), b"a key of tests")
    work = Work(model.topic("raw"), decoder(known_schemas(model, Path("no such folder")), setup.raw_schema), setup)
    run_out(loop_on(store, work), store, Limits(5_000, 5_000_000))
    found = {kind: rows for (kind, _), rows in written(store).items()}
    assert found["rejects"] == []
    clean, sessions = ([json.loads(one.value or b"") for one in found[kind]] for kind in ("clean", "sessions"))
    assert [row["event"] for row in clean] == [*model.events, *model.events]
    return {"events": clean, "sessions": sessions}


def _raw(model: Model, event: str, seq: int) -> bytes:
    fields = {**model.fields, **model.events[event].fields}
    required = model.required_of(event)
    is_full = seq < len(model.events)
    carried = {name: value_of(field) for name, field in fields.items() if is_full or name in required}
    standard = {
        "timestamp": NOW_MS + seq, "clientTimestamp": NOW_MS + seq, "partyId": "0:party:1", "eventId": f"0:event:{seq}",
        "eventType": event, "location": f"https://x.example/p/{seq}?utm_source=mail", "remoteHost": "8.8.8.0",
        "referer": "https://www.google.com/", "screenPixelWidth": 1920,
        "userAgentString": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    }  # fmt: skip
    return Writer(model).value({**standard, **carried})
