"""What Druid 33 knows: the keys of every artefact of ours, and of what may stand in them.

Read off the annotations of Druid's own classes, with the few keys that it only gives back; what extensions outside its
distribution bring is not here. ``None`` stands for maps and values that Druid keeps as they are.
"""

from collections.abc import Mapping

from dkd.systems.strict import Each, Keys, Kinds, Shape, free

_FIELD = free("name", "fieldName", "expression")
_NUMBERS = ("long", "double", "float")


def _filter() -> Shape:
    return FILTER


_COLUMN_FILTER = free("column", "filterTuning")
_OLD_FILTER = free("dimension", "extractionFn", "filterTuning")

FILTER = Kinds({
    "true": {}, "false": {},
    "and": {"fields": Each(_filter)}, "or": {"fields": Each(_filter)}, "not": {"field": _filter},
    "istrue": {"field": _filter}, "isfalse": {"field": _filter},
    "equals": {**_COLUMN_FILTER, **free("matchValueType", "matchValue")},
    "null": _COLUMN_FILTER,
    "range": {**_COLUMN_FILTER, **free("matchValueType", "lower", "upper", "lowerOpen", "upperOpen")},
    "inType": {**_COLUMN_FILTER, **free("matchValueType", "values", "sortedValues")},
    "arrayContainsElement": {**_COLUMN_FILTER, **free("elementMatchValueType", "elementMatchValue")},
    "selector": {**_OLD_FILTER, **free("value")},
    "in": {**_OLD_FILTER, **free("values")},
    "like": {**_OLD_FILTER, **free("pattern", "escape")},
    "regex": {**_OLD_FILTER, **free("pattern")},
    "search": {**_OLD_FILTER, **free("query")},
    "interval": {**_OLD_FILTER, **free("intervals")},
    "bound": {
        **_OLD_FILTER, **free("lower", "upper", "lowerStrict", "upperStrict", "ordering", "alphaNumeric"),
    },
    "columnComparison": free("dimensions"),
    "expression": free("expression", "filterTuning"),
    "javascript": {**_OLD_FILTER, **free("function")},
    "spatial": free("dimension", "bound", "filterTuning"),
})  # fmt: skip

METRIC_KINDS: dict[str, Mapping[str, Shape]] = {
    "count": free("name"),
    **{f"{kind}{what}": _FIELD for kind in _NUMBERS for what in ("Sum", "Min", "Max")},
    **{f"{kind}{what}": free("name", "fieldName", "timeColumn") for kind in _NUMBERS for what in ("First", "Last")},
    **{f"{kind}Any": free("name", "fieldName") for kind in _NUMBERS},
    "doubleMean": free("name", "fieldName"),
    **{
        f"string{what}": free("name", "fieldName", "timeColumn", "maxStringBytes")
        for what in ("First", "Last", "FirstFold", "LastFold")
    },
    "stringAny": free("name", "fieldName", "maxStringBytes", "aggregateMultipleValues"),
    "hyperUnique": free("name", "fieldName", "isInputHyperUnique", "round"),
    "cardinality": free("name", "fields", "fieldNames", "byRow", "round"),
    "expression": free(
        "name", "fields", "accumulatorIdentifier", "initialValue", "initialCombineValue", "isNullUnlessAggregated",
        "shouldAggregateNullInputs", "shouldCombineAggregateNullInputs", "fold", "combine", "compare", "finalize",
        "maxSizeBytes",
    ),
    "javascript": free("name", "fieldNames", "fnAggregate", "fnReset", "fnCombine"),
    "thetaSketch": free("name", "fieldName", "size", "shouldFinalize", "isInputThetaSketch", "errorBoundsStdDev"),
    **{
        kind: free("name", "fieldName", "lgK", "tgtHllType", "stringEncoding", "shouldFinalize", "round")
        for kind in ("HLLSketchBuild", "HLLSketchMerge")
    },
    "quantilesDoublesSketch": free("name", "fieldName", "k", "maxStreamLength", "shouldFinalize"),
    **{
        kind: free("name", "fieldName", "k", "maxStreamLength")
        for kind in ("KllDoublesSketch", "KllFloatsSketch")
    },
    "arrayOfDoublesSketch": free("name", "fieldName", "nominalEntries", "metricColumns", "numberOfValues"),
    "filtered": {**free("name"), "filter": _filter, "aggregator": lambda: METRIC},
}  # fmt: skip
METRIC: Kinds = Kinds(METRIC_KINDS)

_STRING = free("name", "multiValueHandling", "createBitmapIndex")
DIMENSION = Kinds(
    {
        "string": _STRING, **dict.fromkeys(_NUMBERS, _STRING),
        "auto": {**_STRING, **free("castToType")},
        "json": {**_STRING, **free("formatVersion")},
        "spatial": free("name", "dims"),
    },
    absent="string", taken_for="string",
)  # fmt: skip

_DIMENSIONS = Keys({
    "dimensions": Each(DIMENSION, may_be_text=True),
    **free("dimensionExclusions", "spatialDimensions", "includeAllDimensions", "useSchemaDiscovery",
           "forceSegmentSortByTime"),
})  # fmt: skip
_GRANULARITY = Kinds(
    {
        "uniform": free("segmentGranularity", "queryGranularity", "rollup", "intervals"),
        "arbitrary": free("queryGranularity", "rollup", "intervals"),
    },
    absent="uniform",
)
_TRANSFORM = Keys({"filter": FILTER, "transforms": Each(Kinds({"expression": free("name", "expression")}))})

DATA_SCHEMA = Keys({
    "dataSource": None,
    "timestampSpec": Keys(free("column", "format", "missingValue")),
    "dimensionsSpec": _DIMENSIONS,
    "metricsSpec": Each(METRIC),
    "granularitySpec": _GRANULARITY,
    "transformSpec": _TRANSFORM,
    "projections": None,
})  # fmt: skip

_FLATTEN = Keys({
    "useFieldDiscovery": None,
    "fields": Each(
        Kinds({kind: free("name", "expr", "nodes") for kind in ("root", "path", "jq", "tree")}), may_be_text=True
    ),
})  # fmt: skip
_CSV = free("listDelimiter", "columns", "hasHeaderRow", "findColumnsFromHeader", "skipHeaderRows", "tryParseNumbers")


def _input_format() -> Shape:
    return INPUT_FORMAT


INPUT_FORMAT = Kinds({
    "json": {
        "flattenSpec": _FLATTEN,
        **free("featureSpec", "keepNullColumns", "assumeNewlineDelimited", "useJsonNodeReader"),
    },
    "csv": _CSV, "tsv": {**_CSV, **free("delimiter")},
    "regex": free("pattern", "listDelimiter", "columns"),
    "kafka": {
        "valueFormat": _input_format, "keyFormat": _input_format,
        "headerFormat": Kinds({"string": free("encoding")}),
        **free("headerColumnPrefix", "keyColumnName", "timestampColumnName", "topicColumnName"),
    },
    "avro_stream": {
        "flattenSpec": _FLATTEN, **free("avroBytesDecoder", "binaryAsString", "extractUnionsByType"),
    },
    "avro_ocf": {"flattenSpec": _FLATTEN, **free("schema", "binaryAsString", "extractUnionsByType")},
    "protobuf": {"flattenSpec": _FLATTEN, **free("protoBytesDecoder")},
    "parquet": {"flattenSpec": _FLATTEN, **free("binaryAsString")},
    "orc": {"flattenSpec": _FLATTEN, **free("binaryAsString")},
    "thrift": {"flattenSpec": _FLATTEN, **free("thriftJar", "thriftClass")},
})  # fmt: skip

_OBJECTS = free("uris", "prefixes", "objects", "objectGlob", "systemFields", "properties")
INPUT_SOURCE: Kinds = Kinds({
    "local": free("baseDir", "filter", "files", "systemFields"),
    "inline": free("data"),
    "druid": {"filter": FILTER, **free("dataSource", "interval", "segments", "dimensions", "metrics")},
    "http": free(
        "uris", "httpAuthenticationUsername", "httpAuthenticationPassword", "requestHeaders", "systemFields"
    ),
    "hdfs": free("paths", "systemFields"),
    "s3": {**_OBJECTS, **free("filter", "clientConfig", "endpointConfig", "proxyConfig")},
    "google": _OBJECTS, "azure": _OBJECTS, "azureStorage": _OBJECTS,
    "combining": {"delegates": Each(lambda: INPUT_SOURCE)},
    "sql": free("database", "sqls", "foldCase"),
})  # fmt: skip

_INDEX = Keys({
    "bitmap": Kinds({"roaring": {}, "concise": {}}),
    "stringDictionaryEncoding": Kinds({"utf8": {}, "frontCoded": free("bucketSize", "formatVersion")}),
    **free("dimensionCompression", "metricCompression", "longEncoding", "complexMetricCompression", "jsonCompression",
           "segmentLoader"),
})  # fmt: skip
PARTITIONS = Kinds(
    {
        "dynamic": free("maxRowsPerSegment", "maxTotalRows"),
        "hashed": free(
            "targetRowsPerSegment", "maxRowsPerSegment", "numShards", "partitionDimensions", "partitionFunction",
            "targetPartitionSize",
        ),
        "range": free("partitionDimensions", "targetRowsPerSegment", "maxRowsPerSegment", "assumeGrouped"),
        "single_dim": free(
            "partitionDimension", "targetRowsPerSegment", "maxRowsPerSegment", "assumeGrouped", "targetPartitionSize",
            "maxPartitionSize",
        ),
    },
    absent="hashed", taken_for="hashed",
)  # fmt: skip

_TUNING: dict[str, Shape] = {
    "indexSpec": _INDEX, "indexSpecForIntermediatePersists": _INDEX,
    "appendableIndexSpec": Kinds({"onheap": free("preserveExistingMetrics")}, absent="onheap"),
    **free("maxRowsInMemory", "maxBytesInMemory", "skipBytesInMemoryOverheadCheck", "maxRowsPerSegment", "maxTotalRows",
           "maxPendingPersists", "reportParseExceptions", "segmentWriteOutMediumFactory", "logParseExceptions",
           "maxParseExceptions", "maxSavedParseExceptions", "numPersistThreads", "maxColumnsToMerge"),
}  # fmt: skip
_KAFKA_TUNING: dict[str, Shape] = {
    **_TUNING,
    **free("intermediatePersistPeriod", "handoffConditionTimeout", "resetOffsetAutomatically", "workerThreads",
           "chatRetries", "httpTimeout", "shutdownTimeout", "offsetFetchPeriod", "intermediateHandoffPeriod",
           "skipSequenceNumberAvailabilityCheck", "repartitionTransitionDuration"),
}  # fmt: skip
_MERGING = free(
    "splitHintSpec", "forceGuaranteedRollup", "pushTimeout", "maxNumConcurrentSubTasks", "maxRetry",
    "taskStatusCheckPeriodMs", "chatHandlerTimeout", "chatHandlerNumRetries", "maxNumSegmentsToMerge",
    "totalNumMergeTasks",
)  # fmt: skip
_BATCH_TUNING: dict[str, Shape] = {
    **_TUNING, **_MERGING, "partitionsSpec": PARTITIONS,
    **free("numShards", "maxNumSubTasks", "maxAllowedLockCount", "awaitSegmentAvailabilityTimeoutMillis",
           "targetPartitionSize"),
}  # fmt: skip
_NOT_COMPACTED = frozenset({
    "maxRowsPerSegment", "skipBytesInMemoryOverheadCheck", "reportParseExceptions", "logParseExceptions",
    "maxParseExceptions", "maxSavedParseExceptions", "numPersistThreads",
})  # fmt: skip
_COMPACTION_TUNING: dict[str, Shape] = {
    **{name: shape for name, shape in _TUNING.items() if name not in _NOT_COMPACTED},
    **_MERGING, "partitionsSpec": PARTITIONS,
}  # fmt: skip

_SCALER = free(
    "enableTaskAutoScaler", "taskCountMax", "taskCountMin", "autoScalerStrategy",
    "minTriggerScaleActionFrequencyMillis", "lagCollectionIntervalMillis", "lagCollectionRangeMillis",
    "scaleActionStartDelayMillis", "scaleActionPeriodMillis", "scaleOutThreshold", "scaleInThreshold",
    "triggerScaleOutFractionThreshold", "triggerScaleInFractionThreshold", "scaleInStep", "scaleOutStep",
    "lagAggregate",
)  # fmt: skip
_KAFKA_IO: dict[str, Shape] = {
    "inputFormat": INPUT_FORMAT, "autoScalerConfig": Keys(_SCALER),
    "idleConfig": Keys(free("enabled", "inactiveAfterMillis")),
    **free("topic", "topicPattern", "replicas", "taskCount", "taskDuration", "consumerProperties", "pollTimeout",
           "startDelay", "period", "useEarliestOffset", "completionTimeout", "lateMessageRejectionPeriod",
           "earlyMessageRejectionPeriod", "lateMessageRejectionStartDateTime", "configOverrides", "stopTaskCount",
           "emitTimeLagMetrics", "stream", "useEarliestSequenceNumber"),
}  # fmt: skip

_KAFKA_SPEC: dict[str, Shape] = {
    "dataSchema": DATA_SCHEMA, "ioConfig": Kinds({"kafka": _KAFKA_IO}, absent="kafka"),
    "tuningConfig": Kinds({"kafka": _KAFKA_TUNING}, absent="kafka"),
}  # fmt: skip
SUPERVISOR = Keys({
    # The three blocks stand outside too in an older form, and in what Druid gives back.
    **free("type", "id", "context", "suspended"), **_KAFKA_SPEC, "spec": Keys(_KAFKA_SPEC),
})  # fmt: skip

BATCH = Kinds({
    "index_parallel": {
        **free("id", "groupId", "dataSource", "resource", "context"),
        "spec": Keys({
            "dataSchema": DATA_SCHEMA,
            "ioConfig": Kinds({
                "index_parallel": {
                    "inputSource": INPUT_SOURCE, "inputFormat": INPUT_FORMAT,
                    **free("appendToExisting", "dropExisting"),
                },
            }),
            "tuningConfig": Kinds({"index_parallel": _BATCH_TUNING}),
        }),
    },
})  # fmt: skip

COMPACTION = Keys({
    **free("type", "dataSource", "taskPriority", "inputSegmentSizeBytes", "maxRowsPerSegment", "skipOffsetFromLatest",
           "engine", "taskContext", "projections"),
    "tuningConfig": Kinds({"index_parallel": _COMPACTION_TUNING}, absent="index_parallel"),
    "granularitySpec": Keys(free("segmentGranularity", "queryGranularity", "rollup")),
    "dimensionsSpec": _DIMENSIONS,
    "metricsSpec": Each(METRIC),
    "transformSpec": Keys({"filter": FILTER}),
    "ioConfig": Keys(free("dropExisting")),
})  # fmt: skip

_LOADED = free("tieredReplicants", "useDefaultTierForNull")
RULES = Each(Kinds({
    "loadForever": _LOADED, "loadByPeriod": {**_LOADED, **free("period", "includeFuture")},
    "loadByInterval": {**_LOADED, **free("interval")},
    "dropForever": {}, "dropByPeriod": free("period", "includeFuture"), "dropBeforeByPeriod": free("period"),
    "dropByInterval": free("interval"),
    "broadcastForever": {}, "broadcastByPeriod": free("period", "includeFuture"),
    "broadcastByInterval": free("interval"),
}))  # fmt: skip
