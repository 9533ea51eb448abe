"""Steps are applied in their order, stop at the first failure, and what was done is said."""

import pytest

from dkd.errors import DkdError, ExitCode, PartlyError, RefusedError
from dkd.jobs.deploy import Report, carried_out, consumer_properties, refuse_blocked
from dkd.plan.order import Plan
from dkd.settings import KafkaSettings
from dkd.systems.change import Change

STEPS = tuple(Change("kafka", "topic", name, "create", "no such topic") for name in ("a", "b", "c"))


def failing_at(name, applied):
    def apply(change):
        if change.name == name:
            raise DkdError("DKD702", where="Kafka at k:1", problem="it refused", remedy="do this")
        applied.append(change.name)

    return apply


def test_every_step_is_applied_once_in_order():
    applied, said = [], []
    assert carried_out(STEPS, {"kafka": failing_at(None, applied)}, said.append) == STEPS
    assert applied == ["a", "b", "c"]
    assert said == ["1/3 create kafka/topic/a", "2/3 create kafka/topic/b", "3/3 create kafka/topic/c"]


def test_a_failure_before_anything_was_done_is_just_that_failure():
    applied = []
    with pytest.raises(DkdError) as failed:
        carried_out(STEPS, {"kafka": failing_at("a", applied)}, lambda _: None)
    assert not isinstance(failed.value, PartlyError)
    assert applied == []


def test_a_later_failure_stops_there_and_names_what_was_done():
    applied = []
    with pytest.raises(PartlyError) as failed:
        carried_out(STEPS, {"kafka": failing_at("b", applied)}, lambda _: None)
    assert applied == ["a"]
    assert failed.value.exit_code == ExitCode.partly
    assert str(failed.value) == (
        "kafka/topic/b: it refused [DKD702]; done before it: kafka/topic/a; 2 steps are left; do this [DKD712]"
    )


def test_an_interrupt_says_what_was_done_and_stays_one():
    said = []

    def interrupted(change):
        if change.name == "b":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(STEPS, {"kafka": interrupted}, said.append)
    assert said[-1] == "interrupted at kafka/topic/b; done before it: kafka/topic/a"


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


def test_druid_gets_servers_alone_where_nothing_is_secured():
    assert consumer_properties(KafkaSettings("k:1")) == {"bootstrap.servers": "k:1"}


@pytest.mark.parametrize(
    ("mechanism", "module"), [("PLAIN", "plain.PlainLoginModule"), ("SCRAM-SHA-512", "scram.ScramLoginModule")]
)
def test_druid_gets_user_and_password_quoted_as_jaas_wants_them(mechanism, module):
    found = consumer_properties(KafkaSettings("k:1", "SASL_SSL", mechanism, "me", 'a"b\\c'))
    assert found == {
        "bootstrap.servers": "k:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": (
            f'org.apache.kafka.common.security.{module} required username="me" password="a\\"b\\\\c";'
        ),
    }
