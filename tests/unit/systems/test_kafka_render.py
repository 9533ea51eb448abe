"""Models become topics whose settings keep what must be kept, and no longer than it may."""

import pytest
import yaml

from dkd.model.load import load
from dkd.model.schema import Model, Retention, Topics
from dkd.systems.kafka.render import Topic, topics, topics_yaml

DAY_MS = 86_400_000


def model_of(topics: str = "{}"):
    return load(f"dkd: 1\nsite: shop\nevents: {{page_view: {{}}}}\ntopics: {topics}\n", "model")


def config(model: Model, kind: str, target: str = ""):
    return next(topic.config for topic in topics(model, target) if topic.name == f"shop.{kind}")


def test_every_topic_has_the_partitions_of_raw():
    found = topics(model_of("{partitions: 12}"))
    assert [(topic.name, topic.partitions) for topic in found] == [
        (f"shop.{kind}", 12) for kind in ("raw", "clean", "sessions", "rejects", "state")
    ]


def test_the_one_broker_of_the_local_stack_holds_one_replica():
    assert {topic.replication for topic in topics(model_of("{replication: 3}"), "local")} == {1}
    assert {topic.replication for topic in topics(model_of("{replication: 3}"), "prod")} == {3}


@pytest.mark.parametrize(("replication", "least"), [(1, None), (2, None), (3, "2"), (5, "2")])
def test_acknowledged_records_are_on_two_brokers_where_there_are_three(replication, least):
    assert config(model_of(f"{{replication: {replication}}}"), "raw").get("min.insync.replicas") == least


def test_retention_is_the_models_in_milliseconds():
    model = model_of("{retention: {raw: 7d, clean: 12h, sessions: 30d, rejects: 2d}}")
    kept = {kind: config(model, kind)["retention.ms"] for kind in ("raw", "clean", "sessions", "rejects")}
    assert kept == {"raw": "604800000", "clean": "43200000", "sessions": "2592000000", "rejects": "172800000"}


def test_rejects_never_outlive_raw():
    from datetime import timedelta

    retention = Retention(raw=timedelta(days=1), rejects=timedelta(days=9))
    assert config(Model(dkd=1, site="shop", topics=Topics(retention=retention)), "rejects")["retention.ms"] == str(
        DAY_MS
    )


@pytest.mark.parametrize(("retention", "segment_ms"), [("30d", DAY_MS), ("6h", DAY_MS // 4)])
def test_a_closed_segment_never_holds_more_than_a_day_beyond_its_retention(retention, segment_ms):
    assert config(model_of(f"{{retention: {{clean: {retention}}}}}"), "clean")["segment.ms"] == str(segment_ms)


def test_the_state_topic_alone_is_compacted():
    policies = {topic.name: topic.config["cleanup.policy"] for topic in topics(model_of())}
    assert policies.pop("shop.state") == "compact"
    assert set(policies.values()) == {"delete"}


def test_raw_has_the_times_of_the_broker_and_what_follows_it_those_of_its_records():
    kinds = {topic.name: topic.config["message.timestamp.type"] for topic in topics(model_of())}
    assert kinds.pop("shop.raw") == "LogAppendTime"
    assert set(kinds.values()) == {"CreateTime"}


def test_what_follows_raw_may_be_larger_than_raw():
    assert "max.message.bytes" not in config(model_of(), "raw")
    assert all(int(config(model_of(), kind)["max.message.bytes"]) >= 8 << 20 for kind in ("clean", "rejects", "state"))


def test_the_file_says_the_same_as_the_topics():
    model = model_of("{partitions: 3, replication: 3}")
    read = yaml.safe_load(topics_yaml(model))["topics"]
    assert [Topic(**one) for one in read] == [topic._replace(config=dict(topic.config)) for topic in topics(model)]
