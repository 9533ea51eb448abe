"""A site of its own on a real Kafka: its topics, what feeds them, the enrichers between them, and what came out."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import MODEL, loop_on, raw, run_out, written

from dkd.enrich.chain import prepare
from dkd.enrich.resources import open_resources
from dkd.jobs.books import Ledger, PartitionBooks
from dkd.model.load import load
from dkd.settings import KafkaSettings, Ports
from dkd.stream.clients import Names
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Record, tick_ms, tick_record
from dkd.stream.source import Limits
from dkd.stream.work import Work
from dkd.systems.kafka.render import topics

PARTITIONS = 4
PORTION_S = 0.1
KEY = "a key of tests"
EVERY_MS = 200
LONGEST_MS = 60 * 3_600_000
"""Clean keeps three days, and Kafka deletes its rows by their own time."""

WRITTEN = ("clean", "sessions", "rejects")


@dataclass
class Site:
    """A project folder, and topics on the Kafka of a stack.

    Attributes:
        project: Folder with the model.
        base_port: Of the stack.
        name: Of the site.
        timing: Of its sessions. Each of fifty visitors comes every ten seconds (:data:`EVERY_MS`), so many gaps are
            longer.
    """

    project: Path
    base_port: int
    name: str = "faults"
    timing: str = "gap: 30s"

    def __post_init__(self) -> None:
        text = MODEL.format(site=self.name, partitions=PARTITIONS, bots="flag").replace("gap: 30m", self.timing)
        self.file = self.project / "specs" / f"{self.name}.yaml"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text)
        self.model = load(text, str(self.file))
        self.kafka = KafkaSettings(f"127.0.0.1:{Ports.at(self.base_port).kafka}")
        self.names = Names.of(self.model)
        self.environment = {**os.environ, "DKD_BASE_PORT": str(self.base_port), "DKD_PSEUDONYM_KEY": KEY}

    def dkd(self, *arguments: str) -> list[str]:
        """A command line of dkd."""
        return [sys.executable, "-m", "dkd", *arguments]

    def enrich(self, *arguments: str) -> list[str]:
        """The command line of an enricher; the port of metrics belongs to the stack's own."""
        return self.dkd("enrich", str(self.file), "--metrics-port", "0", *arguments)

    def work(self) -> Work:
        """What the site's enricher does."""
        setup = prepare(self.model, open_resources(self.model), KEY.encode())
        return Work(self.names.raw, decoder(known_schemas(self.model, Path("no such")), setup.raw_schema), setup)

    def create(self) -> None:
        """Make the topics, and wait until they can be used."""
        admin = AdminClient({"bootstrap.servers": self.kafka.servers})
        wanted = [NewTopic(one.name, one.partitions, 1, config=dict(one.config)) for one in topics(self.model, "local")]
        for made in admin.create_topics(wanted).values():
            made.result()
        until_s = time.monotonic() + 60
        while True:
            try:
                for topic in (self.names.raw, *self.names.written):
                    ends(self, topic)
                return
            except KafkaException:  # a new leader does not know it yet
                assert time.monotonic() < until_s
                time.sleep(0.2)

    def remove(self) -> None:
        """Delete the topics."""
        admin = AdminClient({"bootstrap.servers": self.kafka.servers})
        for gone in admin.delete_topics([one.name for one in topics(self.model, "local")]).values():
            gone.result()

    def read(self, topic: str) -> dict[int, list[Record]]:
        """What readers of committed records see of a topic, by partition."""
        found: dict[int, list[Record]] = {one: [] for one in range(PARTITIONS)}
        more = {"bootstrap.servers": self.kafka.servers, "group.id": "test", "enable.partition.eof": True,
                "enable.auto.commit": False, "isolation.level": "read_committed"}  # fmt: skip
        with closing(Consumer(more)) as reader:
            self._until_marked(reader, topic)
            reader.assign([TopicPartition(topic, one, OFFSET_BEGINNING) for one in found])
            open_ones = set(found)
            while open_ones:
                for message in reader.consume(500, 0.2):
                    error, partition = message.error(), message.partition() or 0
                    if error is None:
                        headers = tuple((name, bytes(value or b"")) for name, value in message.headers() or ())
                        time_ms = message.timestamp()[1]
                        found[partition].append(Record(message.key(), message.value(), time_ms, headers))
                    elif error.code() == KafkaError._PARTITION_EOF:
                        open_ones.discard(partition)
                    else:
                        raise AssertionError(error)
        return found

    def _until_marked(self, reader: Consumer, topic: str) -> None:
        """Wait until no transaction is open: a commit returns before its end is marked in every partition."""
        more = {"bootstrap.servers": self.kafka.servers, "group.id": "test", "isolation.level": "read_uncommitted"}
        with closing(Consumer(more)) as anybody:
            for place in [TopicPartition(topic, one) for one in range(PARTITIONS)]:
                until_s = time.monotonic() + 60
                while reader.get_watermark_offsets(place, 10)[1] < anybody.get_watermark_offsets(place, 10)[1]:
                    assert time.monotonic() < until_s, f"a transaction stays open in {place}"
                    time.sleep(0.05)

    def write(self, records: Sequence[Record], partition: int = -1) -> None:
        """Put *records* at the end of raw, by their keys unless *partition* is named."""
        feeder = producer_on(self)
        for record in records:
            feeder.produce(self.names.raw, record.value, record.key, partition, headers=list(record.headers))
        assert feeder.flush(120) == 0

    def close_sessions(self, time_ms: int) -> None:
        """End raw with a tick of *time_ms* in each partition."""
        for partition in range(PARTITIONS):
            self.write([tick_record(time_ms, 0)], partition)

    def mark_ends(self) -> dict[int, int]:
        """Put a record that says nothing at the end of each partition of raw; the offsets behind them."""
        for partition in range(PARTITIONS):
            self.write([Record(None, None, 0)], partition)
        return ends(self, self.names.raw)


def producer_on(site: Site) -> Producer:
    """A producer that waits as long as Kafka is away; idempotent, so that nothing comes twice."""
    more = {"partitioner": "murmur2_random", "message.timeout.ms": 0, "reconnect.backoff.max.ms": 500}
    return Producer({"bootstrap.servers": site.kafka.servers, "enable.idempotence": True, "log_level": 0, **more})


def endless(site: Site, seed: int) -> Iterator[Record]:
    """Raw records of a site that began long ago, made as they are needed; over when they would reach the present."""
    start_ms, portion = int(time.time() * 1_000) - LONGEST_MS, 500
    for seq in range(LONGEST_MS // (portion * EVERY_MS)):
        span_ms = portion * EVERY_MS
        yield from raw(site.model, portion, seed * 100_000 + seq, span_ms, start_ms + seq * span_ms)


class Feeder(threading.Thread):
    """Writes raw records a portion at a time, now and then many at once, until it is stopped."""

    def __init__(self, site: Site, records: Iterator[Record], rate: float) -> None:
        super().__init__(daemon=True)
        self._site, self._records, self._rate = site, records, rate
        self._ended = threading.Event()

    def run(self) -> None:
        producer, chance = producer_on(self._site), random.Random(1)
        while not self._ended.is_set():
            portion = max(int(self._rate * PORTION_S * chance.choice((0.5, 0.5, 0.5, 0.5, 3))), 1)
            for record in islice(self._records, portion):
                producer.produce(self._site.names.raw, record.value, record.key)
            while producer.flush(1) and not self._ended.is_set():
                pass
            self._ended.wait(PORTION_S)
        assert producer.flush(120) == 0

    def stop(self) -> None:
        """Write no more; what has begun is finished."""
        self._ended.set()
        self.join(180)
        assert not self.is_alive()


class Enrichers:
    """The instances of one group; one that ends is started again, as a service manager would."""

    def __init__(self, site: Site, count: int) -> None:
        self._site = site
        self.log = site.project / "enrichers.log"
        self.ended: Counter[int] = Counter()
        self.processes = {number: self.started(number) for number in range(1, count + 1)}

    def started(self, number: int) -> subprocess.Popen[bytes]:
        """One more instance."""
        with self.log.open("a") as log:
            return subprocess.Popen(self._site.enrich("--instance", str(number)), cwd=self._site.project,
                                    env=self._site.environment, stderr=log)  # fmt: skip

    def revive(self) -> None:
        """Start what ended."""
        for number, process in list(self.processes.items()):
            code = process.poll()
            if code is not None:
                self.ended[code] += 1
                self.processes[number] = self.started(number)

    @property
    def gave_up(self) -> dict[int, int]:
        """How many ended by themselves, by exit code; the signals that a campaign sends are its own doing."""
        ours = (0, -signal.SIGKILL, -signal.SIGTERM)
        return {code: count for code, count in self.ended.items() if code not in ours}

    def end(self) -> list[int]:
        """Stop all gracefully; their exit codes."""
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        return [process.wait(30) for process in self.processes.values()]


def ends(site: Site, topic: str) -> dict[int, int]:
    """Offset behind the last record of each partition of a topic."""
    with closing(Consumer({"bootstrap.servers": site.kafka.servers, "group.id": "test"})) as anybody:
        places = [TopicPartition(topic, one) for one in range(PARTITIONS)]
        return {place.partition: anybody.get_watermark_offsets(place, 10)[1] for place in places}


def are_settled(books: Sequence[PartitionBooks]) -> bool:
    """Whether nothing is left to read, and the books tell of all that was read: their end is marked apart."""
    return not any(one.lag or one.counted < one.committed for one in books)


def caught_up(site: Site, enrichers: Enrichers, limit_s: float) -> tuple[PartitionBooks, ...]:
    """The books once nothing is left to read, or as they are when the time is up."""
    until_s = time.monotonic() + limit_s
    with closing(Ledger(site.kafka, site.model)) as ledger:
        while True:
            books = ledger.read()
            if are_settled(books) or time.monotonic() > until_s:
                return books
            enrichers.revive()
            time.sleep(0.5)


@dataclass(frozen=True)
class Verdict:
    """What the topics hold against what they must hold.

    Attributes:
        rows: Expected rows of each topic.
        lost: Rows that are missing, by topic.
        doubled: Rows that should not be there, by topic.
        differing: Partitions of a topic whose rows are not the same bytes in the same order.
        closed: Whether the books close and are those of the run in memory.
        ticks: Ticks in raw.
    """

    rows: dict[str, int]
    lost: dict[str, int]
    doubled: dict[str, int]
    differing: int
    closed: bool
    ticks: int

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not (any(self.lost.values()) or any(self.doubled.values()) or self.differing) and self.closed


def judged(site: Site, books: Sequence[PartitionBooks]) -> Verdict:
    """Compare the topics with the same raw records enriched in memory, in other batches and without a fault."""
    calm, fed = MemoryStore(PARTITIONS), site.read(site.names.raw)
    calm.append({("raw", one): records for one, records in fed.items()}, {})
    loop = loop_on(calm, site.work())
    run_out(loop, calm, Limits(events=3_000))
    wanted, found = written(calm, WRITTEN), {kind: site.read(getattr(site.names, kind)) for kind in WRITTEN}
    rows, lost, doubled, differing = Counter[str](), Counter[str](), Counter[str](), 0
    for (kind, one), records in wanted.items():
        # A row without a key has an empty one in memory and none in Kafka.
        got, expected = ([(r.key or None, r.value) for r in some] for some in (found[kind][one], records))
        rows[kind] += len(expected)
        lost[kind] += (Counter(expected) - Counter(got)).total()
        doubled[kind] += (Counter(got) - Counter(expected)).total()
        differing += got != expected
    counted = {one.partition: one for one in books}
    closed = all(
        _same(live.state.books, counted[one]) and counted[one].closed and not counted[one].lag
        for one, live in loop.live.items()
    )
    ticks = sum(tick_ms(record.headers) is not None for records in fed.values() for record in records)
    return Verdict(dict(rows), dict(lost), dict(doubled), differing, closed, ticks)


def _same(books: object, counted: PartitionBooks) -> bool:
    """Whether every count that both know is equal."""
    return all(getattr(counted, name) == count for name, count in vars(books).items() if hasattr(counted, name))
