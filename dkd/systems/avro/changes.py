"""The raw schema becomes values by field, and a change of one is classed by Avro's rules of resolution."""

import json
from collections.abc import Mapping

from dkd.systems.classes import ChangeClass

_PROMOTED: Mapping[str, frozenset[str]] = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
}
"""What a reader may have where a writer had the type on the left; it never holds the other way round."""


def values(files: Mapping[str, str]) -> dict[str, object]:
    """The schema's id and the type of each field; *files* hold one schema, under its id."""
    found: dict[str, object] = {}
    for path, text in files.items():
        schema = json.loads(text)
        address = f"schema/{schema['namespace'].removeprefix('dkd.')}.raw"
        found[f"{address}/id"] = int(path.rpartition("/")[2].removesuffix(".avsc"))
        found |= {f"{address}/field/{field['name']}": _type(field["type"]) for field in schema["fields"]}
    return found


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What a change of the value at *address* does to whoever reads old and new records."""
    if address.endswith("/id"):
        # Every schema is kept by its id, so a reader knows the new one and all old ones.
        return "safe"
    if before is None:
        return "additive"
    if after is None:
        return "needs-order"
    return "needs-order" if after in _PROMOTED.get(str(before), ()) else "blocked"


def _type(avro_type: object) -> object:
    """The type without the null that every field allows."""
    if isinstance(avro_type, list):
        branches = [_type(branch) for branch in avro_type if branch != "null"]
        return branches[0] if len(branches) == 1 else branches
    if isinstance(avro_type, Mapping) and avro_type.get("type") == "array":
        return f"list of {_type(avro_type['items'])}"
    return avro_type
