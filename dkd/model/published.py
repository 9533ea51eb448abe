"""The model's types → the JSON Schema of the file as people write it, short forms and all."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from dkd.model.enrichers import Enrichers
from dkd.model.normal import SECTIONS
from dkd.model.schema import Model
from dkd.model.types import FieldType

Json = dict[str, Any]

_NOTHING: Json = {"type": "null"}
_SHORT: Mapping[str, list[Json]] = {
    "Field": [{"enum": list(get_args(FieldType)), "description": "a field that has only a type"}, _NOTHING],
    "Event": [_NOTHING],
    "Target": [_NOTHING],
}
"""What may stand for the long form of these, by their name: a field's type alone, or nothing at all."""


def json_schema() -> Json:
    """The JSON Schema (2020-12) of a model's file.

    It is a little stricter than dkd, which also takes a number that stands in quotes. What needs more than one place of
    the file to be seen, such as a name that leads nowhere, is told by ``dkd check`` alone.
    """
    found = _plain(Model.model_json_schema())
    kinds = found["$defs"]
    for kind in kinds.values():
        _shorten(kind)
    _shorten(found)
    steps = kinds["Field"]["properties"]["from"]
    kinds["Field"]["properties"]["from"] = {"description": steps["description"], **_steps()}
    for name in SECTIONS:
        section = found["properties"][name]
        found["properties"][name] = _or(section, [_enrichers()] if name == "enrich" else [], _NOTHING)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dkd model",
        **{key: value for key, value in found.items() if key != "$defs"},
        "$defs": dict(sorted(kinds.items())),
    }


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _plain(value: Any) -> Any:
    """*value* without what says nothing to people: titles made from names, and defaults that are whole sections."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, inner in value.items():
        if key == "title" and isinstance(inner, str):
            continue
        if key == "default" and (inner is None or isinstance(inner, dict) or inner == []):
            continue
        # Choices that exclude each other, as those of a union with a discriminator, are choices.
        plain = {name: _plain(one) for name, one in inner.items()} if key == "properties" else _plain(inner)
        found["anyOf" if key == "oneOf" else key] = plain
    if "patternProperties" in found:
        # A name of another form is no name.
        found["additionalProperties"] = False
    return found


def _shorten(kind: Json) -> None:
    """Let the short forms stand wherever *kind* has names of fields, events or targets."""
    for inner in kind.get("properties", {}).values():
        _shorten_names(inner)


def _shorten_names(kind: Json) -> None:
    for pattern, inner in kind.get("patternProperties", {}).items():
        name = str(inner.get("$ref", "")).rpartition("/")[2]
        if name in _SHORT:
            kind["patternProperties"][pattern] = {"anyOf": [inner, *_SHORT[name]]}
        else:
            _shorten_names(inner)


def _or(section: Json, *others: Any) -> Json:
    """*section*, or one of *others*; its description stays with the whole."""
    flat = [one for other in others for one in (other if isinstance(other, list) else [other])]
    inner = {key: value for key, value in section.items() if key != "description"}
    said = {"description": section["description"]} if "description" in section else {}
    return {**said, "anyOf": [inner, *flat]}


def _steps() -> Json:
    """What ``from:`` holds: the text of a source, a step, or a list of both."""
    one = [{"type": "string"}, {"$ref": "#/$defs/Step"}]
    return {"anyOf": [*one, {"type": "array", "items": {"anyOf": one}, "minItems": 1}, _NOTHING]}


def _enrichers() -> Json:
    """The list form: names, or a name with its options."""
    known = Enrichers.model_fields
    named = [{"const": name, "description": field.description} for name, field in known.items()]
    with_options = {
        "type": "object",
        "properties": {name: {"$ref": f"#/$defs/Enrichers/properties/{name}"} for name in known},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"type": "array", "items": {"anyOf": [*named, with_options]}}
