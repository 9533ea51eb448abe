"""An Avro schema, or some records → what is known of the records of a topic: their columns, types and times."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_AVRO = {
    "string": "string", "bytes": "string", "enum": "string", "fixed": "string", "int": "long", "long": "long",
    "float": "double", "double": "double", "boolean": "boolean", "array": "list", "record": "object", "map": "object",
}  # fmt: skip
_LOGICAL = {"timestamp-millis": "millis", "timestamp-micros": "micro", "timestamp-nanos": "nano"}
_DIVOLTE_TIMES = frozenset({"timestamp", "clientTimestamp"})
_MS = re.compile(r"(?:.*_)?(?:ms|millis)|.*(?:Ms|Millis)|kafka\.timestamp")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_SPACED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DIGITS = re.compile(r"-?\d{1,20}(?:\.\d+)?", re.ASCII)
_MAGNITUDES = (("nano", 10**17), ("micro", 10**14), ("millis", 10**11), ("posix", 10**8))
"""From which number on a time since 1970 counts in what: 10**11 ms is 1973, 10**11 s the year 5138."""


class Known(NamedTuple):
    """What is known of records.

    Attributes:
        types: Column to string, long, double, boolean, list or object; None where only null was seen.
        times: Column to Druid's name of the format of its times, of those that hold any.
        origin: Where that is known from.
    """

    types: Mapping[str, str | None]
    times: Mapping[str, str]
    origin: str


NOTHING = Known({}, {}, "")


def unwrapped(schema: Any) -> Any:
    """The branch of a nullable union; any other schema as it is."""
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        return branches[0] if len(branches) == 1 else schema
    return schema


def avro_kind(schema: Any) -> str:
    """The name of an Avro type, such as ``long`` or ``array``; empty for what has none."""
    inner = unwrapped(schema)
    kind = inner.get("type") if isinstance(inner, dict) else inner
    return kind if isinstance(kind, str) else avro_kind(kind) if isinstance(kind, dict) else ""


def time_of_name(name: str) -> str | None:
    """The format that the name of a column tells, such as millis of ``timestamp_ms``."""
    return "millis" if _MS.fullmatch(name) else None


def of_schema(schema: Any, origin: str) -> Known:
    """What the record schema *schema*, as plain values, tells; nothing when it is none."""
    fields = schema.get("fields") if isinstance(schema, dict) else None
    types: dict[str, str | None] = {}
    times: dict[str, str] = {}
    for field in fields if isinstance(fields, list) else ():
        if not isinstance(field, dict) or not isinstance(field.get("name"), str):
            continue
        name, inner = field["name"], unwrapped(field.get("type"))
        types[name] = _AVRO.get(avro_kind(inner))
        logical = _LOGICAL.get(str(inner.get("logicalType"))) if isinstance(inner, dict) else None
        by_name = "millis" if name in _DIVOLTE_TIMES else time_of_name(name)
        found = logical or (by_name if types[name] == "long" else None)
        if found:
            times[name] = found
    return Known(types, times, origin)


def of_records(records: Iterable[Mapping[str, Any]], origin: str) -> Known:
    """What *records* tell: a column's type is the widest of its values'."""
    values: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            values.setdefault(str(name), []).extend([] if value is None else [value])
    times = {name: found for name, seen in values.items() if (found := time_format(seen))}
    return Known({name: _type_of(seen) for name, seen in values.items()}, times, origin)


def time_format(values: Iterable[Any]) -> str | None:
    """Druid's name of the format that all of *values* have as times; None when they are none, or not alike."""
    found = {_format_of(value) for value in values}
    return found.pop() if len(found) == 1 else None


def _format_of(value: Any) -> str | None:
    text = str(value)
    if isinstance(value, bool | dict | list):
        return None
    if _DIGITS.fullmatch(text):
        number = abs(float(text))
        return next((name for name, least in _MAGNITUDES if number >= least), None)
    if _ISO.fullmatch(text):
        return "iso"
    return "yyyy-MM-dd HH:mm:ss" if _SPACED.fullmatch(text) else None


def _type_of(values: list[Any]) -> str | None:
    kinds = {_kind_of(value) for value in values}
    if kinds == {"long", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else "string" if kinds else None


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "double"
    return "list" if isinstance(value, list) else "object" if isinstance(value, dict) else "string"
