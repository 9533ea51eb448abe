"""What an event costs when two enrichers of one group share the work, against one that does it alone.

    python tests/benchmarks/enricher_pair.py --servers 127.0.0.1:28206

Both drain the same raw topic of a running Kafka, in transactions of --batch events, first one process, then two that
begin together. Figures are microseconds of CPU per event of all processes; what each does before its third transaction
is not counted, as everything is new to it then. Exit 1 when two cost more than 1.2 times as much as one.
"""

import argparse
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import enricher_rate
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import shop, work

from dkd.settings import KafkaSettings
from dkd.stream import clients
from dkd.stream.clients import Names
from dkd.stream.commit import KafkaSink, insist
from dkd.stream.heap import collect_rarely, keep_small
from dkd.stream.kafka import KafkaSource
from dkd.stream.loop import Loop
from dkd.stream.source import Limits

NEW_STEPS = 2
SILENT_S = 6.0
MOST = 1.2


def member(servers: str, names: Names, batch: int) -> dict[str, float]:
    """Work as one of a group until nothing comes any more; CPU and events beyond the first steps."""
    keep_small()
    kafka, doing = KafkaSettings(servers), work(names.raw.partition(".")[0])
    collect_rarely()
    reader = clients.member(kafka, names, lambda _: None)
    writer = clients.producer(kafka, names, lambda _: None)
    insist(lambda: writer.init_transactions(5), lambda passed_s: passed_s < 30)
    sink, source = (
        KafkaSink(writer, reader, names, lambda passed_s: passed_s < 30),
        KafkaSource(reader, kafka, names, print),
    )
    steps: list[tuple[float, int]] = []
    with closing(source), closing(sink):
        loop, heard_s = Loop(source, sink, doing), time.monotonic()
        while not steps or time.monotonic() < heard_s + SILENT_S:
            begun_s = time.process_time()
            done = loop.step(Limits(events=batch)).consumed
            if done:
                steps.append((time.process_time() - begun_s, done))
                heard_s = time.monotonic()
    counted = steps[NEW_STEPS:]
    return {"cpu_s": sum(cpu_s for cpu_s, _ in counted), "counted": sum(done for _, done in counted),
            "events": sum(done for _, done in steps)}  # fmt: skip


def together(servers: str, names: Names, count: int, batch: int) -> list[dict[str, float]]:
    """What *count* processes of one group found."""
    commands = [
        [sys.executable, __file__, "--servers", servers, "--batch", str(batch), "--member",
         json.dumps(names._replace(instance=f"{names.group}.{number}"))]
        for number in range(count)
    ]  # fmt: skip
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]


def us_each(found: Sequence[dict[str, float]]) -> float:
    """Microseconds of CPU per event."""
    return 1e6 * sum(one["cpu_s"] for one in found) / sum(one["counted"] for one in found)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="127.0.0.1:28206")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--member", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.member:
        print(json.dumps(member(asked.servers, Names(*json.loads(asked.member)), asked.batch)))
        return 0
    site, admin = f"pair{uuid.uuid4().hex[:6]}", AdminClient({"bootstrap.servers": asked.servers})
    names = Names.of(shop(site))
    enricher_rate.filled(asked.servers, site, asked.events)
    cost: dict[int, float] = {}
    for count in (1, 2):
        fresh = names._replace(group=f"{site}.{count}", state=f"{names.state}.{count}")
        admin.create_topics([NewTopic(fresh.state, enricher_rate.PARTITIONS, 1)])[fresh.state].result()
        found = together(asked.servers, fresh, count, asked.batch)
        assert sum(one["events"] for one in found) == asked.events
        cost[count] = us_each(found)
        shares = " + ".join(f"{one['events']:,.0f}" for one in found)
        print(f"{count} of the group {cost[count]:8.1f} us of CPU per event   {shares} events", flush=True)
    print(f"two cost {cost[2] / cost[1]:.2f} of one")
    gone = [name for name in admin.list_topics().topics if site in name]
    for one in admin.delete_topics(gone).values():
        one.result()
    return int(cost[2] > MOST * cost[1])


if __name__ == "__main__":
    sys.exit(main())
