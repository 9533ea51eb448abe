"""``dkd enrich`` on a real Kafka: what it says, how it ends, and that faults lose nothing and double nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from faults.enricher_faults import campaign
from faults.fault_site import PARTITIONS, Site, are_settled, judged
from stream_site import Writer, loop_on, memory, raw, run_out, written

from dkd.errors import RefusedError
from dkd.jobs.books import Ledger, PartitionBooks, read_books, total
from dkd.model.load import load
from dkd.settings import Settings
from dkd.stream import clients
from dkd.stream.heads import require_same_count
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Record
from dkd.stream.run import live_work
from dkd.stream.source import Limits
from dkd.stream.store import ALL

pytestmark = pytest.mark.stack


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site of its own on the run's Kafka, or on the one of the stack at ``DKD_TEST_BASE_PORT``."""
    named = os.environ.get("DKD_TEST_BASE_PORT")
    base_port = int(named) if named else request.getfixturevalue("stack").base_port
    made = Site(tmp_path, base_port, f"e{time.time_ns() % 10**9}")
    made.create()
    yield made
    made.remove()


class Running:
    """An enricher in the background, and what it says."""

    def __init__(self, site: Site, *arguments: str) -> None:
        self._log = site.project / f"enrich{time.time_ns()}.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(site.enrich(*arguments), cwd=site.project, env=site.environment, stderr=log)

    @property
    def said(self) -> list[str]:
        return self._log.read_text().splitlines()

    def end(self, limit_s: float = 10) -> int:
        self.process.terminate()
        return self.process.wait(limit_s)


@contextmanager
def running(site: Site, *arguments: str) -> Iterator[Running]:
    made = Running(site, *arguments)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def wait_for_end(site: Site, limit_s: float = 60) -> tuple[PartitionBooks, ...]:
    """The books as soon as nothing is left to read."""
    until_s = time.monotonic() + limit_s
    with closing(Ledger(site.kafka, site.model)) as ledger:
        while not are_settled(found := ledger.read()):
            assert time.monotonic() < until_s, found
            time.sleep(0.2)
        return found


def fed(site: Site, count: int) -> int:
    """Write about *count* raw records at once; how many."""
    records = raw(site.model, count, start_ms=int(time.time() * 1_000) - 3_600_000)
    site.write(records)
    return len(records)


def wait_for_progress(ledger: Ledger, limit_s: float = 60) -> None:
    """Return as soon as something is committed."""
    until_s = time.monotonic() + limit_s
    while not total(ledger.read()).consumed and time.monotonic() < until_s:
        time.sleep(0.1)


def test_events_are_enriched_the_books_close_and_a_stop_is_graceful(site: Site):
    count = fed(site, 2_000)
    with running(site) as enricher:
        books = wait_for_end(site)
        began_s = time.monotonic()
        assert enricher.end() == 0
        assert time.monotonic() - began_s < 10
    assert sum(one.end for one in books) == count
    assert judged(site, books).passed
    assert enricher.said[0] == f"enriching {site.names.raw} on {site.kafka.servers} as instance 1"
    assert "events in" in enricher.said[-1]
    assert not any("Traceback" in line for line in enricher.said)
    settings = Settings("local", site.kafka, None, "")  # type: ignore[arg-type]  # only Kafka is asked
    assert total(read_books(settings, site.model)) == total(books)


def test_five_faults_under_load_lose_nothing_and_double_nothing(site: Site):
    doing, verdict = campaign(site, faults=5, seed=11)
    assert sum(map(len, doing.recoveries.values())) == 5
    assert all(verdict.rows.values())
    assert not doing.enrichers.gave_up, doing.enrichers.log.read_text()
    assert verdict.passed, verdict


def test_a_killed_enricher_is_replaced_at_once_under_its_name(site: Site):
    """Its place in the group is kept for it, so that nobody waits for the session to run out."""
    fed(site, 300)
    with running(site) as first:
        wait_for_end(site)
        first.process.kill()
        first.process.wait()
        fed(site, 300)
        began_s = time.monotonic()
        with running(site):
            books = wait_for_end(site)
    assert not any(one.lag for one in books)
    assert time.monotonic() - began_s < 30


def test_a_second_enricher_of_the_same_name_takes_over_and_the_first_says_so(site: Site):
    fed(site, 300)
    with running(site) as first:
        wait_for_end(site)
        with running(site) as second:
            assert first.process.wait(60) == 1
            assert (
                "another enricher of this name took over; to run several, give each its own --instance"
                in first.said[-1]
            )
            count = fed(site, 300)
            books = wait_for_end(site)
            assert second.end() == 0
    assert sum(one.end for one in books) > count
    assert judged(site, books).passed


def test_a_stop_in_the_middle_of_much_work_leaves_nothing_half_done(site: Site):
    fed(site, 20_000)
    with running(site) as first, closing(Ledger(site.kafka, site.model)) as ledger:
        wait_for_progress(ledger)
        assert first.end() == 0
    with running(site):
        books = wait_for_end(site)
    assert judged(site, books).passed


def test_a_stopped_enricher_that_wakes_up_writes_nothing_of_what_another_did(site: Site):
    """It is away for longer than its session and its transaction may last."""
    fed(site, 3_000)
    with running(site, "--instance", "1") as first, closing(Ledger(site.kafka, site.model)) as ledger:
        wait_for_progress(ledger)
        first.process.send_signal(signal.SIGSTOP)
        with running(site, "--instance", "2"):
            fed(site, 3_000)
            wait_for_end(site)
            first.process.send_signal(signal.SIGCONT)
            fed(site, 3_000)
            books = wait_for_end(site)
        assert first.process.poll() is None
    assert judged(site, books).passed


def test_missing_topics_are_one_line_and_the_remedy(site: Site, tmp_path: Path):
    other = Site(tmp_path / "other", site.base_port, "nowhere")
    done = subprocess.run(other.enrich(), env=other.environment, capture_output=True, text=True,
                          timeout=60)  # fmt: skip
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert "nowhere.raw" in lines[1]
    assert lines[1].endswith("run dkd deploy [DKD502]")


def test_a_raw_topic_of_another_partition_count_is_refused(site: Site):
    admin = AdminClient({"bootstrap.servers": site.kafka.servers})
    admin.create_partitions([NewPartitions(site.names.raw, PARTITIONS + 1)])[site.names.raw].result()
    time.sleep(1)
    done = subprocess.run(site.enrich(), env=site.environment, capture_output=True, text=True,
                          timeout=60)  # fmt: skip
    assert done.returncode == 5
    assert f"it has {PARTITIONS} partitions, {site.names.raw} has {PARTITIONS + 1}" in done.stderr.splitlines()[-1]


def test_a_state_of_another_partition_count_is_refused_by_who_gets_only_new_partitions_too(site: Site):
    calm = memory(site.model, raw(site.model, 100))
    run_out(loop_on(calm, site.work()), calm, Limits())
    writer = Producer({"bootstrap.servers": site.kafka.servers})
    for _, record in calm.read("state", 2, 0, ALL):
        writer.produce(site.names.state, record.value, record.key, 2)
    assert writer.flush(30) == 0
    require_same_count(site.kafka, site.names, PARTITIONS)
    topics = [site.names.raw, *site.names.written]
    admin = AdminClient({"bootstrap.servers": site.kafka.servers})
    for grown in admin.create_partitions([NewPartitions(topic, PARTITIONS + 1) for topic in topics]).values():
        grown.result()
    time.sleep(1)
    with pytest.raises(RefusedError, match=f"written for {PARTITIONS} partitions of raw, and it has {PARTITIONS + 1}"):
        require_same_count(site.kafka, site.names, PARTITIONS + 1)
    done = subprocess.run(site.enrich(), env=site.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 5
    assert done.stderr.endswith("begin anew with dkd destroy and dkd deploy [DKD503]\n")


def test_a_client_that_never_returns_from_being_closed_is_left(site: Site, monkeypatch):
    monkeypatch.setattr(clients, "_CLOSE_S", 1.0)
    asked, may_end = threading.Event(), threading.Event()

    def stuck(*_: object) -> None:
        asked.set()
        assert may_end.wait(60)

    member = clients.member(site.kafka, site.names, lambda _: None)
    member.subscribe([site.names.raw], on_revoke=stuck)
    until_s = time.monotonic() + 60
    while not member.assignment():
        assert time.monotonic() < until_s
        member.consume(1, 0.2)
    began_s = time.monotonic()
    clients.let_go(member.close)
    assert asked.is_set()
    assert 1 <= time.monotonic() - began_s < 30
    # A fresh client of its name gets its partitions all the same.
    with running(site) as enricher:
        fed(site, 50)
        assert total(wait_for_end(site)).consumed >= 50
        assert enricher.end() == 0
    may_end.set()


def test_books_of_a_site_that_was_never_enriched_are_zero(site: Site):
    count = fed(site, 50)
    with closing(Ledger(site.kafka, site.model)) as ledger:
        books = ledger.read()
    assert [one.partition for one in books] == list(range(PARTITIONS))
    assert total(books).consumed == 0
    assert sum(one.lag for one in books) == count


MEMBER = """
import sys, time
from dkd.settings import KafkaSettings
from dkd.stream.clients import Names, member
servers, raw, group, instance = sys.argv[1:]
silent = member(KafkaSettings(servers), Names(raw, "", "", "", "", group, instance), lambda _: None)
silent.subscribe([raw])
while not silent.assignment():
    silent.consume(1, 0.1)
time.sleep(600)
"""
"""A member that takes all partitions and then does nothing more of what the group asks, as if it were at work."""


def shares(site: Site) -> dict[str, int]:
    """Number of partitions of each member of the group, by the last part of its name."""
    admin = AdminClient({"bootstrap.servers": site.kafka.servers})
    try:
        found = admin.describe_consumer_groups([site.names.group])[site.names.group].result()
    except KafkaException:  # nobody has joined it yet
        return {}
    return {
        str(one.group_instance_id).rpartition(".")[2]: len(one.assignment.topic_partitions) for one in found.members
    }


def wait_for_shares(site: Site, wanted: dict[str, int], limit_s: float = 60) -> None:
    until_s = time.monotonic() + limit_s
    while (found := shares(site)) != wanted:
        assert time.monotonic() < until_s, found
        time.sleep(0.2)


def test_partitions_between_two_rounds_of_a_rebalance_are_not_left_to_nobody(site: Site):
    """The first instance dies after it was told to let go of partitions, and comes back under its name at once."""
    fed(site, 500)
    names = (site.kafka.servers, site.names.raw, site.names.group, site.names.instance)
    silent = subprocess.Popen([sys.executable, "-c", MEMBER, *names])
    try:
        wait_for_shares(site, {"1": PARTITIONS})
        with running(site, "--instance", "2") as second:
            wait_for_shares(site, {"1": PARTITIONS // 2, "2": 0})
            with running(site, "--instance", "1") as first:
                books = wait_for_end(site)
                assert not any(one.lag for one in books)
                assert any("nobody in the group reads" in line for line in second.said + first.said)
                wait_for_shares(site, {"1": PARTITIONS // 2, "2": PARTITIONS // 2})
    finally:
        silent.kill()
        silent.wait()
    assert judged(site, books).passed


def moment_after(before_ms: int) -> int:
    """Now, in another millisecond."""
    while (now_ms := time.time_ns() // 1_000_000) <= before_ms:
        time.sleep(0.001)
    return now_ms


def test_an_event_gets_the_profile_that_its_visitor_had_when_it_came(site: Site):
    topic, moment_ms = f"{site.name}.profiles", 0
    text = site.file.read_text().replace("enrich: [", f"enrich: [{{profile: {{topic: {topic}, fields: [plan]}}}}, ")
    site.file.write_text(text)
    site.model = load(text, str(site.file))
    admin = AdminClient({"bootstrap.servers": site.kafka.servers})
    made = NewTopic(topic, 2, 1, config={"cleanup.policy": "compact"})
    for one in admin.create_topics([made]).values():
        one.result()
    told, writer = Producer({"bootstrap.servers": site.kafka.servers}), Writer(site.model)
    event = {"partyId": "v", "eventType": "page_view", "location": "https://shop.example/"}
    # The last but one is no profile, and the last takes the profile away.
    for seq, profile in enumerate((b'{"plan": "free"}', b'{"plan": "paid"}', b"none", None)):
        told.produce(topic, profile, "v", timestamp=(moment_ms := moment_after(moment_ms)))
        told.flush()
        moment_ms = moment_after(moment_ms)
        times = {"timestamp": moment_ms, "clientTimestamp": moment_ms}
        site.write([Record(b"v", writer.value({**event, **times, "eventId": f"e{seq}"}), moment_ms)])
    with running(site) as enricher:
        wait_for_end(site)
        assert enricher.end() == 0
    rows = [json.loads(record.value or b"") for found in site.read(site.names.clean).values() for record in found]
    found = {row["event_id"]: (row.get("profile_plan"), "profile_version" in row) for row in rows}
    assert found == {"e0": ("free", True), "e1": ("paid", True), "e2": ("paid", True), "e3": (None, False)}
    # Once more, event by event, when all profiles have long been there.
    settings = Settings("local", site.kafka, None, "")  # type: ignore[arg-type]  # only Kafka is asked
    store = MemoryStore(PARTITIONS)
    store.append({("raw", one): records for one, records in site.read(site.names.raw).items()}, {})
    run_out(loop_on(store, live_work(site.model, settings, Path("no such"))), store, Limits(1, 1_000_000))
    again = [json.loads(one.value or b"") for found in written(store, ("clean",)).values() for one in found]
    assert sorted(map(str, again)) == sorted(map(str, rows))
    for one in admin.delete_topics([topic]).values():
        one.result()
    asked = {"cwd": site.project, "env": site.environment, "capture_output": True, "text": True}
    stopped = subprocess.run(site.enrich(), timeout=60, **asked)
    assert (stopped.returncode, "DKD708" in stopped.stderr) == (1, True)
