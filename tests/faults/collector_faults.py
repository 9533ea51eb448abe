"""Kill Kafka and the collector under load, fill its spool, stop it; then look up every acknowledged event.

    python tests/faults/collector_faults.py --only outage --outage 60 --rate 2000
    python tests/faults/collector_faults.py --only killed --outage 60 --rate 2000
    python tests/faults/collector_faults.py --only full,stopped

starts a Kafka of its own. `outage` kills Kafka by SIGKILL under load and starts it again after --outage seconds;
`killed` kills the collector too, half-way, and starts it again; `full` fills a small spool; `stopped` sends SIGTERM
under load. What came twice is given to the real enrichers, in memory, which must drop it. Exit 1 when anything is lost
or a bound is broken.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import requests
from collect_load import Client, get
from collector_rate import MODEL, Place, place
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from stream_site import enriched

from dkd.collect.message import Message
from dkd.model.load import load
from dkd.settings import Ports

_STALL_S, _EMPTY_S, _END_S = 2.0, 60.0, 10.0


@dataclass
class Sent:
    """What clients know.

    Attributes:
        run: Begins every event id.
        acknowledged: Numbers of events that were answered with 200.
        statuses: How often each other answer came; 0 for a connection that ended without one, -1 for a reset one.
        longest_s: The longest answer, from the moment at which the request was due.
    """

    run: str
    acknowledged: set[int] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    sent: int = 0


class Sender:
    """Sends events at a rate, on connections that are made anew when they are lost."""

    def __init__(self, port: int, sent: Sent, rate: float, connections: int = 64) -> None:
        self._port, self.sent, self._rate, self._connections = port, sent, rate, connections
        self._free: deque[Client] = deque()
        self._missing = connections
        self._waiting: deque[tuple[int, float]] = deque()
        self.is_over = False

    async def run(self) -> None:
        """Send until :attr:`is_over`, then wait for what is on its way."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while not self.is_over:
            await self._connect()
            while began_s + self.sent.sent / self._rate <= loop.time():
                self._waiting.append((self.sent.sent, began_s + self.sent.sent / self._rate))
                self.sent.sent += 1
            self._spread()
            await asyncio.sleep(0.002)
        until_s = loop.time() + 15
        while len(self._free) + self._missing < self._connections and loop.time() < until_s:
            await asyncio.sleep(0.02)

    def _spread(self) -> None:
        while self._waiting and self._free:
            number, due_s = self._waiting.popleft()
            self._free.popleft().send(get(number, self.sent.run), due_s, number)

    async def _connect(self) -> None:
        while self._missing:
            try:
                made = asyncio.get_running_loop().create_connection(self._client, "127.0.0.1", self._port)
                _, client = await made
            except OSError:
                return
            self._missing -= 1
            self._free.append(client)

    def _client(self) -> Client:
        return Client(self._is_free, self._told)

    def _is_free(self, client: Client) -> None:
        if client.lost:
            self._missing += 1
            if client in self._free:
                self._free.remove(client)
        else:
            self._free.append(client)

    def _told(self, status: int, due_s: float, number: object) -> None:
        if status == 200:
            assert isinstance(number, int)
            self.sent.acknowledged.add(number)
            self.sent.longest_s = max(self.sent.longest_s, asyncio.get_running_loop().time() - due_s)
        else:
            self.sent.statuses[status] += 1


@dataclass
class Site:
    """The place, and a collector on it."""

    place: Place
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ports = Ports.at(self.place.base_port)
        self.port, self.admin, self.kafka = ports.collector, ports.collector_admin, f"127.0.0.1:{ports.kafka}"
        self.model = load(MODEL, "rate.yaml")
        self.spool = self.place.project / ".dkd" / "spool" / "rate"

    def start(self) -> None:
        """Start a collector and wait until it listens."""
        with (self.place.project / "collector.log").open("a") as log:
            self.process = subprocess.Popen(
                self.place.dkd("collect", *self.options), cwd=self.place.project, env=self.place.environment, stderr=log
            )
        until(lambda: requests.get(f"http://127.0.0.1:{self.port}/ping", timeout=2).ok, 30)

    def stop(self) -> float:
        """Stop it by SIGTERM; how many seconds that took."""
        began_s = time.monotonic()
        self.process.terminate()
        assert self.process.wait(30) == 0
        return time.monotonic() - began_s

    def kill_kafka(self) -> None:
        state = json.loads((self.place.project / ".dkd" / "state.json").read_text())
        os.kill(state["kafka"]["pid"], signal.SIGKILL)

    def start_kafka(self) -> None:
        self.place.run("up", "--only", "kafka", "--detach")

    def ready(self) -> tuple[int, str]:
        answer = requests.get(f"http://127.0.0.1:{self.admin}/ready", timeout=5)
        return answer.status_code, answer.text.strip()

    def is_empty(self) -> bool:
        return not any(self.spool.glob("*.spool"))

    def raw(self) -> list[Message]:
        """Every record of the raw topic."""
        topic, found = self.model.topic("raw"), []
        more = {"bootstrap.servers": self.kafka, "group.id": "faults", "enable.partition.eof": True}
        with closing(Consumer(more)) as reader:
            left = set(reader.list_topics(topic, timeout=10).topics[topic].partitions)
            reader.assign([TopicPartition(topic, one, OFFSET_BEGINNING) for one in left])
            while left:
                for message in reader.consume(5_000, 1):
                    error = message.error()
                    if error is None:
                        found.append(Message(topic, message.key(), message.value(), message.timestamp()[1]))
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition())
        return found


def until(condition, limit_s: float) -> float:
    """Wait until *condition* holds; how many seconds that took, the limit where it never did."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + limit_s:
        try:
            if condition():
                return time.monotonic() - began_s
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    return limit_s


@dataclass
class Report:
    """Rows of the table, and whether one of them is wrong."""

    failed: bool = False

    def row(self, name: str, value: object, holds: bool = True, wanted: str = "") -> None:
        self.failed = self.failed or not holds
        print(f"  {name:34} {value!s:>14}   {wanted}{'' if holds else '   FAILED'}", flush=True)

    def books(self, site: Site, sent: Sent) -> None:
        """Look up every acknowledged event in the topic."""
        messages = [one for one in site.raw() if sent.run.encode() in (one.value or b"")]
        ids = Counter(numbers(one, sent.run) for one in messages)
        lost = sent.acknowledged - ids.keys()
        repeats = sum(count - 1 for count in ids.values())
        self.row("acknowledged", f"{len(sent.acknowledged):,}", bool(sent.acknowledged))
        self.row("in the topic", f"{len(messages):,}", True, "also those whose answer nobody could hear")
        self.row("lost", len(lost), not lost, "0")
        refused = {status: count for status, count in sent.statuses.items() if status > 0}
        self.row("refused", sum(refused.values()), not refused, "0 answers other than 200")
        self.row("repeats", repeats, repeats <= 1_000, "at most one group (1,000 in replay)")
        clean = enriched(site.model, messages)
        known = {str(one["event_id"]) for one in clean}
        self.row("repeats after the enrichers", len(clean) - len(known), len(clean) == len(known) == len(ids), "0")


def numbers(message: Message, run: str) -> int:
    found = re.search(rf"0:{run}-(\d+)".encode(), message.value)
    assert found is not None
    return int(found[1])


async def outage(site: Site, report: Report, given: argparse.Namespace, kills_collector: bool) -> None:
    """Kafka dies under load and comes back; the collector dies half-way, if asked for."""
    sent = Sent(f"{time.time_ns():x}")
    sender = Sender(site.port, sent, given.rate)
    await asyncio.to_thread(site.start)
    sending = asyncio.create_task(sender.run())
    await asyncio.sleep(5)
    site.kill_kafka()
    await asyncio.sleep(given.outage / 2)
    if kills_collector:
        site.process.kill()
        site.process.wait()
        await asyncio.to_thread(site.start)
    await asyncio.sleep(given.outage / 2)
    state = await asyncio.to_thread(site.ready)
    spool_mb = sum(one.stat().st_size for one in site.spool.glob("*.spool")) / 1e6
    await asyncio.to_thread(site.start_kafka)
    recovered_s = time.monotonic()
    closed_s = await asyncio.to_thread(until, lambda: site.ready()[1] == "ready: kafka", 60)
    await asyncio.to_thread(until, site.is_empty, 120)
    emptied_s = time.monotonic() - recovered_s
    await asyncio.sleep(3)
    sender.is_over = True
    await sending
    report.row("sent", f"{sent.sent:,}", True, f"{given.rate:,.0f} a second, Kafka away for {given.outage:.0f} s")
    report.row("ready in the outage", state[0], state[0] == 200, state[1])
    report.row("spool at its end, MB", f"{spool_mb:.1f}")
    report.row("breaker closed after, s", f"{closed_s:.1f}")
    report.row("spool empty after, s", f"{emptied_s:.1f}", emptied_s <= _EMPTY_S, f"at most {_EMPTY_S:.0f}")
    if kills_collector:
        unheard = sent.statuses[0] + sent.statuses[-1]
        report.row("requests without an answer", unheard, True, "on their way when the collector was killed")
    else:
        report.row("longest answer, s", f"{sent.longest_s:.2f}", sent.longest_s <= _STALL_S, f"at most {_STALL_S}")
    report.books(site, sent)
    site.stop()


async def full(site: Site, report: Report) -> None:
    """A small spool fills up while Kafka is away, and the collector goes on when it is back."""
    site.options = ("--spool-bytes", "300000")
    sent = Sent(f"{time.time_ns():x}")
    await asyncio.to_thread(site.start)
    site.kill_kafka()
    sender = Sender(site.port, sent, 500)
    sending = asyncio.create_task(sender.run())
    refused_s = await asyncio.to_thread(until, lambda: sent.statuses[503] > 100, 30)
    # It is written each second.
    await asyncio.to_thread(until, lambda: site.ready()[0] == 503, 3)
    state = await asyncio.to_thread(site.ready)
    url = f"http://127.0.0.1:{site.port}/collect"
    body = {"event": "page_view", "party_id": "p"}
    answer = await asyncio.to_thread(lambda: requests.post(url, json=body, timeout=10))
    sender.is_over = True
    await sending
    await asyncio.to_thread(site.start_kafka)
    back_s = await asyncio.to_thread(until, lambda: site.ready()[1] == "ready: kafka" and site.is_empty(), 60)
    again = await asyncio.to_thread(lambda: requests.post(url, json=body, timeout=10))
    retry = answer.headers.get("Retry-After")
    report.row("refused when full", sent.statuses[503], refused_s < 30, "503")
    report.row("Retry-After", retry, answer.status_code == 503 and retry is not None)
    report.row("ready when full", state[0], state[0] == 503, state[1])
    report.row("ready again after, s", f"{back_s:.1f}", back_s < 60, "without a restart of the collector")
    report.row("then answered with", again.status_code, again.status_code == 200)
    sent.statuses.clear()
    report.books(site, sent)
    site.stop()
    site.options = ()


async def stopped(site: Site, report: Report, given: argparse.Namespace) -> None:
    """SIGTERM under load."""
    sent = Sent(f"{time.time_ns():x}")
    await asyncio.to_thread(site.start)
    sender = Sender(site.port, sent, given.rate)
    sending = asyncio.create_task(sender.run())
    await asyncio.sleep(4)
    took_s = await asyncio.to_thread(site.stop)
    sender.is_over = True
    await sending
    report.row("exit after, s", f"{took_s:.1f}", took_s <= _END_S, f"0, within {_END_S:.0f} s")
    report.row("connections reset", sent.statuses[-1], not sent.statuses[-1], "0")
    report.row("closed without an answer", sent.statuses[0], not sent.statuses[0], "0")
    await asyncio.to_thread(site.start)
    await asyncio.to_thread(until, site.is_empty, 60)
    report.books(site, sent)
    site.stop()


def main() -> int:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--only", default="outage,killed,full,stopped")
    wanted.add_argument("--outage", type=float, default=60)
    wanted.add_argument("--rate", type=float, default=2_000)
    wanted.add_argument("--base-port", type=int, default=int(os.environ.get("DKD_BASE_PORT", "24100")))
    given = wanted.parse_args()
    report = Report()
    with place(given.base_port) as found:
        site = Site(found)
        for name in given.only.split(","):
            print(name, flush=True)
            runs = {
                "outage": lambda: outage(site, report, given, False),
                "killed": lambda: outage(site, report, given, True),
                "full": lambda: full(site, report),
                "stopped": lambda: stopped(site, report, given),
            }
            try:
                asyncio.run(runs[name]())
            finally:
                site.process.kill()
        print((found.project / "collector.log").read_text())
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
