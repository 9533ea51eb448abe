"""Changes → steps: readers before writers, what destroys last, nothing lost."""

import itertools

import pytest

from dkd.plan.order import Plan, ordered, split
from dkd.plan.step import effect, is_reversible
from dkd.systems.change import Change, Difference

TOPIC = Change("kafka", "topic", "shop.raw", "create", "because")
LONGER = Change("kafka", "topic", "shop.clean", "update", "", differences=(Difference("retention.ms", "1", "2"),))
SHORTER = Change("kafka", "topic", "shop.clean", "update", "", differences=(Difference("retention.ms", "2", "1"),))
LARGER = Change("kafka", "topic", "shop.state", "update", "", differences=(Difference("max.message.bytes", "1", "2"),))
SMALLER = Change("kafka", "topic", "shop.state", "update", "", differences=(Difference("max.message.bytes", "2", "1"),))
COLUMN = Change(
    "druid",
    "supervisor",
    "shop_events",
    "update",
    "",
    differences=(Difference("dataSchema.dimensionsSpec.dimensions.coupon", None, {"type": "string"}),),
)
ENRICHERS = Change("dkd", "enrichers", "shop", "update", "", differences=(Difference("model", "a", "b"),))
COLLECTORS = Change("dkd", "collectors", "shop", "update", "", differences=(Difference("model", "a", "b"),))
DIVOLTE = Change("divolte", "divolte", "shop", "update", "", differences=(Difference("event.avsc", "a", "b"),))
RULES = Change("druid", "rules", "shop_events", "create", "")
LESS = Change(
    "druid",
    "rules",
    "shop_events",
    "update",
    "",
    differences=(Difference("rules", "loadByPeriod P9D, dropForever", "loadByPeriod P2D, dropForever"),),
)


def test_readers_know_a_new_value_before_writers_send_it_in_every_order_that_changes_come():
    changes = [DIVOLTE, ENRICHERS, COLUMN, TOPIC]
    for shuffled in itertools.permutations(changes):
        assert ordered(shuffled) == (TOPIC, COLUMN, ENRICHERS, DIVOLTE)


def test_writers_stop_first_where_less_of_a_person_is_kept():
    assert ordered([COLUMN, ENRICHERS, COLLECTORS], tightens=True) == (COLLECTORS, ENRICHERS, COLUMN)


@pytest.mark.parametrize("losing", [SHORTER, LESS])
def test_what_destroys_data_comes_last_and_has_no_way_back(losing):
    assert ordered([losing, COLUMN, DIVOLTE, RULES])[-1] is losing
    assert effect(losing) == "destructive"
    assert not is_reversible(losing)


def test_larger_records_are_allowed_before_they_are_written_and_forbidden_after():
    assert ordered([COLLECTORS, LARGER]) == (LARGER, COLLECTORS)
    assert ordered([SMALLER, COLLECTORS]) == (COLLECTORS, SMALLER)


def test_longer_retention_and_a_new_column_can_be_taken_back():
    assert is_reversible(LONGER)
    assert is_reversible(COLUMN)
    assert effect(COLUMN) == "additive"


@pytest.mark.parametrize(
    ("path", "before", "after", "found"),
    [
        ("dataSchema.dimensionsSpec.dimensions.coupon.type", "string", "long", "needs-backfill"),
        ("dataSchema.dimensionsSpec.dimensions.coupon", {"type": "string"}, None, "needs-order"),
        ("dataSchema.dimensionsSpec.dimensions (order)", ["a"], ["b"], "safe"),
        ("dataSchema.granularitySpec.queryGranularity", "NONE", "HOUR", "destructive"),
        ("dataSchema.metricsSpec", [], ["x"], "blocked"),
        ("tuningConfig.maxRowsInMemory", 1, 2, "safe"),
        ("suspended", True, False, "safe"),
    ],
)
def test_a_live_difference_has_the_class_that_a_diff_gives_it(path, before, after, found):
    change = Change("druid", "supervisor", "x", "update", "", differences=(Difference(path, before, after),))
    assert effect(change) == found


@pytest.mark.parametrize(("by_hand", "found"), [(True, "semantic"), (False, "blocked")])
def test_a_setting_of_another_hand_that_no_rule_knows_is_neither_called_blocked_nor_safe(by_hand, found):
    difference = Difference("flush.ms", "1000", None, by_hand=by_hand)
    change = Change("kafka", "topic", "x", "update", "", differences=(difference,))
    assert (effect(change), is_reversible(change)) == (found, not by_hand)


def test_the_worst_difference_counts():
    both = Change("kafka", "topic", "x", "update", "", differences=(*LONGER.differences, *SHORTER.differences))
    assert effect(both) == "destructive"


def test_equal_rank_stays_as_it_came():
    names = ["c", "a", "b"]
    found = ordered([Change("kafka", "topic", name, "create", "") for name in names])
    assert [change.name for change in found] == names


def test_a_kind_without_a_place_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="not in"):
        ordered([Change("druid", "lookup", "x", "create", "")])


def test_blocked_changes_are_no_steps():
    blocked = Change("kafka", "topic", "x", "blocked", "it cannot")
    assert split((blocked, TOPIC)) == ((TOPIC,), (blocked,))


def test_a_plan_with_only_blocked_changes_or_an_unfinished_deploy_is_not_empty():
    assert Plan("s", "t", (), ()).is_empty
    assert not Plan("s", "t", (), (), (Change("kafka", "topic", "x", "blocked", ""),)).is_empty
    assert not Plan("s", "t", (), (), unfinished="abc").is_empty


def test_drift_is_what_another_hand_had_a_part_in():
    mine = Change("kafka", "topic", "a", "update", "", differences=(Difference("retention.ms", "1", "2"),))
    other = Change("kafka", "topic", "b", "update", "", differences=(Difference("retention.ms", "1", "2", True),))
    gone = Change("kafka", "topic", "c", "create", "", removed=True)
    assert Plan("s", "t", (), (mine, other, gone)).drift == (other, gone)
