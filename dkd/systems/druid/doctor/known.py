"""What the doctor knows of Druid 33 beside :mod:`dkd.systems.druid.known`: blocks, old names of types, functions."""

from collections.abc import Mapping

from dkd.systems.druid import known
from dkd.systems.strict import Each, Keys, Kinds, Shape


def _inner(shape: Shape, *path: str) -> Shape:
    """The shape below a path of keys and types."""
    for name in path:
        if isinstance(shape, Keys):
            shape = shape.known[name]
        elif isinstance(shape, Kinds):
            shape = Keys({"type": None, **shape.kinds[name]})
    return shape


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCHEMA = known.DATA_SCHEMA
_STREAM = ("spec", "ioConfig", "kafka")
_BATCH = ("index_parallel", "spec", "ioConfig", "index_parallel")
SHAPES: Mapping[str, Shape] = {
    "timestampSpec": _inner(_SCHEMA, "timestampSpec"),
    "dimensionsSpec": _inner(_SCHEMA, "dimensionsSpec"),
    "metricsSpec": Each(known.METRIC),
    "granularitySpec": _inner(_SCHEMA, "granularitySpec"),
    "transformSpec": _inner(_SCHEMA, "transformSpec"),
    "inputFormat": known.INPUT_FORMAT,
    "flattenSpec": _inner(known.INPUT_FORMAT, "json", "flattenSpec"),
    "stream ioConfig": _inner(known.SUPERVISOR, *_STREAM),
    "batch ioConfig": _inner(known.BATCH, *_BATCH),
    "stream tuningConfig": _inner(known.SUPERVISOR, "spec", "tuningConfig", "kafka"),
    "batch tuningConfig": _inner(known.BATCH, "index_parallel", "spec", "tuningConfig", "index_parallel"),
}
"""The shape of each block that an old spec may have anywhere."""


def _keys(shape: Shape) -> frozenset[str]:
    return frozenset(shape.known) if isinstance(shape, Keys) else frozenset()


BLOCKS: Mapping[str, frozenset[str]] = {
    "stream": _keys(known.SUPERVISOR) | {"dataSchema", "ioConfig", "tuningConfig"},
    "batch": _keys(_inner(known.BATCH, "index_parallel")) | {"dataSchema", "ioConfig", "tuningConfig"},
    "spec": _keys(_inner(known.SUPERVISOR, "spec")) | {"type"},
    "dataSchema": _keys(_SCHEMA),
    **{name: _keys(shape) for name, shape in SHAPES.items() if isinstance(shape, Keys)},
    "granularitySpec": _keys(_inner(_SCHEMA, "granularitySpec", "uniform")),
    "transform": frozenset({"type", "name", "expression"}),
}
"""The keys of each block."""

DIMENSION_TYPES = frozenset(known.DIMENSION.kinds)
DIMENSION_KEYS = frozenset({"type", *known.DIMENSION.kinds["auto"], *known.DIMENSION.kinds["json"]})
DIMENSION_ALIASES: Mapping[str, str] = {
    "int": "long", "integer": "long", "bigint": "long", "short": "long", "timestamp": "long", "date": "long",
    "bool": "string", "boolean": "string", "number": "double", "numeric": "double", "decimal": "double",
    "real": "double", "text": "string", "varchar": "string", "char": "string", "keyword": "string", "nested": "json",
    "complex<json>": "json", "array": "auto",
}  # fmt: skip
"""What people write for a type → the one that Druid has."""

METRICS: Mapping[str, frozenset[str]] = {
    kind: frozenset({"type", "name", *keys}) for kind, keys in known.METRIC_KINDS.items()
}
METRIC_ALIASES: Mapping[str, str] = {"min": "doubleMin", "max": "doubleMax", "sum": "doubleSum", "intSum": "longSum"}
NO_FIELD = frozenset({"", "count", "filtered", "cardinality", "javascript", "expression"})
"""Metrics that read no field, or name it in another way."""
SKETCHES = frozenset({"hyperUnique", "cardinality", "thetaSketch", "HLLSketchBuild", "HLLSketchMerge"})

FORMATS: Mapping[str, frozenset[str]] = {
    kind: frozenset({"type", *keys}) for kind, keys in known.INPUT_FORMAT.kinds.items()
}

FUNCTIONS = _words(
    "map filter fold any all cartesian_map cartesian_fold "
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
"""The functions of expressions that a Druid 33.0.0 answered to, in small letters; it does not care for case."""
