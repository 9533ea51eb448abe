"""Steps are applied in their order, stop at the first failure, and what was done is said."""

import pytest

from dkd.errors import DkdError, ExitCode, PartlyError, RefusedError
from dkd.jobs.deploy import Report, carried_out, refuse_blocked
from dkd.plan.order import Plan
from dkd.systems.change import Change

STEPS = tuple(Change("kafka", "topic", name, "create", "no such topic") for name in ("a", "b", "c"))


def failing_at(name, applied):
    def apply(seq, change):
        if change.name == name:
            raise DkdError("DKD702", where="Kafka at k:1", problem="it refused", remedy="do this")
        applied.append((seq, change.name))

    return apply


def test_every_step_is_applied_once_in_order():
    applied, told = [], []
    carried_out(STEPS, failing_at(None, applied), told.append)
    assert applied == [(1, "a"), (2, "b"), (3, "c")]
    assert [(one.event, one.step, one.seq, one.total) for one in told if one.seq == 2] == [
        ("step_started", "kafka/topic/b", 2, 3),
        ("step_done", "kafka/topic/b", 2, 3),
    ]
    assert told[0].text == "1/3 create kafka/topic/a"


def test_a_failure_before_anything_was_done_is_just_that_failure():
    applied = []
    with pytest.raises(DkdError) as failed:
        carried_out(STEPS, failing_at("a", applied), lambda _: None)
    assert not isinstance(failed.value, PartlyError)
    assert applied == []


def test_a_later_failure_stops_there_and_names_what_was_done():
    applied, told = [], []
    with pytest.raises(PartlyError) as failed:
        carried_out(STEPS, failing_at("b", applied), told.append)
    assert applied == [(1, "a")]
    assert failed.value.exit_code == ExitCode.partly
    assert str(failed.value) == (
        "kafka/topic/b: it refused [DKD702]; done before it: kafka/topic/a; still to do: 2 steps; do this [DKD712]"
    )
    assert (told[-1].event, told[-1].text) == ("step_failed", str(failed.value))


def test_an_interrupt_says_what_was_done_and_stays_one():
    told = []

    def interrupted(seq, change):
        if change.name == "b":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(STEPS, interrupted, told.append)
    said = "interrupted at kafka/topic/b; done before it: kafka/topic/a"
    assert (told[-1].event, told[-1].text) == ("interrupted", said)


def test_a_blocked_plan_is_refused_with_a_line_for_each_change():
    blocked = tuple(Change("kafka", "topic", name, "blocked", "it cannot", remedy="do not") for name in ("a", "b"))
    with pytest.raises(RefusedError) as refused:
        refuse_blocked(Plan("shop", "local", (), STEPS, blocked))
    assert str(refused.value).splitlines() == [
        "kafka/topic/a: it cannot; do not [DKD710]",
        "kafka/topic/b: it cannot; do not [DKD710]",
    ]
    refuse_blocked(Plan("shop", "local", (), STEPS))


def test_a_report_says_whether_anything_was_done():
    plan = Plan("shop", "local", (), STEPS)
    assert "nothing was changed" in Report(plan, ()).line()
    assert "3 steps done" in Report(plan, STEPS).line()
