"""Parsers, firehoses and consumers of an old spec → input formats, input sources and ioConfigs of today."""

import re
from collections.abc import Mapping
from typing import Any

from dkd.systems.druid.doctor.known import BLOCKS, FORMATS
from dkd.systems.druid.doctor.modern_columns import Drop
from dkd.systems.druid.doctor.reading import seconds
from dkd.systems.druid.doctor.view import OldSpec, text
from dkd.systems.places import Node

PLACEHOLDER = "${KAFKA_SERVERS}"
"""Stands where the old file named no brokers, as in the files that dkd renders."""

_OLD_FORMATS = {
    "json": "json", "jsonLowercase": "json", "timeAndDims": "json", "avro": "json", "csv": "csv", "tsv": "tsv",
    "regex": "regex", "javascript": "javascript", "parquet": "parquet", "orc": "orc",
}  # fmt: skip
_OLD_PARSERS = {"avro_hadoop": "avro_ocf", "avro_ocf": "avro_ocf", "parquet": "parquet", "orc": "orc",
                "protobuf": "protobuf", "thrift": "thrift"}  # fmt: skip
_SOURCES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "local": ("local", {"baseDir": "baseDir", "filter": "filter"}),
    "http": ("http", {"uris": "uris"}),
    "static-s3": ("s3", {"uris": "uris", "prefixes": "prefixes"}),
    "static-google-blobstore": ("google", {"uris": "uris", "prefixes": "prefixes", "blobs": "objects"}),
    "static-azure-blobstore": ("azure", {"uris": "uris", "prefixes": "prefixes", "blobs": "objects"}),
    "hdfs": ("hdfs", {"paths": "paths"}),
    "ingestSegment": ("druid", {"dataSource": "dataSource", "interval": "interval", "filter": "filter"}),
    "inline": ("inline", {"data": "data"}),
    "sql": ("sql", {"database": "database", "foldCase": "foldCase", "sqls": "sqls"}),
}
"""Firehose → its input source, with the new names of its keys."""
_OLD_CONSUMER = ("zookeeper.", "auto.commit.", "fetch.message.", "group.id", "auto.offset.reset", "rebalance.")


def input_format(spec: OldSpec, drop: Drop) -> dict[str, Any]:
    """How a record is read: the spec's own format, or what its parser said."""
    kind = spec.text("inputFormat", "type")
    own = spec.blocks.get("inputFormat")
    if own is not None and isinstance(own.value, dict) and kind in FORMATS:
        return {name: node.plain() for name, node in own.value.items() if name in FORMATS[kind]}
    old = spec.text("parseSpec", "format")
    columns = spec.get("parseSpec", "columns")
    kind = _OLD_PARSERS.get(spec.text("parser", "type")) or _OLD_FORMATS.get(old) or ("tsv" if columns else "json")
    if old == "jsonLowercase":
        drop(spec.get("parseSpec", "format"), "jsonLowercase", "names of fields keep their case now")
    found: dict[str, Any] = {"type": kind}
    for block in ("parseSpec", "parser"):
        node = spec.blocks.get(block)
        for name, inner in node.value.items() if node is not None and isinstance(node.value, dict) else ():
            if name in FORMATS[kind] and name not in ("type", "flattenSpec"):
                found.setdefault(name, inner.plain())
    if found.pop("hasHeaderRow", None):
        found["findColumnsFromHeader"] = True
    if kind in ("csv", "tsv") and not found.get("columns"):
        found["findColumnsFromHeader"] = True
    if kind == "protobuf" and "protoBytesDecoder" not in found:
        names = {name: spec.text("parser", name) for name in ("descriptor", "protoMessageType")}
        found["protoBytesDecoder"] = {"type": "file", **{name: value for name, value in names.items() if value}}
    return found


def input_source(spec: OldSpec) -> dict[str, Any] | None:
    """Where files are read from, by the old firehose or Hadoop input; None when nothing of today is like it."""
    firehose = spec.get("ioConfig", "firehose")
    if firehose is not None:
        kind, keys = _SOURCES.get(text(firehose.get("type")), ("", {}))
        values = {new: node.plain() for old, new in keys.items() if (node := firehose.get(old)) is not None}
        return {"type": kind, **values} if kind else None
    inner = spec.get("ioConfig", "inputSpec")
    if inner is None:
        return None
    if text(inner.get("type")) == "dataSource":
        return {"type": "druid", "dataSource": text(inner.get("ingestionSpec", "dataSource")),
                "interval": text(inner.get("ingestionSpec", "interval"))}  # fmt: skip
    paths = text(inner.get("paths"))
    return _paths(paths) if text(inner.get("type")) == "static" and paths else None


def _paths(paths: str) -> dict[str, Any]:
    parts = [part.strip() for part in paths.split(",")]
    if parts[0].startswith(("s3:", "s3a:", "s3n:")):
        return {"type": "s3", "uris": ["s3:" + part.split(":", 1)[-1] for part in parts]}
    if "://" in parts[0]:
        return {"type": "hdfs", "paths": paths}
    if len(parts) > 1:
        return {"type": "local", "files": parts}
    folder, _, name = parts[0].rpartition("/")
    return {"type": "local", "baseDir": folder or ".", "filter": name or "*"}


def kafka_reading(spec: OldSpec, kept: dict[str, Any]) -> dict[str, Any] | None:
    """The ioConfig of a Kafka supervisor; None when the old one read something else."""
    firehose = spec.get("ioConfig", "firehose")
    if spec.is_kinesis or (firehose is not None and "kafka" not in text(firehose.get("type"))):
        return None
    found = dict(kept)
    consumer = spec.get("ioConfig", "consumerProperties")
    if firehose is not None:
        found = {"topic": text(firehose.get("feed"))}
        consumer = firehose.get("consumerProps")
    if not found.get("topic") and not found.get("topicPattern"):
        # Tranquility and others name no topic here; the datasource's name is the usual one.
        found["topic"] = spec.text("dataSchema", "dataSource") or "events"
    if found.get("topic"):
        found.pop("topicPattern", None)
    for name in ("inputFormat", "type", "consumerProperties"):
        found.pop(name, None)
    count = found.get("taskCount")
    found["taskCount"] = count if isinstance(count, int) and count > 0 else 1
    for name in ("taskDuration", "startDelay", "period", "completionTimeout", "lateMessageRejectionPeriod",
                 "earlyMessageRejectionPeriod"):  # fmt: skip
        if name in found and (seconds(str(found[name])) is None or (name == "taskDuration" and
                              (seconds(str(found[name])) or 0) < 60)):  # fmt: skip
            del found[name]
    if found.get("lateMessageRejectionPeriod"):
        found.pop("lateMessageRejectionStartDateTime", None)
    if found.get("useEarliestOffset") is None:
        found["useEarliestOffset"] = True
    found = {name: value for name, value in found.items() if name in BLOCKS["stream ioConfig"]}
    return {"type": "kafka", **found, "consumerProperties": _consumer(consumer)}


def is_secret(name: str, value: Any) -> bool:
    """Whether a property of a consumer holds a secret in clear."""
    return isinstance(value, str) and "${" not in value and name.endswith((".password", "sasl.jaas.config", ".key"))


def variable(name: str) -> str:
    """The environment variable that stands for a secret: ``SASL_JAAS_CONFIG``."""
    return re.sub(r"\W", "_", name).upper()


def _consumer(node: Node | None) -> dict[str, Any]:
    given = node.plain() if node is not None and isinstance(node.value, dict) else {}
    kept = {name: value for name, value in given.items() if not name.startswith(_OLD_CONSUMER)}
    protocol = kept.get("security.protocol", "PLAINTEXT")
    if protocol not in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL") and "${" not in str(protocol):
        del kept["security.protocol"]
    if kept.get("isolation.level", "read_committed") not in ("read_committed", "read_uncommitted"):
        del kept["isolation.level"]
    kept |= {name: f"${{{variable(name)}}}" for name, value in kept.items() if is_secret(name, value)}
    servers = kept.get("bootstrap.servers") or PLACEHOLDER
    return dict(sorted({**kept, "bootstrap.servers": servers, "allow.auto.create.topics": "false"}.items()))
