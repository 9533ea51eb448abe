"""Writer's type and reader's type → what happens to values, by the strictest reading of Avro's rules.

Where fastavro, Python's avro and Java disagree, what any of them refuses or changes counts. No field is resolved by
alias or by position.
"""

from collections.abc import Mapping
from typing import Any, Literal

Effect = Literal["fails", "null", "symbol", "defaulted", "logical", "lossy", "wider"]
"""``fails``: no value can be read, or not by all. ``null``: only a null fails. ``symbol``: only an unknown symbol
fails; ``defaulted``: it becomes the enum's default. ``logical``: the same bytes mean something else. ``lossy``: a large
number is rounded. ``wider``: every value is kept in a wider type."""

_EXACT = {"int": {"long", "double"}, "long": set[str](), "float": {"double"}}
_ROUNDED = {"int": {"float"}, "long": {"float", "double"}}
_LOGICAL = ("logicalType", "precision", "scale")


def effects(writer: Any, reader: Any) -> frozenset[Effect]:
    """What happens to values of type *writer* when they are read as *reader*; empty when nothing does."""
    if isinstance(writer, list):
        return frozenset().union(*(_branch(one, reader, nullable="null" in writer) for one in writer))
    if isinstance(reader, list):
        return _chosen(writer, reader)
    found: frozenset[Effect] = frozenset({"logical"}) if _meaning(writer) != _meaning(reader) else frozenset()
    return found | _plain(writer, reader)


def strict_default(avro_type: Any, default: object) -> bool:
    """Whether *default* is one of the first branch, in the form that the oldest Avro in use asks for."""
    first = avro_type[0] if isinstance(avro_type, list) and avro_type else avro_type
    kind = _kind(first)
    if kind in ("int", "long"):
        bits = 31 if kind == "int" else 63
        return type(default) is int and -(1 << bits) <= default < 1 << bits
    if kind in ("float", "double"):
        return type(default) is float
    if kind == "enum":
        return default in first["symbols"]
    if kind == "array":
        return isinstance(default, list) and all(strict_default(first["items"], one) for one in default)
    if kind in ("map", "record"):
        return isinstance(default, Mapping)
    expected: Mapping[str, type] = {"null": type(None), "boolean": bool, "string": str, "bytes": str, "fixed": str}
    return kind in expected and type(default) is expected[kind]


def has_json_form(avro_type: Any) -> bool:
    """Whether each value can stand in JSON as it is."""
    if isinstance(avro_type, list):
        return all(has_json_form(one) for one in avro_type)
    if isinstance(avro_type, Mapping) and avro_type["type"] in ("array", "map"):
        return has_json_form(avro_type["items" if avro_type["type"] == "array" else "values"])
    return _kind(avro_type) not in ("bytes", "fixed")


def _kind(avro_type: Any) -> str:
    return str(avro_type["type"] if isinstance(avro_type, Mapping) else avro_type)


def _meaning(avro_type: Any) -> tuple[object, ...]:
    return tuple(avro_type.get(key) for key in _LOGICAL) if isinstance(avro_type, Mapping) else (None,) * len(_LOGICAL)


def _branch(writer: Any, reader: Any, *, nullable: bool) -> frozenset[Effect]:
    """What happens to values of one branch of a writer's union; a null that has no place fails alone."""
    found = effects(writer, reader)
    return frozenset({"null"}) if nullable and writer == "null" and "fails" in found else found


def _chosen(writer: Any, reader: list[Any]) -> frozenset[Effect]:
    tried = [effects(writer, one) for one in reader]
    fitting = [one for one in tried if "fails" not in one]
    if not fitting:
        return frozenset({"fails"})
    # The first that fits, says the specification; the exact one, says Java.
    return fitting[0] if fitting[0] == min(fitting, key=len) else fitting[0] | {"lossy"}


def _plain(writer: Any, reader: Any) -> frozenset[Effect]:
    one, other = _kind(writer), _kind(reader)
    if one != other:
        if other in _EXACT.get(one, ()):
            return frozenset({"wider"})
        return frozenset({"lossy"}) if other in _ROUNDED.get(one, ()) else frozenset({"fails"})
    if one == "array":
        return effects(writer["items"], reader["items"])
    if one == "map":
        return effects(writer["values"], reader["values"])
    if one == "enum":
        return _enum(writer, reader)
    if one == "fixed":
        same = (writer["size"], _short(writer)) == (reader["size"], _short(reader))
        return frozenset() if same else frozenset({"fails"})
    # A nested record is resolved field by field elsewhere; dkd writes none, so another one is another type.
    return frozenset() if one != "record" or writer == reader else frozenset({"fails"})


def _enum(writer: Any, reader: Any) -> frozenset[Effect]:
    if _short(writer) != _short(reader):
        return frozenset({"fails"})
    if set(writer["symbols"]) <= set(reader["symbols"]):
        return frozenset()
    return frozenset({"defaulted"}) if "default" in reader else frozenset({"symbol"})


def _short(named: Mapping[str, Any]) -> str:
    return str(named.get("name", "")).rpartition(".")[2]
