"""What the strict schema knows is what the real Druid's own classes read, key by key; it gives back few keys more."""

import pytest
from java_annotations import Classes

from dkd.local.jars import class_path, store_dir
from dkd.systems.druid import known
from dkd.systems.strict import Each, Keys, Kinds

pytestmark = pytest.mark.stack

GIVEN_BACK = {
    # Older forms, and copies of what stands in the spec.
    "KafkaSupervisorSpec": {"id"},
    "ParallelIndexSupervisorTask": {"dataSource"},
    "KafkaSupervisorIOConfig": {"stream", "useEarliestSequenceNumber"},
    "KafkaSupervisorTuningConfig": {"repartitionTransitionDuration", "skipSequenceNumberAvailabilityCheck"},
    "UserCompactionTaskQueryTuningConfig": {"forceGuaranteedRollup"},
    # The type of an autoscaler is called so.
    "LagBasedAutoScalerConfig": {"autoScalerStrategy"},
    **{
        f"{kind}Schema": {"multiValueHandling", "createBitmapIndex"}
        for kind in ("LongDimension", "DoubleDimension", "FloatDimension", "AutoTypeColumn", "NestedDataColumn")
    },
}
NOT_KNOWN = {"DataSchema": {"parser"}}
"""Gone in Druid 37, and not to be used."""

FILTERS = {
    "and": "And", "or": "Or", "not": "Not", "istrue": "IsTrue", "isfalse": "IsFalse", "true": "True", "false": "False",
    "selector": "Selector", "in": "In", "like": "Like", "regex": "Regex", "search": "SearchQuery",
    "interval": "Interval", "bound": "Bound", "columnComparison": "ColumnComparison", "expression": "Expression",
    "javascript": "JavaScript", "spatial": "Spatial",
}  # fmt: skip
NAMED_FILTERS = {
    "equals": "EqualityFilter", "null": "NullFilter", "range": "RangeFilter", "inType": "TypedInFilter",
    "arrayContainsElement": "ArrayContainsElementFilter",
}  # fmt: skip
METRICS = {
    "count": "Count", "doubleMean": "DoubleMean", "hyperUnique": "HyperUniques", "cardinality": "Cardinality",
    "expression": "ExpressionLambda", "javascript": "JavaScript", "filtered": "Filtered", "thetaSketch": "SketchMerge",
    "HLLSketchBuild": "HllSketchBuild", "HLLSketchMerge": "HllSketchMerge", "quantilesDoublesSketch": "DoublesSketch",
    "KllDoublesSketch": "KllDoublesSketch", "KllFloatsSketch": "KllFloatsSketch",
    "arrayOfDoublesSketch": "ArrayOfDoublesSketch",
    **{
        f"{kind}{what}": f"{kind.title()}{what}"
        for kind in ("long", "double", "float") for what in ("Sum", "Min", "Max", "First", "Last", "Any")
    },
    **{f"string{what}": f"String{what}" for what in ("First", "Last", "Any")},
    **{f"string{what}Fold": f"String{what}" for what in ("First", "Last")},
}  # fmt: skip
LOADING = ("load", "drop", "broadcast")
RULE_CLASSES = {"load": "LoadRule", "drop": "DropRule", "broadcast": "BroadcastDistributionRule"}


def kinds(shape, classes):
    """Each type of *shape* as a case: its class and the keys that the schema knows."""
    return {classes[kind]: set(keys) for kind, keys in shape.kinds.items() if kind in classes}


def inner(shape, *path):
    """The shape at *path* of keys; of objects with a type, of their one type."""
    for key in path:
        found = shape.known if isinstance(shape, Keys) else next(iter(shape.kinds.values()))
        shape = found[key]
    return shape


def keys(shape):
    shape = shape.inner if isinstance(shape, Each) else shape
    return set(shape.known if isinstance(shape, Keys) else next(iter(shape.kinds.values())))


SPEC, BATCH = inner(known.SUPERVISOR, "spec"), inner(known.BATCH, "spec")
CASES = {
    "KafkaSupervisorSpec": keys(known.SUPERVISOR),
    "DataSchema": keys(known.DATA_SCHEMA),
    "TimestampSpec": keys(inner(known.DATA_SCHEMA, "timestampSpec")),
    "DimensionsSpec": keys(inner(known.DATA_SCHEMA, "dimensionsSpec")),
    "TransformSpec": keys(inner(known.DATA_SCHEMA, "transformSpec")),
    "ExpressionTransform": keys(inner(known.DATA_SCHEMA, "transformSpec", "transforms")),
    "KafkaSupervisorIOConfig": keys(inner(SPEC, "ioConfig")),
    "KafkaSupervisorTuningConfig": keys(inner(SPEC, "tuningConfig")),
    "LagBasedAutoScalerConfig": keys(inner(SPEC, "ioConfig", "autoScalerConfig")),
    "IdleConfig": keys(inner(SPEC, "ioConfig", "idleConfig")),
    "IndexSpec": keys(inner(SPEC, "tuningConfig", "indexSpec")),
    "ParallelIndexSupervisorTask": keys(known.BATCH),
    "ParallelIndexIngestionSpec": keys(BATCH),
    "ParallelIndexIOConfig": keys(inner(BATCH, "ioConfig")),
    "ParallelIndexTuningConfig": keys(inner(BATCH, "tuningConfig")),
    "InlineSchemaDataSourceCompactionConfig": keys(known.COMPACTION),
    "UserCompactionTaskQueryTuningConfig": keys(inner(known.COMPACTION, "tuningConfig")),
    "UserCompactionTaskGranularityConfig": keys(inner(known.COMPACTION, "granularitySpec")),
    "CompactionTransformSpec": keys(inner(known.COMPACTION, "transformSpec")),
    "UserCompactionTaskIOConfig": keys(inner(known.COMPACTION, "ioConfig")),
    **kinds(inner(known.DATA_SCHEMA, "granularitySpec"), {
        "uniform": "UniformGranularitySpec", "arbitrary": "ArbitraryGranularitySpec",
    }),
    **kinds(known.DIMENSION, {
        "string": "StringDimensionSchema", "long": "LongDimensionSchema", "double": "DoubleDimensionSchema",
        "float": "FloatDimensionSchema", "auto": "AutoTypeColumnSchema", "json": "NestedDataColumnSchema",
        "spatial": "NewSpatialDimensionSchema",
    }),
    **kinds(known.METRIC, {kind: f"{name}AggregatorFactory" for kind, name in METRICS.items()}),
    **kinds(known.FILTER, {**{kind: f"{name}DimFilter" for kind, name in FILTERS.items()}, **NAMED_FILTERS}),
    **kinds(known.INPUT_FORMAT, {
        "json": "JsonInputFormat", "csv": "CsvInputFormat", "tsv": "DelimitedInputFormat",
        "regex": "RegexInputFormat", "kafka": "KafkaInputFormat",
    }),
    **kinds(known.INPUT_SOURCE, {
        "local": "LocalInputSource", "inline": "InlineInputSource", "druid": "DruidInputSource",
        "http": "HttpInputSource", "combining": "CombiningInputSource", "sql": "SqlInputSource",
    }),
    **kinds(known.PARTITIONS, {
        "dynamic": "DynamicPartitionsSpec", "hashed": "HashedPartitionsSpec", "range": "DimensionRangePartitionsSpec",
        "single_dim": "SingleDimensionPartitionsSpec",
    }),
    **kinds(known.RULES.inner, {
        **{f"{what}Forever": f"Forever{RULE_CLASSES[what]}" for what in LOADING},
        **{f"{what}ByPeriod": f"Period{RULE_CLASSES[what]}" for what in LOADING},
        **{f"{what}ByInterval": f"Interval{RULE_CLASSES[what]}" for what in LOADING},
        "dropBeforeByPeriod": "PeriodDropBeforeRule",
    }),
}  # fmt: skip


@pytest.fixture(scope="module")
def classes(stack):
    """Those of the Druid that the run's stack runs."""
    return Classes(path for path in class_path("druid", store_dir()) if "org/apache/druid" in path.as_posix())


def test_every_key_is_one_that_druid_reads_and_none_is_missing(classes):
    wrong = {}
    for name, ours in CASES.items():
        read = (classes.properties(name) - NOT_KNOWN.get(name, set())) | GIVEN_BACK.get(name, set())
        if read - {"type"} != ours - {"type"}:
            wrong[name] = {"only ours": sorted(ours - read), "only Druid's": sorted(read - ours)}
    assert wrong == {}


def test_every_type_of_ours_that_druid_itself_has_is_looked_at():
    """Types that only extensions bring, or of which another class reads the objects, are left out by name."""
    elsewhere = {
        "inputs": {"hdfs", "s3", "google", "azure", "azureStorage"},
        "formats": {"avro_stream", "avro_ocf", "protobuf", "parquet", "orc", "thrift"},
    }
    assert set(known.INPUT_SOURCE.kinds) - elsewhere["inputs"] == {
        "local",
        "inline",
        "druid",
        "http",
        "combining",
        "sql",
    }
    assert set(known.INPUT_FORMAT.kinds) - elsewhere["formats"] == {"json", "csv", "tsv", "regex", "kafka"}
    assert set(known.METRIC.kinds) == set(METRICS)
    assert set(known.FILTER.kinds) == {*FILTERS, *NAMED_FILTERS}
    assert isinstance(known.DIMENSION, Kinds)
