"""A supervisor's spec → what Druid 33 would drop or change in it without a word.

Druid answers 200 to a key that it doesn't know and forgets it, and takes an unknown type of dimension for a string. So
this table is the strict schema that Druid lacks: what is not in it is a mistake of ours or of a hand-written spec.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dkd.errors import DkdError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GRANULARITIES = (
    "NONE", "SECOND", "MINUTE", "FIVE_MINUTE", "TEN_MINUTE", "FIFTEEN_MINUTE", "THIRTY_MINUTE", "HOUR", "SIX_HOUR",
    "EIGHT_HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "ALL",
)  # fmt: skip
"""The finest first."""
_DIMENSION_TYPES = frozenset({"string", "long", "double", "float", "json", "auto"})

_KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset({"type", "id", "spec", "context", "suspended"}),
    "spec": frozenset({"dataSchema", "ioConfig", "tuningConfig"}),
    "spec.dataSchema": frozenset(
        {"dataSource", "timestampSpec", "dimensionsSpec", "metricsSpec", "granularitySpec", "transformSpec"}
    ),
    "spec.dataSchema.timestampSpec": frozenset({"column", "format", "missingValue"}),
    "spec.dataSchema.dimensionsSpec": frozenset(
        {"dimensions", "dimensionExclusions", "includeAllDimensions", "useSchemaDiscovery", "forceSegmentSortByTime"}
    ),
    "spec.dataSchema.dimensionsSpec.dimensions": frozenset(
        {"type", "name", "multiValueHandling", "createBitmapIndex", "castToType", "formatVersion"}
    ),
    "spec.dataSchema.granularitySpec": frozenset(
        {"type", "segmentGranularity", "queryGranularity", "rollup", "intervals"}
    ),
    "spec.dataSchema.transformSpec": frozenset({"filter", "transforms"}),
    "spec.ioConfig": frozenset(
        {
            "type", "topic", "topicPattern", "inputFormat", "replicas", "taskCount", "taskDuration",
            "consumerProperties", "autoScalerConfig", "pollTimeout", "startDelay", "period", "useEarliestOffset",
            "completionTimeout", "lateMessageRejectionPeriod", "earlyMessageRejectionPeriod",
            "lateMessageRejectionStartDateTime", "configOverrides", "idleConfig", "stopTaskCount",
            "emitTimeLagMetrics",
        }
    ),
    "spec.tuningConfig": frozenset(
        {
            "type", "appendableIndexSpec", "maxRowsInMemory", "maxBytesInMemory", "skipBytesInMemoryOverheadCheck",
            "maxRowsPerSegment", "maxTotalRows", "intermediatePersistPeriod", "maxPendingPersists", "indexSpec",
            "indexSpecForIntermediatePersists", "reportParseExceptions", "handoffConditionTimeout",
            "resetOffsetAutomatically", "segmentWriteOutMediumFactory", "workerThreads", "chatRetries", "httpTimeout",
            "shutdownTimeout", "offsetFetchPeriod", "intermediateHandoffPeriod", "logParseExceptions",
            "maxParseExceptions", "maxSavedParseExceptions", "numPersistThreads", "maxColumnsToMerge",
            "skipSequenceNumberAvailabilityCheck", "repartitionTransitionDuration",
        }
    ),
}  # fmt: skip
"""Known keys of each block, by its path; blocks that are absent here are free."""


def unknown(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths of *spec* that Druid would drop or take for something else, in the order of the spec."""
    return tuple(_unknown("", spec))


def impossible(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What in *spec* Druid accepts although no task, or no reader, can do anything with it."""
    inner = spec.get("spec", {})
    schema, io_config = inner.get("dataSchema", {}), inner.get("ioConfig", {})
    granularity, count = schema.get("granularitySpec", {}), io_config.get("taskCount", 1)
    found = []
    if not _NAME.fullmatch(str(schema.get("dataSource", ""))):
        found.append(f"the datasource's name {schema.get('dataSource')!r} needs quotes wherever it is used")
    if isinstance(count, int) and count < 1:
        found.append(f"taskCount {count} leaves nobody to read")
    for metric in schema.get("metricsSpec", []):
        if not 4 <= metric.get("lgK", 12) <= 21:
            found.append(f"lgK {metric['lgK']} of {metric.get('name')} is not 4 to 21: no task could store a row")
    query, segment = (granularity.get(f"{kind}Granularity", "NONE") for kind in ("query", "segment"))
    if _rank(query) > _rank(segment) >= 0:
        found.append(f"queryGranularity {query} is coarser than segmentGranularity {segment}")
    return tuple(found)


def _rank(granularity: object) -> int:
    """How coarse; -1 for what has no place in the order, such as a period with an origin."""
    name = str(granularity).upper()
    return _GRANULARITIES.index(name) if name in _GRANULARITIES else -1


def require_known(spec: Mapping[str, Any]) -> None:
    """Make sure that Druid keeps all of *spec*, and that it can work.

    Raises:
        DkdError: DKD270, naming every path that it would not keep; DKD271, when it keeps what cannot work.
    """
    wrong = impossible(spec)
    if wrong:
        raise DkdError("DKD271", where=str(spec["spec"]["dataSchema"].get("dataSource")), problem="; ".join(wrong))
    found = unknown(spec)
    if found:
        raise DkdError(
            "DKD270",
            where=str(spec.get("spec", {}).get("dataSchema", {}).get("dataSource", "supervisor")),
            problem=f"Druid would drop in silence: {', '.join(found)}",
            remedy="correct the spelling, or remove it",
        )


def _unknown(path: str, block: Any) -> Iterator[str]:
    if isinstance(block, list):
        for inner in block:
            yield from _unknown_dimension(path, inner)
        return
    if path not in _KEYS or not isinstance(block, Mapping):
        return
    for key, inner in block.items():
        address = f"{path}.{key}" if path else key
        if key not in _KEYS[path]:
            yield address
        else:
            yield from _unknown(address, inner)


def _unknown_dimension(path: str, dimension: Any) -> Iterator[str]:
    if path not in _KEYS or not isinstance(dimension, Mapping):
        return
    yield from (f"{path}.{dimension.get('name')}.{key}" for key in dimension if key not in _KEYS[path])
    if dimension.get("type", "string") not in _DIMENSION_TYPES:
        yield f"{path}.{dimension.get('name')}.type {dimension['type']}"
