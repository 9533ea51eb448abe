"""Kill a deploy after each of its steps, go on with it, and look whether anything was done twice or never.

    python tests/faults/deploy_faults.py --base-port 28200

uses the Kafka and Druid of a running stack. A site of its own goes to and fro between two models that differ in eleven
artefacts: five topics, two supervisors, two lists of rules, two compactions. Each deploy is killed (SIGKILL) when it
has told that a step is done, and gone on with by a second one. Events flow into the clean topic all the while. Then
both deploys together must have done each step once, each supervisor must have got one spec more and no other, the live
systems must be as the model says, and every event must be in Druid once. Exit 1 when not.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import Producer
from real_stack import Stack
from second_site import SecondSite

from dkd.jobs.deployed import read_journal
from dkd.jobs.plan import planned
from dkd.model.load import load
from dkd.query.client import Druid
from dkd.systems.druid.client import Overlord

ONE = """\
dkd: 1
site: {site}
events: {{page_view: {{}}, purchase: {{fields: {{revenue: double}}}}}}
topics: {{partitions: 2, retention: {{raw: 12h, clean: 1d, sessions: 10d, rejects: 12h}}}}
datasources:
  events: {{from: clean, segment: hour, retention: 100d, compact_after: 1d}}
  sessions: {{from: sessions, segment: day, retention: 100d, compact_after: 1d}}
"""
OTHER = """\
dkd: 1
site: {site}
events: {{page_view: {{}}, purchase: {{fields: {{revenue: double, coupon: string}}}}}}
topics: {{partitions: 2, retention: {{raw: 2d, clean: 2d, sessions: 20d, rejects: 2d}}}}
datasources:
  events: {{from: clean, segment: hour, retention: 200d, compact_after: 2d}}
  sessions: {{from: sessions, segment: month, retention: 200d, compact_after: 2d}}
"""
STEPS = 11


@dataclass(frozen=True)
class Killed:
    """One deploy that was killed and gone on with.

    Attributes:
        after: Steps that it had told of when it was killed.
        left: Addresses that the journal then said were left.
        twice: Addresses that both deploys did.
        never: Addresses that neither did.
        specs: How many specs each supervisor got.
        differs: Whether the live systems are not as the model says afterwards.
    """

    after: int
    left: tuple[str, ...]
    twice: tuple[str, ...]
    never: tuple[str, ...]
    specs: tuple[int, ...]
    differs: bool

    @property
    def passed(self) -> bool:
        """Whether the kill has cost nothing."""
        bounds = STEPS - self.after - 1 <= len(self.left) <= STEPS - self.after
        return bounds and not self.twice and not self.never and not self.differs and self.specs == (1, 1)


class Feeder:
    """Writes events to a clean topic, each with an id of its own, until told to stop."""

    def __init__(self, site: SecondSite) -> None:
        self._topic, self._ended, self.count = f"{site.model.site}.clean", threading.Event(), 0
        self._producer = Producer({"bootstrap.servers": site.settings.kafka.servers, "enable.idempotence": True})
        self._thread = threading.Thread(target=self._feed)

    def _feed(self) -> None:
        while not self._ended.wait(0.02):
            now_ms = int(time.time() * 1000)
            row = {"event": "page_view", "timestamp_ms": now_ms, "party_id": "p", "event_id": f"e{self.count}"}
            self._producer.produce(self._topic, json.dumps(row), key="p")
            self._producer.poll(0)
            self.count += 1

    @contextmanager
    def feeding(self) -> Iterator["Feeder"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._thread.join()
            assert self._producer.flush(30) == 0


def campaign(stack: Stack, project: Path, positions: Sequence[int]) -> tuple[list[Killed], tuple[int, int, int]]:
    """Kill one deploy after each number of steps in *positions*.

    Returns:
        What became of each, and how many events were written, are in Druid, and are in Druid with an id of their own.
    """
    name = f"kill{time.time_ns() // 1_000_000 % 10**7}"
    models = [text.format(site=name) for text in (ONE, OTHER)]
    site = SecondSite(stack, project, models[0])
    try:
        site.run("deploy", "--yes")
        feeder = Feeder(site)
        with feeder.feeding():
            found = [killed(site, models[seq % 2], after) for seq, after in enumerate(positions, 1)]
        return found, (feeder.count, *stored(site, feeder.count))
    finally:
        site.remove()


def killed(site: SecondSite, text: str, after: int) -> Killed:
    """Deploy the model *text*, kill that after so many steps, and go on with it."""
    site.write(text)
    before = versions(site)
    first = done_until_killed(site, after)
    left = read_journal(site.model, site.settings).left()
    second = done_steps(site.run("deploy", "--yes", "--json").stdout.splitlines())
    model = load(text, "model.yaml")
    grown = tuple(now - then for now, then in zip(versions(site), before, strict=True))
    addresses = set(changed_addresses(site.model.site))
    return Killed(
        after,
        left,
        tuple(sorted(set(first) & set(second))),
        # A step that was begun and not told of is verified by the second deploy, or found done.
        tuple(sorted(addresses - set(first) - set(second) - set(left[:1]))),
        grown,
        not planned(model, site.settings).is_empty,
    )


def done_until_killed(site: SecondSite, after: int) -> list[str]:
    """Addresses of the steps that a deploy told to be done before it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dkd", "deploy", "--yes", "--json"],
        cwd=site.stack.project,
        env={**os.environ, "DKD_BASE_PORT": str(site.stack.base_port), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            told = done_steps(lines)
            if len(told) == after and (after or "step_started" in line):
                process.send_signal(signal.SIGKILL)
                break
        lines += process.stdout.readlines()
    return done_steps(lines)


def done_steps(lines: Sequence[str]) -> list[str]:
    """Addresses of the steps that a deploy's lines tell to be done, those aside that were only verified."""
    found = [json.loads(line) for line in lines]
    verified = {step["address"] for one in found for step in one.get("steps", []) if step["action"] == "verify"}
    return [one["step"] for one in found if one.get("event") == "step_done" and one["step"] not in verified]


def changed_addresses(site: str) -> list[str]:
    """What the two models differ in."""
    topics = [f"kafka/topic/{site}.{kind}" for kind in ("raw", "clean", "sessions", "rejects", "state")]
    kinds = ("supervisor", "rules", "compaction")
    return topics + [f"druid/{kind}/{site}_{table}" for kind in kinds for table in ("events", "sessions")]


def versions(site: SecondSite) -> list[int]:
    """How many specs each supervisor has had."""
    with Overlord(site.settings.druid) as overlord:
        return [len(overlord.history(name)) for name in site.datasources]


def stored(site: SecondSite, count: int) -> tuple[int, int]:
    """Rows of the events, and how many ids they have, once there are *count* or for a minute."""
    query = f'SELECT COUNT(*), COUNT(DISTINCT event_id) FROM "{site.datasources[0]}"'
    until = time.monotonic() + 60
    with Druid(site.settings.druid, patience_s=30) as druid:
        while True:
            rows, ids = druid.sql(query).rows[0]
            if rows == ids == count or time.monotonic() > until:
                return int(str(rows)), int(str(ids))
            time.sleep(0.5)


def main() -> int:
    """Run a campaign; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-port", type=int, default=28_200)
    parser.add_argument("--rounds", type=int, default=1, help="how often each position is killed at")
    asked = parser.parse_args()
    positions = list(range(STEPS + 1)) * asked.rounds
    with tempfile.TemporaryDirectory(prefix="dkd-deploy-") as folder:
        found, (written, rows, ids) = campaign(Stack(Path(folder), asked.base_port), Path(folder), positions)
    for one in found:
        verdict = "ok" if one.passed else f"WRONG: {one}"
        print(f"killed after step {one.after:2}, {len(one.left):2} were left: {verdict}")
    print(f"events written {written:,}, in Druid {rows:,}, ids in Druid {ids:,}")
    return 0 if all(one.passed for one in found) and written == rows == ids else 1


if __name__ == "__main__":
    sys.exit(main())
