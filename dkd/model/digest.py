"""A model becomes short names of itself: of all that it says, and of what collectors and enrichers do by it."""

import hashlib
import json
from typing import Any

from dkd.model.schema import Model

_RUNNING = ("site", "collector", "events", "fields", "enrich")
"""The parts of a model by which collectors and enrichers work."""


def digest(model: Model) -> str:
    """12 hex digits of all that *model* says, whatever its file looks like."""
    return _digest(dumped(model))


def running_digest(model: Model) -> str:
    """12 hex digits of what collectors and enrichers do by *model*; they report it, and a deploy waits for it."""
    whole = dumped(model)
    return _digest(_without_descriptions({part: whole.get(part) for part in _RUNNING}))


def dumped(model: Model) -> dict[str, Any]:
    """*model* as JSON, which loads as the same model; secrets are names in it, never values."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _digest(value: Any) -> str:
    # In the file's order: it is the order of the fields in Avro's records.
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        # A field may be named description; a text of that name is one.
        kept = {name: inner for name, inner in value.items() if name != "description" or not isinstance(inner, str)}
        return {name: _without_descriptions(inner) for name, inner in kept.items()}
    return [_without_descriptions(inner) for inner in value] if isinstance(value, list) else value
