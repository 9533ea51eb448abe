"""A Divolte configuration → the keys and values at which Divolte 0.9.0 exits, hangs, or does something else."""

import re
from collections.abc import Iterator, Mapping

from dkd.errors import Problem
from dkd.systems.divolte.doctor.keys import BLOCKS, MISSPELT, OLD_KEYS, VARIABLES
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Document, Node

_UNITS = (
    "ns", "nano", "nanos", "nanosecond", "nanoseconds", "us", "micro", "micros", "microsecond", "microseconds", "ms",
    "milli", "millis", "millisecond", "milliseconds", "s", "second", "seconds", "m", "minute", "minutes", "h", "hour",
    "hours", "d", "day", "days",
)  # fmt: skip
_DURATION = re.compile(r"\s*[+-]?\d+(?:\.\d+)?\s*([A-Za-z]*)\s*")
_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[kKmMgG]i?[bB]?|[bB]|bytes)")
_SCRIPT = re.compile(r"[A-Za-z0-9_-]+\.js")


def is_conf(root: Node) -> bool:
    """Whether *root* is a configuration of Divolte."""
    return isinstance(root.value, dict) and "divolte" in root.value


def faults(document: Document, where: str) -> Iterator[Problem]:
    """Every fault of a configuration file."""
    checker = _Checker(where, document)
    divolte = document.root.get("divolte")
    if divolte is None or not isinstance(divolte.value, dict):
        yield fault(where, divolte, "DKD656", "divolte is no block", "write divolte { … }")
        return
    for name, node in divolte.value.items():
        if name in OLD_KEYS and name not in BLOCKS["divolte"]:
            problem = f"divolte.{name} is the layout of versions before 0.5"
            yield fault(where, node, "DKD656", problem, OLD_KEYS[name], of_key=True)
        elif name not in BLOCKS["divolte"]:
            yield fault(
                where, node, "DKD656", f"divolte has no key {name!r}", nearest(name, BLOCKS["divolte"]), of_key=True
            )
    yield from checker.block(divolte.get("global"), "global", "divolte.global")
    for kind in ("sources", "mappings", "sinks"):
        yield from checker.each(divolte.get(kind), kind)
    yield from _references(where, divolte)
    yield from _variables(where, document)


class _Checker:
    """Compares blocks with what Divolte knows."""

    def __init__(self, where: str, document: Document) -> None:
        self.where, self.document = where, document

    def each(self, node: Node | None, kind: str) -> Iterator[Problem]:
        for name, inner in node.value.items() if node is not None and isinstance(node.value, dict) else ():
            path, block = f"divolte.{kind}.{name}", "mapping"
            if kind != "mappings":
                one = kind.removesuffix("s")
                type_node = inner.get("type")
                found = _plain_text(type_node)
                known = BLOCKS["browser source" if kind == "sources" else "kafka sink"]["type"].split("|")
                if found not in known:
                    problem = f"{path} has no type" if type_node is None else f"there is no {one} type {found!r}"
                    remedy = nearest(found, known) if type_node is not None else f"add type, one of {', '.join(known)}"
                    yield fault(self.where, type_node or inner, "DKD657", problem, remedy, of_key=type_node is None)
                    continue
                block = f"{found} {one}"
            yield from self.block(inner, block, path)

    def block(self, node: Node | None, block: str, path: str) -> Iterator[Problem]:
        if node is None:
            return
        if not isinstance(node.value, dict):
            yield fault(self.where, node, "DKD657", f"{path} is no block", "write { … }", of_key=True)
            return
        for name, inner in node.value.items():
            form = BLOCKS[block].get(name)
            if form is None:
                remedy = f"write {MISSPELT[name]}" if name in MISSPELT else nearest(name, BLOCKS[block])
                yield fault(self.where, inner, "DKD656", f"{path} has no key {name!r}", remedy, of_key=True)
            elif form.startswith("block "):
                yield from self.block(inner, form.removeprefix("block "), f"{path}.{name}")
            elif found := _wrong(inner, form):
                yield fault(self.where, inner, "DKD657", f"{path}.{name} {found[0]}", found[1])
            elif (
                name == "name" and block == "javascript" and not inner.names and not _SCRIPT.fullmatch(str(inner.value))
            ):
                problem = f"{path}.name {inner.text!r} is no name of a script"
                yield fault(self.where, inner, "DKD657", problem, "write letters, digits, _ and -, then .js")


def _plain_text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""


def _wrong(node: Node, form: str) -> tuple[str, str] | None:
    """Why a value is not of *form*, and the remedy; a substitution may become anything."""
    value = node.value
    if form == "free":
        return None if isinstance(value, dict) else ("is no block", "write { … }")
    if form == "names":
        is_list = isinstance(value, list) and all(isinstance(one.value, str) or one.names for one in value)
        return None if is_list else ("is no list of names", "write [name, …]")
    if node.names:
        return None
    if isinstance(value, dict | list) or value is None:
        return "is no single value", f"write one {form.split('|')[0]}"
    if isinstance(value, str) and not node.quoted and value[:1] == "'":
        return f'is {value}, quotes and all: only " quotes', f'write "{value.strip(chr(39))}"'
    if form == "duration":
        return _wrong_duration(node)
    if form in ("int", "number"):
        return _wrong_number(node, form)
    if form == "bool" and str(value).lower() not in ("true", "false"):
        return f"{node.text!r} is neither true nor false", "write true or false"
    if "|" in form and str(value) not in form.split("|") and str(value).lower() not in _insensitive(form):
        return f"{node.text!r} is not one of {form.replace('|', ', ')}", nearest(str(value), form.split("|"))
    return None


def _insensitive(form: str) -> tuple[str, ...]:
    """Choices that Divolte reads in any case: those of the user agent parser only."""
    return tuple(form.split("|")) if "updating" in form else ()


def _wrong_duration(node: Node) -> tuple[str, str] | None:
    if isinstance(node.value, int | float) and not node.quoted:
        return f"is the bare number {node.text}: Divolte exits", f'write "{node.text} seconds"'
    found = _DURATION.fullmatch(node.text)
    if found is None:
        return f"{node.text!r} is no duration", 'write such as "30 minutes"'
    if found[1] and found[1] not in _UNITS:
        return f"{node.text!r}: there is no unit {found[1]!r}", "use ns, us, ms, s, m, h or d"
    return None


def _wrong_number(node: Node, form: str) -> tuple[str, str] | None:
    try:
        number = float(node.text)
    except ValueError:
        if _SIZE.fullmatch(node.text.strip()):
            return f"{node.text!r} has a unit: Divolte reads plain numbers only", "write the number of bytes"
        return f"{node.text!r} is no number", "write a number"
    if form == "int" and number != number // 1:
        return f"{node.text} is not whole", "write a whole number"
    return None


def names(node: Node | None) -> list[str]:
    """The texts of a list, or the keys of a block."""
    if node is None or not isinstance(node.value, dict | list):
        return []
    if isinstance(node.value, dict):
        return list(node.value)
    return [one.value for one in node.value if isinstance(one.value, str)]


def _references(where: str, divolte: Node) -> Iterator[Problem]:
    sources, sinks, mappings = (divolte.get(kind) for kind in ("sources", "sinks", "mappings"))
    known = {
        "sources": names(sources) if sources is not None else ["browser"],
        "sinks": names(sinks) if sinks is not None else ["hdfs", "kafka", "gcps"],
    }
    for name in set(known["sources"]) & set(known["sinks"]):
        problem = f"{name!r} is a source and a sink"
        node = sinks.get(name) if sinks is not None else divolte
        yield fault(where, node, "DKD658", problem, "give one of them another name", of_key=True)
    if mappings is None or not isinstance(mappings.value, dict):
        return
    for name, mapping in mappings.value.items():
        yield from _mapping(where, name, mapping, known, sinks)
    yield from _shared(where, mappings.value)
    yield from _unused(where, divolte, mappings.value)


def _mapping(
    where: str, name: str, mapping: Node, known: Mapping[str, list[str]], sinks: Node | None
) -> Iterator[Problem]:
    for kind, defined in known.items():
        if mapping.get(kind) is None:
            yield fault(where, mapping, "DKD658", f"mapping {name!r} has no {kind}", f"add {kind} = […]", of_key=True)
        for one in names(mapping.get(kind)):
            if one not in defined:
                problem = f"mapping {name!r} names {one!r}, which {kind} doesn't define"
                yield fault(where, mapping.get(kind), "DKD658", problem, nearest(one, defined))
    schema, script = mapping.get("schema_file"), mapping.get("mapping_script_file")
    if schema is not None and script is None:
        problem = f"mapping {name!r} has schema_file without mapping_script_file: records don't fit the schema"
        yield fault(where, schema, "DKD658", problem, "give both, or neither", of_key=True)
    if script is not None and schema is None:
        problem = f"mapping {name!r} has mapping_script_file without schema_file: it fills Divolte's own record only"
        yield fault(where, script, "DKD658", problem, "give both, or neither", of_key=True)
    for one in names(mapping.get("sinks")):
        mode = sinks.get(one, "mode") if sinks is not None else None
        if mode is not None and str(mode.value).lower() == "confluent" and mapping.get("confluent_id") is None:
            problem = f"mapping {name!r} writes to {one!r}, whose mode is confluent, without confluent_id"
            yield fault(where, mapping, "DKD658", problem, "add confluent_id = the schema's id", of_key=True)


def _shared(where: str, mappings: Mapping[str, Node]) -> Iterator[Problem]:
    """All mappings into one sink have one schema and one id."""
    first: dict[str, tuple[str, Node]] = {}
    for name, mapping in mappings.items():
        for sink in names(mapping.get("sinks")):
            other, earlier = first.setdefault(sink, (name, mapping))
            for key in ("schema_file", "confluent_id"):
                mine, theirs = mapping.get(key), earlier.get(key)
                values = {None if node is None else node.text for node in (mine, theirs)}
                if len(values) > 1:
                    problem = f"mappings {other!r} and {name!r} write to {sink!r} with different {key}"
                    yield fault(where, mine or mapping, "DKD658", problem, "give each its own sink", of_key=True)


def _unused(where: str, divolte: Node, mappings: Mapping[str, Node]) -> Iterator[Problem]:
    used = {sink for mapping in mappings.values() for sink in names(mapping.get("sinks"))}
    sinks = divolte.get("sinks")
    for name, sink in sinks.value.items() if sinks is not None and isinstance(sinks.value, dict) else ():
        kind = _plain_text(sink.get("type"))
        enabled = divolte.get("global", kind, "enabled")
        if name not in used:
            yield fault(
                where, sink, "DKD658", f"no mapping writes to sink {name!r}", "add it to one, or remove it", of_key=True
            )
        elif kind in ("kafka", "gcs", "gcps") and (enabled is None or enabled.value is False) and not _is_open(enabled):
            problem = f"sink {name!r} is ignored: divolte.global.{kind}.enabled is not true"
            yield fault(where, sink, "DKD658", problem, f"set divolte.global.{kind}.enabled = true", of_key=True)


def _is_open(node: Node | None) -> bool:
    """Whether the environment may set it."""
    return node is not None and bool(node.names)


def _variables(where: str, document: Document) -> Iterator[Problem]:
    for node in _all(document.root):
        for name in node.names:
            plain = name.removeprefix("?")
            if plain in VARIABLES:
                yield fault(where, node, "DKD659", f"${{{name}}} does nothing", VARIABLES[plain], of_key=True)
            if not name.startswith("?") and document.root.get(*plain.split(".")) is None:
                problem = f"${{{name}}} is nothing of this file: Divolte exits unless the environment sets it"
                yield fault(where, node, "DKD659", problem, f"write a default, and below it ${{?{name}}}")


def _all(node: Node) -> Iterator[Node]:
    yield node
    inner = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    for one in inner:
        yield from _all(one)
