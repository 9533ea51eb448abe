"""A supervisor's spec becomes the form in which Druid gives it back, so that two specs can be compared.

Druid answers a spec with its own defaults filled in, names in capitals and durations in seconds; without the same
treatment an untouched supervisor would look changed. The defaults are those of Druid 33.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_PERIOD = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_UNIT_S = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}

_IO_DURATIONS = (
    "taskDuration", "startDelay", "period", "completionTimeout", "lateMessageRejectionPeriod",
    "earlyMessageRejectionPeriod",
)  # fmt: skip

_IO: Json = {
    "type": "kafka", "topicPattern": None, "replicas": 1, "taskCount": 1, "taskDuration": "PT3600S",
    "autoScalerConfig": None,
    "pollTimeout": 100, "startDelay": "PT5S", "period": "PT30S", "useEarliestOffset": False,
    "completionTimeout": "PT1800S", "lateMessageRejectionPeriod": None, "earlyMessageRejectionPeriod": None,
    "lateMessageRejectionStartDateTime": None, "configOverrides": None, "idleConfig": None, "stopTaskCount": None,
    "emitTimeLagMetrics": False, "inputFormat": None,
}  # fmt: skip

_INDEX: Json = {
    "bitmap": {"type": "roaring"}, "dimensionCompression": "lz4", "stringDictionaryEncoding": {"type": "utf8"},
    "metricCompression": "lz4", "longEncoding": "longs",
}  # fmt: skip

_TUNING: Json = {
    "type": "kafka", "appendableIndexSpec": {"type": "onheap", "preserveExistingMetrics": False},
    "maxRowsInMemory": 150_000, "maxBytesInMemory": 0, "skipBytesInMemoryOverheadCheck": False,
    "maxRowsPerSegment": 5_000_000, "maxTotalRows": None, "intermediatePersistPeriod": "PT10M",
    "maxPendingPersists": 0, "reportParseExceptions": False, "handoffConditionTimeout": 900_000,
    "resetOffsetAutomatically": False, "segmentWriteOutMediumFactory": None, "workerThreads": None, "chatRetries": 8,
    "httpTimeout": "PT10S", "shutdownTimeout": "PT80S", "offsetFetchPeriod": "PT30S",
    "intermediateHandoffPeriod": "P2147483647D", "logParseExceptions": False, "maxParseExceptions": 2_147_483_647,
    "maxSavedParseExceptions": 0, "numPersistThreads": 1, "maxColumnsToMerge": -1,
    "skipSequenceNumberAvailabilityCheck": False, "repartitionTransitionDuration": "PT120S",
}  # fmt: skip

_DIMENSION: Mapping[str, Json] = {
    "string": {"multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": True},
    "auto": {"multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": True},
    "json": {"formatVersion": 5, "multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": True},
    **{
        number: {"multiValueHandling": "SORTED_ARRAY", "createBitmapIndex": False}
        for number in ("long", "double", "float")
    },
}  # fmt: skip

_METRIC: Mapping[str, Json] = {
    "thetaSketch": {"size": 16_384},
    "HLLSketchBuild": {"lgK": 12, "tgtHllType": "HLL_4"},
    "quantilesDoublesSketch": {"k": 128, "maxStreamLength": 1_000_000_000},
    "stringFirst": {"timeColumn": "__time", "maxStringBytes": 1_024},
    "stringLast": {"timeColumn": "__time", "maxStringBytes": 1_024},
    "hyperUnique": {"isInputHyperUnique": False, "round": False},
}

_AUTOSCALER: Json = {
    "autoScalerStrategy": "lagBased", "lagCollectionIntervalMillis": 30_000, "lagCollectionRangeMillis": 600_000,
    "scaleActionStartDelayMillis": 300_000, "scaleActionPeriodMillis": 60_000, "scaleOutThreshold": 6_000_000,
    "scaleInThreshold": 1_000_000, "triggerScaleOutFractionThreshold": 0.3, "triggerScaleInFractionThreshold": 0.9,
    "scaleInStep": 1, "scaleOutStep": 2, "minTriggerScaleActionFrequencyMillis": 600_000, "lagAggregate": None,
}  # fmt: skip

_KAFKA_FORMAT: Json = {
    "headerColumnPrefix": "kafka.header.", "keyColumnName": "kafka.key", "timestampColumnName": "kafka.timestamp",
    "topicColumnName": "kafka.topic",
}  # fmt: skip


def normal(supervisor: Mapping[str, Any]) -> Json:
    """The spec as Druid 33 gives it back; of a spec that Druid gave back, the same again.

    Args:
        supervisor: What is posted, or what ``GET supervisor/{id}`` answers.

    Returns:
        ``type``, ``suspended``, ``context``, ``dataSchema``, ``ioConfig`` and ``tuningConfig``. Copies that Druid adds
        and what it derives by itself are left out; keys that this table does not know are kept as they are.
    """
    spec = supervisor.get("spec") or supervisor
    suspended = supervisor.get("suspended") or spec.get("suspended")
    return {
        "type": supervisor.get("type", "kafka"),
        "suspended": bool(suspended),
        "context": dict(supervisor.get("context") or spec.get("context") or {}),
        "dataSchema": _schema(spec["dataSchema"]),
        "ioConfig": _io(spec["ioConfig"]),
        "tuningConfig": _tuning(spec.get("tuningConfig") or {}),
    }


def period_s(text: object) -> object:
    """Seconds of an ISO 8601 duration without months; what is no such duration is handed on."""
    found = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    if found is None or not any(found.groupdict().values()):
        return text
    return sum(float(value) * _UNIT_S[unit] for unit, value in found.groupdict().items() if value)


def _filled(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> Json:
    """*value* with *defaults* where it has nothing; Druid 36 gives null where 33 gives the default."""
    return {**value, **{name: standard for name, standard in defaults.items() if value.get(name) is None}}


def _schema(schema: Mapping[str, Any]) -> Json:
    dimensions = _filled(
        schema.get("dimensionsSpec") or {},
        {"dimensions": [], "includeAllDimensions": False, "useSchemaDiscovery": False},
    )
    # Druid adds the time column and every metric here by itself, in no useful order.
    dimensions.pop("dimensionExclusions", None)
    return {
        **schema,
        "timestampSpec": _filled(
            schema.get("timestampSpec") or {}, {"column": "timestamp", "format": "auto", "missingValue": None}
        ),
        "dimensionsSpec": {**dimensions, "dimensions": _each(_dimension, dimensions["dimensions"])},
        "metricsSpec": _each(_metric, schema.get("metricsSpec") or []),
        "granularitySpec": _granularity(schema.get("granularitySpec") or {}),
        "transformSpec": _transform(schema.get("transformSpec") or {}),
    }


def _each(form: Callable[[Any], Json], values: Sequence[Any]) -> list[Json]:
    return [form(value) for value in values]


def _dimension(value: Any) -> Json:
    named = {"name": value} if isinstance(value, str) else value
    kind = named.get("type") or "string"
    filled = _filled({**named, "type": kind}, _DIMENSION.get(kind, {}))
    if "multiValueHandling" in filled:
        filled["multiValueHandling"] = str(filled["multiValueHandling"]).upper()
    return filled


def _metric(value: Mapping[str, Any]) -> Json:
    if value.get("type") == "filtered":
        inner = _metric(value["aggregator"])
        return _filled({**value, "filter": _filter(value.get("filter")), "aggregator": inner}, {"name": inner["name"]})
    return _filled(value, _METRIC.get(value.get("type", ""), {}))


def _granularity(value: Mapping[str, Any]) -> Json:
    filled = _filled(
        value,
        {"type": "uniform", "segmentGranularity": "DAY", "queryGranularity": "NONE", "rollup": True, "intervals": []},
    )
    for name in ("segmentGranularity", "queryGranularity"):
        if isinstance(filled[name], str):
            filled[name] = filled[name].upper()
        if filled[name] == {"type": "none"}:
            filled[name] = "NONE"
    return filled


def _transform(value: Mapping[str, Any]) -> Json:
    filled = _filled(value, {"filter": None, "transforms": []})
    return {**filled, "filter": _filter(filled["filter"])}


def _filter(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    inner = {name: _filter(part) for name, part in value.items()}
    if "fields" in value:
        inner["fields"] = [_filter(part) for part in value["fields"]]
    if value.get("type") == "in":
        inner["values"] = sorted(value["values"], key=str)
    return _filled(inner, {"escape": None, "extractionFn": None}) if value.get("type") == "like" else inner


def _io(value: Mapping[str, Any]) -> Json:
    filled = _filled(value, _IO)
    for copy in ("stream", "useEarliestSequenceNumber"):
        filled.pop(copy, None)
    for name in _IO_DURATIONS:
        filled[name] = period_s(filled[name])
    if filled.get("inputFormat"):
        filled["inputFormat"] = _format(filled["inputFormat"])
    if filled["idleConfig"]:
        filled["idleConfig"] = _filled(filled["idleConfig"], {"inactiveAfterMillis": None})
    if filled["autoScalerConfig"]:
        filled["autoScalerConfig"] = _filled(filled["autoScalerConfig"], _AUTOSCALER)
        # The scaler itself writes the count of tasks.
        del filled["taskCount"]
    return filled


def _format(value: Mapping[str, Any]) -> Json:
    filled = _filled(value, {"flattenSpec": None})
    if value.get("flattenSpec"):
        flatten = _filled(value["flattenSpec"], {"useFieldDiscovery": True, "fields": []})
        filled["flattenSpec"] = {**flatten, "fields": _each(_flattened, flatten["fields"])}
    if value.get("type") == "kafka":
        filled = _filled(filled, _KAFKA_FORMAT)
        for part in ("valueFormat", "keyFormat"):
            if filled.get(part):
                filled[part] = _format(filled[part])
        if filled.get("headerFormat"):
            filled["headerFormat"] = _filled(filled["headerFormat"], {"encoding": "UTF-8"})
    return filled


def _flattened(value: Any) -> Json:
    named = {"type": "root", "name": value} if isinstance(value, str) else value
    return _filled(named, {"nodes": None, **({"expr": named["name"]} if named["type"] == "root" else {})})


def _tuning(value: Mapping[str, Any]) -> Json:
    filled = _filled(value, _TUNING)
    index = _filled(filled.get("indexSpec") or {}, _INDEX)
    persisted = _filled(filled.get("indexSpecForIntermediatePersists") or {}, index)
    return {**filled, "indexSpec": index, "indexSpecForIntermediatePersists": persisted}
