"""A plain value → one line of YAML that is read as the same value, with quotes only where they are needed."""

import json
import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./$-]*(?: [A-Za-z0-9_./$-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def flow(value: Any) -> str:
    """*value*, made of dicts with plain keys, lists and scalars, as flow YAML; half a character becomes U+FFFD."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    # YAML has one escape for a whole character where JSON has two, and none for half of one.
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return '"' + "".join(json.dumps(one)[1:-1] if ord(one) < 0x10000 else f"\\U{ord(one):08x}" for one in whole) + '"'
