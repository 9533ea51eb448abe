"""Supervisors wanted and live → changes: what another hand did is seen, what must not be done is blocked."""

import copy

import pytest

from dkd.model.load import load
from dkd.systems.change import HIDDEN
from dkd.systems.druid.live import differences, supervisor_changes
from dkd.systems.druid.render import supervisor

MODEL = """
dkd: 1
site: shop
events: {page_view: {}}
fields: {coupon: string}
"""


@pytest.fixture
def wanted():
    return supervisor(load(MODEL, "shop.yaml"), "events", {"bootstrap.servers": "b:1"})


@pytest.fixture
def live(wanted):
    return copy.deepcopy(wanted)


def io(spec):
    return spec["spec"]["ioConfig"]


def dimensions(spec):
    return spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"]


def test_no_supervisor_is_a_create_with_the_whole_spec(wanted):
    (change,) = supervisor_changes([wanted], {})
    assert (change.action, change.address, change.wanted) == ("create", "druid/supervisor/shop_events", wanted)


def test_an_equal_supervisor_is_no_change(wanted, live):
    assert supervisor_changes([wanted], {"shop_events": live}) == ()


def test_supervisors_of_others_are_left_alone(wanted, live):
    assert supervisor_changes([wanted], {"shop_events": live, "other": {}}) == ()


@pytest.mark.parametrize(
    ("block", "name", "value"),
    [
        ("ioConfig", "taskCount", 2),
        ("ioConfig", "taskDuration", "PT1H"),
        ("tuningConfig", "maxRowsInMemory", 5),
        ("tuningConfig", "offsetFetchPeriod", "PT30S"),
    ],
)
def test_a_hand_edit_is_a_change_back_even_of_what_the_model_leaves_to_druid(wanted, live, block, name, value):
    live["spec"][block][name] = value
    (change,) = supervisor_changes([wanted], {"shop_events": live})
    assert change.action == "update"
    (difference,) = change.differences
    assert difference.path == f"{block}.{name}"


def test_a_suspended_supervisor_is_a_change_that_starts_it(wanted, live):
    live["suspended"] = True
    (change,) = supervisor_changes([wanted], {"shop_events": live})
    (difference,) = change.differences
    assert (difference.path, difference.before, difference.after) == ("suspended", True, False)
    assert change.risk == "its tasks start again"


def test_columns_are_compared_by_name(wanted, live):
    removed = dimensions(live).pop(-1)
    dimensions(live).append({"type": "long", "name": "by_hand"})
    found = differences(wanted, live)
    assert [(d.path.rpartition(".")[2], d.before is None, d.after is None) for d in found] == [
        ("by_hand", False, True),
        (removed["name"], True, False),
    ]


def test_the_order_of_columns_is_a_difference_of_its_own(wanted, live):
    dimensions(live).reverse()
    assert [d.path for d in differences(wanted, live)] == ["dataSchema.dimensionsSpec.dimensions (order)"]


def test_another_type_of_a_column_is_one_difference(wanted, live):
    first = dimensions(live)[0]
    dimensions(live)[0] = {"name": first["name"], "type": "long"}
    paths = [d.path for d in differences(wanted, live)]
    assert f"dataSchema.dimensionsSpec.dimensions.{first['name']}.type" in paths


def test_a_property_that_only_the_live_consumer_has_is_a_difference(wanted, live):
    io(live)["consumerProperties"]["max.poll.records"] = "1"
    assert [d.path for d in differences(wanted, live)] == ["ioConfig.consumerProperties.max.poll.records"]


def test_true_is_not_one(wanted, live):
    io(live)["useEarliestOffset"] = 1
    assert [d.path for d in differences(wanted, live)] == ["ioConfig.useEarliestOffset"]


def test_a_secret_that_differs_is_seen_and_not_shown(wanted, live):
    io(wanted)["consumerProperties"]["sasl.jaas.config"] = "canary-1"
    io(live)["consumerProperties"]["sasl.jaas.config"] = "canary-2"
    (difference,) = differences(wanted, live)
    assert (difference.before, difference.after) == (HIDDEN, HIDDEN)
    (change,) = supervisor_changes([wanted], {"shop_events": live})
    assert "canary" not in repr(change)


def test_another_topic_is_blocked_because_druid_would_keep_the_offsets(wanted, live):
    io(live)["topic"] = "old.clean"
    (change,) = supervisor_changes([wanted], {"shop_events": live})
    assert change.action == "blocked"
    assert "old.clean" in change.reason
    assert "suspend, reset and terminate" in change.remedy
