"""How fast the enricher is, against the same loop that hands records through untouched.

    python tests/benchmarks/enricher_rate.py --servers 127.0.0.1:28206 --batch 10000

Both drain the same raw topic of a running Kafka, in transactions of --batch events with offsets and state, one after
the other, twice; then the enricher drains a topic of which a tenth is malformed. Figures are events per CPU-second of
the whole process, because wall time on a shared machine says little; the ratios are what counts. Every visitor comes
once in 20,000 events, and no session ends: nearly every event changes another session, the worst case. With --visits
they come for eight events and go, a thousand at a time.
"""

import argparse
import os
import random
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("POLARS_MAX_THREADS", "1")  # as dkd enrich does

import numpy as np
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import AGENTS, NOW_MS, Writer, shop, work

from dkd.enrich.dedup import NEVER, Entries
from dkd.enrich.state import Books, State, StateDelta
from dkd.settings import KafkaSettings
from dkd.stream import clients
from dkd.stream.clients import Names
from dkd.stream.commit import KafkaSink, insist
from dkd.stream.heap import collect_rarely, keep_small
from dkd.stream.kafka import KafkaSource
from dkd.stream.loop import Loop
from dkd.stream.records import Batch, Result, Rows
from dkd.stream.source import Limits
from dkd.stream.work import Done

PARTITIONS = 4


class Through:
    """Work that does nothing."""

    def all_done(self, batches: Sequence[Batch], states: Sequence[State]) -> list[list[Done]]:
        return [[self.done(batch, state)] for batch, state in zip(batches, states, strict=True)]

    def done(self, batch: Batch, state: State) -> Done:
        clean = Rows("clean", batch.keys, batch.values, batch.timestamps_ms)
        delta = StateDelta(None, Books(consumed=len(batch), clean=len(batch)), Entries.empty(), NEVER)
        none = (Rows("sessions", (), (), ()), Rows("rejects", (), (), ()))
        return Done(clean, *none, delta, state.applied(delta), batch.next_offset)


@dataclass(frozen=True)
class Rate:
    """Events by the second of CPU and of the clock, and what became of them."""

    cpu: float
    wall: float
    books: Books
    steps_ms: list[float]
    state_bytes: float

    def __str__(self) -> str:
        p50, p99 = (float(np.percentile(self.steps_ms, one)) for one in (50, 99))
        return (f"{self.cpu:>12,.0f} {self.wall:>22,.0f} {p50:>9,.0f} / {p99:<9,.0f} {self.state_bytes:>8,.0f}"
                f"   {self.books.clean:,} clean, {self.books.rejects:,} rejects")  # fmt: skip


class Weighed:
    """A sink that weighs the rows of state that go through it."""

    def __init__(self, sink: KafkaSink) -> None:
        self._sink, self.state_bytes = sink, 0

    def commit(self, results: Sequence[Result]) -> None:
        self.state_bytes += sum(
            len(value or b"")
            for result in results
            for rows in result.rows
            if rows.kind == "state"
            for value in rows.values
        )
        self._sink.commit(results)

    def close(self) -> None:
        self._sink.close()


def filled(servers: str, site: str, count: int, malformed: float = 0, visits: bool = False) -> None:
    """Make the topics, with *count* events of some 20,000 visitors in raw; a share is malformed."""
    names, writer = Names.of(shop(site)), Writer(shop(site))
    admin = AdminClient({"bootstrap.servers": servers})
    wanted = [NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"}) for name in (names.raw, *names.written)]
    for made in admin.create_topics(wanted).values():
        made.result()
    producer = Producer({"bootstrap.servers": servers, "partitioner": "murmur2_random", "linger.ms": 20,
                         "queue.buffering.max.messages": 1_000_000})  # fmt: skip
    chance = random.Random(3)
    for seq in range(count):
        party, received_ms = (seq // 8_000 * 1_000 + seq % 1_000, 100) if visits else (seq * 7_919 % 20_011, 10)
        received_ms = NOW_MS + received_ms * seq
        event = {
            "timestamp": received_ms,
            "clientTimestamp": received_ms - 1_000 * (party % 40),
            "partyId": f"0:k{party:07}:{party:032x}",
            "sessionId": f"0:k{party:07}:{seq % 997:032x}",
            "pageViewId": f"0:{seq:032x}",
            "eventId": f"0:{seq:032x}:0",
            "eventType": ("pageView", "pageView", "search", "purchase")[seq % 4],
            "location": f"https://shop.example/products/{party % 500}?utm_source=mail&utm_campaign=c{seq % 20}",
            "referer": (None, "https://www.google.com/", f"https://shop.example/products/{seq % 500}")[seq % 3],
            "remoteHost": f"{1 + party % 200}.{party % 251}.{party % 241}.0",
            "userAgentString": f"{AGENTS[party % 2]} x/{party % 500}",
            "viewportPixelWidth": 1_200,
            "viewportPixelHeight": 800,
            "screenPixelWidth": 1_920,
            "screenPixelHeight": 1_080,
            "order_id": f"o{seq}",
            "revenue": party / 7,
        }
        value = writer.value(event)
        if chance.random() < malformed:
            value = chance.choice(
                (value[:-3], value + b"x", value[:40], b"no avro", value.replace(b"shop", b"\xff\xffop"))
            )
        producer.produce(names.raw, value, str(event["partyId"]), timestamp=received_ms)
        if seq % 20_000 == 19_999:
            print(f"  {seq + 1:,} of {count:,} events in {names.raw}", file=sys.stderr, flush=True)
    assert producer.flush(120) == 0


def drained(servers: str, names: Names, count: int, doing: object, batch: int = 10_000) -> Rate:
    """Run a loop with the work *doing* over all *count* records."""
    kafka = KafkaSettings(servers)
    member = clients.member(kafka, names, lambda _: None)
    writer = clients.producer(kafka, names, lambda _: None)
    insist(lambda: writer.init_transactions(5), lambda passed_s: passed_s < 30)
    sink = KafkaSink(writer, member, names, lambda passed_s: passed_s < 30)
    source = KafkaSource(member, kafka, names, print)
    limits, weighed, steps_ms = Limits(events=batch), Weighed(sink), list[float]()
    with closing(source), closing(weighed):
        loop = Loop(source, weighed, doing)  # type: ignore[arg-type]
        while not (done := loop.step(limits).consumed):
            pass
        cpu_s, wall_s, first, weighed.state_bytes = time.process_time(), time.perf_counter(), done, 0
        while done < count:
            begun_s = time.perf_counter()
            done += loop.step(limits).consumed
            steps_ms.append(1_000 * (time.perf_counter() - begun_s))
        used_s, passed_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        books = sum((live.state.books for live in loop.live.values()), Books())
    events = done - first
    return Rate(events / used_s, events / passed_s, books, steps_ms, weighed.state_bytes / events)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="127.0.0.1:28206")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--visits", action="store_true", help="visitors come for eight events and go; sessions end")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--sound", action="store_true", help="leave the malformed topic out")
    asked = parser.parse_args()
    keep_small()  # as dkd enrich does, for both
    site = f"rate{uuid.uuid4().hex[:6]}"
    works = {
        "pass-through": (site, Through()),
        "enricher": (site, work(site)),
    } | ({} if asked.sound else {"10 % malformed": (f"{site}m", work(f"{site}m"))})
    filled(asked.servers, site, asked.events, visits=asked.visits)
    if not asked.sound:
        filled(asked.servers, f"{site}m", asked.events, malformed=0.1, visits=asked.visits)
    collect_rarely()
    admin = AdminClient({"bootstrap.servers": asked.servers})
    print("work           events per CPU-second   per second of the clock   ms, p50 / p99   state B")
    best: dict[str, float] = {}
    for turn in range(asked.turns):
        for name, (filled_site, doing) in works.items():
            names = Names.of(shop(filled_site))
            mine = f"{filled_site}.{name.split()[0]}{turn}"
            fresh = names._replace(group=mine, instance=mine, state=f"{names.state}.{mine}")
            admin.create_topics([NewTopic(fresh.state, PARTITIONS, 1)])[fresh.state].result()
            rate = drained(asked.servers, fresh, asked.events, doing, asked.batch)
            best[name] = max(best.get(name, 0), rate.cpu)
            print(f"{name:14} {rate}", flush=True)
            admin.delete_topics([fresh.state])[fresh.state].result()
    print(f"enricher       {best['enricher'] / best['pass-through']:.2f} of the pass-through")
    if not asked.sound:
        print(f"10 % malformed {best['10 % malformed'] / best['enricher']:.2f} of the clean rate")
    for filled_site in {one for one, _ in works.values()}:
        names = Names.of(shop(filled_site))
        for one in admin.delete_topics([names.raw, *names.written]).values():
            one.result()


if __name__ == "__main__":
    main()
