"""Two sets of values become changes, and changes become lines and JSON."""

import json

import pytest

from dkd.plan.diff import Changed, as_json, as_text, diff, met
from dkd.systems.classes import CLASSES


def safe(address, before, after):
    return "safe"


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ("1", 1), ([1], [1, 2]), ("", None), (0, False)])
def test_values_that_only_python_takes_for_equal_differ(before, after):
    assert diff({"a/x": before}, {"a/x": after}, safe) == [Changed("a/x", before, after, "safe")]


def test_the_order_of_a_mapping_is_no_difference():
    assert diff({"a/x": {"p": 1, "q": 2}}, {"a/x": {"q": 2, "p": 1}}, safe) == []


def test_systems_stay_together_and_new_values_follow_old_ones():
    old = {"a/1": 1, "b/1": 1, "a/2": 1}
    new = {"b/2": 2, "a/3": 2, "a/2": 2}
    assert [change.address for change in diff(old, new, safe)] == ["a/1", "a/2", "a/3", "b/1", "b/2"]


def test_each_change_is_classed_by_what_it_was_and_is():
    asked = []
    diff({"a/x": 1}, {"a/x": 2}, lambda *change: asked.append(change) or "safe")
    assert asked == [("a/x", 1, 2)]


FOUND = [
    Changed("kafka/topic/s.raw/partitions", 4, 2, "blocked"),
    Changed("druid/supervisor/x/dimension/y", None, "string", "additive"),
    Changed("model/s/measure/old", {"sum": "x"}, None, "needs-order"),
]


def test_text_is_a_line_a_change_and_the_count_of_each_class():
    assert as_text(FOUND) == (
        "~ kafka/topic/s.raw/partitions    blocked      4 -> 2\n"
        "+ druid/supervisor/x/dimension/y  additive     string\n"
        '- model/s/measure/old             needs-order  {"sum": "x"}\n'
        "3 changes: 1 additive, 1 needs-order, 1 blocked.\n"
    )


def test_a_value_with_a_line_end_stays_on_its_line():
    assert len(as_text([Changed("a/x", "p\nq", "", "safe")]).splitlines()) == 2


def test_no_change_is_said():
    assert as_text([]) == "Nothing changes.\n"


def test_json_holds_each_change_whole():
    assert json.loads(as_json(FOUND))["changes"][1] == {
        "address": "druid/supervisor/x/dimension/y", "system": "druid", "action": "create",
        "before": None, "after": "string", "class": "additive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], []),
        (["any"], list(CLASSES)),
        (["safe", "additive"], ["safe", "additive"]),
        (["breaking"], [name for name in CLASSES if name not in ("safe", "additive", "needs-order")]),
    ],
)
def test_what_fails_is_what_was_asked_for(asked, expected):
    every = [Changed("a/x", 1, 2, effect) for effect in CLASSES]
    assert [change.effect for change in met(every, asked)] == expected
