"""Artefacts become text that is the same anywhere, any day: in a fixed order, without dates, lines ending alike."""

import json
from collections.abc import Mapping
from typing import Any

Artefacts = Mapping[str, str]
"""Path relative to the project's directory, with ``/``, to the text of the file."""


def mark(site: str, comment: str) -> str:
    """The first line of every file whose format has comments; *comment* is what opens one there."""
    return f"{comment} rendered by dkd from specs/{site}.yaml, do not edit\n"


def json_text(value: object) -> str:
    """Indented JSON in the order of *value*, plain ASCII, with a line end."""
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def yaml_text(value: Mapping[str, Any], indent: int = 0) -> str:
    """Block YAML of mappings, lists of scalars or of mappings, and scalars; every text is quoted and plain ASCII.

    No quoted text can be read as another type or end early. Keys are dkd's own or names of the model, so they stand
    plain.
    """
    lines = [_entry(" " * indent + f"{key}:", inner, indent) for key, inner in value.items()]
    return "".join(lines)


def _entry(opening: str, value: object, indent: int) -> str:
    if isinstance(value, Mapping) and value:
        return f"{opening}\n{yaml_text(value, indent + 2)}"
    if isinstance(value, list | tuple) and any(isinstance(inner, Mapping) for inner in value):
        return f"{opening}\n" + "".join(_item(inner, indent + 2) for inner in value)
    return f"{opening} {_flow(value)}\n"


def _item(value: object, indent: int) -> str:
    if not isinstance(value, Mapping):
        return f"{' ' * indent}- {_flow(value)}\n"
    return " " * indent + "- " + yaml_text(value, indent + 2).lstrip(" ")


def _flow(value: object) -> str:
    """JSON, which YAML reads for what it is, but for its pairs of escapes: YAML has one for a whole character."""
    if isinstance(value, str):
        return (
            '"' + "".join(json.dumps(one)[1:-1] if ord(one) < 0x10000 else f"\\U{ord(one):08x}" for one in value) + '"'
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value)
