"""A model becomes the Avro schema of its raw records, that schema's id, and the frame that carries the id."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dkd.errors import ModelError
from dkd.model.columns import RAW_FIELDS
from dkd.model.schema import Field, Model
from dkd.systems.text import json_text

Schema = dict[str, Any]

_LIST = {"type": "array", "items": ["null", "string"]}
"""Nullable items: Divolte 0.9.0 fails on a null among plain strings, and loses the other events of that batch too."""

_AVRO: dict[str, Any] = {
    "string": "string", "enum": "string", "boolean": "boolean", "int": "int", "long": "long", "float": "float",
    "double": "double", "timestamp": "long", "list": _LIST,
}  # fmt: skip

_KEPT = (
    "name", "namespace", "type", "logicalType", "precision", "scale", "size", "symbols", "items", "values", "fields",
    "default", "aliases",
)  # fmt: skip
"""The keys of a schema that decide what bytes mean to a writer or a reader, in the order of the semantic form."""


def raw_schema(model: Model) -> Schema:
    """The schema of a site's raw records.

    Returns:
        A record ``Event`` in the namespace ``dkd.<site>``: the fields of Divolte's own record, then the model's in its
        order, those with privacy ``drop`` left out. Every field has a default that fits its first branch, because
        Divolte's old Avro checks nothing and then fails on every event.

    Raises:
        ModelError: DKD250, when a field of the model bears the name of one of Divolte's.
    """
    standard = {field.name for field in RAW_FIELDS}
    own = {name: field for name, field in model.all_fields.items() if field.privacy != "drop"}
    taken = sorted(standard & own.keys())
    if taken:
        raise ModelError(
            "DKD250",
            where=f"field {taken[0]}",
            problem="the raw record has a field of that name already",
            remedy="choose another name",
        )
    fields = [_nullable(field.name, field.type) for field in RAW_FIELDS]
    fields[[field.name for field in RAW_FIELDS].index("eventType")] = {
        "name": "eventType",
        "type": "string",
        "default": "unknown",
    }
    fields += [{**_nullable(name, _AVRO[field.type]), **_doc(field)} for name, field in own.items()]
    return {"type": "record", "name": "Event", "namespace": f"dkd.{model.site}", "fields": fields}


def schema_id(schema: Schema) -> int:
    """31 bits that name *schema*: the same on every target, branch and machine, so nobody has to hand them out.

    They are the first four bytes of the SHA-256 of the semantic form, without the sign bit: Divolte's ``confluent_id``
    is a signed integer.
    """
    digest = hashlib.sha256(semantic_json(schema).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def frame(schema_id: int) -> bytes:
    """The five bytes before a record: zero, and the id with the highest byte first."""
    return b"\x00" + schema_id.to_bytes(4, "big")


def schema_json(schema: Schema) -> str:
    """The schema as a file, byte-stable."""
    return json_text(schema)


def semantic(schema: Any) -> Any:
    """*schema* without what no writer or reader can notice: documentation and the order of an object's keys.

    Unlike Avro's parsing canonical form it keeps defaults, aliases and logical types: schemas that differ in those
    decode the same bytes to different values.
    """
    if isinstance(schema, list):
        return [semantic(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: schema[key] for key in _KEPT if key in schema}
    for key in ("type", "items", "values", "fields"):
        if key in kept:
            kept[key] = semantic(kept[key])
    return kept


def semantic_json(schema: Schema) -> str:
    """The semantic form in one line; two schemas mean the same when these texts are equal."""
    return json.dumps(semantic(schema), separators=(",", ":"), ensure_ascii=True)


def _nullable(name: str, avro_type: Any) -> Schema:
    return {"name": name, "type": ["null", avro_type], "default": None}


def _doc(field: Field) -> dict[str, str]:
    unit = f"unit: {field.unit}" if field.unit else ""
    text = "; ".join(part for part in (field.description, unit) if part)
    return {"doc": text} if text else {}
