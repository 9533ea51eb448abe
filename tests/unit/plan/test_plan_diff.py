"""Two sets of values become changes; those of a new or vanished artefact are one."""

import pytest

from dkd.plan.diff import Changed, diff, met
from dkd.systems.classes import CLASSES
from dkd.systems.rules import Rule

RULE = Rule("DKD999", "safe", "what", "why.", "remedy")


def safe(address, before, after, old, new):
    return RULE


def alone(address):
    return address


def by_artefact(address):
    return "/".join(address.split("/")[:2])


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ("1", 1), ([1], [1, 2]), ("", None), (0, False)])
def test_values_that_only_python_takes_for_equal_differ(before, after):
    old, new = ({"a/x": value} if value is not None else {} for value in (before, after))
    assert diff(old, new, safe, alone) == [Changed("a/x", before, after, RULE)]


def test_the_order_of_a_mapping_is_no_difference():
    assert diff({"a/x": {"p": 1, "q": 2}}, {"a/x": {"q": 2, "p": 1}}, safe, alone) == []


def test_systems_stay_together_and_new_values_follow_old_ones():
    old = {"a/1": 1, "b/1": 1, "a/2": 1}
    new = {"b/2": 2, "a/3": 2, "a/2": 2}
    assert [change.address for change in diff(old, new, safe, alone)] == ["a/2", "a/1", "a/3", "b/1", "b/2"]


def test_each_change_finds_its_rule_by_what_it_was_and_is_and_what_is_beside_it():
    asked = []
    old, new = {"a/x": 1, "a/y": 3}, {"a/x": 2, "a/y": 3}
    diff(old, new, lambda *change: asked.append(change) or RULE, alone)
    assert asked == [("a/x", 1, 2, old, new)]


def test_a_change_that_others_tell_is_left_out():
    assert diff({"a/x": 1}, {"a/x": 2}, lambda *_: None, alone) == []


def test_an_artefact_that_is_new_or_gone_is_one_change():
    old, new = {"a/t/x": 1, "a/t/y": 2, "a/s/x": 1}, {"a/u/x": 3, "a/s/x": 1, "a/s/y": 4}
    assert diff(old, new, safe, by_artefact) == [
        Changed("a/s/y", None, 4, RULE),
        Changed("a/t", {"x": 1, "y": 2}, None, RULE),
        Changed("a/u", None, {"x": 3}, RULE),
    ]
    assert diff({"a/t": 1}, {}, safe, by_artefact) == [Changed("a/t", 1, None, RULE)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], []),
        (["any"], list(CLASSES)),
        (["safe", "additive"], ["safe", "additive"]),
        (["breaking"], [name for name in CLASSES if name not in ("safe", "additive", "needs-order")]),
    ],
)
def test_what_fails_is_what_was_asked_for_and_not_waived(asked, expected):
    every = [Changed("a/x", 1, 2, RULE._replace(effect=effect)) for effect in CLASSES]
    waived = [Changed("a/x", 1, 2, one.rule, waiver="because") for one in every]
    assert [change.effect for change in met([*every, *waived], asked)] == expected
