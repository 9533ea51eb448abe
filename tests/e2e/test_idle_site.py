"""The last visitor of a site leaves: ticks close the session, its row is in Druid, and then nothing more is written."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from second_site import SecondSite
from stream_site import Writer

pytestmark = pytest.mark.stack

GAP_S, GRACE_S = 5, 1
MODEL = """\
dkd: 1
site: idle
events: {page_view: {}}
enrich: [url, {sessions: {gap: 5s, grace: 1s}}]
topics: {partitions: 1}
"""


@pytest.fixture
def site(stack, tmp_path: Path) -> Iterator[SecondSite]:
    made = SecondSite(stack, tmp_path, MODEL)
    made.run("deploy", "--yes")
    yield made
    made.remove()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Enricher:
    """The site's enricher, and what its page of figures says."""

    def __init__(self, site: SecondSite) -> None:
        self._url = f"http://127.0.0.1:{(port := free_port())}/metrics"
        command = [sys.executable, "-m", "dkd", "enrich", str(site.file), "--metrics-port", str(port)]
        environment = {**os.environ, "DKD_BASE_PORT": str(site.stack.base_port)}
        with (site.stack.project / f"{port}.log").open("w") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)

    def figure(self, name: str, label: str = "") -> float | None:
        """One sample; None while there is none."""
        try:
            with urllib.request.urlopen(self._url, timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return None
        found = [
            one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
            if one.name == f"dkd_enrich_{name}" and (not label or label in one.labels.values())
        ]
        return found[0] if found else None

    def wait_for(self, name: str, wanted: float, label: str = "", limit_s: float = 90) -> None:
        until_s = time.monotonic() + limit_s
        while (found := self.figure(name, label)) != wanted:
            assert time.monotonic() < until_s, f"{name} is {found}, not {wanted}"
            assert self.process.poll() is None
            time.sleep(0.2)


@contextmanager
def enriching(site: SecondSite) -> Iterator[Enricher]:
    made = Enricher(site)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def visit(site: SecondSite, party: str, *times_ms: int) -> None:
    """Page views of one visitor, as a collector would write them now."""
    writer, producer = Writer(site.model), Producer({"bootstrap.servers": site.settings.kafka.servers})
    for time_ms in times_ms:
        event = {"timestamp": time_ms, "clientTimestamp": time_ms, "partyId": party, "eventType": "page_view",
                 "eventId": f"{party}:{time_ms}", "location": "https://idle.example/"}  # fmt: skip
        producer.produce("idle.raw", writer.value(event), party)
    assert producer.flush(30) == 0


def ticks(site: SecondSite) -> list[tuple[int, int]]:
    """The broker's time and the event time of each tick."""
    more = {"bootstrap.servers": site.settings.kafka.servers, "group.id": "test", "enable.partition.eof": True}
    found = []
    with closing(Consumer(more)) as reader:
        reader.assign([TopicPartition("idle.raw", 0, OFFSET_BEGINNING)])
        while (message := reader.poll(30)) is not None and message.error() is None:
            if message.value() is None:
                found.append((message.timestamp()[1], int(dict(message.headers())["dkd-tick"])))
    return found


def rows(site: SecondSite, party: str) -> int:
    count = f"SELECT COUNT(*) FROM idle_sessions WHERE party_id = '{party}'"
    return int(str(site.stack.wait_for(count, 1, timeout_s=90)))


def test_the_last_visitor_leaves_by_a_tick_and_then_there_is_silence(site: SecondSite):
    now_ms = int(time.time() * 1_000)
    with enriching(site) as enricher:
        visit(site, "first", now_ms - 2_000, now_ms)
        enricher.wait_for("events_total", 2, "clean")
        enricher.wait_for("sessions_total", 1)
        assert rows(site, "first") == 1
        found = site.stack.rows("SELECT event_count, duration_s, closed_by FROM idle_sessions")
        assert found == [{"event_count": 2, "duration_s": 2, "closed_by": "gap"}]
        enricher.wait_for("open_sessions", 0)
        silent_since = ticks(site)
        assert len(silent_since) >= 1
        # As far as the silence lasted and no farther: the broker took each tick at about the time it tells.
        assert all(event_ms <= broker_ms + 1_000 for broker_ms, event_ms in silent_since)
        assert silent_since[-1][1] > now_ms + (GAP_S + GRACE_S) * 1_000
        time.sleep(3 * GRACE_S)
        assert ticks(site) == silent_since
        # The next visitor is seen, and then the enricher dies before silence has lasted long enough.
        visit(site, "second", int(time.time() * 1_000))
        enricher.wait_for("events_total", 3, "clean")
    with enriching(site) as enricher:
        assert rows(site, "second") == 1
        enricher.wait_for("open_sessions", 0)
        assert enricher.figure("books_difference") == 0
