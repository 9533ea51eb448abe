"""A plan as text and as plain values; what is asserted is the whole text."""

import json

from dkd.plan.order import Plan
from dkd.plan.show import as_dict, as_text, changed
from dkd.systems.change import Change, Difference

CREATE = Change("kafka", "topic", "shop.raw", "create", "no such topic", wanted={"secret": "canary"})
UPDATE = Change(
    "druid",
    "supervisor",
    "shop_events",
    "update",
    "its spec differs in 3 places",
    "its tasks restart",
    differences=(
        Difference("dataSchema.granularitySpec.rollup", False, True),
        Difference("ioConfig.replicas", ["x" * 100], None),
        Difference("ioConfig.taskCount", 1, 2, by_hand=True),
    ),
    wanted={"secret": "canary"},
)
BLOCKED = Change("kafka", "topic", "shop.clean", "blocked", "it cannot", remedy="do not")

TEXT = """\
Plan for shop on prod (Kafka k:1)
  1 + kafka/topic/shop.raw          no such topic
          additive; gate: a leader for every partition; safe to roll back here
  2 ~ druid/supervisor/shop_events  its spec differs in 3 places
          dataSchema.granularitySpec.rollup: false -> true
          ioConfig.replicas: ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… removed
          ioConfig.taskCount: 1 -> 2 (by another hand)
          risk: its tasks restart
          destructive; gate: a running task of each group reports rows, none fails; restarts Druid's tasks of \
shop_events; no way back from here
  3 + kafka/topic/shop.raw          no such topic
          additive; gate: a leader for every partition; no way back from here
    ! kafka/topic/shop.clean        it cannot
          remedy: do not
2 to create, 1 to change, 1 blocked. 1 changed by another hand."""


def plan(*steps, blocked=()):
    return Plan("shop", "prod", ("Kafka k:1",), steps, blocked)


def test_the_whole_plan_as_text():
    assert as_text(plan(CREATE, UPDATE, CREATE, blocked=(BLOCKED,))) == TEXT


def test_an_empty_plan_says_that_there_is_nothing_to_do():
    assert as_text(plan()) == "shop on prod is as the model says: nothing to do (Kafka k:1)"


def test_the_plan_for_programs_has_the_same_steps_and_no_secret():
    found = as_dict(plan(CREATE, UPDATE, blocked=(BLOCKED,)))
    assert [(step["seq"], step["address"], step["action"]) for step in found["steps"]] == [
        (1, "kafka/topic/shop.raw", "create"),
        (2, "druid/supervisor/shop_events", "update"),
    ]
    taken = {"path": "ioConfig.taskCount", "before": 1, "after": 2, "by_hand": True}
    assert found["steps"][1]["differences"][2] == taken
    assert [(step["class"], step["rollback_safe"]) for step in found["steps"]] == [
        ("additive", True),
        ("destructive", False),
    ]
    assert found["steps"][1]["restarts"] == "Druid's tasks of shop_events"
    assert found["drift"] == ["druid/supervisor/shop_events"]
    assert found["summary"] == {"create": 1, "update": 1, "delete": 0, "verify": 0, "blocked": 1}
    assert not found["applyable"]
    assert "canary" not in json.dumps(found)


def test_what_was_done_in_one_clause():
    assert changed([]) == "nothing"
    assert changed([CREATE, UPDATE]) == "kafka/topic/shop.raw, druid/supervisor/shop_events"
