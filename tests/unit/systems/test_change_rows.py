"""Changes of artefacts that no model of today can say, each with its class, its rule and the order it needs."""

import copy
import json
from functools import reduce

import pytest
import yaml
from comparing import changed, classed, edited

from dkd.model.load import load
from dkd.systems.druid.render import PLACEHOLDER, supervisor
from dkd.systems.kafka.render import topics_yaml
from dkd.systems.rules import Edit
from dkd.systems.table import RULES, rule_of

MODEL = load("dkd: 1\nsite: shop\nevents: {page_view: {}}\nfields: {price: double, name: string}\n", "model")
SPEC = supervisor(MODEL, "events", PLACEHOLDER)
GRANULARITY = "dataSchema.granularitySpec"


def set_at(value, path, new):
    """A copy of *value* with *new* at the dotted *path*; None takes it out."""
    found = copy.deepcopy(value)
    *outer, last = path
    holder = reduce(lambda inner, key: inner.setdefault(key, {}), outer, found)
    if new is None:
        holder.pop(last, None)
    else:
        holder[last] = new
    return found


def spec_with(*pairs):
    """The supervisor with values set, each at a path whose parts are divided by blanks."""
    return reduce(lambda spec, pair: set_at(spec, pair[0].split(), pair[1]), pairs, SPEC)


def druid(old, new):
    return classed(edited("druid", {"a.json": json.dumps(old)}, {"a.json": json.dumps(new)}))


ROLLUP = ("spec dataSchema granularitySpec rollup", True)
QUERY = "spec dataSchema granularitySpec queryGranularity"
METRICS = "spec dataSchema metricsSpec"
DIMENSIONS = "spec dataSchema dimensionsSpec dimensions"
SUM = {"type": "longSum", "name": "n", "fieldName": "n"}
COLUMNS = SPEC["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"]
FEWER = [one for one in COLUMNS if one["name"] != "price"]
TASKS = "ioConfig.taskCount"

DRUID = [
    ("column added with roll-up", [ROLLUP, (DIMENSIONS, FEWER)], [ROLLUP], "dimension/price", "additive DKD953"),
    ("column dropped", [], [(DIMENSIONS, FEWER)], "dimension/price", "needs-order DKD954"),
    ("column dropped with roll-up", [ROLLUP], [ROLLUP, (DIMENSIONS, FEWER)], "dimension/price", "semantic DKD955"),
    ("column's type", [], [(DIMENSIONS, [*FEWER, {"name": "price", "type": "long"}])], "dimension/price",
     "needs-backfill DKD956"),
    ("column's index", [], [(DIMENSIONS, [*FEWER, {"name": "price", "type": "double", "createBitmapIndex": True}])],
     "dimension/price", "safe DKD973"),
    ("column's case", [], [(DIMENSIONS, [*FEWER, {"name": "Price", "type": "double"}])], "dimension/Price",
     "needs-order DKD976"),
    ("metric added", [], [(METRICS, [SUM])], "metric/n", "additive DKD952"),
    ("metric dropped", [(METRICS, [SUM])], [(METRICS, [])], "metric/n", "needs-order DKD954"),
    ("column becomes metric", [], [(DIMENSIONS, FEWER), (METRICS, [{**SUM, "name": "price"}])], "metric/price",
     "blocked DKD957"),
    ("aggregator", [(METRICS, [SUM])], [(METRICS, [{**SUM, "type": "longMax"}])], "metric/n", "blocked DKD958"),
    ("sketch", [(METRICS, [{"type": "HLLSketchBuild", "name": "n", "fieldName": "n"}])],
     [(METRICS, [{"type": "thetaSketch", "name": "n", "fieldName": "n"}])], "metric/n", "blocked DKD958"),
    ("roll-up on", [], [ROLLUP], f"{GRANULARITY}.rollup", "destructive DKD959"),
    ("roll-up off", [ROLLUP], [], f"{GRANULARITY}.rollup", "semantic DKD960"),
    ("coarser time", [], [(QUERY, "MINUTE")], f"{GRANULARITY}.queryGranularity", "destructive DKD961"),
    ("time coarser than segments", [], [(QUERY, "DAY")], f"{GRANULARITY}.queryGranularity", "blocked DKD962"),
    ("time coarser than old segments", [], [(QUERY, "DAY"), (f"{QUERY[:-16]}segmentGranularity", "DAY")],
     f"{GRANULARITY}.queryGranularity", "blocked DKD962"),
    ("unknown time", [], [(QUERY, "FORTNIGHT")], f"{GRANULARITY}.queryGranularity", "blocked DKD962"),
    ("finer time", [(QUERY, "MINUTE")], [(QUERY, {"type": "none"})], f"{GRANULARITY}.queryGranularity",
     "additive DKD963"),
    ("segments finer than time", [(QUERY, "HOUR")],
     [(QUERY, "HOUR"), (f"{QUERY[:-16]}segmentGranularity", "MINUTE")], f"{GRANULARITY}.segmentGranularity",
     "blocked DKD962"),
    ("intervals", [], [(f"{QUERY[:-16]}intervals", ["2026-01-01/2026-01-02"])], f"{GRANULARITY}.intervals",
     "blocked DKD900"),
    ("time column", [], [("spec dataSchema timestampSpec column", "received_ms")], "dataSchema.timestampSpec.column",
     "semantic DKD965"),
    ("time format", [], [("spec dataSchema timestampSpec format", "posix")], "dataSchema.timestampSpec.format",
     "semantic DKD965"),
    ("topic", [], [("spec ioConfig topic", "shop.clean2")], "ioConfig.topic", "needs-order DKD966"),
    ("id", [], [("id", "other")], "id", "blocked DKD967"),
    ("filter", [], [("spec dataSchema transformSpec filter", {"type": "true"})], "dataSchema.transformSpec.filter.type",
     "destructive DKD968"),
    ("transform", [], [("spec dataSchema transformSpec transforms", [{"name": "x"}])],
     "dataSchema.transformSpec.transforms", "semantic DKD969"),
    ("format", [], [("spec ioConfig inputFormat type", "avro_stream")], "ioConfig.inputFormat.type",
     "needs-new-topic DKD970"),
    ("path of keys", [], [("spec ioConfig inputFormat flattenSpec", {"useFieldDiscovery": True})],
     "ioConfig.inputFormat.flattenSpec.useFieldDiscovery", "needs-order DKD976"),
    ("tuning", [], [("spec tuningConfig maxRowsInMemory", 5)], "tuningConfig.maxRowsInMemory", "safe DKD973"),
    ("tasks", [], [("spec ioConfig taskCount", 2)], TASKS, "safe DKD973"),
    ("late rows", [], [("spec ioConfig lateMessageRejectionPeriod", "PT1H")], "ioConfig.lateMessageRejectionPeriod",
     "destructive DKD974"),
    ("lost offsets", [], [("spec tuningConfig resetOffsetAutomatically", True)],
     "tuningConfig.resetOffsetAutomatically", "destructive DKD974"),
    ("bad rows", [], [("spec tuningConfig maxParseExceptions", 0)], "tuningConfig.maxParseExceptions",
     "destructive DKD974"),
    ("beginning", [], [("spec ioConfig useEarliestOffset", False)], "ioConfig.useEarliestOffset", "semantic DKD975"),
    ("transactions", [], [("spec ioConfig consumerProperties isolation.level", "read_uncommitted")],
     "ioConfig.consumerProperties.isolation.level", "semantic DKD975"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "place", "expected"), DRUID, ids=[case[0] for case in DRUID])
def test_each_change_of_a_supervisor_has_its_rule(name, old, new, place, expected):
    found = druid(spec_with(*old), spec_with(*new))
    assert found[f"druid/supervisor/shop_events/{place}"] == expected


def test_a_duration_written_otherwise_is_no_change():
    assert druid(SPEC, spec_with(("spec ioConfig taskDuration", "PT900S"))) == {}


COMPACTION = {
    "dataSource": "shop_events",
    "granularitySpec": {"segmentGranularity": "DAY"},
    "skipOffsetFromLatest": "P1D",
}


@pytest.mark.parametrize(
    ("path", "value", "place", "expected"),
    [
        (["granularitySpec", "rollup"], True, "granularitySpec.rollup", "destructive DKD972"),
        (["granularitySpec", "queryGranularity"], "HOUR", "granularitySpec.queryGranularity", "destructive DKD972"),
        (["skipOffsetFromLatest"], "P2D", "skipOffsetFromLatest", "safe DKD977"),
        (["granularitySpec", "segmentGranularity"], "MONTH", "granularitySpec.segmentGranularity", "safe DKD977"),
    ],
)
def test_compaction_that_rewrites_rows_is_destructive(path, value, place, expected):
    found = druid(COMPACTION, set_at(COMPACTION, path, value))
    assert found == {f"druid/compaction/shop_events/{place}": expected}


def test_a_new_compaction_is_judged_by_all_that_it_says():
    assert classed(edited("druid", {}, {"a.json": json.dumps(COMPACTION)})) == {
        "druid/compaction/shop_events": "safe DKD977"
    }
    rolling = set_at(COMPACTION, ["granularitySpec", "rollup"], True)
    assert classed(edited("druid", {}, {"a.json": json.dumps(rolling)})) == {
        "druid/compaction/shop_events": "destructive DKD972"
    }


def kafka(topic, *pairs):
    """Changes when settings of a topic, and its partitions and replicas, are set."""
    old = yaml.safe_load(topics_yaml(MODEL))
    new = copy.deepcopy(old)
    (found,) = [one for one in new["topics"] if one["name"] == f"shop.{topic}"]
    for name, value in pairs:
        place = found if name in found else found["config"]
        place[name] = value
    return classed(edited("kafka", {"topics.yaml": yaml.dump(old)}, {"topics.yaml": yaml.dump(new)}))


KAFKA = [
    ("clean", "cleanup.policy", "compact", "blocked DKD935"),
    ("clean", "cleanup.policy", "compact,delete", "blocked DKD935"),
    ("clean", "cleanup.policy", "delete,compact", "blocked DKD935"),
    ("state", "cleanup.policy", "delete", "destructive DKD936"),
    ("state", "cleanup.policy", "compact,delete", "destructive DKD936"),
    ("clean", "retention.ms", "1000", "destructive DKD937"),
    ("clean", "retention.bytes", "1000", "destructive DKD937"),
    ("clean", "retention.ms", "-1", "safe DKD938"),
    ("raw", "retention.ms", "-1", "privacy-widening DKD983"),
    ("clean", "max.message.bytes", "1000", "needs-order DKD939"),
    ("clean", "max.message.bytes", "99999999", "needs-order DKD940"),
    ("clean", "min.insync.replicas", "2", "blocked DKD941"),
    ("clean", "min.insync.replicas", "1", "safe DKD944"),
    ("clean", "message.timestamp.type", "LogAppendTime", "semantic DKD943"),
    ("clean", "compression.type", "zstd", "safe DKD944"),
    ("raw", "key", "session_id", "needs-new-topic DKD934"),
    ("raw", "unheard.of", "1", "blocked DKD900"),
    ("raw", "partitions", 5, "needs-order DKD932"),
    ("raw", "partitions", 3, "blocked DKD933"),
    ("raw", "replication", 2, "blocked DKD942"),
]


@pytest.mark.parametrize(("topic", "setting", "value", "expected"), KAFKA)
def test_each_change_of_a_topic_has_its_rule(topic, setting, value, expected):
    assert kafka(topic, (setting, value)) == {f"kafka/topic/shop.{topic}/{setting}": expected}


def test_in_sync_replicas_may_be_as_many_as_there_are():
    found = kafka("clean", ("replication", 3), ("min.insync.replicas", "3"))
    assert found["kafka/topic/shop.clean/min.insync.replicas"] == "safe DKD944"


def alone(address, before, after):
    """The rule of one value's change, with nothing beside it."""
    old, new = ({address: value} if value is not None else {} for value in (before, after))
    rule = rule_of(address, before, after, old, new)
    return f"{rule.effect} {rule.code}"


@pytest.mark.parametrize(
    ("address", "before", "after", "expected"),
    [
        ("divolte/shop/conf/divolte.sinks.raw.topic", '"a"', '"b"', "needs-new-topic DKD986"),
        ("divolte/shop/conf/divolte.sinks.raw.mode", "naked", "confluent", "needs-new-topic DKD986"),
        ("divolte/shop/conf/divolte.sinks.files.type", None, "hdfs", "privacy-widening DKD989"),
        ("divolte/shop/conf/divolte.global.hdfs.enabled", "false", "true", "privacy-widening DKD989"),
        ("divolte/shop/conf/divolte.global.server.port", "1", "2", "safe DKD988"),
        ("divolte/shop/conf/divolte.sources.browser.session_timeout", "1", "2", "semantic DKD882"),
        ("divolte/shop/conf/divolte.sources.browser.party_timeout", "1", "2", "semantic DKD987"),
        ("compose/shop/service/kafka/image", "a", "b", "safe DKD997"),
        ("model/shop/pseudonym/key", "A", "B", "semantic DKD994"),
        ("druid/compaction/shop_events/skipOffsetFromLatest", None, "P1D", "safe DKD977"),
        ("druid/rules/shop_events", "loadForever", "loadByPeriod P9D, dropForever", "destructive DKD971"),
        ("druid/rules/shop_events", "loadByPeriod P9D, dropForever", "loadForever", "blocked DKD900"),
        ("druid/batch/shop_events/ioConfig/inputFormat/type", "json", "csv", "safe DKD978"),
        ("druid/reindex/shop_events/tuningConfig/maxRowsInMemory", None, 9, "safe DKD978"),
        ("model/shop/datasource/events/unheard_of", None, "1d", "blocked DKD900"),
        ("kafka/topic/shop.clean/cleanup.policy", None, "delete", "safe DKD944"),
        ("kafka/topic/shop.state/cleanup.policy", "delete", "compact", "safe DKD944"),
        ("kafka/topic/shop.clean/retention.ms", None, "1000", "destructive DKD937"),
        ("kafka/topic/shop.clean/max.message.bytes", None, "1048588", "needs-order DKD939"),
        ("model/shop/pseudonym/key", "A", None, "privacy-widening DKD995"),
        ("avro/schema/shop.raw/record", "Event", "Hit", "blocked DKD915"),
    ],
)
def test_each_other_row_has_its_rule(address, before, after, expected):
    assert alone(address, before, after) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": ["null", "string"], "default": None}, "additive DKD902"),
        ({"type": ["null", "bytes"], "default": None}, "blocked DKD926"),
        ({"type": {"type": "array", "items": "bytes"}, "default": []}, "blocked DKD926"),
        ({"type": "string"}, "blocked DKD919"),
        ({"type": ["string", "null"], "default": None}, "blocked DKD916"),
        ({"type": ["null", "string"], "default": None, "aliases": ["g"]}, "needs-order DKD917"),
    ],
)
def test_a_field_more_is_only_additive_where_every_reader_can_fill_it(field, expected):
    schema = {"type": "record", "name": "Event", "namespace": "dkd.shop", "fields": []}
    more = {**schema, "fields": [{"name": "f", **field}]}
    found = classed(edited("avro", {"schemas/1.avsc": json.dumps(schema)}, {"schemas/1.avsc": json.dumps(more)}))
    assert found["avro/schema/shop.raw/field/f"] == expected


def test_a_purpose_that_is_gone_widens():
    told = "dkd: 1\nsite: shop\nevents: {x: }\nfields: {vat_id: {purpose: billing}}\n"
    found = {
        one.address: (one.effect, one.rule.code) for one in changed(told, told.replace("{purpose: billing}", "string"))
    }
    assert found["model/shop/field/vat_id/purpose"] == ("privacy-widening", "DKD991")


def test_no_rule_is_without_a_case():
    """Whoever adds a rule adds a case: the codes of all cases, here and beside, are all codes."""
    from pathlib import Path

    root = Path(__file__).parent.parent.parent
    written = "".join(path.read_text("utf-8") for path in root.rglob("test_*.py"))
    written += (root / "golden" / "avro" / "cases.yaml").read_text("utf-8")
    assert [code for code in RULES if code not in written] == []


def test_a_rule_sees_what_is_beside_its_value():
    edit = Edit("t/x", 1, 2, "s/", {"s/t/x": 1, "s/t/y": 3}, {"s/t/x": 2})
    assert edit.was("t/y") == 3
    assert edit.now("t/y") is None
    assert sorted(edit.names(edit.old, "t/")) == ["x", "y"]
