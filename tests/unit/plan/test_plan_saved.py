"""A plan → its file → carried out only when it would do exactly the same."""

import json
from dataclasses import replace

import pytest

from dkd.errors import ExitCode, RefusedError, UsageError
from dkd.model.load import load
from dkd.plan.order import Plan
from dkd.plan.saved import is_saved, loaded, require_same, saved
from dkd.systems.change import Change, Difference

MODEL = load("dkd: 1\nsite: tiny\nevents: {page_view: {}}\n", "m.yaml")
SPEC = {"consumerProperties": {"sasl.jaas.config": "canary"}}
STEP = Change("druid", "supervisor", "tiny_events", "create", "no such supervisor", wanted=SPEC)
UPDATE = Change("kafka", "topic", "tiny.raw", "update", "", differences=(Difference("retention.ms", "1", "2"),))
PLAN = Plan(
    "tiny", "prod", ("Kafka k:1",), (UPDATE, STEP), cluster="q1", model="m1",
    live={"kafka/topic/tiny.raw": "aa", "druid/supervisor/tiny_events": "absent"},
)  # fmt: skip
KEY = b"key"


def text(plan=PLAN, key=KEY):
    return saved(plan, MODEL, "specs/tiny.yaml", key)


def refusal(plan, key=KEY):
    with pytest.raises(RefusedError) as refused:
        require_same(loaded(text(), "p.json"), plan, key, "p.json")
    assert refused.value.exit_code == ExitCode.refused
    return refused.value.problems[0].problem


def test_it_can_be_told_from_a_model():
    assert is_saved(text())
    assert not is_saved("dkd: 1\nsite: tiny\n")
    assert not is_saved('{"dkd": 1, "site": "tiny"}')


def test_what_was_saved_is_what_is_loaded():
    found = loaded(text(), "p.json")
    assert (found.model, found.target, found.path) == (MODEL, "prod", "specs/tiny.yaml")
    require_same(found, PLAN, KEY, "p.json")


def test_no_secret_is_in_it_and_a_new_one_is_seen():
    assert "canary" not in text()
    other = replace(STEP, wanted={"consumerProperties": {"sasl.jaas.config": "rotated"}})
    assert "a secret or dkd itself has changed" in refusal(replace(PLAN, steps=(UPDATE, other)))


def test_another_cluster_is_refused():
    assert refusal(replace(PLAN, cluster="zz")) == "it was made for the Kafka cluster q1, and this one is zz"


def test_an_artefact_that_changed_meanwhile_is_named():
    stale = replace(PLAN, live={**PLAN.live, "kafka/topic/tiny.raw": "bb"})
    assert refusal(stale) == "kafka/topic/tiny.raw changed after the plan was made"


def test_other_steps_are_refused():
    assert refusal(replace(PLAN, steps=(UPDATE,))) == "it would have other steps now"
    assert refusal(replace(PLAN, unfinished="abc")) == "it would have other steps now"


@pytest.mark.parametrize("broken", ['{"dkd_plan": 2}', '{"dkd_plan": 1}', '{"dkd_plan": 1, "source": {"dkd": 3}}', "{"])
def test_a_file_that_is_no_plan_of_ours_is_wrong_usage(broken):
    with pytest.raises(UsageError) as wrong:
        loaded(broken, "p.json")
    assert len(str(wrong.value).splitlines()) == 1


def test_the_file_is_the_same_every_time():
    assert text() == text()
    assert json.loads(text())["wanted"].keys() == {"kafka/topic/tiny.raw", "druid/supervisor/tiny_events"}


@pytest.mark.parametrize("name", ["path", "target", "cluster", "live", "wanted"])
@pytest.mark.parametrize("value", [None, 7, ["x"]])
def test_a_plan_that_was_edited_into_another_form_is_no_plan(name, value):
    with pytest.raises(UsageError) as refused:
        loaded(json.dumps({**json.loads(text()), name: value}), "p.json")
    assert refused.value.problems[0].code == "DKD716"


@pytest.mark.parametrize("name", ["applyable", "blocked", "drift", "format_version", "model", "steps", "summary"])
def test_a_plan_that_lost_a_part_is_another_plan(name):
    edited = {key: value for key, value in json.loads(text()).items() if key != name}
    with pytest.raises(RefusedError, match="it would have other steps now"):
        require_same(loaded(json.dumps(edited), "p.json"), PLAN, KEY, "p.json")
