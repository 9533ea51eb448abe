"""A spec as sent and as Druid 33 gave it back are the same; the pairs were recorded from a running Druid 33.0.0."""

import pytest

from dkd.systems.druid.live import differences
from dkd.systems.druid.normal import normal, period_s

SENT = {
    "type": "kafka",
    "spec": {
        "dataSchema": {"dataSource": "x", "timestampSpec": {}, "dimensionsSpec": {}, "granularitySpec": {}},
        "ioConfig": {"type": "kafka", "topic": "t", "consumerProperties": {"bootstrap.servers": "b:1"}},
    },
}
INDEX = {
    "bitmap": {"type": "roaring"},
    "dimensionCompression": "lz4",
    "stringDictionaryEncoding": {"type": "utf8"},
    "metricCompression": "lz4",
    "longEncoding": "longs",
}
SCHEMA = {
    "dataSource": "x",
    "timestampSpec": {"column": "timestamp", "format": "auto", "missingValue": None},
    "dimensionsSpec": {
        "dimensions": [],
        "dimensionExclusions": ["timestamp", "__time"],
        "includeAllDimensions": False,
        "useSchemaDiscovery": False,
    },
    "metricsSpec": [],
    "granularitySpec": {
        "type": "uniform",
        "segmentGranularity": "DAY",
        "queryGranularity": {"type": "none"},
        "rollup": True,
        "intervals": [],
    },
    "transformSpec": {"filter": None, "transforms": []},
}
IO = {
    "type": "kafka",
    "topic": "t",
    "topicPattern": None,
    "inputFormat": None,
    "replicas": 1,
    "taskCount": 1,
    "taskDuration": "PT3600S",
    "consumerProperties": {"bootstrap.servers": "b:1"},
    "autoScalerConfig": None,
    "pollTimeout": 100,
    "startDelay": "PT5S",
    "period": "PT30S",
    "useEarliestOffset": False,
    "completionTimeout": "PT1800S",
    "lateMessageRejectionPeriod": None,
    "earlyMessageRejectionPeriod": None,
    "lateMessageRejectionStartDateTime": None,
    "configOverrides": None,
    "idleConfig": None,
    "stopTaskCount": None,
    "emitTimeLagMetrics": False,
    "stream": "t",
    "useEarliestSequenceNumber": False,
}
TUNING = {
    "type": "kafka",
    "appendableIndexSpec": {"type": "onheap", "preserveExistingMetrics": False},
    "maxRowsInMemory": 150000,
    "maxBytesInMemory": 0,
    "skipBytesInMemoryOverheadCheck": False,
    "maxRowsPerSegment": 5000000,
    "maxTotalRows": None,
    "intermediatePersistPeriod": "PT10M",
    "maxPendingPersists": 0,
    "indexSpec": INDEX,
    "indexSpecForIntermediatePersists": INDEX,
    "reportParseExceptions": False,
    "handoffConditionTimeout": 900000,
    "resetOffsetAutomatically": False,
    "segmentWriteOutMediumFactory": None,
    "workerThreads": None,
    "chatRetries": 8,
    "httpTimeout": "PT10S",
    "shutdownTimeout": "PT80S",
    "offsetFetchPeriod": "PT30S",
    "intermediateHandoffPeriod": "P2147483647D",
    "logParseExceptions": False,
    "maxParseExceptions": 2147483647,
    "maxSavedParseExceptions": 0,
    "numPersistThreads": 1,
    "maxColumnsToMerge": -1,
    "skipSequenceNumberAvailabilityCheck": False,
    "repartitionTransitionDuration": "PT120S",
}
RETURNED = {
    "type": "kafka",
    "spec": {"dataSchema": SCHEMA, "ioConfig": IO, "tuningConfig": TUNING},
    "dataSchema": SCHEMA,
    "ioConfig": IO,
    "tuningConfig": TUNING,
    "context": None,
    "suspended": False,
}

PAIRS = {
    "bare dimension": (
        "dataSchema.dimensionsSpec.dimensions",
        ["a"],
        [{"type": "string", "name": "a", "multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": True}],
    ),
    "dimension without a type": (
        "dataSchema.dimensionsSpec.dimensions",
        [{"name": "a"}],
        [{"type": "string", "name": "a", "multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": True}],
    ),
    "long dimension": (
        "dataSchema.dimensionsSpec.dimensions",
        [{"type": "long", "name": "n"}],
        [{"type": "long", "name": "n", "multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": False}],
    ),
    "json dimension": (
        "dataSchema.dimensionsSpec.dimensions",
        [{"type": "json", "name": "j"}],
        [
            {
                "type": "json",
                "name": "j",
                "formatVersion": 5,
                "multiValueHandling": "SORTED_ARRAY",
                "createBitmapIndex": True,
            }
        ],
    ),
    "multi-value handling": (
        "dataSchema.dimensionsSpec.dimensions",
        [{"type": "string", "name": "a", "multiValueHandling": "array"}],
        [{"type": "string", "name": "a", "multiValueHandling": "ARRAY", "createBitmapIndex": True}],
    ),
    "theta sketch": (
        "dataSchema.metricsSpec",
        [{"type": "thetaSketch", "name": "th", "fieldName": "u"}],
        [{"type": "thetaSketch", "name": "th", "fieldName": "u", "size": 16384}],
    ),
    "HLL sketch": (
        "dataSchema.metricsSpec",
        [{"type": "HLLSketchBuild", "name": "h", "fieldName": "u"}],
        [{"type": "HLLSketchBuild", "name": "h", "fieldName": "u", "lgK": 12, "tgtHllType": "HLL_4"}],
    ),
    "filtered metric": (
        "dataSchema.metricsSpec",
        [
            {
                "type": "filtered",
                "filter": {"type": "in", "dimension": "a", "values": ["q", "p"]},
                "aggregator": {"type": "count", "name": "c"},
            }
        ],
        [
            {
                "type": "filtered",
                "filter": {"type": "in", "dimension": "a", "values": ["p", "q"]},
                "aggregator": {"type": "count", "name": "c"},
                "name": "c",
            }
        ],
    ),
    "granularity": (
        "dataSchema.granularitySpec",
        {"segmentGranularity": "hour", "queryGranularity": "minute", "rollup": False},
        {
            "type": "uniform",
            "segmentGranularity": "HOUR",
            "queryGranularity": "MINUTE",
            "rollup": False,
            "intervals": [],
        },
    ),
    "no query granularity": (
        "dataSchema.granularitySpec",
        {"segmentGranularity": "hour", "queryGranularity": "none"},
        {
            "type": "uniform",
            "segmentGranularity": "HOUR",
            "queryGranularity": {"type": "none"},
            "rollup": True,
            "intervals": [],
        },
    ),
    "like filter": (
        "dataSchema.transformSpec",
        {"filter": {"type": "like", "dimension": "a", "pattern": "x%"}},
        {
            "filter": {"type": "like", "dimension": "a", "pattern": "x%", "escape": None, "extractionFn": None},
            "transforms": [],
        },
    ),
    "filter in a filter": (
        "dataSchema.transformSpec",
        {"filter": {"type": "not", "field": {"type": "in", "dimension": "a", "values": ["q", "p"]}}},
        {
            "filter": {"type": "not", "field": {"type": "in", "dimension": "a", "values": ["p", "q"]}},
            "transforms": [],
        },
    ),
    "flattenSpec": (
        "ioConfig.inputFormat",
        {"type": "json", "flattenSpec": {"fields": ["simple", {"type": "path", "name": "p", "expr": "$.p"}]}},
        {
            "type": "json",
            "flattenSpec": {
                "useFieldDiscovery": True,
                "fields": [
                    {"type": "root", "name": "simple", "expr": "simple", "nodes": None},
                    {"type": "path", "name": "p", "expr": "$.p", "nodes": None},
                ],
            },
        },
    ),
    "kafka format": (
        "ioConfig.inputFormat",
        {"type": "kafka", "valueFormat": {"type": "json"}, "headerFormat": {"type": "string"}},
        {
            "type": "kafka",
            "valueFormat": {"type": "json"},
            "headerFormat": {"type": "string", "encoding": "UTF-8"},
            "headerColumnPrefix": "kafka.header.",
            "keyColumnName": "kafka.key",
            "timestampColumnName": "kafka.timestamp",
            "topicColumnName": "kafka.topic",
        },
    ),
    "a quarter": ("ioConfig.taskDuration", "PT15M", "PT900S"),
    "ninety minutes": ("ioConfig.completionTimeout", "PT90M", "PT5400S"),
    "a week": ("ioConfig.lateMessageRejectionPeriod", "P7D", "PT604800S"),
    "idle": ("ioConfig.idleConfig", {"enabled": True}, {"enabled": True, "inactiveAfterMillis": None}),
}


def changed(spec, path, value):
    """A copy of *spec* with *value* at *path* inside its ``spec``."""
    names = path.split(".")
    inner = spec["spec"]
    for name in names[:-1]:
        inner = inner.get(name, {})
    new: object = {**inner, names[-1]: value}
    for depth in range(len(names) - 2, -1, -1):
        outer = spec["spec"]
        for name in names[:depth]:
            outer = outer[name]
        new = {**outer, names[depth]: new}
    return {**spec, "spec": new}


def test_a_spec_of_defaults_is_equal_to_what_druid_makes_of_it():
    assert differences(SENT, RETURNED) == ()


@pytest.mark.parametrize(("path", "sent", "returned"), PAIRS.values(), ids=PAIRS.keys())
def test_what_druid_gives_back_is_equal_to_what_was_sent(path, sent, returned):
    assert differences(changed(SENT, path, sent), changed(RETURNED, path, returned)) == ()


@pytest.mark.parametrize(("path", "sent", "returned"), PAIRS.values(), ids=PAIRS.keys())
def test_the_normal_form_is_its_own_normal_form(path, sent, returned):
    form = normal(changed(SENT, path, sent))
    assert normal({**form, "spec": form}) == form


@pytest.mark.parametrize(("path", "sent", "returned"), PAIRS.values(), ids=PAIRS.keys())
def test_without_it_each_of_them_is_a_difference(path, sent, returned):
    found = [difference.path for difference in differences(SENT, changed(RETURNED, path, returned))]
    assert found
    assert all(name.startswith(path) or path.startswith(name) for name in found)


def test_the_intermediate_index_takes_after_the_index():
    wanted = changed(SENT, "tuningConfig", {"type": "kafka", "indexSpec": {"dimensionCompression": "zstd"}})
    both = {**INDEX, "dimensionCompression": "zstd"}
    tuning = {**TUNING, "indexSpec": both, "indexSpecForIntermediatePersists": both}
    assert differences(wanted, changed(RETURNED, "tuningConfig", tuning)) == ()


def test_a_later_druid_that_gives_null_for_its_defaults_is_equal_too():
    tuning = {**TUNING, "indexSpec": dict.fromkeys(INDEX), "indexSpecForIntermediatePersists": None}
    assert differences(SENT, changed(RETURNED, "tuningConfig", tuning)) == ()


def test_a_key_that_a_later_druid_adds_is_no_difference():
    assert differences(SENT, changed(RETURNED, "ioConfig", {**IO, "serverPriorityToReplicas": None, "new": 1})) == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1H", 3600), ("PT90M", 5400), ("P7D", 604800), ("P1W", 604800), ("P1DT1H1M1S", 90061), ("PT0.5S", 0.5)],
)
def test_periods_are_compared_in_seconds(text, seconds):
    assert period_s(text) == seconds


@pytest.mark.parametrize("text", ["P1M", "1h", "P", "PT", None, 5])
def test_what_is_no_plain_period_is_left_alone(text):
    assert period_s(text) == text
