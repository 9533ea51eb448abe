"""Several files of one installation → where they disagree, and which of them belong together."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from dkd.errors import Problem
from dkd.jobs.adopted import Bundle
from dkd.systems.druid.doctor.view import OldSpec, text
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Node


def schema_of(bundle: Bundle, mapping: str) -> Node | None:
    """The schema that the mapping script *mapping* fills: by a configuration's names, else the only one."""
    for _, _, entry in _mappings(bundle):
        if _file(entry, "mapping_script_file") == PurePosixPath(mapping).name:
            for where, root in bundle.schemas.items():
                if PurePosixPath(where).name == _file(entry, "schema_file"):
                    return root
    only = bundle.schema_of()
    return only[1] if only is not None else None


def disagreements(bundle: Bundle) -> Iterator[Problem]:
    """What is wrong between the files, and with none of them."""
    yield from _names(bundle)
    sinks = list(_sinks(bundle))
    topics = {topic for _, topic, _ in sinks}
    for spec in bundle.specs:
        topic = spec.text("ioConfig", "topic")
        if not topic or topic.endswith(".clean") or spec.kind != "stream":
            continue
        if sinks and topic not in topics:
            problem = f"Druid reads {topic!r}, Divolte writes {', '.join(map(repr, sorted(topics)))}"
            remedy = nearest(topic, topics)
            yield fault(spec.where, spec.get("ioConfig", "topic"), "DKD669", problem, remedy)
        for where, name, sink in sinks:
            if name == topic:
                yield from _framing(spec, where, sink)


def _mappings(bundle: Bundle) -> Iterator[tuple[str, str, Node]]:
    for where, document in bundle.confs.items():
        found = document.root.get("divolte", "mappings")
        for name, node in found.value.items() if found is not None and isinstance(found.value, dict) else ():
            yield where, name, node


def _file(entry: Node, key: str) -> str:
    return PurePosixPath(text(entry.get(key))).name


def _names(bundle: Bundle) -> Iterator[Problem]:
    """Files that a configuration names, where others of their kind are given."""
    given: dict[str, Iterable[str]] = {"schema_file": bundle.schemas, "mapping_script_file": bundle.mappings}
    for where, name, entry in _mappings(bundle):
        for key, files in given.items():
            base = {PurePosixPath(path).name for path in files}
            wanted = _file(entry, key)
            if wanted and base and wanted not in base:
                problem = f"mapping {name!r} names {wanted!r}, given is {', '.join(map(repr, sorted(base)))}"
                yield fault(where, entry.get(key), "DKD669", problem, "name the same file, or look at that one")


def _sinks(bundle: Bundle) -> Iterator[tuple[str, str, Node]]:
    """Each Kafka sink with its topic, where the environment doesn't set that."""
    for where, document in bundle.confs.items():
        found = document.root.get("divolte", "sinks")
        for node in found.value.values() if found is not None and isinstance(found.value, dict) else ():
            topic = node.get("topic")
            if text(node.get("type")) == "kafka" and not (topic is not None and topic.value is None):
                yield where, text(topic) or "divolte", node


def _framing(spec: OldSpec, where: str, sink: Node) -> Iterator[Problem]:
    mode = text(sink.get("mode")) or "naked"
    reads = {spec.text("parser", "type"), spec.text("inputFormat", "type")}
    decoder = spec.text("parser", "avroBytesDecoder", "type") or spec.text("inputFormat", "avroBytesDecoder", "type")
    node = spec.blocks.get("inputFormat") or spec.blocks.get("parser") or spec.blocks.get("ioConfig")
    if "avro_stream" not in reads:
        problem = f"Divolte writes Avro ({where}), Druid reads {'json' if reads <= {''} else max(reads)}"
        remedy = "let dkd's enricher write JSON, and read its clean topic"
        yield fault(spec.where, node, "DKD669", problem, remedy, of_key=True)
    elif (mode, decoder) in (("naked", "schema_registry"), ("confluent", "schema_inline")):
        problem = f"Divolte's mode is {mode} ({where}), which the decoder {decoder} doesn't read"
        yield fault(spec.where, node, "DKD669", problem, "use schema_inline for naked records", of_key=True)
