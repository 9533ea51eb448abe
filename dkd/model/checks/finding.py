"""What every check needs: the form of a finding, the places of fields, and words for a name that leads nowhere."""

from collections.abc import Iterator
from difflib import get_close_matches

from dkd.model.schema import Field, Model
from dkd.model.tree import Path

Finding = tuple[Path, str, str, str]
"""Path into the model, code, problem, remedy."""


def places(model: Model) -> Iterator[tuple[Path, str, Field]]:
    """Every field with its path and name, in the order of the file: shared ones first, then event by event."""
    for name, field in model.fields.items():
        yield ("fields", name), name, field
    for event, body in model.events.items():
        for name, field in body.fields.items():
            yield ("events", event, "fields", name), name, field


def unknown(kind: str, name: str, names: set[str] | frozenset[str]) -> tuple[str, str]:
    """Problem and remedy of a *name* that is none of *names*."""
    close = get_close_matches(name, sorted(names), n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(sorted(names)[:12]) or 'none'}"
    return f"there is no {kind} {name!r}", remedy
