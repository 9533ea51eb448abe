"""Kill, stop and restart enrichers and Kafka under load, then compare every row with a run in memory.

    python tests/faults/enricher_faults.py --faults 20 --instances 2

starts a Kafka of its own (``dkd up --only kafka``); with ``--servers`` it uses a running one and leaves that alone. Raw
events are fed while the faults happen. At the end clean and rejects, as readers of committed records see them, must
equal byte for byte what the same raw records give in memory, and the books must close. Exit 1 when they don't.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import OFFSET_BEGINNING, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import MODEL, loop_on, raw, run_out, shop, work, written

from dkd.errors import DkdError
from dkd.jobs.books import Ledger, PartitionBooks
from dkd.model.schema import Model
from dkd.settings import KafkaSettings, Ports
from dkd.stream.clients import Names
from dkd.stream.kafka import read_to_end, state_reader
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Record
from dkd.stream.source import Limits
from dkd.systems.kafka.render import topics

PARTITIONS = 4
PORTION_S = 0.1


@dataclass
class Site:
    """A site of its own on a Kafka: a project folder and fresh topics.

    Attributes:
        project: Folder with the model.
        model: The site.
        base_port: Of the stack whose Kafka it is.
        partitions: Of each topic.
    """

    project: Path
    base_port: int
    name: str = "faults"

    def __post_init__(self) -> None:
        self.model: Model = shop(self.name, PARTITIONS)
        self.file = self.project / "specs" / f"{self.name}.yaml"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(MODEL.format(site=self.name, partitions=PARTITIONS, bots="flag"))
        self.kafka = KafkaSettings(f"127.0.0.1:{Ports.at(self.base_port).kafka}")
        self.names = Names.of(self.model)
        self.environment = {**os.environ, "DKD_BASE_PORT": str(self.base_port), "DKD_PSEUDONYM_KEY": "a key of tests"}

    def dkd(self, *arguments: str) -> list[str]:
        """A command line of dkd."""
        return [sys.executable, "-m", "dkd", *arguments]

    def create(self) -> None:
        """Make the topics."""
        admin = AdminClient({"bootstrap.servers": self.kafka.servers})
        wanted = [NewTopic(one.name, one.partitions, 1, config=dict(one.config)) for one in topics(self.model, "local")]
        for made in admin.create_topics(wanted).values():
            made.result()

    def remove(self) -> None:
        """Delete the topics and the group."""
        admin = AdminClient({"bootstrap.servers": self.kafka.servers})
        for gone in admin.delete_topics([one.name for one in topics(self.model, "local")]).values():
            gone.result()

    def read(self, topic: str) -> dict[int, list[Record]]:
        """What readers of committed records see of a topic, by partition."""
        found: dict[int, list[Record]] = {one: [] for one in range(PARTITIONS)}
        with closing(state_reader(self.kafka, self.names)) as reader:
            for one in read_to_end(reader, topic, dict.fromkeys(found, OFFSET_BEGINNING)):
                found[one.partition].append(Record(one.key or None, one.value, 0))
        return found


class Feeder(threading.Thread):
    """Writes raw records a portion at a time until all are written."""

    def __init__(self, site: Site, records: Sequence[Record], rate: float) -> None:
        super().__init__()
        self._site, self._records, self._rate = site, records, rate
        self.done = 0

    def run(self) -> None:
        # Waits as long as Kafka is away; idempotent, so that nothing comes twice.
        settings = {"bootstrap.servers": self._site.kafka.servers, "enable.idempotence": True, "log_level": 0,
                    "partitioner": "murmur2_random", "message.timeout.ms": 0}  # fmt: skip
        producer = Producer(settings)
        portion = max(int(self._rate * PORTION_S), 1)
        for start in range(0, len(self._records), portion):
            for record in self._records[start : start + portion]:
                producer.produce(self._site.names.raw, record.value, record.key, timestamp=record.timestamp_ms)
            producer.flush(120)
            self.done = start + portion
            time.sleep(PORTION_S)
        assert producer.flush(120) == 0


class Enrichers:
    """The instances of one group; one that ends is started again, as a service manager would."""

    def __init__(self, site: Site, count: int) -> None:
        self._site = site
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ended: Counter[int] = Counter()
        for number in range(count):
            self.processes.append(self._started(number))

    def _started(self, number: int) -> subprocess.Popen[bytes]:
        command = self._site.dkd("enrich", str(self._site.file), "--instance", str(number + 1))
        with (self._site.project / "enrichers.log").open("a") as log:
            return subprocess.Popen(command, cwd=self._site.project, env=self._site.environment, stderr=log)

    def revive(self) -> None:
        """Start what ended."""
        for number, process in enumerate(self.processes):
            code = process.poll()
            if code is not None:
                self.ended[code] += 1
                self.processes[number] = self._started(number)

    def end(self) -> list[int]:
        """Stop all gracefully; their exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        return [process.wait(15) for process in self.processes]


@dataclass
class Campaign:
    """Faults at random moments, one after the other.

    Attributes:
        site: Where.
        enrichers: Who suffers.
        restart_kafka: Kills Kafka and starts it again; None where it is not ours.
        chance: Chooses.
        counts: Faults so far by kind.
    """

    site: Site
    enrichers: Enrichers
    restart_kafka: Callable[[], None] | None
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    def fault(self) -> None:
        """One fault."""
        kinds = ["kill"] * 4 + ["stop", "away", "restart"] * 2 + (["kafka"] * 2 if self.restart_kafka else [])
        kind = self.chance.choice(kinds)
        self.counts[kind] += 1
        process = self.chance.choice(self.enrichers.processes)
        if kind in ("kill", "away"):
            process.kill()
            process.wait()
            time.sleep(12 if kind == "away" else 0)  # long enough for its partitions to go to another one
        elif kind == "restart":
            process.terminate()
            process.wait()
        elif kind == "stop":
            process.send_signal(signal.SIGSTOP)
            time.sleep(self.chance.choice((1, 3, 12)))  # shorter and longer than a session
            process.send_signal(signal.SIGCONT)
        elif self.restart_kafka:
            self.restart_kafka()
        self.enrichers.revive()


def wait_for_progress(ledger: Ledger, limit_s: float = 30) -> None:
    """Return as soon as something more is committed: a fault before that would hit a process that only starts."""
    until_s, before = time.monotonic() + limit_s, None
    while time.monotonic() < until_s:
        try:
            now = sum(one.consumed for one in ledger.read())
        except DkdError:  # Kafka is still coming back
            now = before
        if before is not None and now != before:
            return
        before = now
        time.sleep(0.1)


def caught_up(site: Site, enrichers: Enrichers, limit_s: float) -> tuple[PartitionBooks, ...]:
    """The books once nothing is left to read, or as they are when the time is up."""
    until_s = time.monotonic() + limit_s
    with closing(Ledger(site.kafka, site.model)) as ledger:
        while True:
            books = ledger.read()
            if not any(one.lag for one in books) or time.monotonic() > until_s:
                return books
            enrichers.revive()
            time.sleep(0.5)


@dataclass(frozen=True)
class Verdict:
    """What the topics hold against what they must hold.

    Attributes:
        rows: Expected rows of each topic.
        lost: Rows that are missing.
        extra: Rows that should not be there.
        differing: Partitions whose rows are not the same bytes in the same order.
        closed: Whether the books close and are those of the run in memory.
    """

    rows: dict[str, int]
    lost: int
    extra: int
    differing: int
    closed: bool

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.extra or self.differing) and self.closed


def judged(site: Site, books: Sequence[PartitionBooks]) -> Verdict:
    """Compare the topics with the same raw records enriched in memory, in other batches."""
    calm = MemoryStore(PARTITIONS)
    calm.append({("raw", one): records for one, records in site.read(site.names.raw).items()}, {})
    loop = loop_on(calm, work(site.name))
    run_out(loop, calm, Limits(events=3_000))
    wanted = written(calm)
    lost = extra = differing = 0
    for kind in ("clean", "rejects"):
        for one, found in site.read(getattr(site.names, kind)).items():
            got, expected = [(r.key, r.value) for r in found], [(r.key, r.value) for r in wanted[kind, one]]
            lost += (Counter(expected) - Counter(got)).total()
            extra += (Counter(got) - Counter(expected)).total()
            differing += got != expected
    counted = {one.partition: one for one in books}
    closed = all(
        (live.state.books.consumed, live.state.books.clean, live.state.books.rejects)
        == (counted[one].consumed, counted[one].clean, counted[one].rejects)
        and counted[one].closed
        and not counted[one].lag
        for one, live in loop.live.items()
    )
    rows = {kind: sum(len(wanted[kind, one]) for one in range(PARTITIONS)) for kind in ("clean", "rejects")}
    return Verdict(rows, lost, extra, differing, closed)


def campaign(site: Site, restart_kafka: Callable[[], None] | None, *, events: int, faults: int, instances: int,
             seed: int, every_s: float = 7.0) -> tuple[Campaign, Verdict]:  # fmt: skip
    """Feed *events* while *faults* happen, one every *every_s* or so; what was done and what came out."""
    # Not in the past: Kafka deletes records by their own time.
    records = raw(site.model, events, seed, start_ms=int(time.time() * 1_000) - 3_600_000)
    feeder = Feeder(site, records, len(records) / max(faults * every_s, 1))
    enrichers = Enrichers(site, instances)
    doing = Campaign(site, enrichers, restart_kafka, random.Random(seed))
    feeder.start()
    try:
        with closing(Ledger(site.kafka, site.model)) as ledger:
            for _ in range(faults):
                wait_for_progress(ledger)
                time.sleep(doing.chance.uniform(0, 1))
                doing.fault()
        feeder.join()
        books = caught_up(site, enrichers, 180)
    finally:
        codes = enrichers.end()
        print("exit codes of a graceful stop:", codes, "; ended by themselves or killed:", dict(enrichers.ended))
    return doing, judged(site, books)


def show(doing: Campaign, verdict: Verdict, passed_s: float) -> None:
    """Print the table."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(doing.counts.items()))
    print(f"faults        {doing.counts.total()} ({kinds}) in {passed_s:.0f} s")
    for kind, count in verdict.rows.items():
        print(f"{kind:13} {count:,} rows expected")
    print(f"lost          {verdict.lost}\ndoubled       {verdict.extra}")
    print(f"partitions    {verdict.differing} differ from the run without faults, byte by byte and in order")
    print(f"books         {'closed' if verdict.closed else 'NOT CLOSED'}")


def main() -> int:
    """Run a campaign; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=5)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base-port", type=int, default=28_900)
    parser.add_argument(
        "--running", action="store_true", help="use the running Kafka of that base port; leave it alone"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dkd-faults-") as folder:
        site = Site(Path(folder), asked.base_port, f"faults{int(time.time()) % 100_000}")
        if not asked.running:
            subprocess.run(up(site), cwd=site.project, env=site.environment, check=True)
        site.create()
        began_s = time.monotonic()
        try:
            doing, verdict = campaign(site, None if asked.running else lambda: kill_kafka(site), events=asked.events,
                                      faults=asked.faults, instances=asked.instances, seed=asked.seed)  # fmt: skip
        finally:
            print((site.project / "enrichers.log").read_text()[-3_000:])
            if asked.running:
                site.remove()
            else:
                subprocess.run(site.dkd("down"), cwd=site.project, env=site.environment, check=False)
        show(doing, verdict, time.monotonic() - began_s)
    return 0 if verdict.passed else 1


def up(site: Site) -> list[str]:
    """The command that starts what is dead of the site's own Kafka."""
    return site.dkd("up", str(site.file), "--only", "kafka", "--detach")


def kill_kafka(site: Site) -> None:
    """SIGKILL the site's own Kafka and start it again."""
    from dkd.local.layout import Layout
    from dkd.local.processes import records

    os.kill(records(Layout.of(site.project))["kafka"].pid, signal.SIGKILL)
    time.sleep(1)
    subprocess.run(up(site), cwd=site.project, env=site.environment, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
