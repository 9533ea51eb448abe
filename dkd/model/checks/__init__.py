"""Model → mistakes that types alone cannot see, and advice on what works and may be meant otherwise."""

from collections.abc import Iterator

from dkd.model.checks.advice import advice
from dkd.model.checks.conventions import conventions
from dkd.model.checks.dimensions import dimensions
from dkd.model.checks.enrichers import enrichers
from dkd.model.checks.fields import fields
from dkd.model.checks.finding import Finding
from dkd.model.checks.measures import measures
from dkd.model.checks.names import names
from dkd.model.checks.sources import sources
from dkd.model.checks.storage import storage
from dkd.model.checks.targets import collector, local, secrets
from dkd.model.schema import Model

_CHECKS = (fields, sources, dimensions, measures, enrichers, storage, local, secrets, collector, names)


def check(model: Model) -> Iterator[Finding]:
    """Every mistake of *model*, in no useful order; the codes are stable."""
    for found in _CHECKS:
        yield from found(model)


def advise(model: Model) -> Iterator[Finding]:
    """What may be meant otherwise in a *model* without mistakes, in no useful order."""
    yield from advice(model)
    yield from conventions(model)
