"""A spec → faults of how it reads and stores: Kafka, format, granularity, transforms, and ingestion that is gone."""

import re
from collections.abc import Iterator

from dkd.errors import Problem
from dkd.systems.druid.doctor.expressions import expression_mistake, path_mistake
from dkd.systems.druid.doctor.keys import is_gone
from dkd.systems.druid.doctor.view import OldSpec, nodes, text
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Node

GRANULARITIES = (
    "NONE", "SECOND", "MINUTE", "FIVE_MINUTE", "TEN_MINUTE", "FIFTEEN_MINUTE", "THIRTY_MINUTE", "HOUR", "SIX_HOUR",
    "EIGHT_HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "ALL",
)  # fmt: skip
"""The finest first."""
_PERIODS = {
    "PT1S": "SECOND", "PT1M": "MINUTE", "PT5M": "FIVE_MINUTE", "PT10M": "TEN_MINUTE", "PT15M": "FIFTEEN_MINUTE",
    "PT30M": "THIRTY_MINUTE", "PT1H": "HOUR", "PT6H": "SIX_HOUR", "PT8H": "EIGHT_HOUR", "P1D": "DAY", "P1W": "WEEK",
    "P1M": "MONTH", "P3M": "QUARTER", "P1Y": "YEAR",
}  # fmt: skip
_PERIOD = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(?:\.\d+)?S)?)?")
_DURATIONS = (
    "taskDuration", "startDelay", "period", "completionTimeout", "lateMessageRejectionPeriod",
    "earlyMessageRejectionPeriod",
)  # fmt: skip
_CHOICES = {
    "security.protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "isolation.level": ("read_committed", "read_uncommitted"),
}
_ZOOKEEPER = ("zookeeper.connect", "auto.commit.enable", "fetch.message.max.bytes")
_SHORTEST_S = 60
DATASOURCE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def reading(spec: OldSpec) -> Iterator[Problem]:
    """All faults beside those of keys and columns."""
    name = spec.text("dataSchema", "dataSource")
    node = spec.get("dataSchema", "dataSource") or spec.blocks.get("dataSchema") or spec.top
    if not name:
        yield fault(spec.where, node, "DKD654", "the spec names no dataSource", "name the datasource")
    elif not DATASOURCE.fullmatch(name):
        problem = f"the datasource's name {name!r} needs quotes wherever it is used, or is refused"
        yield fault(spec.where, node, "DKD654", problem, "use letters, digits, _ and -")
    yield from _gone(spec)
    yield from _parser(spec)
    yield from _granularity(spec)
    yield from _expressions(spec)
    if not is_gone(spec):
        if spec.kind == "stream":
            yield from _kafka(spec)
            yield from _tasks(spec)
        yield from _format(spec)


def rank(granularity: str) -> int:
    """How coarse a granularity is; -1 when it has no place in the order."""
    return GRANULARITIES.index(granularity) if granularity in GRANULARITIES else -1


def granularity(node: Node | None) -> str:
    """A granularity's name in capitals; a period's where it has one; empty where there is none."""
    if node is None or node.value is None:
        return ""
    if text(node.get("type")) == "duration" and text(length := node.get("duration")).isdigit():
        return f"PT{int(text(length)) / 1000:g}S"
    found = text(node.get("period")) or text(node.get("type")) or text(node)
    return _PERIODS.get(found.upper(), found.upper())


def seconds(period: str) -> float | None:
    """A period in seconds; None when it is none, or has months."""
    found = _PERIOD.fullmatch(period)
    if found is None or found[1] or found[2]:
        return None
    sizes = zip((3, 4, 6, 7, 8), (604_800, 86_400, 3_600, 60, 1), strict=True)
    return sum(float(found[group][:-1]) * size for group, size in sizes if found[group])


def _gone(spec: OldSpec) -> Iterator[Problem]:
    if is_gone(spec):
        firehose = spec.get("ioConfig", "firehose")
        kind = text(firehose.get("type")) if firehose is not None else ""
        what = f"firehose {kind!r}" if firehose is not None else text(spec.top.get("type"))
        what = what or spec.text("ioConfig", "type")
        remedy = "read the topic by a Kafka supervisor" if spec.kind == "stream" else "use index_parallel, inputSource"
        yield fault(spec.where, firehose or spec.top, "DKD647", f"Druid has no {what} any more", remedy, of_key=True)
    elif text(spec.top.get("type")) == "index":
        problem = "index tasks read with one process and are deprecated"
        yield fault(spec.where, spec.top.get("type"), "DKD647", problem, "write index_parallel")


def _parser(spec: OldSpec) -> Iterator[Problem]:
    node = spec.blocks.get("parser") or spec.blocks.get("parseSpec")
    if node is None:
        return
    kind = spec.text("parser", "type") or "string"
    remedy = "move its parts into dataSchema and ioConfig.inputFormat; --write does it"
    if kind in ("avro_stream", "avro_hadoop", "protobuf"):
        remedy += (
            ", reading the JSON of dkd's clean topic: Avro would need druid-avro-extensions and inputFormat avro_stream"
            if kind == "avro_stream"
            else ", and load Druid's extension for the format"
        )
    yield fault(spec.where, node, "DKD642", f"the parser ({kind}) is gone in Druid 37", remedy, of_key=True)
    for part, has in (("parseSpec", "parseSpec" in spec.blocks), ("avroBytesDecoder", kind != "avro_stream")):
        if "parser" in spec.blocks and not has and spec.get("parser", part) is None:
            problem = f"the parser has no {part}: no version of Druid makes a task of it"
            yield fault(spec.where, node, "DKD654", problem, f"add {part}, or go on without a parser", of_key=True)


def _granularity(spec: OldSpec) -> Iterator[Problem]:
    block = spec.blocks.get("granularitySpec")
    if block is None or not isinstance(block.value, dict):
        return
    found = {}
    for kind in ("segmentGranularity", "queryGranularity"):
        node = block.get(kind)
        found[kind] = granularity(node)
        if node is not None and found[kind] and rank(found[kind]) < 0 and seconds(found[kind]) is None:
            problem = f"{kind} {found[kind]!r} doesn't exist"
            yield fault(spec.where, node, "DKD650", problem, nearest(found[kind], GRANULARITIES))
    segment, query = rank(found["segmentGranularity"]), rank(found["queryGranularity"])
    if found["segmentGranularity"] in ("NONE", "ALL"):
        problem = f"segmentGranularity {found['segmentGranularity']} cuts no segments that can be dropped or replaced"
        yield fault(spec.where, block.get("segmentGranularity"), "DKD650", problem, "write HOUR or DAY")
    elif query > segment >= 0:
        problem = f"queryGranularity {found['queryGranularity']} is coarser than {found['segmentGranularity']} segments"
        remedy = f"write NONE, or segmentGranularity {found['queryGranularity']}"
        yield fault(spec.where, block.get("queryGranularity"), "DKD650", problem, remedy)
    intervals = block.get("intervals")
    if spec.kind == "stream" and nodes(intervals):
        problem = "a stream has no intervals: they are ignored"
        yield fault(spec.where, intervals, "DKD650", problem, "remove them; load rules say what is kept", of_key=True)


def _expressions(spec: OldSpec) -> Iterator[Problem]:
    for one in nodes(spec.get("transformSpec", "transforms")):
        mistake = expression_mistake(text(one.get("expression")))
        if mistake:
            problem = f"transform {text(one.get('name'))!r}: {mistake[0]}; every task fails"
            yield fault(spec.where, one.get("expression") or one, "DKD654", problem, mistake[1])
    for field in nodes(spec.get("flattenSpec", "fields")):
        if text(field.get("type")) == "path" and (mistake := path_mistake(text(field.get("expr")))):
            problem = f"flattened {text(field.get('name'))!r}: {mistake[0]}; every task fails"
            yield fault(spec.where, field.get("expr") or field, "DKD654", problem, mistake[1])
    if (node := spec.get("dataSchema", "projections")) is not None:
        problem = "Druid 33 answers null over projections that are coarser than their segments"
        yield fault(spec.where, node, "DKD654", problem, "remove them", of_key=True)


def _kafka(spec: OldSpec) -> Iterator[Problem]:
    node = spec.blocks.get("ioConfig") or spec.top
    if spec.is_kinesis:
        yield fault(spec.where, node, "DKD648", "it reads Kinesis", "dkd and its doctor know Kafka only")
        return
    topics = [name for name in ("topic", "topicPattern") if spec.text("ioConfig", name)]
    if len(topics) != 1:
        problem = "topic and topicPattern stand both" if topics else "there is no topic"
        yield fault(spec.where, node, "DKD648", problem, "give one of topic and topicPattern")
    consumer = spec.get("ioConfig", "consumerProperties")
    if not text(consumer.value.get("bootstrap.servers") if consumer and isinstance(consumer.value, dict) else None):
        problem = "consumerProperties have no bootstrap.servers"
        remedy = 'add "consumerProperties": {"bootstrap.servers": "kafka:9092"}'
        yield fault(spec.where, consumer or node, "DKD648", problem, remedy, of_key=True)
    for name, inner in consumer.value.items() if consumer and isinstance(consumer.value, dict) else ():
        if name in _ZOOKEEPER:
            yield fault(spec.where, inner, "DKD648", f"{name} is a setting of Kafka 0.8", "remove it", of_key=True)
        if name in _CHOICES and text(inner) not in _CHOICES[name] and "${" not in text(inner):
            problem = f"{name} {text(inner)!r} doesn't exist: the supervisor stays PENDING, and healthy"
            yield fault(spec.where, inner, "DKD654", problem, nearest(text(inner), _CHOICES[name]))
    if not spec.text("ioConfig", "useEarliestOffset"):
        problem = "useEarliestOffset is not set: the first start passes over what is in the topic"
        yield fault(spec.where, node, "DKD649", problem, "add useEarliestOffset: true", of_key=True)
    auto = consumer.value.get("allow.auto.create.topics") if consumer and isinstance(consumer.value, dict) else None
    if text(auto).lower() != "false":
        problem = "a misspelt topic would be created, and waited for"
        remedy = 'add "allow.auto.create.topics": "false" to consumerProperties'
        yield fault(spec.where, consumer or node, "DKD649", problem, remedy, of_key=True)


def _tasks(spec: OldSpec) -> Iterator[Problem]:
    count = spec.get("ioConfig", "taskCount")
    if count is not None and isinstance(count.value, int) and count.value < 1:
        yield fault(spec.where, count, "DKD654", f"taskCount {text(count)} leaves nobody to read", "write 1")
    for name in _DURATIONS:
        node = spec.get("ioConfig", name)
        if text(node) and seconds(text(node)) is None:
            yield fault(spec.where, node, "DKD654", f"{name} {text(node)!r} is no duration", "write such as PT15M")
    duration = seconds(spec.text("ioConfig", "taskDuration"))
    if duration is not None and duration < _SHORTEST_S:
        problem = f"taskDuration of {duration:g} s: tasks end almost before they begin, and leave tiny segments"
        yield fault(spec.where, spec.get("ioConfig", "taskDuration"), "DKD654", problem, "write PT15M or more")
    both = [spec.get("ioConfig", name) for name in ("lateMessageRejectionPeriod", "lateMessageRejectionStartDateTime")]
    if all(text(node) for node in both):
        problem = "lateMessageRejectionPeriod and …StartDateTime exclude each other: Druid refuses both"
        yield fault(spec.where, both[1], "DKD654", problem, "keep one", of_key=True)
    most = spec.get("tuningConfig", "maxParseExceptions")
    if most is not None and most.value == 0:
        problem = "maxParseExceptions 0: at one bad record the task fails, again and again, and nothing is read on"
        yield fault(spec.where, most, "DKD654", problem, "leave it out, and watch the counters")


def _format(spec: OldSpec) -> Iterator[Problem]:
    has = any(name in spec.blocks for name in ("inputFormat", "parser", "parseSpec"))
    source = spec.text("ioConfig", "inputSource", "type")
    if not has and source not in ("druid", "sql"):
        problem = "there is no inputFormat: every task fails"
        node = spec.blocks.get("ioConfig") or spec.top
        yield fault(spec.where, node, "DKD654", problem, 'add "inputFormat": {"type": "json"}', of_key=True)
