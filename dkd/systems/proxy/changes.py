"""A proxy's files hold only what the model says elsewhere, which has lines of its own: they make no values."""

from collections.abc import Mapping

from dkd.model.schema import Model
from dkd.systems.rules import UNKNOWN, Edit

WHOLE = ""
"""All of a site's files are one artefact."""


def values(files: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG001  # the signature of a row
    """None."""
    return {}


def rule(edit: Edit) -> str:  # noqa: ARG001  # the signature of a row
    """No rule knows a change of what has no values."""
    return UNKNOWN.code


def cause(place: str, model: Model) -> None:  # the signature of a row
    """Nothing in the model alone."""
