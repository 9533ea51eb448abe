"""Changes → steps: topics before their readers, new before changed, nothing lost."""

import itertools

import pytest

from dkd.plan.order import Plan, ordered, split
from dkd.systems.change import Change


def change(system, action, name="x"):
    return Change(system, "thing", name, action, "because")


def test_every_order_of_changes_becomes_the_same_kind_of_plan():
    changes = [
        change("druid", "update"),
        change("kafka", "update"),
        change("druid", "create"),
        change("kafka", "create"),
    ]
    for shuffled in itertools.permutations(changes):
        found = ordered(shuffled, ("kafka", "druid"))
        assert [(c.system, c.action) for c in found] == [
            ("kafka", "create"),
            ("kafka", "update"),
            ("druid", "create"),
            ("druid", "update"),
        ]


def test_equal_rank_stays_as_it_came():
    names = ["c", "a", "b"]
    assert [c.name for c in ordered([change("kafka", "create", n) for n in names], ("kafka",))] == names


def test_a_system_without_a_place_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="not in"):
        ordered([change("divolte", "create")], ("kafka", "druid"))


def test_blocked_changes_are_no_steps():
    changes = (change("kafka", "blocked"), change("kafka", "create"))
    assert split(changes) == (changes[1:], changes[:1])


def test_a_plan_with_only_blocked_changes_is_not_empty():
    assert Plan("s", "t", (), ()).is_empty
    assert not Plan("s", "t", (), (), (change("kafka", "blocked"),)).is_empty
