"""A Druid file of any age → its specs, with each block wherever it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from dkd.systems.places import Node

Kind = Literal["stream", "batch"]

_IN_SCHEMA = ("timestampSpec", "dimensionsSpec", "metricsSpec", "granularitySpec", "transformSpec", "parser")
_KNOWN = frozenset({*_IN_SCHEMA, "dataSource", "projections", "parseSpec"})
_TOPIC_KEYS = ("topic", "topicPattern", "consumerProperties", "useEarliestOffset")


@dataclass(frozen=True)
class OldSpec:
    """One spec.

    Attributes:
        where: Its file.
        kind: Whether it reads a topic or files.
        top: The whole.
        body: What holds dataSchema, ioConfig and tuningConfig: the whole, or its ``spec``.
        blocks: Each block that was found, by name; ``flattenSpec`` and ``inputFormat`` too.
        stray: Blocks that stand where Druid doesn't look, with the block that they belong to.
    """

    where: str
    kind: Kind
    top: Node
    body: Node
    blocks: Mapping[str, Node]
    stray: tuple[tuple[str, str, Node], ...]

    @property
    def is_kinesis(self) -> bool:
        """Whether it reads Amazon's streams, and no Kafka."""
        return "kinesis" in (text(self.top.get("type")), self.text("ioConfig", "type"))

    def get(self, block: str, *path: str) -> Node | None:
        """The node below *block*; None where there is none."""
        found = self.blocks.get(block)
        return found.get(*path) if found is not None else None

    def text(self, block: str, *path: str) -> str:
        """The scalar below *block* as text; empty where there is none."""
        return text(self.get(block, *path))


def text(node: Node | None) -> str:
    """A scalar as text; empty for everything else."""
    return "" if node is None or node.value is None or isinstance(node.value, dict | list) else str(node.value)


def nodes(node: Node | None) -> list[Node]:
    """The elements of a list; none of anything else."""
    return node.value if node is not None and isinstance(node.value, list) else []


def is_druid(root: Node) -> bool:
    """Whether *root* is a spec, a list of specs, or a configuration of Tranquility."""
    return next(_tops(root), None) is not None


def specs(root: Node, where: str) -> tuple[OldSpec, ...]:
    """The specs of one file."""
    return tuple(_spec(top, where) for top in _tops(root))


def _tops(root: Node) -> Iterator[Node]:
    if isinstance(root.value, list):
        for one in root.value:
            yield from _tops(one)
    elif isinstance(root.value, dict):
        sources = root.value.get("dataSources")
        if sources is not None:
            inner = sources.value.values() if isinstance(sources.value, dict) else nodes(sources)
            yield from (one for one in inner if _is_spec(one))
        elif _is_spec(root):
            yield root


def _is_spec(node: Node) -> bool:
    return any(node.get(*path) for path in (("dataSchema",), ("spec", "dataSchema"), ("spec", "ioConfig"))) or (
        node.get("ioConfig") is not None and node.get("type") is not None
    )


def _spec(top: Node, where: str) -> OldSpec:
    inner = top.get("spec")
    body = inner if inner is not None and isinstance(inner.value, dict) else top
    blocks: dict[str, Node] = {}
    stray: list[tuple[str, str, Node]] = []

    def find(name: str, home: str, *places: Node | None) -> None:
        """Take *name* from the first place; from a later one it is astray."""
        for index, place in enumerate(places):
            found = place.get(name) if place is not None else None
            # Druid itself writes null for blocks that a parser holds.
            if found is not None and found.value is not None and name not in blocks:
                blocks[name] = found
                if index:
                    stray.append((name, home, found))

    for name in ("dataSchema", "ioConfig", "tuningConfig"):
        find(name, "spec", body, top)
    schema, io_config = blocks.get("dataSchema"), blocks.get("ioConfig")
    for name in _IN_SCHEMA:
        find(name, "dataSchema", schema, body, top, io_config)
    for name, place in (*((one, schema) for one in _IN_SCHEMA), ("inputFormat", io_config)):
        if name not in blocks and (found := _misspelt(place, name)) is not None:
            blocks[name] = found
    parser = blocks.get("parser")
    decoder = parser.get("avroBytesDecoder") if parser is not None else None
    find("parseSpec", "parser", parser if parser is not None else schema, decoder, schema, io_config, body)
    parse = blocks.get("parseSpec")
    for name in ("timestampSpec", "dimensionsSpec"):
        if name not in blocks and parse is not None and (found := parse.get(name)) is not None:
            blocks[name] = found
    find("inputFormat", "ioConfig", io_config, schema, body, top, blocks.get("tuningConfig"))
    if parse is not None and (found := parse.get("flattenSpec")) is not None:
        blocks["flattenSpec"] = found
    find("flattenSpec", "inputFormat", blocks.get("inputFormat"), io_config, schema)
    return OldSpec(where, _kind(top, io_config), top, body, blocks, tuple(stray))


def _misspelt(place: Node | None, name: str) -> Node | None:
    """What stands under nearly the *name*."""
    others = [one for one in place.value if one not in _KNOWN] if place and isinstance(place.value, dict) else []
    close = get_close_matches(name, others, n=1, cutoff=0.85)
    return place.value[close[0]] if close and place else None


def _kind(top: Node, io_config: Node | None) -> Kind:
    of_top, of_io = text(top.get("type")), text(io_config.get("type") if io_config is not None else None)
    if of_top.startswith("index") and "kafka" not in of_top and of_top != "index_realtime":
        return "batch"
    if {"kafka", "kinesis", "realtime", "index_realtime", "tranquility"} & {of_top, of_io}:
        return "stream"
    reads_topic = io_config is not None and any(io_config.get(name) is not None for name in _TOPIC_KEYS)
    return "stream" if reads_topic or (not of_top and not of_io) else "batch"
