"""A spec of any age → the spec that Druid 33 and later take, and a list of what did not survive."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from dkd.systems.druid import known
from dkd.systems.druid.doctor.columns import time_of
from dkd.systems.druid.doctor.expressions import expression_mistake, path_mistake
from dkd.systems.druid.doctor.find import known_of
from dkd.systems.druid.doctor.keys import COPIES
from dkd.systems.druid.doctor.known import BLOCKS, FORMATS
from dkd.systems.druid.doctor.modern_columns import Columns, modern_columns
from dkd.systems.druid.doctor.modern_reading import input_format, input_source, is_secret, kafka_reading, variable
from dkd.systems.druid.doctor.prune import pruned
from dkd.systems.druid.doctor.reading import DATASOURCE, granularity, rank, seconds
from dkd.systems.druid.doctor.view import OldSpec, nodes, text
from dkd.systems.faults import Lost, lost
from dkd.systems.places import Node
from dkd.systems.records import Known

Spec = dict[str, Any]


class Clean(NamedTuple):
    """Where the same events are as JSON.

    Attributes:
        topic: dkd's clean topic.
        columns: Name in the old records to name there.
    """

    topic: str
    columns: Mapping[str, str]


class Modern(NamedTuple):
    """What became of a spec; None where Druid has nothing for it any more."""

    spec: Spec | None
    lost: tuple[Lost, ...]


def modern(spec: OldSpec, told: Known, clean: Clean) -> Modern:
    """*spec* as today's Druid takes it; *told* is of its records, and *clean* stands for a topic that a parser read."""
    writer = _Writer(spec, known_of(spec, told), clean)
    return Modern(writer.whole(), tuple(writer.lost))


def reads_avro(spec: OldSpec) -> bool:
    """Whether the records are Avro, which only an extension of Druid reads."""
    return "avro_stream" in (spec.text("parser", "type"), spec.text("inputFormat", "type"))


def changes_topic(spec: OldSpec) -> bool:
    """Whether the new spec reads dkd's clean topic: it does for an Avro parser, which 37 doesn't have."""
    return spec.text("parser", "type") == "avro_stream" and spec.text("inputFormat", "type") != "avro_stream"


class _Writer:
    """Writes one spec."""

    def __init__(self, spec: OldSpec, told: Known, clean: Clean) -> None:
        self.old, self.told, self.clean = spec, told, clean
        self.lost: list[Lost] = []
        self.moved: dict[str, dict[str, Node]] = {}

    def drop(self, node: Node | None, what: str, why: str) -> None:
        self.lost.append(lost(self.old.where, node or self.old.top, what, why))

    def whole(self) -> Spec | None:
        kind = self.old.kind
        # All blocks are read before any is written: a key may stand in one and belong to another.
        own = {name: self.kept(name, self.old.blocks.get(name)) for name in ("transformSpec", "granularitySpec")}
        own["dimensionsSpec"] = self.kept("dimensionsSpec", self.old.blocks.get("dimensionsSpec"))
        self.kept("dataSchema", self.old.blocks.get("dataSchema"))
        io_config = self.kept(f"{kind} ioConfig", self.old.blocks.get("ioConfig"))
        tuning = self.kept(f"{kind} tuningConfig", self.old.blocks.get("tuningConfig"))
        for name, block in (*own.items(), (f"{kind} ioConfig", io_config), (f"{kind} tuningConfig", tuning)):
            for key, node in self.moved.get(name, {}).items():
                block.setdefault(key, node.plain())
        reading = self.reading(io_config)
        if reading is None:
            return None
        schema = self.schema(own)
        self.flattened(reading)
        inner = {"dataSchema": schema, "ioConfig": reading, "tuningConfig": self.tuning(tuning)}
        context = self.old.top.get("context")
        whole = {
            "type": "kafka" if kind == "stream" else "index_parallel",
            **({"context": context.plain()} if context is not None and context.value else {}),
            "spec": inner,
        }
        for path in pruned(whole, known.SUPERVISOR if kind == "stream" else known.BATCH):
            self.drop(None, path, "today's Druid has no such key or type")
        self.extended(whole)
        return whole

    def kept(self, block: str, node: Node | None) -> Spec:
        """The keys of a block that Druid knows; a misspelt one under the name that was meant."""
        found: Spec = {}
        for name, inner in node.value.items() if node is not None and isinstance(node.value, dict) else ():
            if name in BLOCKS[block]:
                found[name] = inner.plain()
                continue
            if name in COPIES and block == "stream ioConfig":
                continue
            homes = [home for home in BLOCKS if " " in home and home.startswith(self.old.kind) and name in BLOCKS[home]]
            close = get_close_matches(
                name, BLOCKS[block] - set(node.value if node is not None else ()), n=1, cutoff=0.8
            )
            if homes:
                self.moved.setdefault(homes[0], {})[name] = inner
            elif close:
                found[close[0]] = inner.plain()
                self.drop(inner, name, f"taken for {close[0]}")
            elif name not in self.old.blocks and name not in _READ:
                self.drop(inner, name, "today's Druid has no such key")
        return found

    def reading(self, kept: Spec) -> Spec | None:
        """The ioConfig."""
        if self.old.kind == "batch":
            source = kept.get("inputSource") or input_source(self.old)
            if source is None:
                self.drop(self.old.blocks.get("ioConfig"), "its input", "today's Druid has no source of that kind")
                return None
            form = {"inputFormat": self.format()} if source.get("type") not in ("druid", "sql") else {}
            return {**kept, "type": "index_parallel", "inputSource": source, **form}
        found = kafka_reading(self.old, kept)
        if found is None:
            self.drop(self.old.blocks.get("ioConfig"), "its input", "it reads no Kafka topic")
            return None
        found["inputFormat"] = self.format()
        self.left(kept, found)
        if changes_topic(self.old):
            topic = found.get("topic")
            self.drop(self.old.blocks.get("ioConfig"), f"topic {topic!r}", f"Avro; reads {self.clean.topic!r} instead")
            found["topic"] = self.clean.topic
            # dkd writes that topic in transactions; rows of those that were given up stay in it.
            found["consumerProperties"] = dict(
                sorted({**found["consumerProperties"], "isolation.level": "read_committed"}.items())
            )
            found.pop("topicPattern", None)
        return found

    def left(self, kept: Spec, found: Spec) -> None:
        """List what of the old ioConfig is not in the new one."""
        consumer = self.old.get("ioConfig", "firehose", "consumerProps") or self.old.get(
            "ioConfig", "consumerProperties"
        )
        for name, node in consumer.value.items() if consumer is not None and isinstance(consumer.value, dict) else ():
            if name not in found["consumerProperties"]:
                self.drop(node, name, "Druid reads from the brokers, and keeps offsets itself: see useEarliestOffset")
            elif is_secret(name, node.plain()):
                self.drop(node, name, f"a secret; put it where ${{{variable(name)}}} stands when the spec is sent")
        for name in kept.keys() - found.keys() - _READ:
            self.drop(self.old.get("ioConfig", name), name, "Druid does not take it so")

    def extended(self, spec: Spec) -> None:
        """List what only an extension, or a setting, of Druid makes work."""
        inner = spec["spec"]
        reading = inner["ioConfig"]
        kinds = [reading.get("inputSource", {}).get("type"), reading.get("inputFormat", {}).get("type")]
        kinds += [one.get("type") for one in inner["dataSchema"].get("metricsSpec", ())]
        for kind in dict.fromkeys(kinds):
            if kind in _EXTENSIONS:
                self.drop(None, f"type {kind}", f"a Druid takes it with {_EXTENSIONS[kind]} only")

    def format(self) -> Spec:
        return {"type": "json"} if changes_topic(self.old) else input_format(self.old, self.drop)

    def flattened(self, reading: Spec) -> None:
        """Put the flattening into the input format; columns of the clean topic get their old names by it."""
        form = reading.get("inputFormat", {})
        fields = [] if changes_topic(self.old) else self.fields()
        if changes_topic(self.old):
            renames = {
                name: there for name, there in self.clean.columns.items() if name != there and name in self.names
            }
            fields = [{"type": "root", "name": name, "expr": there} for name, there in renames.items()]
        flattens = "flattenSpec" in FORMATS.get(form.get("type"), ())
        if fields and flattens:
            discovers = self.old.get("flattenSpec", "useFieldDiscovery")
            form["flattenSpec"] = {
                "useFieldDiscovery": True if discovers is None else discovers.plain(),
                "fields": fields,
            }
        elif flattens:
            form.pop("flattenSpec", None)

    def fields(self) -> list[Any]:
        found: list[Any] = []
        for field in nodes(self.old.get("flattenSpec", "fields")):
            mistake = path_mistake(text(field.get("expr"))) if text(field.get("type")) == "path" else None
            if mistake:
                self.drop(field, f"flattened {text(field.get('name'))!r}", mistake[0])
            elif isinstance(field.value, dict):
                found.append({name: node.plain() for name, node in field.value.items() if name in _FIELD_KEYS})
            elif text(field):
                found.append(text(field))
        return found

    def schema(self, own: dict[str, Spec]) -> Spec:
        avro = changes_topic(self.old)
        time = time_of(self.old, self.told)
        for node in nodes(self.old.get("dimensionsSpec", "spatialDimensions")):
            self.drop(node, f"spatial dimension {text(node.get('dimName'))!r}", "dkd writes none")
        columns: Columns = modern_columns(self.old, self.told, self.clean.columns if avro else None, self.drop)
        self.names = {one["name"] for one in columns.dimensions} | {
            str(one.get("fieldName")) for one in columns.metrics
        }
        column, form = ("timestamp_ms", "millis") if avro else (time.column, time.format)
        missing = self.old.get("timestampSpec", "missingValue")
        found: Spec = {
            "dataSource": self.datasource(),
            "timestampSpec": {
                "column": column,
                "format": form,
                **({"missingValue": missing.plain()} if missing is not None and missing.value is not None else {}),
            },
            "dimensionsSpec": {
                **{name: value for name, value in own["dimensionsSpec"].items() if name in _DIMENSION_OPTIONS},
                **columns.spec,
            },
            **({"metricsSpec": columns.metrics} if columns.metrics else {}),
            "granularitySpec": self.granularity(own["granularitySpec"]),
        }
        if transforms := self.transforms(own["transformSpec"]):
            found["transformSpec"] = transforms
        return found

    def datasource(self) -> str:
        name = self.old.text("dataSchema", "dataSource")
        if DATASOURCE.fullmatch(name):
            return name
        made = "".join(one if one.isalnum() and one.isascii() else "_" for one in name).strip("_") or "events"
        made = made if made[0].isalpha() else f"d_{made}"
        self.drop(self.old.get("dataSchema", "dataSource"), f"the name {name!r}", f"it is {made!r} now")
        return made

    def granularity(self, kept: Spec) -> Spec:
        block = self.old.blocks.get("granularitySpec")
        wanted = {kind: granularity(block.get(kind) if block is not None else None) for kind in ("segmentGranularity",
                  "queryGranularity")}  # fmt: skip
        usual = {"segmentGranularity": "HOUR", "queryGranularity": "NONE"}
        for kind, name in wanted.items():
            bad = not name or (rank(name) < 0 and seconds(name) is None)
            if bad or (kind == "segmentGranularity" and name in ("NONE", "ALL")):
                wanted[kind] = kept[kind] = usual[kind]
            elif rank(name) >= 0 and not isinstance(kept.get(kind), dict):
                kept[kind] = name
        segment, query = (rank(wanted[kind]) for kind in usual)
        if query > segment >= 0:
            # Segments as coarse as the rows keep the roll-up that was meant.
            coarse, fine = ("segment", "query") if query < rank("ALL") else ("query", "segment")
            kept[f"{coarse}Granularity"] = kept[f"{fine}Granularity"]
        if self.old.kind == "stream" and kept.pop("intervals", None):
            self.drop(block, "intervals", "a stream has none")
        return {"type": "uniform", **{name: value for name, value in kept.items() if name != "type"}}

    def transforms(self, kept: Spec) -> Spec:
        good = []
        for one in nodes(self.old.get("transformSpec", "transforms")):
            mistake = expression_mistake(text(one.get("expression")))
            if mistake:
                self.drop(one, f"transform {text(one.get('name'))!r}", mistake[0])
            else:
                good.append({name: node.plain() for name, node in one.value.items() if name in BLOCKS["transform"]})
        return {name: value for name, value in {**kept, "transforms": good}.items() if value}

    def tuning(self, kept: Spec) -> Spec:
        kind = "kafka" if self.old.kind == "stream" else "index_parallel"
        if kept.get("maxParseExceptions") == 0:
            self.drop(
                self.old.get("tuningConfig", "maxParseExceptions"), "maxParseExceptions 0", "it stops at one record"
            )
            del kept["maxParseExceptions"]
        return {"type": kind, **{name: value for name, value in kept.items() if name != "type"}}


_EXTENSIONS = {
    "hdfs": "druid-hdfs-storage", "s3": "druid-s3-extensions", "google": "druid-google-extensions",
    "azure": "druid-azure-extensions", "avro_ocf": "druid-avro-extensions", "avro_stream": "druid-avro-extensions",
    "parquet": "druid-parquet-extensions", "orc": "druid-orc-extensions", "protobuf": "druid-protobuf-extensions",
    "thrift": "druid-thrift-extensions", "javascript": "druid.javascript.enabled=true",
}  # fmt: skip
_READ = frozenset({"firehose", "inputSpec", "parseSpec"})
"""Old blocks whose contents are in the new spec."""
_DIMENSION_OPTIONS = frozenset({"dimensionExclusions", "includeAllDimensions", "forceSegmentSortByTime"})
_FIELD_KEYS = frozenset({"type", "name", "expr", "nodes"})
