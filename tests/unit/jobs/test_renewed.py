"""A supervisor whose topic is gone or was made anew is blocked, and no other."""

import pytest

from dkd.jobs.renewed import without_their_topic
from dkd.model.load import load
from dkd.systems.kafka.render import Topic

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\n", "model.yaml")
SPECS = {
    "shop_events": {"spec": {"ioConfig": {"topic": "shop.clean"}}},
    "shop_sessions": {"spec": {"ioConfig": {"topic": "shop.sessions"}}},
    "other": {"spec": {"ioConfig": {"topic": "none"}}},
}
APPLIED = {"kafka/topic/shop.clean": {"partitions": 4, "id": "a"}, "kafka/topic/shop.sessions": {"partitions": 4}}


def topics(**ids: str) -> dict[str, Topic]:
    return {f"shop.{kind}": Topic(f"shop.{kind}", 4, 1, {}, one) for kind, one in ids.items()}


@pytest.mark.parametrize(
    ("live", "found"),
    [
        (topics(clean="a", sessions="x"), {}),
        (topics(clean="", sessions=""), {}),
        (topics(clean="b", sessions="x"), {"shop_events": "was made anew"}),
        (topics(clean="a"), {"shop_sessions": "is gone"}),
    ],
)
def test_only_what_lost_its_topic_is_blocked(live, found):
    changes = without_their_topic(MODEL, SPECS, live, APPLIED)
    assert {one.name for one in changes} == set(found)
    assert all(one.action == "blocked" and one.is_drift and found[one.name] in one.reason for one in changes)


def test_before_the_first_deploy_nothing_is_lost():
    assert without_their_topic(MODEL, {}, {}, {}) == ()
