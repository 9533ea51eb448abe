"""Supervisors' files become values by dimension and setting, and a change of one is classed."""

import json
from collections.abc import Mapping
from typing import Any

from dkd.systems.classes import ChangeClass
from dkd.systems.flat import flat


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Each dimension, and each other value of the spec by its dotted path, by datasource."""
    found: dict[str, object] = {}
    for text in files.values():
        found |= _values(json.loads(text))
    return found


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What a change of the value at *address* does to stored and to coming rows."""
    _, _, place = address.split("/", 2)
    if place.startswith("dimension/"):
        if before is None:
            return "additive"
        return "needs-order" if after is None else "needs-backfill"
    if before is None and place in ("type", "dataSchema.timestampSpec.column"):
        return "additive"
    return next((kind for start, kind in _CLASSES if place.startswith(start)), "blocked")


_CLASSES: tuple[tuple[str, ChangeClass], ...] = (
    ("dataSchema.timestampSpec.", "semantic"),
    # Only intervals without any segment get the new one.
    ("dataSchema.granularitySpec.segmentGranularity", "additive"),
    ("dataSchema.granularitySpec.", "destructive"),
    # Druid would go on in the other topic at this one's offsets.
    ("ioConfig.topic", "needs-order"),
    ("ioConfig.inputFormat", "needs-new-topic"),
    ("ioConfig.useEarliestOffset", "semantic"),
    ("ioConfig.", "safe"),
    ("tuningConfig.", "safe"),
    ("context.", "safe"),
)
"""The first that an address begins with counts."""


def _values(supervisor: dict[str, Any]) -> dict[str, object]:
    spec = supervisor["spec"]
    schema = dict(spec["dataSchema"])
    dimensions = schema.pop("dimensionsSpec")["dimensions"]
    address = f"supervisor/{schema.pop('dataSource')}"
    named = {f"{address}/dimension/{one['name']}": _shown(one) for one in dimensions}
    rest = {"dataSchema": schema, "ioConfig": spec["ioConfig"], "tuningConfig": spec["tuningConfig"]}
    places = flat({**rest, "context": supervisor["context"]}, "", ".")
    return named | {f"{address}/{place.removeprefix('.')}": value for place, value in places.items()}


def _shown(dimension: Mapping[str, object]) -> object:
    """A plain dimension as its type alone."""
    rest = {key: value for key, value in dimension.items() if key != "name"}
    return rest["type"] if rest.keys() == {"type"} else rest
