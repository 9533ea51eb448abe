"""A small shop and its raw topic as a collector writes it: shuffled a little, with repeats, broken and late records."""

import functools
import io
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import fastavro

from dkd.collect.message import Message
from dkd.enrich.chain import prepare
from dkd.enrich.resources import open_resources
from dkd.jobs.lanes import partition
from dkd.model.load import load
from dkd.model.schema import Model
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.loop import Loop
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Record, tick_record
from dkd.stream.source import Limits
from dkd.stream.state import Shape
from dkd.stream.store import ALL, Store, StoreSink, StoreSource
from dkd.stream.work import Work
from dkd.systems.avro.render import frame, raw_schema, schema_id

MODEL = """\
dkd: 1
site: {site}
events:
  page_view: {{}}
  search: {{fields: {{query: string}}}}
  purchase: {{fields: {{order_id: {{type: string, required: true}}, revenue: double, tags: list}}}}
enrich: [url, campaign, referrer, agent, geo, {{bots: {{action: {bots}}}}}, {{sessions: {{gap: 30m}}}}]
topics: {{partitions: {partitions}}}
"""
NOW_MS = 1_780_000_000_000
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)  # fmt: skip


def shop(site: str = "shop", partitions: int = 1, bots: str = "flag") -> Model:
    """The shop."""
    return load(MODEL.format(site=site, partitions=partitions, bots=bots), "shop.yaml")


@functools.cache
def work(site: str = "shop", bots: str = "flag") -> Work:
    """The whole work of the shop's enricher, with its real lists and database."""
    found = shop(site, bots=bots)
    setup = prepare(found, open_resources(found), b"a key of tests")
    return Work(found.topic("raw"), decoder(known_schemas(found, Path("no such folder")), setup.raw_schema), setup)


class Writer:
    """Writes values of the raw topic with the schema of *model*, by fastavro."""

    def __init__(self, model: Model) -> None:
        self.schema = raw_schema(model)
        self._parsed = fastavro.parse_schema(json.loads(json.dumps(self.schema)))
        self.frame = frame(schema_id(self.schema))

    def body(self, event: Mapping[str, object]) -> bytes:
        """The Avro body; Divolte's field names, absent ones null."""
        empty = {field["name"]: field["default"] for field in self.schema["fields"]}
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self._parsed, {**empty, **event})
        return stream.getvalue()

    def value(self, event: Mapping[str, object]) -> bytes:
        """The framed value."""
        return self.frame + self.body(event)


def events(count: int, seed: int = 7, span_ms: int = 3_600_000, start_ms: int = NOW_MS) -> list[dict[str, object]]:
    """Sound events in the order of receipt; their own times lie up to ten minutes before it."""
    chance = random.Random(seed)
    found = []
    for seq in range(count):
        received_ms = start_ms + seq * span_ms // count
        party = chance.randrange(50)
        found.append(
            {
                "timestamp": received_ms,
                "clientTimestamp": received_ms - chance.choice((0, 1_000, 60_000, 600_000)),
                "partyId": f"0:party:{party}",
                "eventId": f"0:event:{seed}:{seq}",
                "eventType": chance.choice(("pageView", "page_view", "search", "purchase")),
                "location": f"https://shop.example/p/{chance.randrange(9)}?utm_source=mail&utm_campaign=c{seq % 3}",
                "referer": chance.choice((None, "https://www.google.com/")),
                "remoteHost": f"8.8.{party}.0",
                "userAgentString": AGENTS[party % len(AGENTS)],
                "order_id": "o1",
                "revenue": chance.random() * 100,
                "tags": chance.choice((None, [], ["a", None, "ü"])),
            }
        )
    return found


def raw(model: Model, count: int, seed: int = 7, span_ms: int = 3_600_000, start_ms: int = NOW_MS) -> list[Record]:
    """About *count* raw records: sound events, 4 % repeats, 10 % of several faults, some far behind, and ticks, of
    which the last closes every session of its partition."""
    chance, writer = random.Random(seed), Writer(model)
    found: list[Record] = []
    for event in events(count, seed, span_ms, start_ms):
        faulty = chance.random() < 0.1
        if faulty:
            event |= chance.choice(
                (
                    {"eventType": "no_such"},
                    {"partyId": None},
                    {"clientTimestamp": 5},
                    {"clientTimestamp": start_ms - 10_000_000},
                )
            )
        value: bytes | None = writer.value(event)
        if chance.random() < 0.04:
            value = chance.choice(
                (value[:-2], value + b"\x00", b"no avro", b"", b"\x00\x00\x00\x00\x07" + value[5:], None)
            )
        key = str(event["partyId"]).encode() if event["partyId"] else None
        found.append(Record(key, value, int(str(event["timestamp"]))))
        if chance.random() < 0.04:
            found.append(found[-1 - chance.randrange(min(20, len(found)))])
    ended_ms = start_ms + span_ms
    found.insert(len(found) * 2 // 3, tick_record(start_ms + span_ms * 2 // 3, ended_ms))
    found.append(tick_record(ended_ms + 3_600_000, ended_ms))
    return found


def filled(store: Store, model: Model, records: Sequence[Record]) -> Store:
    """*store* with *records* in its raw topic, by party."""
    rows: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        rows.setdefault(("raw", sum(record.key or b"") % store.partitions), []).append(record)
    store.append(rows, {})
    return store


def loop_on(store: Store, doing: Work, shape: Shape | None = None) -> Loop:
    """A loop that reads and writes *store*."""
    return Loop(StoreSource(store), StoreSink(store), doing, partitions=store.partitions, shape=shape)


def run_out(loop: Loop, store: Store, limits: Limits) -> None:
    """Step until all of raw is committed."""
    while any(len(store.read("raw", one, store.positions().get(one, 0), ALL)) for one in range(store.partitions)):
        loop.step(limits)


def written(
    store: Store, kinds: Iterable[str] = ("clean", "sessions", "rejects")
) -> dict[tuple[str, int], list[Record]]:
    """All records of *kinds* by topic and partition."""
    return {
        (kind, one): [record for _, record in store.read(kind, one, 0, ALL)]
        for kind in kinds
        for one in range(store.partitions)
    }


def memory(model: Model, records: Sequence[Record]) -> MemoryStore:
    """A store in memory with *records* in raw."""
    store = MemoryStore(model.topics.partitions)
    filled(store, model, records)
    return store


def enriched(model: Model, messages: Iterable[Message]) -> list[dict[str, object]]:
    """The clean events that the whole enricher of *model* makes of what a collector wrote; it must reject none."""
    setup = prepare(model, open_resources(model), b"a key of tests")
    work = Work(model.topic("raw"), decoder(known_schemas(model, Path("no such folder")), setup.raw_schema), setup)
    store, rows = MemoryStore(4), {}
    for one in messages:
        if one.topic == model.topic("raw"):
            place = ("raw", partition(one.key or b"", 4))
            rows.setdefault(place, []).append(Record(one.key, one.value, one.timestamp_ms))
    store.append(rows, {})
    run_out(loop_on(store, work), store, Limits(5_000, 5_000_000))
    assert not any(written(store, ("rejects",)).values())
    return [json.loads(one.value or b"") for found in written(store, ("clean",)).values() for one in found]
