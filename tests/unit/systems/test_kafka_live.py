"""Topics wanted and live → changes: settings are compared by value, partitions are never moved."""

import pytest

from dkd.systems.kafka.live import differences, topic_changes
from dkd.systems.kafka.render import Topic

WANTED = Topic("shop.raw", 4, 1, {"cleanup.policy": "delete", "retention.ms": "604800000"})


def live(**different):
    return {"shop.raw": WANTED._replace(**different)}


def config(**settings):
    return {**WANTED.config, **{name.replace("_", "."): value for name, value in settings.items()}}


def test_no_topic_is_a_create():
    (change,) = topic_changes([WANTED], {})
    assert (change.action, change.address) == ("create", "kafka/topic/shop.raw")
    assert change.wanted == {"partitions": 4, "replication": 1, "config": WANTED.config}


def test_an_equal_topic_is_no_change():
    assert topic_changes([WANTED], live()) == ()


def test_a_setting_made_by_hand_goes_back_to_the_default():
    (change,) = topic_changes([WANTED], live(config=config(max_message_bytes="5")))
    (difference,) = change.differences
    assert (change.action, difference.before, difference.after) == ("update", "5", None)


def test_shorter_retention_says_that_data_is_deleted():
    (change,) = topic_changes([WANTED], live(config=config(retention_ms="-1")))
    assert "deletes older records" in change.risk


def test_longer_retention_is_without_risk():
    (change,) = topic_changes([WANTED], live(config=config(retention_ms="1000")))
    assert change.risk == ""


def test_a_list_is_equal_in_any_order():
    wanted = WANTED._replace(config={"cleanup.policy": "compact,delete"})
    assert differences(wanted, WANTED._replace(config={"cleanup.policy": "delete, compact"})) == ()


@pytest.mark.parametrize(("partitions", "word"), [(2, "visitors would move"), (8, "cannot take partitions away")])
def test_partitions_are_never_changed(partitions, word):
    (change,) = topic_changes([WANTED], live(partitions=partitions))
    assert change.action == "blocked"
    assert word in change.reason
    assert change.remedy == f"set topics.partitions to {partitions}"


def test_replicas_are_not_a_setting():
    (change,) = topic_changes([WANTED], live(replication=3))
    assert change.action == "blocked"
    assert "topics.replication to 3" in change.remedy


def test_a_blocked_topic_can_have_settings_to_change_too():
    found = topic_changes([WANTED], live(partitions=2, config=config(retention_ms="1")))
    assert [change.action for change in found] == ["blocked", "update"]
