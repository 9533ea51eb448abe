"""An Avro schema as found beside Divolte → what Avro 1.8.2 refuses, and what loses events later."""

import re
from collections.abc import Iterator
from typing import Any

from dkd.errors import Problem
from dkd.systems.faults import fault, nearest
from dkd.systems.places import Node
from dkd.systems.records import unwrapped

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_COMPLEX = frozenset({"record", "enum", "array", "map", "fixed", "error"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ALWAYS_FILLED = frozenset(
    {"detectedDuplicate", "detectedCorruption", "firstInSession", "timestamp", "clientTimestamp", "remoteHost"}
)
"""Fields of Divolte's own record without a default, whose producers always give a value."""
_SHOWN = 8


def is_schema(root: Node) -> bool:
    """Whether *root* looks like an Avro schema."""
    if isinstance(root.value, list):
        return any(is_schema(one) for one in root.value)
    return root.get("fields") is not None or (root.get("type") is not None and root.get("type").value in (  # type: ignore[union-attr]
        "record", "enum", "fixed", "array", "map",
    ))  # fmt: skip


def record_of(root: Node) -> Node | None:
    """The record of a schema; that of a union at the top when it has one only."""
    if isinstance(root.value, list):
        records = [one for one in root.value if one.get("fields") is not None]
        return records[0] if len(records) == 1 else None
    return root if root.get("fields") is not None else None


def faults(root: Node, where: str) -> Iterator[Problem]:
    """The faults of a schema file."""
    reader = _Reader(where)
    if isinstance(root.value, list):
        problem = "the top is a union: Divolte says Not a record and hangs"
        yield fault(where, root, "DKD666", problem, "keep the record alone")
    elif root.get("type") is None or root.get("type").value != "record":  # type: ignore[union-attr]
        yield fault(where, root, "DKD666", "the top is no record", 'write {"type": "record", "name": …, "fields": […]}')
    record = record_of(root)
    if record is not None:
        yield from reader.record(record, ())
    missing = reader.required
    if missing:
        names = ", ".join(missing[name] for name in list(missing)[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        problem = f"no default: {names}{more}"
        yield fault(where, reader.first, "DKD668", problem, 'write "type": ["null", T], "default": null')


class _Reader:
    """Walks through one schema."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.named: set[str] = set()
        self.required: dict[tuple[str, ...], str] = {}
        self.first: Node | None = None

    def record(self, node: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        yield from self.name(node, "record")
        fields = node.get("fields")
        if fields is None or not isinstance(fields.value, list):
            yield fault(self.where, fields or node, "DKD666", "a record has no list of fields", 'add "fields": […]')
            return
        seen: dict[str, str] = {}
        for field in fields.value:
            name = _text(field.get("name"))
            if name is None:
                yield fault(self.where, field, "DKD666", "a field has no name", "name it")
                continue
            yield from self.name(field, "field")
            earlier = seen.get(name.lower())
            if earlier == name:
                yield fault(self.where, field.get("name"), "DKD666", f"field {name!r} stands twice", "remove one")
            elif earlier is not None:
                problem = f"fields {earlier!r} and {name!r} differ in case only"
                yield fault(self.where, field.get("name"), "DKD666", problem, "give one another name")
            seen[name.lower()] = name
            yield from self.field(field, (*path, name))

    def name(self, node: Node, kind: str) -> Iterator[Problem]:
        found = node.get("name")
        name = _text(found)
        if name is None and kind != "field":
            yield fault(self.where, node, "DKD666", f"a {kind} has no name", 'add "name"')
        elif name is not None:
            parts = name.split(".") if kind != "field" else [name]
            if not all(_NAME.fullmatch(part) for part in parts):
                remedy = f"write {re.sub(r'[^A-Za-z0-9_]', '_', name)!r}"
                yield fault(self.where, found, "DKD666", f"{name!r} is no name to Avro", remedy)
            if kind != "field":
                self.named |= {name, parts[-1], f"{_text(node.get('namespace')) or ''}.{name}".lstrip(".")}

    def field(self, field: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        kind, default = field.get("type"), field.get("default")
        if kind is None:
            yield fault(self.where, field, "DKD666", f"field {path[-1]!r} has no type", 'add "type"')
            return
        yield from self.type(kind, path)
        if default is None:
            if not (len(path) == 1 and path[0] in ALWAYS_FILLED):
                self.required[path] = ".".join(path)
                self.first = self.first or field
            return
        first = kind.value[0] if isinstance(kind.value, list) and kind.value else kind
        if not _fits(default.plain(), first.plain()):
            shown, of = default.text or str(default.plain()), _shown(first.plain())
            problem = f"default {'null' if default.value is None else shown!r} of {path[-1]!r} is no {of}"
            branches = [one.plain() for one in kind.value] if isinstance(kind.value, list) else []
            fitting = [one for one in branches if _fits(default.plain(), one)]
            remedy = f"put {_shown(fitting[0])} first in the union" if fitting else f"write a default that is {of}"
            yield fault(self.where, default, "DKD667", problem, remedy)

    def type(self, node: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        value = node.value
        if isinstance(value, list):
            yield from self.union(node, path)
        elif isinstance(value, str):
            if value not in PRIMITIVES and value not in self.named and value.rpartition(".")[2] not in self.named:
                problem = f"{value!r} is not a defined type"
                yield fault(self.where, node, "DKD666", problem, nearest(value, PRIMITIVES | self.named))
        elif isinstance(value, dict):
            yield from self.complex(node, path)
        else:
            yield fault(self.where, node, "DKD666", f"{node.text or value!r} is no type", "name a type")

    def union(self, node: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        branches = node.value
        for one in branches:
            yield from self.type(one, path)
        has_null = any(one.value == "null" for one in branches)
        if len(branches) != 2 or not has_null:
            shown = ", ".join(_shown(one.plain()) for one in branches)
            problem = f"Divolte maps nothing onto the union [{shown}] of {'.'.join(path)!r}"
            yield fault(self.where, node, "DKD667", problem, 'write ["null", T]')

    def complex(self, node: Node, path: tuple[str, ...]) -> Iterator[Problem]:
        inner = node.get("type")
        kind = inner.value if inner is not None else None
        if kind in ("record", "error"):
            yield from self.record(node, path)
        elif kind in ("enum", "fixed"):
            yield from self.name(node, str(kind))
        elif kind == "array" or kind == "map":
            items = node.get("items" if kind == "array" else "values")
            if items is None:
                problem = f"the {kind} of {'.'.join(path)!r} doesn't say of what"
                yield fault(self.where, node, "DKD666", problem, f'add "{"items" if kind == "array" else "values"}"')
            else:
                yield from self.type(items, (*path, "[]"))
        elif inner is not None and (isinstance(kind, dict | list) or kind in PRIMITIVES):
            yield from self.type(inner, path)
        else:
            shown = inner.text if inner is not None else "none"
            problem = f"{shown!r} is not a defined type"
            yield fault(self.where, inner or node, "DKD666", problem, nearest(shown, PRIMITIVES | _COMPLEX))


def _text(node: Node | None) -> str | None:
    return node.value if node is not None and isinstance(node.value, str) else None


def _shown(schema: Any) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else schema
    return kind if isinstance(kind, str) else "a union" if isinstance(kind, list) else str(kind)


def _fits(value: Any, schema: Any) -> bool:
    """Whether a default is one of *schema*; a type that is not known is given the benefit of the doubt."""
    kind = schema.get("type") if isinstance(schema, dict) else schema
    if isinstance(kind, dict):
        return _fits(value, kind)
    if isinstance(kind, list):
        return bool(kind) and _fits(value, kind[0])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    checks = {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "int": is_number and isinstance(value, int),
        "long": is_number and isinstance(value, int),
        "float": is_number,
        "double": is_number,
        "string": isinstance(value, str),
        "bytes": isinstance(value, str),
        "fixed": isinstance(value, str),
        "enum": isinstance(value, str) and (not isinstance(schema, dict) or value in schema.get("symbols", [value])),
        "array": isinstance(value, list),
        "map": isinstance(value, dict),
        "record": isinstance(value, dict),
    }
    return checks.get(str(kind), True)


def field_types(root: Node) -> dict[str, Any]:
    """Each field of the record to its type, as plain values; nothing of what is no record."""
    record = record_of(root)
    fields = record.get("fields") if record is not None else None
    found = fields.value if fields is not None and isinstance(fields.value, list) else []
    named = ((_text(field.get("name")), field.get("type")) for field in found)
    return {name: unwrapped(kind.plain()) for name, kind in named if name is not None and kind is not None}


def without_default(root: Node) -> frozenset[str]:
    """The fields of the record that have no default."""
    record = record_of(root)
    fields = record.get("fields") if record is not None else None
    found = fields.value if fields is not None and isinstance(fields.value, list) else []
    return frozenset(name for one in found if (name := _text(one.get("name"))) and one.get("default") is None)
