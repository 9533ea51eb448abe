"""Names of the past → those that are used again or claimed twice."""

from collections.abc import Iterator

from dkd.model.checks.finding import Finding, places
from dkd.model.schema import Model
from dkd.model.tree import Path


def names(model: Model) -> Iterator[Finding]:
    """Names of the past: none is used again, and none is claimed twice."""
    named: list[tuple[Path, str, str | None]] = [(path, name, field.was) for path, name, field in places(model)]
    named += [(("events", name), name, event.was) for name, event in model.events.items()]
    for path, name, was in named:
        if name in model.reserved:
            yield (path, "DKD224", f"{name!r} is reserved", "choose another name; stored rows hold the old meaning")
        if was is not None and was == name:
            yield ((*path, "was"), "DKD225", f"{name!r} cannot have been itself", "remove was")
        if was is not None and any(was == other and name != one for _, one, other in named):
            yield ((*path, "was"), "DKD225", f"two names were {was!r} before", "keep one of them")
