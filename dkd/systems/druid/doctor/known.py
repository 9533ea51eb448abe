"""The strict schema of what Druid 33 takes beside supervisors: keys of each block and type, and functions."""

from collections.abc import Mapping

from dkd.systems.druid.strict import known_keys


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCHEMA = known_keys("spec.dataSchema")
BLOCKS: Mapping[str, frozenset[str]] = {
    "stream": known_keys("") | _keys("dataSchema ioConfig tuningConfig"),
    "batch": _keys("type id groupId resource spec context dataSchema ioConfig tuningConfig suspended"),
    "spec": known_keys("spec") | {"type"},
    "dataSchema": _SCHEMA | {"projections"},
    "timestampSpec": known_keys("spec.dataSchema.timestampSpec"),
    "dimensionsSpec": known_keys("spec.dataSchema.dimensionsSpec") | {"spatialDimensions"},
    "granularitySpec": known_keys("spec.dataSchema.granularitySpec"),
    "transformSpec": known_keys("spec.dataSchema.transformSpec"),
    "transform": _keys("type name expression"),
    "stream ioConfig": known_keys("spec.ioConfig"),
    "batch ioConfig": _keys("type inputSource inputFormat appendToExisting dropExisting"),
    "stream tuningConfig": known_keys("spec.tuningConfig"),
    "batch tuningConfig": _keys(
        "type maxRowsInMemory maxBytesInMemory skipBytesInMemoryOverheadCheck partitionsSpec indexSpec "
        "indexSpecForIntermediatePersists maxPendingPersists forceGuaranteedRollup reportParseExceptions pushTimeout "
        "segmentWriteOutMediumFactory maxNumConcurrentSubTasks maxRetry maxNumSegmentsToMerge totalNumMergeTasks "
        "splitHintSpec taskStatusCheckPeriodMs chatHandlerTimeout chatHandlerNumRetries awaitSegmentAvailabilityTimeout"
        "Millis logParseExceptions maxParseExceptions maxSavedParseExceptions maxColumnsToMerge numPersistThreads "
        "maxRowsPerSegment maxTotalRows numShards partitionDimensions appendableIndexSpec maxAllowedLockCount"
    ),
    "flattenSpec": _keys("useFieldDiscovery fields"),
    "flattenSpec field": _keys("type name expr nodes"),
}
"""Keys of each block, by its name; blocks that are absent are not looked into."""

DIMENSION_KEYS = known_keys("spec.dataSchema.dimensionsSpec.dimensions")
DIMENSION_TYPES = _keys("string long double float json auto spatial")
DIMENSION_ALIASES: Mapping[str, str] = {
    "int": "long", "integer": "long", "bigint": "long", "short": "long", "timestamp": "long", "date": "long",
    "bool": "string", "boolean": "string", "number": "double", "numeric": "double", "decimal": "double",
    "real": "double", "text": "string", "varchar": "string", "char": "string", "keyword": "string", "nested": "json",
    "complex<json>": "json", "array": "auto",
}  # fmt: skip
"""What people write for a type → the one that Druid has."""

_SIMPLE = _keys("type name fieldName expression")
_FIRST = _keys("type name fieldName timeColumn")
METRICS: Mapping[str, frozenset[str]] = {
    "count": _keys("type name"),
    **{f"{kind}{what}": _SIMPLE for kind in ("long", "double", "float") for what in ("Sum", "Min", "Max")},
    **{f"{kind}{what}": _FIRST for kind in ("long", "double", "float") for what in ("First", "Last")},
    **{f"string{what}": _FIRST | {"maxStringBytes"} for what in ("First", "Last")},
    **{f"{kind}Any": _keys("type name fieldName") for kind in ("long", "double", "float")},
    "stringAny": _keys("type name fieldName maxStringBytes aggregateMultipleValues"),
    "hyperUnique": _keys("type name fieldName isInputHyperUnique round"),
    "cardinality": _keys("type name fields fieldNames byRow round"),
    "thetaSketch": _keys("type name fieldName size shouldFinalize isInputThetaSketch errorBoundsStdDev"),
    **{
        f"HLLSketch{kind}": _keys("type name fieldName lgK tgtHllType round shouldFinalize stringEncoding")
        for kind in ("Build", "Merge")
    },
    "quantilesDoublesSketch": _keys("type name fieldName k maxStreamLength shouldFinalize"),
    "arrayOfDoublesSketch": _keys("type name fieldName nominalEntries metricColumns numberOfValues"),
    "filtered": _keys("type name filter aggregator"),
    "variance": _keys("type name fieldName inputType estimator"),
    "javascript": _keys("type name fieldNames fnAggregate fnCombine fnReset"),
}
METRIC_ALIASES: Mapping[str, str] = {"min": "doubleMin", "max": "doubleMax", "sum": "doubleSum", "intSum": "longSum"}
SKETCHES = _keys("hyperUnique cardinality thetaSketch HLLSketchBuild HLLSketchMerge")

_TEXT = _keys("type columns listDelimiter findColumnsFromHeader hasHeaderRow skipHeaderRows tryParseNumbers")
FORMATS: Mapping[str, frozenset[str]] = {
    "json": _keys("type featureSpec flattenSpec keepNullColumns assumeNewlineDelimited useJsonNodeReader"),
    "csv": _TEXT,
    "tsv": _TEXT | {"delimiter"},
    "regex": _keys("type pattern listDelimiter columns"),
    "javascript": _keys("type function"),
    "kafka": _keys(
        "type valueFormat keyFormat headerFormat headerColumnPrefix keyColumnName timestampColumnName topicColumnName"
    ),
    "avro_stream": _keys("type flattenSpec avroBytesDecoder binaryAsString extractUnionsByType"),
    "avro_ocf": _keys("type flattenSpec schema binaryAsString extractUnionsByType"),
    "protobuf": _keys("type flattenSpec protoBytesDecoder"),
    "parquet": _keys("type flattenSpec binaryAsString"),
    "orc": _keys("type flattenSpec binaryAsString"),
    "thrift": _keys("type flattenSpec thriftJar thriftClass"),
}
EXTENSIONS: Mapping[str, str] = {
    "avro_stream": "druid-avro-extensions", "avro_ocf": "druid-avro-extensions", "parquet": "druid-parquet-extensions",
    "protobuf": "druid-protobuf-extensions", "orc": "druid-orc-extensions", "thrift": "druid-thrift-extensions",
}  # fmt: skip
"""Input formats → the extension that each needs."""

LAMBDAS = _keys("map filter fold any all cartesian_map cartesian_fold")
FUNCTIONS = LAMBDAS | _keys(
    "abs acos array array_append array_concat array_contains array_length array_offset array_offset_of array_ordinal "
    "array_ordinal_of array_overlap array_prepend array_quantile array_set_add array_set_add_all array_slice "
    "array_to_mv array_to_string asin atan atan2 bitwiseand bitwisecomplement bitwiseconvertdoubletolongbits "
    "bitwiseconvertlongbitstodouble bitwiseor bitwiseshiftleft bitwiseshiftright bitwisexor bloom_filter_test "
    "case_searched case_simple cast cbrt ceil coalesce complex_decode_base64 concat contains_string copysign cos cosh "
    "cot decode_base64_complex decode_base64_utf8 div exp expm1 floor format getexponent greatest "
    "hll_sketch_estimate human_readable_binary_byte_format human_readable_decimal_byte_format "
    "human_readable_decimal_format hyper_unique hyper_unique_add hyper_unique_estimate hyper_unique_round_estimate "
    "hypot icontains_string if ipv4_match ipv4_parse ipv4_stringify ipv6_match isdistinctfrom isfalse isnull istrue "
    "json_keys json_merge json_object json_paths json_query json_query_array json_value least left like log log10 "
    "log1p lookup lower lpad ltrim max min mv_harmonize_nulls mv_to_array nextafter nextup notdistinctfrom notfalse "
    "notnull nottrue nvl parse_json parse_long pi pow regexp_extract regexp_like regexp_replace remainder repeat "
    "replace reverse right rint round rpad rtrim safe_divide scalar_in_array scalb signum sin sinh sqrt "
    "string_to_array strlen strpos substring subtract_months tan tanh theta_sketch_estimate timestamp timestamp_ceil "
    "timestamp_extract timestamp_floor timestamp_format timestamp_parse timestamp_shift to_json_string todegrees "
    "toradians trim try_parse_json ulp unix_timestamp upper"
)
"""What a Druid 33.0.0 answers to, in small letters; it does not care for case."""
