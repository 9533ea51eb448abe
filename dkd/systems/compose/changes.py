"""The compose file becomes values by service and setting; as it runs one machine only, every change is safe."""

from collections.abc import Mapping

import yaml

from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.systems.flat import flat
from dkd.systems.rules import Edit

WHOLE = r"service/[^/]+"
"""The address of a whole artefact."""


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Every setting of every service, by their names."""
    found: dict[str, object] = {}
    for text in files.values():
        for name, service in yaml.load(text, Loader=yaml.CSafeLoader)["services"].items():
            found |= flat(service, f"service/{name}")
    # A variable without a value is passed on from whoever runs compose.
    return {address: "${}" if value is None else value for address, value in found.items()}


def rule(edit: Edit) -> str:  # noqa: ARG001  # the signature of a row
    """Always the same."""
    return "DKD997"


def cause(place: str, model: Model) -> Path:  # noqa: ARG001  # the signature of a row
    """No part of the model alone."""
    return ("site",)
