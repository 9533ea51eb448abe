"""Divolte's configuration → what the model has a word for, and a list of all the rest."""

import re
from collections.abc import Iterator

from dkd.jobs.adopted import Draft
from dkd.systems.divolte.doctor.keys import OLD_KEYS
from dkd.systems.druid.doctor.view import text
from dkd.systems.faults import lost
from dkd.systems.places import Node

_COLLECTOR = "dkd's collector and tag have their own"
_GLOBAL = {
    "global.mapper.ip2geo_database": "the model needs it only for fields from it: country has a database of its own",
    "global.kafka.producer": "a target of the model says where Kafka is",
}
_MAPPING = {
    "discard_duplicates": "dkd's enrichers remove repeats",
    "confluent_id": "dkd makes it from the schema",
}
_LINKS = frozenset({"schema_file", "mapping_script_file", "sources", "sinks"})
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def adopt_conf(where: str, root: Node, draft: Draft) -> None:
    """Add to *draft* what the configuration *root* of the file *where* says."""
    reader = _Reader(where, draft)
    for section, block in _inner(root.get("divolte")):
        if section in OLD_KEYS:
            reader.old(section, block)
        for name, node in _inner(block):
            if section == "sources":
                reader.source(name, node)
            elif section == "sinks":
                reader.sink(name, node)
            elif section == "mappings":
                reader.mapping(name, node)
            elif section == "global":
                reader.whole(f"global.{name}", node)


def _inner(node: Node | None) -> Iterator[tuple[str, Node]]:
    yield from node.value.items() if node is not None and isinstance(node.value, dict) else ()


class _Reader:
    """Reads one configuration."""

    def __init__(self, where: str, draft: Draft) -> None:
        self.where, self.draft = where, draft

    def drop(self, node: Node, what: str, why: str) -> None:
        self.draft.lost.append(lost(self.where, node, what, why))

    def source(self, name: str, node: Node) -> None:
        if text(node.get("type")) == "json":
            self.drop(node, f"source {name!r} (json)", "the model says it as collector.json_source")
            return
        for key, one in _inner(node):
            if key == "cookie_domain":
                self.domain(one)
            elif key == "session_timeout":
                self.timeout(one)
            elif key in ("prefix", "event_suffix"):
                self.drop(one, key, "the model says the whole path as collector.event_path")
            elif key != "type":
                self.drop(one, key, _COLLECTOR)

    def old(self, section: str, block: Node) -> None:
        """A block of a layout before 0.5; its domain and silence are those of today's sources."""
        for key, one in _inner(block):
            if section == "tracking" and key == "cookie_domain":
                self.domain(one)
            elif section == "tracking" and key == "session_timeout":
                self.timeout(one)
            else:
                self.drop(one, f"{section}.{key}", "it is of a layout before 0.5")

    def domain(self, node: Node) -> None:
        value = text(node).strip("'")
        if re.fullmatch(r"[A-Za-z0-9.-]+", value) and self.draft.cookie_domain in ("", value):
            self.draft.cookie_domain = value
        elif value or node.names:
            self.drop(node, "cookie_domain", "the model has one, written out")

    def timeout(self, node: Node) -> None:
        gap = _gap(text(node))
        if gap and self.draft.gap in ("", gap):
            self.draft.gap = gap
        else:
            self.drop(node, "session_timeout", "the model has one gap, of a minute to twelve hours")

    def sink(self, name: str, node: Node) -> None:
        topic, kind = node.get("topic"), text(node.get("type"))
        if kind != "kafka":
            self.drop(node, f"sink {name!r} ({kind})", "dkd writes to Kafka only")
            return
        if topic is not None and text(topic):
            why = f"dkd's topics are {self.draft.site}.raw, .clean, .sessions and .rejects"
            self.drop(topic, f"topic {text(topic)!r}", why)
        mode = node.get("mode")
        if mode is not None and text(mode) != "confluent":
            self.drop(mode, f"mode {text(mode)!r}", "dkd's raw topic has the framing confluent")

    def mapping(self, name: str, node: Node) -> None:
        for key, one in _inner(node):
            if key not in _LINKS and one.text != "false":
                self.drop(one, f"{key} of mapping {name!r}", _MAPPING.get(key, "the model has no word for it"))

    def whole(self, path: str, node: Node) -> None:
        if (is_on := node.get("enabled")) is not None and is_on.text == "false":
            return
        for key, one in _inner(node):
            if key == "ip2geo_database":
                self.draft.geo_database = text(one) or self.draft.geo_database
            if key != "enabled":
                self.drop(one, f"{path}.{key}", _GLOBAL.get(f"{path}.{key}", "dkd's collector has settings of its own"))


def _gap(duration: str) -> str:
    found = re.fullmatch(r"\s*(\d{1,6})\s*([a-z]+)\s*", duration)
    size = _UNITS.get(found[2][0], 0) if found and not found[2].startswith(("mi", "ms", "ns", "us", "na")) else 0
    if found and found[2].startswith("minute"):
        size = 60
    seconds = int(found[1]) * size if found else 0
    if not 60 <= seconds <= 43_200:
        return ""
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
