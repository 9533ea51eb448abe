"""Plan and deploy on the real Kafka and Druid: what another hand changed is seen, put back, and nothing else moves."""

import copy
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
import requests
from faults.deploy_faults import campaign
from second_site import MODEL, SecondSite, running

from dkd.errors import DkdError, RefusedError
from dkd.jobs.deployed import read_journal, section
from dkd.jobs.live import systems
from dkd.jobs.lock import Held, acquired
from dkd.jobs.plan import planned
from dkd.jobs.probe import Probe
from dkd.jobs.reading import supervisors_section
from dkd.model.load import load
from dkd.plan.journal import Lock, locked
from dkd.systems.change import Change
from dkd.systems.druid.client import Overlord
from dkd.systems.druid.consumer import consumer_properties
from dkd.systems.druid.coordinator import Coordinator
from dkd.systems.druid.render import supervisor
from dkd.systems.kafka.client import connected

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def site(stack, tmp_path_factory):
    made = SecondSite(stack, tmp_path_factory.mktemp("tiny"))
    made.run("deploy", "--yes")
    yield made
    made.remove()


@pytest.fixture
def overlord(site):
    with Overlord(site.settings.druid) as made:
        yield made


def test_supervisors_on_empty_topics_pass_and_read(site, overlord):
    assert running(overlord, "tiny_events")
    assert running(overlord, "tiny_sessions")


def test_a_second_deploy_writes_nothing_and_restarts_nothing(site):
    before = site.state()
    done = site.run("deploy", "--yes")
    assert "nothing to do" in done.stdout
    assert site.run("plan", "--detailed-exitcode").returncode == 0
    assert site.state() == before


def test_a_probe_tells_what_goes_wrong_and_shows_nothing_of_a_person(site):
    row = {
        "event": "purchase", "timestamp_ms": int(time.time() * 1000), "party_id": "canary-party", "event_id": "e",
        "page_url": "https://tiny.example/?token=canary-url", "revenue": 5.0, "coupon": "SPRING", "mail": "canary-mail",
    }  # fmt: skip
    site.produce("tiny.clean", [row, {**row, "timestamp_ms": "canary-time"}, {**row, "timestamp_ms": "canary-other"}])
    site.write(MODEL + "fields: {coupon: string, voucher: string, mail: {type: string, privacy: pseudonymise}}\n")
    told = site.run("plan", "--probe", "--json", check=False)
    site.write(MODEL)
    assert told.returncode == 3
    (probe,) = json.loads(told.stdout)["probes"]
    assert (probe.pop("ok"), probe["filled"]["coupon"], probe["filled"]["voucher"]) == (False, 1, 0)
    lines = Probe(**probe).lines()
    assert lines[:2] == [
        "probe of tiny_events: 3 records of tiny.clean read, 1 would be rows",
        "    2 records not: Timestamp[…] is unparseable!",
    ]
    assert "voucher" in lines[2]
    assert lines[3].endswith("event purchase  coupon SPRING")
    assert "canary" not in told.stdout + told.stderr


def test_a_plan_asks_kafka_and_druid_as_little_as_it_says(site):
    asked: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = re.search(r"(?:Sending request \d+ |HTTP/1.1\" )(\w+)", record.getMessage())
            if found and found[1] not in ("ApiVersionsRequest", "SaslHandshakeRequest"):
                asked.append(found[1])

    listener = Listener()
    loggers = [logging.getLogger(name) for name in ("kafka.protocol.parser", "urllib3.connectionpool")]
    for logger in loggers:
        logger.addHandler(listener)
        logger.setLevel(logging.DEBUG)
    try:
        assert planned(site.model, site.settings).is_empty
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
            logger.setLevel(logging.NOTSET)
    kafka = [name for name in asked if name.endswith("Request")]
    # Two clients connect, each asking once who the brokers are.
    assert len(kafka) - 2 <= 6, kafka
    assert kafka.count("FetchRequest") >= 1
    assert len(asked) - len(kafka) == 4, asked


def test_what_another_hand_changed_is_drift_and_is_put_back_and_nothing_else(site, overlord):
    before = site.state()
    spec = copy.deepcopy(overlord.read()["tiny_events"])
    spec["spec"]["tuningConfig"]["maxRowsInMemory"] = 1000
    spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"].append({"type": "long", "name": "by_hand"})
    overlord.post({name: spec[name] for name in ("type", "spec", "context")})
    site.set_by_hand("tiny.raw", retention_ms="60000", max_message_bytes="2000000")
    rules = f"{site.settings.druid.coordinator}/druid/coordinator/v1/rules/tiny_sessions"
    requests.post(rules, json=[{"type": "loadForever"}], timeout=10)
    # The model wants none: no drift, and none of a deploy's, neither now nor later.
    compaction = f"{site.settings.druid.coordinator}/druid/coordinator/v1/config/compaction"
    requests.post(compaction, json={"dataSource": "tiny_sessions"}, timeout=10)

    done = site.run("plan", "--json", "--detailed-exitcode", check=False)
    assert done.returncode == 4
    plan = json.loads(done.stdout)
    assert {step["address"]: [d["path"] for d in step["differences"]] for step in plan["steps"]} == {
        "kafka/topic/tiny.raw": ["max.message.bytes", "retention.ms"],
        "druid/supervisor/tiny_events": [
            "dataSchema.dimensionsSpec.dimensions.by_hand",
            "tuningConfig.maxRowsInMemory",
        ],
        "druid/rules/tiny_sessions": ["rules"],
    }
    assert all(found["by_hand"] for step in plan["steps"] for found in step["differences"])
    assert sorted(plan["drift"]) == sorted(step["address"] for step in plan["steps"])

    site.run("deploy", "--yes")
    assert planned(site.model, site.settings).is_empty
    assert "druid/compaction/tiny_sessions" not in read_journal(site.model, site.settings).made()
    assert requests.delete(f"{compaction}/tiny_sessions", timeout=10).ok
    after = site.state()
    assert site.run("plan", "--detailed-exitcode").returncode == 0
    assert after["tiny.raw"] == before["tiny.raw"]
    assert after["tiny_sessions"] == before["tiny_sessions"]
    assert len(after["tiny_events"][0]) == len(before["tiny_events"][0]) + 2


def test_a_change_of_the_model_is_no_drift_and_beside_one_is_told_from_it(site):
    site.write(MODEL.replace("partitions: 2", "partitions: 2, retention: {clean: 2d}"))
    done = site.run("plan", "--json", "--detailed-exitcode", check=False)
    assert (done.returncode, json.loads(done.stdout)["drift"]) == (2, [])
    site.set_by_hand("tiny.sessions", retention_ms="60000")
    done = site.run("plan", "--json", "--detailed-exitcode", check=False)
    assert done.returncode == 4
    plan = json.loads(done.stdout)
    assert plan["drift"] == ["kafka/topic/tiny.sessions"]
    assert [step["address"] for step in plan["steps"]] == ["kafka/topic/tiny.sessions", "kafka/topic/tiny.clean"]
    assert [step["rollback_safe"] for step in plan["steps"]] == [True, False]


def test_a_saved_plan_is_carried_out_exactly_and_only_while_nothing_has_changed(site, tmp_path):
    """The plan of the test before: a shorter retention by the model, another one by hand."""
    plan = str(tmp_path / "plan.json")
    site.run("plan", "--out", plan)
    site.set_by_hand("tiny.state", segment_bytes="1048576")
    before = site.state()
    done = site.run("deploy", plan, "--yes", check=False)
    assert done.returncode == 5
    assert "kafka/topic/tiny.state changed after the plan was made" in done.stderr
    assert site.state() == before

    site.run("plan", "--out", plan)
    site.run("deploy", plan, "--yes")
    assert planned(load(site.file.read_text(), "tiny.yaml"), site.settings).is_empty
    site.write(MODEL)
    done = site.run("deploy", plan, "--yes", check=False)
    assert (done.returncode, "tiny.yaml changed after the plan was made" in done.stderr) == (5, True)


def test_a_second_deployer_writes_nothing(site):
    with systems(site.model, site.settings) as found:
        held = acquired(site.settings.kafka, "_dkd.tiny", found.journal, "deploy")
        with held:
            site.set_by_hand("tiny.rejects", retention_ms="60000")
            before = site.state()
            done = site.run("deploy", "--yes", "--lock-timeout", "0", check=False)
            assert done.returncode == 5
            assert f"has held the lock for deploy {held.lock.id}" in done.stderr
            assert site.state() == before
            # A second one shuts the first out only for as long as it takes to see that it is second.
            held.write(locked(held.lock))
    site.run("deploy", "--yes", "--lock-timeout", "0")


def test_a_deploy_that_was_taken_over_writes_nothing_more(site):
    with systems(site.model, site.settings) as found:
        first = acquired(site.settings.kafka, "_dkd.tiny", found.journal, "deploy")
        second = Held(site.settings.kafka, "_dkd.tiny", replace(first.lock, id="other"), found.journal)
        with second:
            second.write(locked(second.lock))
            with pytest.raises(RefusedError, match="another deploy has taken over"):
                first.write(locked(first.lock))
        assert found.journal().lock is None


def test_a_suspended_supervisor_is_started_again(site, overlord):
    requests.post(f"{site.settings.druid.coordinator}/druid/indexer/v1/supervisor/tiny_sessions/suspend", timeout=10)
    time.sleep(2)
    assert "suspended: true -> false" in site.run("plan").stdout
    site.run("deploy", "--yes")
    assert running(overlord, "tiny_sessions")


def test_without_a_terminal_nothing_is_done_unasked(site):
    site.set_by_hand("tiny.rejects", max_message_bytes="2000000")
    before = site.state()
    done = site.run("deploy", check=False)
    assert done.returncode == 5
    assert "--yes" in done.stderr
    assert site.state() == before
    site.run("deploy", "--yes")


@pytest.mark.parametrize(("partitions", "word"), [(1, "cannot take partitions away"), (4, "visitors would move")])
def test_other_partitions_are_refused_whole(site, partitions, word):
    before = site.state()
    site.write(MODEL.replace("partitions: 2", f"partitions: {partitions}, retention: {{clean: 1d}}"))
    done = site.run("deploy", "--yes", check=False)
    site.write(MODEL)
    assert done.returncode == 5
    assert word in done.stderr
    assert "set topics.partitions to 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert site.state() == before


def test_a_deploy_killed_after_a_step_goes_on_where_it_was(stack, tmp_path):
    found, (written, rows, ids) = campaign(stack, tmp_path, (6,))
    assert all(one.passed for one in found), found
    assert written == rows == ids


def test_a_new_column_is_one_step_and_an_interrupt_ends_with_130_and_is_gone_on_with(site):
    site.write(MODEL + "fields: {coupon: string}\n")
    plan = json.loads(site.run("plan", "--json").stdout)
    (step,) = plan["steps"]
    assert [d["path"] for d in step["differences"]] == ["dataSchema.dimensionsSpec.dimensions.coupon"]
    assert (step["class"], step["rollback_safe"], step["drift"]) == ("additive", True, False)
    with subprocess.Popen(
        [sys.executable, "-m", "dkd", "deploy", "--yes", "--json"],
        cwd=site.stack.project,
        env={**os.environ, "DKD_BASE_PORT": str(site.stack.base_port), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as deploying:
        for line in deploying.stdout or ():
            if json.loads(line).get("event") == "step_started":
                time.sleep(0.5)
                deploying.send_signal(signal.SIGINT)
                break
        deploying.communicate(timeout=60)
    journal = read_journal(site.model, site.settings)
    assert deploying.returncode == 130
    assert journal.lock is None
    assert journal.left() == ("druid/supervisor/tiny_events",)
    assert "An earlier deploy " in site.run("plan").stdout
    site.run("deploy", "--yes")
    assert read_journal(site.model, site.settings).unfinished == ""
    site.write(MODEL)
    site.run("deploy", "--yes")


def events_spec(site):
    """The spec of the site's events, to be changed."""
    return copy.deepcopy(supervisor(site.model, "events", consumer_properties(site.settings.kafka)))


def wrong(path, value):
    """Changes one value of a spec, or takes it away."""

    def change(spec):
        *parents, last = path.split("/")
        block = spec["spec"]
        for name in parents:
            block = block.setdefault(name, {})
        if value is None:
            del block[last]
        else:
            block[last] = value

    return change


EXPRESSION = {"type": "expression", "name": "x", "expression": "concat(event"}
UNKNOWN_FUNCTION = {"type": "expression", "name": "x", "expression": "nosuchfn(event)"}
BROKEN = {
    "no inputFormat": (wrong("ioConfig/inputFormat", None), "[spec.ioConfig.inputFormat] is required"),
    "queryGranularity over segmentGranularity": (
        wrong("dataSchema/granularitySpec/queryGranularity", "MONTH"),
        "queryGranularity MONTH is coarser than segmentGranularity",
    ),
    "syntax error in an expression": (wrong("dataSchema/transformSpec", {"transforms": [EXPRESSION]}), "xpression"),
    "unknown function": (wrong("dataSchema/transformSpec", {"transforms": [UNKNOWN_FUNCTION]}), "nosuchfn"),
    "bad JSONPath": (
        wrong("ioConfig/inputFormat/flattenSpec", {"fields": [{"type": "path", "name": "x", "expr": "$.["}]}),
        "",
    ),
    "a sketch that cannot be": (
        wrong("dataSchema/metricsSpec", [{"type": "HLLSketchBuild", "name": "h", "fieldName": "event", "lgK": 40}]),
        "lgK 40 of h",
    ),
    "a topic that does not exist": (wrong("ioConfig/topic", f"tiny.none{time.time_ns()}"), "cannot work"),
    "taskCount 0": (wrong("ioConfig/taskCount", 0), "taskCount 0"),
    "a bad consumer property": (wrong("ioConfig/consumerProperties/security.protocol", "NOPE"), "NOPE"),
    "an unknown type of dimension": (
        wrong("dataSchema/dimensionsSpec/dimensions", [{"type": "int", "name": "n"}]),
        "dataSchema.dimensionsSpec.dimensions[0].type: 'int' is no type that is known here, and is taken for string",
    ),
    "an unknown key": (wrong("ioConfig/taskCout", 1), "spec.ioConfig.taskCout"),
    "a projection": (wrong("dataSchema/projections", []), "spec.dataSchema.projections"),
    "a name that needs quotes": (wrong("dataSchema/dataSource", "a b"), "needs quotes"),
}
"""Druid 33 answers 200 to each of these; a broker out of reach takes it 60 s and is played in tests/contract."""


@pytest.mark.parametrize("name", BROKEN)
def test_what_druid_accepts_and_cannot_do_is_caught_or_undone_in_one_line(site, overlord, name):
    change_spec, said = BROKEN[name]
    before = site.state()["tiny_events"]
    spec = events_spec(site)
    change_spec(spec)
    with pytest.raises(DkdError) as failed:
        overlord.apply(Change("druid", "supervisor", "tiny_events", "update", "a test", wanted=spec), lambda _: None)
    assert said in str(failed.value)
    assert len(str(failed.value).splitlines()) == 1
    assert planned(site.model, site.settings).is_empty
    versions = site.state()["tiny_events"][0]
    assert versions == before[0] or "was put back" in str(failed.value)
    assert "a b" not in overlord.read()


def broken(site):
    """The spec with rows of a month in segments of an hour: the sampler passes it, and at a row every task dies."""
    now_ms = int(time.time() * 1000)
    site.produce("tiny.clean", [{"event": "page_view", "timestamp_ms": now_ms, "party_id": "p", "event_id": "e"}])
    spec = events_spec(site)
    spec["spec"]["dataSchema"]["granularitySpec"]["queryGranularity"] = {"type": "period", "period": "P1M"}
    return spec


def test_a_new_spec_whose_tasks_die_leaves_nothing_behind(site, overlord):
    spec = broken(site)
    spec["spec"]["dataSchema"]["dataSource"] = "tiny_scratch"
    change = Change("druid", "supervisor", "tiny_scratch", "create", "a test", wanted=spec)
    with pytest.raises(DkdError, match="Could not allocate segment") as failed:
        overlord.apply(change, lambda _: None)
    assert "it was removed again" in str(failed.value)
    assert "tiny_scratch" not in overlord.read()


def test_a_setting_that_kafka_refuses_is_one_line_and_leaves_the_topic(site):
    before = site.state()
    with connected(site.settings.kafka) as kafka:
        wrong = {"partitions": 1, "replication": 1, "config": {"retention.ms": "soon"}}
        change = Change("kafka", "topic", "tiny.other", "create", "a test", wanted=wrong)
        with pytest.raises(DkdError) as failed:
            kafka.apply(change)
        assert kafka.read(["tiny.other"]) == {}
    assert failed.value.problems[0].code == "DKD702"
    assert len(str(failed.value).splitlines()) == 1
    assert len(str(failed.value)) < 400, failed.value
    assert site.state() == before


def test_more_replicas_than_brokers_is_one_line(site):
    with connected(site.settings.kafka) as kafka:
        wrong = {"partitions": 1, "replication": 3, "config": {}}
        with pytest.raises(DkdError, match=r"[Rr]eplication") as failed:
            kafka.apply(Change("kafka", "topic", "tiny.other", "create", "a test", wanted=wrong))
    assert len(str(failed.value)) < 400, failed.value


def asked(site, query: str):
    return requests.post(f"{site.settings.druid.broker}/druid/v2/sql", json={"query": query}, timeout=30)


def counted(site) -> int:
    found = asked(site, 'SELECT COUNT(*) AS n FROM "tiny_events"')
    # Before its first row there is no such table.
    return found.json()[0]["n"] if found.ok else 0


def handed_off(site) -> int:
    """Rows, asked for twice, once they are all in segments that a historical serves."""
    left = "SELECT segment_id FROM sys.segments WHERE datasource = 'tiny_events' AND is_realtime = 1"
    until_s = time.monotonic() + 60
    while asked(site, left).json():
        assert time.monotonic() < until_s
        time.sleep(0.25)
    first, again = counted(site), counted(site)
    assert first == again
    return first


def stored(site, count: int) -> None:
    """Write *count* events, and wait until Druid has so many more."""
    wanted = counted(site) + count
    now_ms = int(time.time() * 1000)
    row = {"event": "page_view", "timestamp_ms": now_ms, "party_id": "p"}
    site.produce("tiny.clean", [{**row, "event_id": f"e{number}"} for number in range(count)])
    until_s = time.monotonic() + 60
    while counted(site) < wanted:
        assert time.monotonic() < until_s, counted(site)
        time.sleep(0.25)


def emptied(site, topic: str) -> None:
    """Delete a topic and make it anew, as another hand would."""
    with connected(site.settings.kafka) as kafka:
        before = kafka.read([topic])[topic]
        kafka.delete([topic])
        until_s = time.monotonic() + 30
        while kafka.read([topic]):
            assert time.monotonic() < until_s
            time.sleep(0.25)
        wanted = {"partitions": before.partitions, "replication": before.replication, "config": before.config}
        kafka.apply(Change("kafka", "topic", topic, "create", "a test", wanted=wanted))


def test_a_topic_that_is_gone_or_was_made_anew_is_told_and_refused_until_its_supervisor_is_reset(site, overlord):
    """Druid would wait, healthy, at the old one's offsets, and pass over as many records of the new one."""
    stored(site, 20)
    emptied(site, "tiny.clean")
    done = site.run("plan", "--detailed-exitcode", check=False)
    said = "tiny.clean, which it reads, was made anew; it would go on where it stopped in the old one"
    assert (done.returncode, said in done.stdout) == (4, True)
    done = site.run("deploy", "--yes", check=False)
    assert (done.returncode, said in done.stderr) == (5, True)
    status = supervisors_section(site.model, site.settings)
    assert not status.ok
    (line,) = status.lines
    assert line.startswith(f"tiny_events: {said}; suspend, reset and terminate the supervisor tiny_events")

    # A change that a deploy of an older journal would carry out is undone.
    spec = events_spec(site)
    spec["spec"]["tuningConfig"]["maxRowsInMemory"] = 1000
    with systems(site.model, site.settings) as found, pytest.raises(DkdError) as failed:
        found.apply(Change("druid", "supervisor", "tiny_events", "update", "a test", wanted=spec), lambda _: None)
    assert failed.value.problems[0].code == "DKD633"
    assert "and it ends at 0; the spec before it was put back; suspend, reset and terminate" in str(failed.value)

    overlord.forget("tiny_events")
    site.run("deploy", "--yes")
    assert site.run("plan", "--detailed-exitcode").returncode == 0


def test_a_spec_that_can_read_no_record_is_undone(site, overlord):
    """Its tasks live, report, and throw away every record that comes."""
    spec = events_spec(site)
    spec["spec"]["dataSchema"]["timestampSpec"]["column"] = "party_id"
    row = {"event": "page_view", "timestamp_ms": int(time.time() * 1000), "party_id": "p", "event_id": "bad"}
    # A task that its supervisor has not heard of yet is killed, and the next one of the same spec takes its segment's
    # name over, which this Druid goes on to answer for from what the killed one had read.
    until_s = time.monotonic() + 60
    while not [task for task in overlord.status("tiny_events")["activeTasks"] if task["startTime"]]:
        assert time.monotonic() < until_s
        time.sleep(0.25)
    ended = threading.Event()

    def feed() -> None:
        while not ended.wait(0.1):
            site.produce("tiny.clean", [row])

    feeding = threading.Thread(target=feed)
    feeding.start()
    change = Change("druid", "supervisor", "tiny_events", "update", "a test", wanted=spec)
    try:
        with systems(site.model, site.settings) as found, pytest.raises(DkdError) as failed:
            found.apply(change, lambda _: None)
    finally:
        ended.set()
        feeding.join()
    assert failed.value.problems[0].code == "DKD634"
    assert "it can read none of the " in str(failed.value)
    assert "the spec before it was put back" in str(failed.value)
    assert supervisors_section(site.model, site.settings).ok
    assert planned(site.model, site.settings).is_empty


def rules_of(site) -> dict[str, object]:
    with Coordinator(site.settings.druid) as coordinator:
        return coordinator.rules()


def killed_at(site, address: str) -> None:
    """Begin to destroy all, and kill that at a step."""
    command = [sys.executable, "-m", "dkd", "destroy", "--include-data", "--confirm", "local"]
    environment = {**os.environ, "DKD_BASE_PORT": str(site.stack.base_port), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=site.stack.project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as destroying:
        for line in destroying.stderr or ():
            if line.rstrip().endswith(f"delete {address}"):
                destroying.kill()
                break
    assert destroying.returncode == -signal.SIGKILL


def test_rows_outlive_their_supervisor_with_their_rules_until_all_data_goes(site):
    stored(site, 20)
    rows = counted(site)
    said = site.run("destroy", "--confirm", "local").stdout
    assert handed_off(site) == rows
    assert "supervisor" in said
    assert not any(kept in said for kept in ("topic", "datasource", "rules"))
    assert "tiny_events" in rules_of(site)
    done = site.run("destroy", "--confirm", "local", check=False)
    assert (done.returncode, "add --include-data to delete them too" in done.stderr) == (5, True)


def test_a_destroy_that_is_killed_again_and_again_is_seen_and_gone_on_with_and_leaves_nothing(site):
    """It goes on from the test before; offsets that Druid kept would let it pass over the new topic's first records."""
    for address in ("druid/datasource/tiny_events", "kafka/topic/tiny.state"):
        killed_at(site, address)
        status = section(read_journal(site.model, site.settings))
        assert not status.ok
        said = rf"destroy \w+ by .* is not done: {address}, .*nobody is at it; dkd destroy --include-data goes on"
        assert re.match(said, status.lines[1]), status.lines
    assert "makes anew what it removed" in site.run("plan").stdout
    site.run("destroy", "--include-data", "--confirm", "local")
    assert not {"tiny_events", "tiny_sessions"} & rules_of(site).keys()
    with connected(site.settings.kafka) as kafka:
        assert kafka.read([*site.topics, "_dkd.tiny"]) == {}
        done = site.run("destroy", "--include-data", "--confirm", "local", check=False)
        assert (done.returncode, "no deploy has made anything here" in done.stderr) == (5, True)
        # What a kill just before the journal's own topic goes would leave.
        wanted = {"partitions": 1, "replication": 1, "config": {}}
        kafka.apply(Change("kafka", "topic", "_dkd.tiny", "create", "a test", wanted=wanted))
        site.run("destroy", "--include-data", "--confirm", "local")
        assert kafka.read(["_dkd.tiny"]) == {}


def test_rows_of_the_same_hour_as_those_that_were_destroyed_are_counted_now_and_after_hand_off(site):
    """It goes on from the test before: new segments bear the old names, in the metadata, the caches and the files."""
    site.run("deploy", "--yes")
    stored(site, 5)
    assert counted(site) == 5
    site.run("destroy", "--confirm", "local")
    assert handed_off(site) == 5
    site.run("deploy", "--yes")


def test_the_lock_of_a_machine_that_is_gone_is_taken_over(site):
    """No process here can tell that it is dead, only that nobody renews it."""
    with systems(site.model, site.settings) as found:
        lock = Lock("1a2b3c4d", "deploy", "somebody@elsewhere", "elsewhere/1/pid:1", "0", "2026-11-27T10:00:00+00:00")
        with Held(site.settings.kafka, "_dkd.tiny", lock, found.journal) as held:
            held.write(locked(lock), last=False)
            held._ended.set()
        with pytest.raises(RefusedError, match="somebody@elsewhere has held the lock for deploy 1a2b3c4d") as refused:
            acquired(site.settings.kafka, "_dkd.tiny", found.journal, "deploy", 0)
        assert "if its process died, run this again" in str(refused.value)
        with acquired(site.settings.kafka, "_dkd.tiny", found.journal, "deploy", dead_s=1):
            pass
        assert found.journal().lock is None
