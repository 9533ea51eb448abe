"""Two files of one system, rendered or written by hand, become what differs between them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dkd.errors import ModelError, UsageError
from dkd.jobs.git import files_at
from dkd.model.load import decoded
from dkd.plan.diff import Changed, diff
from dkd.systems.avro.render import schema_id
from dkd.systems.druid.normal import normal
from dkd.systems.table import SYSTEMS, rule_of, whole_of

_KINDS: Mapping[str, tuple[str, str]] = {
    ".avsc": ("avro", "schema of raw records"),
    ".json": ("druid", "spec of a supervisor"),
}
"""The system and the kind of file, by the end of its name."""


def is_artefact(place: str) -> bool:
    """Whether *place* names a file that is compared by itself: an Avro schema or a supervisor's spec."""
    return Path(place).suffix in _KINDS


def artefact_changes(old: str, new: str) -> list[Changed]:
    """What differs between two files, each a path or ``REF:FILE``.

    Raises:
        UsageError: DKD260, when one is not there, or they are not of one kind.
        ModelError: DKD200 or DKD269, when one is not what its name says.
    """
    if Path(old).suffix != Path(new).suffix:
        problem = f"{new} is not of the same kind"
        raise UsageError("DKD260", where=old, problem=problem, remedy="compare two schemas, two specs, or two models")
    return diff(_values(old), _values(new), rule_of, whole_of)


def _values(place: str) -> dict[str, object]:
    name, kind = _KINDS[Path(place).suffix]
    row = next(system for system in SYSTEMS if system.name == name)
    text = decoded(_content(place), place)
    try:
        artefact = json.loads(text)
        found = row.values(_file(name, artefact))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        why = f": it has no {error}" if isinstance(error, KeyError) else ""
        raise ModelError(
            "DKD269", where=place, problem=f"this is no {kind}{why}", remedy="name a file of that kind"
        ) from error
    return {f"{name}/{address}": value for address, value in found.items() if value is not None}


def _file(system: str, artefact: dict[str, Any]) -> dict[str, str]:
    """The artefact as the system's own file; of a supervisor in the form in which Druid gives it back."""
    if system == "avro":
        return {f"schemas/{schema_id(artefact)}.avsc": json.dumps(artefact)}
    whole = normal(artefact)
    spec = {part: whole.pop(part) for part in ("dataSchema", "ioConfig", "tuningConfig")}
    return {"supervisor.json": json.dumps({**whole, "spec": spec})}


def _content(place: str) -> bytes:
    path = Path(place)
    if path.is_file():
        try:
            return path.read_bytes()
        except OSError as error:
            raise UsageError(
                "DKD110", where=place, problem=str(error.strerror), remedy="name a readable file"
            ) from error
    ref, colon, name = place.partition(":")
    found = files_at(ref, name).get(name) if colon and name else None
    if found is None:
        raise UsageError("DKD260", where=place, problem="there is no such file", remedy="name a file, or REF:FILE")
    return found
