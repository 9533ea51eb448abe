"""Plan and deploy on the real Kafka and Druid: what another hand changed is seen, put back, and nothing else moves."""

import copy
import json
import time

import pytest
import requests
from second_site import MODEL, SecondSite, running

from dkd.errors import DkdError
from dkd.jobs.deploy import planned
from dkd.systems.change import Change
from dkd.systems.druid.client import Overlord
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


def test_what_another_hand_changed_is_planned_and_put_back_and_nothing_else(site, overlord):
    before = site.state()
    spec = copy.deepcopy(overlord.read()["tiny_events"])
    spec["spec"]["tuningConfig"]["maxRowsInMemory"] = 1000
    spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"].append({"type": "long", "name": "by_hand"})
    overlord.post({name: spec[name] for name in ("type", "spec", "context")})
    site.set_by_hand("tiny.raw", retention_ms="60000", max_message_bytes="2000000")

    done = site.run("plan", "--json", "--detailed-exitcode", check=False)
    assert done.returncode == 2
    plan = json.loads(done.stdout)
    assert {step["address"]: [d["path"] for d in step["differences"]] for step in plan["steps"]} == {
        "kafka/topic/tiny.raw": ["max.message.bytes", "retention.ms"],
        "druid/supervisor/tiny_events": [
            "dataSchema.dimensionsSpec.dimensions.by_hand",
            "tuningConfig.maxRowsInMemory",
        ],
    }

    site.run("deploy", "--yes")
    after = site.state()
    assert site.run("plan", "--detailed-exitcode").returncode == 0
    assert after["tiny.raw"] == before["tiny.raw"]
    assert after["tiny_sessions"] == before["tiny_sessions"]
    assert len(after["tiny_events"][0]) == len(before["tiny_events"][0]) + 2


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


def test_a_new_column_is_one_step_and_the_old_rows_stay(site):
    site.write(MODEL + "fields: {coupon: string}\n")
    plan = json.loads(site.run("plan", "--json").stdout)
    (step,) = plan["steps"]
    assert [d["path"] for d in step["differences"]] == ["dataSchema.dimensionsSpec.dimensions.coupon"]
    site.run("deploy", "--yes")
    site.write(MODEL)
    site.run("deploy", "--yes")


def broken(overlord):
    """The live spec with a function that Druid does not have: it is accepted with 200, and every task dies."""
    spec = copy.deepcopy(overlord.read()["tiny_events"])
    wrong = {"type": "expression", "name": "x", "expression": "nosuchfn(event)"}
    spec["spec"]["dataSchema"]["transformSpec"] = {"filter": None, "transforms": [wrong]}
    return {name: spec[name] for name in ("type", "spec", "context")}


def test_a_spec_whose_tasks_die_is_found_out_and_put_back(site, overlord):
    change = Change("druid", "supervisor", "tiny_events", "update", "a test", wanted=broken(overlord))
    with pytest.raises(DkdError, match="function 'nosuchfn' is not defined") as failed:
        overlord.apply(change, lambda _: None)
    assert failed.value.problems[0].code == "DKD705"
    assert planned(site.model, site.settings).is_empty
    end = time.monotonic() + 30
    while not running(overlord, "tiny_events") and time.monotonic() < end:
        time.sleep(0.5)
    assert running(overlord, "tiny_events")


def test_a_new_spec_whose_tasks_die_leaves_nothing_behind(site, overlord):
    spec = broken(overlord)
    spec["spec"]["dataSchema"]["dataSource"] = "tiny_scratch"
    change = Change("druid", "supervisor", "tiny_scratch", "create", "a test", wanted=spec)
    with pytest.raises(DkdError, match="it was removed again"):
        overlord.apply(change, lambda _: None)
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
