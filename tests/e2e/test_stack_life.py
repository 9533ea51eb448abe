"""The life of the real stack: what runs is left alone, what died is named and comes back, with its data."""

import json
import os
import signal
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
import requests
from real_stack import Stack

from dkd.settings import Ports

PARTS = ("kafka", "druid", "collector", "enricher", "explorer")

pytestmark = pytest.mark.stack


def pids(stack: Stack) -> dict[str, int]:
    return {part: stack.pid(part) for part in PARTS}


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} did not die")


def states(stack: Stack) -> dict[str, str]:
    done = stack.run("status", "--json", check=False)
    return {part["name"]: part["state"] for part in json.loads(done.stdout)["parts"]}


def test_a_second_up_starts_nothing(stack: Stack):
    before = pids(stack)
    assert "running already" in stack.run("up", "--detach").stdout
    assert pids(stack) == before


def test_other_ports_are_refused_while_it_runs(stack: Stack):
    done = stack.run("up", "--detach", "--base-port", str(stack.base_port + 100), check=False)
    assert done.returncode == 5
    assert "dkd down" in done.stderr


def test_a_changed_model_starts_the_services_anew_and_the_servers_not(stack: Stack):
    before = pids(stack)
    model = stack.project / "specs" / "shop.yaml"
    text = model.read_text()
    model.write_text(text.replace("\nmeasures:\n", "\nmeasures:\n  people: {count_distinct: user_id}\n"))
    try:
        stack.run("up", "--detach")
        after = pids(stack)
    finally:
        model.write_text(text)
        stack.run("up", "--detach")
    assert {part for part in PARTS if after[part] != before[part]} == {"collector", "enricher", "explorer"}


@pytest.mark.parametrize("part", ["collector", "enricher", "explorer", "kafka", "druid"])
def test_a_killed_part_is_named_and_comes_back_with_all_rows(stack: Stack, part: str, tmp_path: Path):
    page = f"/{uuid.uuid4().hex}"
    now = int(time.time() * 1000)
    events = [
        {
            "event": "page_view",
            "party_id": f"{page}-{n}",
            "timestamp_ms": now + n,
            "page_url": f"https://a.example{page}",
        }
        for n in range(50)
    ]
    file = tmp_path / "events.ndjson"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    stack.run("replay", str(file), "--keep-order")
    count = f"SELECT COUNT(*) FROM shop_events WHERE page_path = '{page}'"
    assert stack.wait_for(count, 50) == 50

    kill(stack.pid(part))
    said = stack.run("status", check=False)
    assert said.returncode == 1
    assert any(line.startswith(part) and "dead" in line for line in said.stdout.splitlines())

    # The enricher follows a new Kafka: its clients may hang on the old one.
    started = "kafka, enricher" if part == "kafka" else part
    assert f"started {started}\n" in stack.run("up", "--detach").stdout
    assert set(states(stack).values()) == {"running"}
    assert stack.wait_for(count, 50) == 50


def test_every_acknowledged_event_is_in_the_topic_whoever_was_killed(stack: Stack):
    run = uuid.uuid4().hex
    url = f"http://127.0.0.1:{Ports.at(stack.base_port).collector}/collect"
    acknowledged: set[str] = set()

    def send(count: int) -> None:
        for _ in range(count):
            names = [f"{run}-{len(acknowledged)}-{number}" for number in range(10)]
            body = "\n".join(json.dumps({"event": "page_view", "party_id": name}) for name in names)
            assert requests.post(url, data=body, timeout=10).json()["accepted"] == 10
            acknowledged.update(names)

    send(20)
    kill(stack.pid("kafka"))
    send(100)
    assert any(line.startswith("spool") for line in stack.run("status", check=False).stdout.splitlines())
    kill(stack.pid("collector"))
    stack.run("up", "--detach")
    send(20)
    spool = stack.project / ".dkd" / "spool" / "shop"
    end = time.monotonic() + 30
    while any(spool.glob("*.spool")) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(spool.glob("*.spool"))
    found = Counter(key for key in stack.keys("shop.raw") if key.startswith(run))
    assert found.keys() == acknowledged
    assert found.total() - len(found) <= 10, "only the group that was on its way may come twice"


def test_logs_are_shown(stack: Stack):
    assert "collecting shop on" in stack.run("logs", "collector").stdout
    assert {line.split()[0] for line in stack.run("logs", "--lines", "2").stdout.splitlines()} == set(PARTS)
