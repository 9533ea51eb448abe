"""What an event costs the collector, against a server of the same protocol that does nothing with it.

    python tests/benchmarks/collector_rate.py [--seconds 6] [--runs 3] [--only get,post,gzip,bad,idle,two,latency]

starts a Kafka of its own and prints a table: events per CPU-second of the server's processes with all their threads,
the median of some runs. The server has one core, load and Kafka the other. The peer is a bare echo on the same
protocol: it parses HTTP and answers, and is the limit. Latency is measured in an open loop, from the moment at which
a request was due, at --part of the target's rate. Exit 1 when a figure is below --least of its target.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from collect_load import BATCH
from confluent_kafka.admin import AdminClient, NewTopic

from dkd.model.load import load
from dkd.settings import Ports
from dkd.systems.kafka.render import topics

SERVER_CORE, LOAD_CORE = 0, 1
MODEL = """
dkd: 1
site: rate
collector: {proxies: ["127.0.0.1"]}
events:
  page_view: {}
  add_to_cart: {fields: {product_id: {type: string, required: true}, price: double}}
"""
GET_TARGET, POST_TARGET = 15_000, 100_000


@dataclass(frozen=True)
class Place:
    """A project whose Kafka runs."""

    project: Path
    base_port: int
    environment: dict[str, str]

    def dkd(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "dkd", *arguments]

    def run(self, *arguments: str) -> None:
        subprocess.run(self.dkd(*arguments), cwd=self.project, env=self.environment, check=True, capture_output=True)


@contextmanager
def place(base_port: int) -> Iterator[Place]:
    """A project with the topics of the site on a Kafka of its own."""
    with tempfile.TemporaryDirectory(prefix="dkd-rate-") as folder:
        found = Place(Path(folder), base_port, {**os.environ, "DKD_BASE_PORT": str(base_port)})
        (found.project / "specs").mkdir()
        (found.project / "specs" / "rate.yaml").write_text(MODEL)
        found.run("up", "--only", "kafka", "--detach")
        try:
            create_topics(found)
            yield found
        finally:
            found.run("down")


def create_topics(found: Place) -> None:
    model = load(MODEL, "rate.yaml")
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{Ports.at(found.base_port).kafka}"})
    wanted = [NewTopic(one.name, one.partitions, 1, config=dict(one.config)) for one in topics(model, "local")]
    for made in admin.create_topics(wanted).values():
        made.result()
    state = json.loads((found.project / ".dkd" / "state.json").read_text())
    kafka = psutil.Process(state["kafka"]["pid"])
    for thread in kafka.threads():
        os.sched_setaffinity(thread.id, {LOAD_CORE})


@contextmanager
def collector(found: Place, processes: int = 1, cores: tuple[int, ...] = (SERVER_CORE,)) -> Iterator["Server"]:
    """A collector on the cores given."""
    port = Ports.at(found.base_port).collector
    command = found.dkd("collect", "--port", str(port), "--processes", str(processes))
    with serving(command, port, found.project, found.environment, cores) as server:
        yield server


@contextmanager
def echo() -> Iterator["Server"]:
    """The bare server."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, __file__, "--echo", str(port)]
    with serving(command, port, Path.cwd(), dict(os.environ), (SERVER_CORE,)) as server:
        yield server


@dataclass(frozen=True)
class Server:
    """A server that listens."""

    port: int
    process: psutil.Process

    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu_s(self) -> float:
        """Of all its processes and their threads so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self.processes())

    def rss_bytes(self) -> int:
        return sum(one.memory_info().rss for one in self.processes())


@contextmanager
def serving(
    command: list[str], port: int, folder: Path, environment: dict[str, str], cores: tuple[int, ...]
) -> Iterator[Server]:
    def pinned() -> None:
        os.sched_setaffinity(0, set(cores))

    with subprocess.Popen(
        command, cwd=folder, env=environment, preexec_fn=pinned, stderr=subprocess.DEVNULL
    ) as process:
        try:
            end_s = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert time.monotonic() < end_s
                    time.sleep(0.1)
            time.sleep(2)
            yield Server(port, psutil.Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@dataclass(frozen=True)
class Figure:
    """What one run of load gave."""

    events: int
    cpu_s: float
    seconds: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]

    @property
    def per_cpu_s(self) -> float:
        return self.events / self.cpu_s


def measured(server: Server, kind: str, seconds: float, connections: int = 64, rate: float = 0) -> Figure:
    """Load of *kind* on *server*."""
    script = Path(__file__).parents[1] / "collect_load.py"
    command = [sys.executable, str(script), "--port", str(server.port), "--kind", kind, "--seconds", str(seconds),
               "--connections", str(connections), "--rate", str(rate), "--core", str(LOAD_CORE)]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdout.readline()
        before_s = server.cpu_s()
        client.stdin.write("\n")
        client.stdin.flush()
        found = json.loads(client.stdout.readline())
        cpu_s = server.cpu_s() - before_s
    answered = sum(count for status, count in found["statuses"].items() if status in ("200", "204"))
    events = answered * (1 if kind == "get" else BATCH)
    assert set(found["statuses"]) <= {"200", "204"}, found["statuses"]
    return Figure(events, cpu_s, found["seconds"], found["p50"] * 1e3, found["p99"] * 1e3, found["statuses"])


def middle(server: Server, kind: str, given: argparse.Namespace) -> Figure:
    """The run of the median rate."""
    # Each connection waits for its commit: with few single events a group holds little, and costs as much.
    connections = 256 if kind == "get" else 64
    found = [measured(server, kind, given.seconds, connections) for _ in range(given.runs)]
    wanted = median(one.per_cpu_s for one in found)
    return min(found, key=lambda one: abs(one.per_cpu_s - wanted))


class Table:
    """Prints rows as they come, and knows whether one missed its target."""

    def __init__(self, least: float) -> None:
        self.least, self.missed = least, False
        print(f"{'':34} {'figure':>16} {'target':>16}   remarks")

    def row(
        self, name: str, value: float, target: float | None, unit: str, remark: str = "", most: bool = False
    ) -> None:
        asked = "" if target is None else f"{'≤' if most else '≥'} {target:,.4g} {unit}"
        if target is not None:
            missed = value > target / self.least if most else value < target * self.least
            self.missed = self.missed or missed
        text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
        print(f"{name:34} {text + ' ' + unit:>16} {asked:>16}   {remark}", flush=True)


def rates(found: Place, wanted: set[str], given: argparse.Namespace, table: Table) -> None:
    figures: dict[str, Figure] = {}
    with collector(found) as server:
        for kind, number, target in (("get", 2, GET_TARGET), ("post", 3, POST_TARGET)):
            if kind in wanted or (kind == "post" and wanted & {"gzip", "bad"}) or (kind == "get" and "idle" in wanted):
                one = figures[kind] = middle(server, kind, given)
                remark = f"wall {one.events / one.seconds:,.0f} ev/s, p50 {one.p50_ms:.0f} ms, p99 {one.p99_ms:.0f} ms"
                table.row(f"{number} {kind}, ev/cpu-s", one.per_cpu_s, target, "", remark)
        for kind, number, bound in (("gzip", 4, 0.9), ("bad", 10, 0.8)):
            if kind in wanted:
                one = middle(server, kind, given)
                share = one.per_cpu_s / figures["post"].per_cpu_s
                table.row(f"{number} {kind} of 3", share, bound, "×", f"{one.per_cpu_s:,.0f} ev/cpu-s")
        if "latency" in wanted:
            for kind, rate in (("get", GET_TARGET * given.part), ("post", POST_TARGET * given.part / BATCH)):
                one = measured(server, kind, given.seconds, 256, rate)
                table.row(
                    f"5 {kind} p50 at {given.part:.0%} of the target",
                    one.p50_ms,
                    15,
                    "ms",
                    f"{rate:,.0f} requests/s",
                    True,
                )
                table.row(f"5 {kind} p99", one.p99_ms, 50, "ms", f"longest of {sum(one.statuses.values()):,}", True)
        if "idle" in wanted:
            with crowd(server.port):
                one = middle(server, "get", given)
                share = one.per_cpu_s / figures["get"].per_cpu_s
                table.row("11 get beside 5,500 connections", share, 0.85, "×", f"{one.per_cpu_s:,.0f} ev/cpu-s")
                table.row("11 memory", server.rss_bytes() / 1e6, 200, "MB", "", True)
    if "peer" in wanted:
        with echo() as server:
            for kind in ("get", "post"):
                one = middle(server, kind, given)
                share = f"{figures[kind].per_cpu_s / one.per_cpu_s:.2f} of it reached" if kind in figures else ""
                table.row(f"peer: bare echo, {kind}", one.per_cpu_s, None, "", share)


def two(found: Place, given: argparse.Namespace, table: Table) -> None:
    """Two processes against one; on two cores both share them with load and broker, so CPU-seconds are compared."""
    with collector(found, 1, (0, 1)) as server:
        one = middle(server, "post", given)
    with collector(found, 2, (0, 1)) as server:
        other = middle(server, "post", given)
    remark = f"wall {one.events / one.seconds:,.0f} → {other.events / other.seconds:,.0f} ev/s"
    table.row("9 two processes, ev/cpu-s of one's", other.per_cpu_s / one.per_cpu_s, 0.9, "×", remark)


@contextmanager
def crowd(port: int) -> Iterator[None]:
    """5,000 connections that do nothing and 500 that send a byte of a head each second, in a process of their own."""
    command = [sys.executable, __file__, "--crowd", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def crowding(port: int) -> None:
    import resource

    os.sched_setaffinity(0, {LOAD_CORE})
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(5_000)]
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(500)]
    print(f"{len(idle)} idle", flush=True)
    content = b"GET /csc-event?p=" + b"x" * 10_000
    for at in range(len(content)):
        for number, one in enumerate(slow):
            try:
                one.send(content[at : at + 1])
            except OSError:
                # Its time was over: another one comes.
                slow[number] = socket.create_connection(("127.0.0.1", port))
        time.sleep(1)


def echoing(port: int) -> None:
    """Answer every request as soon as it is whole."""
    import asyncio

    import httptools

    from dkd.collect.pixel import PIXEL

    content = PIXEL.head + b"Connection: keep-alive\r\n\r\n" + PIXEL.body

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.parser = transport, httptools.HttpRequestParser(self)

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_message_complete(self) -> None:
            self.transport.write(content)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
        await server.serve_forever()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    asyncio.run(serve())


def main() -> int:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--seconds", type=float, default=6)
    wanted.add_argument("--runs", type=int, default=3)
    wanted.add_argument("--only", default="get,post,gzip,bad,peer,latency,idle,two")
    wanted.add_argument("--least", type=float, default=1.0, help="part of a target that is enough")
    wanted.add_argument("--part", type=float, default=0.5, help="of the target's rate, at which latency is measured")
    wanted.add_argument("--base-port", type=int, default=int(os.environ.get("DKD_BASE_PORT", "24100")))
    wanted.add_argument("--echo", type=int, default=0, help=argparse.SUPPRESS)
    wanted.add_argument("--crowd", type=int, default=0, help=argparse.SUPPRESS)
    given = wanted.parse_args()
    if given.echo or given.crowd:
        echoing(given.echo) if given.echo else crowding(given.crowd)
        return 0
    chosen = set(given.only.split(","))
    with ExitStack() as opened:
        found = opened.enter_context(place(given.base_port))
        table = Table(given.least)
        rates(found, chosen, given, table)
        if "two" in chosen:
            two(found, given, table)
    return int(table.missed)


if __name__ == "__main__":
    sys.exit(main())
