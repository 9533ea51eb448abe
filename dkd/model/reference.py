"""The published JSON Schema → the Markdown page of every key that a model may hold."""

from collections.abc import Iterator
from typing import Any

from dkd.model.published import Json, json_schema

_HEAD = """\
# Every key of the model

Made by `dkd schema --format markdown`. A key may be left out, unless it is *needed*. Wherever a field is wanted, its
type alone will do (`price: double`); durations are a whole number with one of the units ms, s, m, h and d.

"""


def page() -> str:
    """Tables of the keys of each part of the file, the whole file first."""
    schema = json_schema()
    kinds = schema["$defs"]
    order = ["Model", *_reached(schema, kinds)]
    parts = {"Model": schema, **kinds}
    return _HEAD + "\n".join(_part(name, parts[name]) for name in order if parts[name].get("properties"))


def _reached(kind: Json, kinds: Json) -> list[str]:
    """Names of the parts in the order in which the file comes to them."""
    found: dict[str, None] = {}
    _reach(kind, kinds, found)
    return list(found)


def _reach(kind: Json, kinds: Json, found: dict[str, None]) -> None:
    for name in _named(kind.get("properties", {})):
        # A part may hold others of its own kind.
        if name not in found:
            found[name] = None
            _reach(kinds[name], kinds, found)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        name = str(value.get("$ref", ""))
        if name.startswith("#/$defs/") and name.count("/") == 2:
            yield name.rpartition("/")[2]
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _part(name: str, kind: Json) -> str:
    title = "The file" if name == "Model" else name
    rows = [_row(key, one, is_needed=key in kind.get("required", [])) for key, one in kind["properties"].items()]
    table = "\n".join(["| key | value | default | what it says |", "|---|---|---|---|", *rows])
    return f"## {title}\n\n{kind['description']}\n\n{table}\n"


def _row(key: str, one: Json, *, is_needed: bool) -> str:
    default = "*needed*" if is_needed else f"`{_shown(one['default'])}`" if "default" in one else ""
    return f"| `{key}` | {_kind(one)} | {default} | {_cell(one.get('description', ''))} |"


def _kind(one: Json) -> str:
    """What may stand there, in a word or two."""
    if "anyOf" in one:
        # A field's type alone is told once, at the head of the page.
        hidden = {"enum"} if any("$ref" in inner for inner in one["anyOf"]) else set()
        wanted = [inner for inner in one["anyOf"] if inner.get("type") != "null" and not hidden & inner.keys()]
        kinds = dict.fromkeys(map(_kind, wanted))
        said = " or ".join(kinds)
        return said.replace("text or whole number or number or true or false", "value").replace(
            "whole number or number", "number"
        )
    if "$ref" in one:
        name = str(one["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in one or "const" in one:
        return ", ".join(f"`{_shown(value)}`" for value in one.get("enum", [one.get("const")]))
    if one.get("type") == "array":
        return f"list of {_kind(one['items'])}" if "items" in one else "list"
    if "patternProperties" in one:
        return f"names, each with {_kind(next(iter(one['patternProperties'].values())))}"
    if one.get("type") == "object":
        return "one of them with its options" if "properties" in one else "mapping"
    if one.get("examples"):
        return "duration"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}[one["type"]]


def _shown(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
