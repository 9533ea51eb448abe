"""What every check needs: the form of a finding, and the places of fields."""

from collections.abc import Iterator

from dkd.model.schema import Field, Model
from dkd.model.tree import Path

Finding = tuple[Path, str, str, str]
"""Path into the model, code, problem, remedy."""


def places(model: Model) -> Iterator[tuple[Path, str, Field]]:
    """Every field with its path and name: shared ones first, then event by event, then those of groups."""
    for name, field in model.fields.items():
        yield ("fields", name), name, field
    for event, body in model.events.items():
        for name, field in body.fields.items():
            yield ("events", event, "fields", name), name, field
    for group, fields in model.groups.items():
        for name, field in fields.items():
            yield ("groups", group, name), name, field
