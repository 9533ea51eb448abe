"""The raw schema becomes values by field, and a change of one finds its rule, by Avro's rules of resolution."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dkd.model.columns import RAW_FIELDS
from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.systems.avro.render import Schema, semantic
from dkd.systems.avro.resolve import Effect, effects, has_json_form, strict_default
from dkd.systems.rules import UNKNOWN, Edit

WHOLE = r"schema/[^/]+"
"""The address of a whole artefact."""

_LIST = {"type": "array", "items": ["null", "string"]}


def values(files: Mapping[str, str]) -> dict[str, object]:
    """The schema's id, its record's name, its fields and their order; *files* hold one schema, under its id."""
    found: dict[str, object] = {}
    for path, text in files.items():
        schema = json.loads(text)
        address = f"schema/{schema['namespace'].removeprefix('dkd.')}.raw"
        found[f"{address}/id"] = int(path.rpartition("/")[2].removesuffix(".avsc"))
        found[f"{address}/record"] = schema["name"]
        found |= {f"{address}/field/{name}": value for name, value in field_values(schema).items()}
        found[f"{address}/order"] = [field["name"] for field in schema["fields"]]
    return found


def field_values(schema: Schema) -> dict[str, object]:
    """Each field's value: the type's name where it is nullable with default null, else the whole field."""
    return {field["name"]: _short(field) for field in schema["fields"]}


def rule(edit: Edit) -> str | None:
    """The code of the rule for *edit*; None where other lines tell it all."""
    _, _, place = edit.place.split("/", 2) if edit.place.count("/") > 1 else ("", "", "")
    if place == "order":
        return None if _same_order(edit.before, edit.after) else "DKD914"
    if place in ("id", "record"):
        return "DKD901" if place == "id" else "DKD915"
    if place.startswith("field/"):
        return _field_rule(edit)
    if not place:
        # A new site's schema, or that of a site that is gone.
        return "DKD902" if edit.before is None else "DKD903"
    return UNKNOWN.code


def clashes(schema: Schema, kept: Mapping[int, Schema], known: Schema) -> Iterator[tuple[str, object, object, str]]:
    """Fields that changed and do not fit records of an older version.

    Args:
        schema: The new one.
        kept: Versions of which records are still retained, by id.
        known: The version before, whose changes have lines of their own.

    Yields:
        Address within the schema, the field's value there, the new value, and the code of the rule.
    """
    now, before = field_values(schema), field_values(known)
    for version, older in sorted(kept.items()):
        for name, value in field_values(older).items():
            if name not in now or now[name] in (value, before.get(name)) or value == before.get(name):
                continue
            code = _type_rule(_long(value), _long(now[name]))
            if code is not None and code != "DKD904":
                yield f"version/{version}/field/{name}", value, now[name], _AT_VERSION.get(code, "DKD918")


_AT_VERSION = {"DKD906": "DKD906", "DKD907": "DKD907"}


def cause(place: str, model: Model) -> Path | None:
    """Where in *model* stands what makes the value at *place*; None where that is not in it."""
    name = place.rpartition("/")[2]
    if any(name == field.name for field in RAW_FIELDS):
        return ("collector", "ip")
    return model.field_path(name) if "/field/" in place else ("site",)


def _field_rule(edit: Edit) -> str | None:
    if edit.before is None:
        return _added_rule(_long(edit.after))
    old = _long(edit.before)
    if edit.after is None:
        if "default" not in old:
            return "DKD919"
        return "DKD917" if _aliased(edit) else "DKD903"
    return _changed_rule(old, _long(edit.after))


def _added_rule(field: Mapping[str, Any]) -> str:
    if not has_json_form(field["type"]):
        return "DKD926"
    if "default" not in field:
        return "DKD919"
    if not strict_default(field["type"], field["default"]):
        return "DKD916"
    return "DKD917" if field.get("aliases") else "DKD902"


def _changed_rule(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if "default" not in new and "default" in old:
        return "DKD919"
    if "default" in new and not strict_default(new["type"], new["default"]):
        return "DKD916"
    if not has_json_form(new["type"]) and has_json_form(old["type"]):
        return "DKD926"
    found = _type_rule(old, new)
    if found:
        return found
    if ("default" in old, old.get("default")) != ("default" in new, new.get("default")):
        return "DKD913"
    return "DKD917" if old.get("aliases") != new.get("aliases") else "DKD901"


def _type_rule(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    forth, back = effects(old["type"], new["type"]), effects(new["type"], old["type"])
    return next((code for code, one, other in _BY_EFFECT if one & forth or other & back), None)


_BY_EFFECT: tuple[tuple[str, frozenset[Effect], frozenset[Effect]], ...] = (
    ("DKD905", frozenset({"fails"}), frozenset()),
    ("DKD907", frozenset({"logical"}), frozenset({"logical"})),
    ("DKD906", frozenset({"lossy"}), frozenset()),
    ("DKD909", frozenset(), frozenset({"symbol"})),
    ("DKD910", frozenset({"symbol", "defaulted"}), frozenset()),
    ("DKD908", frozenset(), frozenset({"defaulted"})),
    ("DKD912", frozenset({"null"}), frozenset()),
    ("DKD904", frozenset({"wider"}), frozenset()),
    ("DKD911", frozenset(), frozenset({"null"})),
    ("DKD905", frozenset(), frozenset({"fails"})),
    ("DKD906", frozenset(), frozenset({"lossy", "wider"})),
)
"""Code; one of these happens to old values for new readers, or one of those to new values for old readers. The first
that applies counts."""


def _aliased(edit: Edit) -> bool:
    start, _, name = edit.place.rpartition("/")
    fields = (edit.now(f"{start}/{one}") for one in edit.names(edit.new, f"{start}/"))
    return any(name in field.get("aliases", ()) for field in fields if isinstance(field, Mapping))


def _same_order(before: object, after: object) -> bool:
    old, new = (value if isinstance(value, list) else [] for value in (before, after))
    return [name for name in old if name in set(new)] == [name for name in new if name in set(old)]


def _short(field: Mapping[str, Any]) -> object:
    """A field's value, short where it is the usual one: nullable with default null."""
    kept = {key: value for key, value in semantic(field).items() if key != "name"}
    inner = field["type"][1] if isinstance(field["type"], list) and len(field["type"]) == 2 else None
    if kept != {"type": ["null", inner], "default": None}:
        return kept
    return inner if isinstance(inner, str) else "list" if inner == _LIST else kept


def _long(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {"type": ["null", _LIST if value == "list" else value], "default": None}
