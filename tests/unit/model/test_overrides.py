"""What stands under a target comes before the model's own there, key by key, and nowhere else."""

import pytest
import yaml

from dkd.cli.args import asked, opened
from dkd.errors import ModelError
from dkd.model.digest import digest, dumped
from dkd.model.load import load
from dkd.model.schema import Model
from dkd.systems.druid.keeping import compactions, rules
from dkd.systems.druid.render import supervisor
from dkd.systems.kafka.render import Topic, topics
from dkd.systems.table import artefacts

PROD = """\
    kafka: {servers: "k:9092"}
    druid: {router: "http://d:8888"}
"""
TEXT = f"""\
dkd: 1
site: shop
events: {{page_view: {{}}}}
topics: {{partitions: 4, retention: {{raw: 7d, clean: 3d}}}}
datasources: {{events: {{segment: hour, retention: 400d}}}}
targets:
  local: {{}}
  prod:
{PROD}    topics: {{partitions: 12, replication: 3, retention: {{raw: 14d}}}}
    datasources: {{events: {{retention: 800d, compact_after: 2d}}, sessions: {{segment: month}}}}
  staging:
{PROD}"""
MODEL = load(TEXT, "model")


def test_what_is_said_there_counts_there_and_the_rest_is_the_models():
    there = MODEL.at("prod")
    assert (there.topics.partitions, there.topics.replication) == (12, 3)
    kept = there.topics.retention
    assert [one.days for one in (kept.raw, kept.clean, kept.sessions)] == [14, 3, 30]
    events, sessions = there.datasources.events, there.datasources.sessions
    assert (events.retention.days, events.compact_after.days, events.segment) == (800, 2, "hour")
    assert (sessions.retention.days, sessions.segment) == (800, "month")
    assert there.at("prod") == there


def test_other_targets_have_the_models_own():
    assert MODEL.at("local") is MODEL.at("staging") is MODEL.at("nowhere") is MODEL
    assert MODEL.other_targets == ("prod",)


def test_a_dumped_model_is_the_same_model_at_every_target():
    again = Model.model_validate(dumped(MODEL))
    assert again == MODEL
    assert again.at("prod") == MODEL.at("prod")


def test_a_plan_that_was_saved_for_a_target_knows_the_model_again():
    kept = Model.model_validate(dumped(MODEL.at("prod")))
    assert kept == MODEL.at("prod")
    assert digest(kept) == digest(MODEL.at("prod")) != digest(MODEL)


def test_commands_work_by_the_model_of_their_target(tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text(TEXT)
    for target in ("local", "prod", "staging"):
        assert opened(file, target).model == asked(file, target).model == MODEL.at(target)


def test_topics_rules_and_compaction_are_those_of_the_target():
    there = MODEL.at("prod")
    raw = topics(there, "prod")[0]
    assert (raw.partitions, raw.replication, raw.config["min.insync.replicas"]) == (12, 3, "2")
    assert raw.config["retention.ms"] == str(14 * 86_400_000)
    assert rules(there)["shop_events"][0]["period"] == "P800D"
    assert rules(MODEL)["shop_events"][0]["period"] == "P400D"
    assert list(compactions(there)) == ["shop_events"]
    assert compactions(MODEL) == {}
    granularity = supervisor(there, "sessions", {"bootstrap.servers": "k"})["spec"]["dataSchema"]["granularitySpec"]
    assert granularity["segmentGranularity"] == "MONTH"


def test_only_files_that_are_otherwise_there_are_written_once_more():
    found = artefacts(MODEL)
    more = {path for path in found if ".prod." in path}
    assert more == {
        "specs/shop/kafka/topics.prod.yaml",
        "specs/shop/druid/rules/shop_events.prod.json",
        "specs/shop/druid/compaction/shop_events.prod.json",
        *(f"specs/shop/druid/{folder}shop_sessions.prod.json" for folder in ("", "batch/", "reindex/")),
    }
    assert {path: text for path, text in found.items() if path not in more} == artefacts(
        MODEL.model_copy(update={"targets": {}})
    )
    there = yaml.safe_load(found["specs/shop/kafka/topics.prod.yaml"])["topics"]
    wanted = [topic._replace(config=dict(topic.config)) for topic in topics(MODEL.at("prod"), "prod")]
    assert [Topic(**one) for one in there] == wanted


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("partitions: 12", "partitions: 0", "DKD204", "partitions"),
        ("partitions: 12", "partition: 12", "DKD203", "partition"),
        ("retention: {raw: 14d}", "retention: {raw: 0d}", "DKD215", "raw"),
        ("retention: {raw: 14d}", "retention: {raw: 1d}", "DKD215", "retention"),
        ("retention: 800d", "retention: 0d", "DKD215", "retention"),
        ("segment: month", "segment: week", "DKD204", "segment"),
        ("segment: month", "from: clean", "DKD203", "from"),
        ("  local: {}", "  local: {topics: {partitions: 1}}", "DKD223", "topics"),
    ],
)
def test_a_mistake_there_is_found_there(old, new, code, place):
    text = TEXT.replace(old, new)
    with pytest.raises(ModelError) as caught:
        load(text, "m")
    found = [one for one in caught.value.problems if one.code == code]
    line = int(found[0].where.split(":")[1])
    assert place in text.splitlines()[line - 1]
    assert len(found) == len(caught.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("topics: {partitions: 4,", "topics: {format: avro,", "DKD241"), ("segment: hour,", "rollup: true,", "DKD242")],
)
def test_what_is_not_offered_is_refused_with_a_way_out(old, new, code):
    with pytest.raises(ModelError) as caught:
        load(TEXT.replace(old, new, 1), "m")
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.remedy
