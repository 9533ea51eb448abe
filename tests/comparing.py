"""Texts of models, and artefacts of one system, become the changes between them."""

from dkd.jobs.changes import changes
from dkd.jobs.versions import Versions, version
from dkd.plan.diff import Changed, diff
from dkd.systems.table import SYSTEMS, rule_of, whole_of


def versions(*texts: str, kept: dict[str, bytes] | None = None) -> Versions:
    """One side of a comparison."""
    found = [version(text, "specs/shop.yaml", kept) for text in texts]
    return {one.model.site: one for one in found}


def changed(old: str, new: str) -> list[Changed]:
    """What differs between two models."""
    return changes(versions(old), versions(new))


def classed(found: list[Changed]) -> dict[str, str]:
    """Address to class and code, in one word."""
    return {one.address: f"{one.effect} {one.rule.code}" for one in found}


def edited(system: str, old: dict[str, str], new: dict[str, str]) -> list[Changed]:
    """What differs between two sets of one system's files, which need not come from a model."""
    row = next(one for one in SYSTEMS if one.name == system)
    start = f"{system}/shop/" if row.by_site else f"{system}/"
    before, after = ({start + place: value for place, value in row.values(files).items()} for files in (old, new))
    return diff(before, after, rule_of, whole_of)
