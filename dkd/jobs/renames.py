"""A removal and an addition that the new model calls one rename become one change, and what else changed with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dkd.jobs.versions import Version, Versions
from dkd.plan.diff import Changed
from dkd.systems.table import RULES, rule_of

_OF_FIELDS = ("field", "mapping", "dimension")
"""Parts of addresses after which the name of a field stands; after ``event`` that of an event does."""

_JUDGED = ("privacy", "unit")
"""What of a field has a meaning of its own under any name."""


def fused(found: Iterable[Changed], old: Versions, new: Versions) -> list[Changed]:
    """*found* with each removal and addition that are one rename as one change.

    A rename that also shows more of a personal value, or has another unit, is told with a line for that as well.
    """
    changes = list(found)
    pairs = {pair for site in old.keys() & new.keys() for pair in _renames(old[site], new[site])}
    gone = {one.address: one for one in changes if one.before is not None and one.after is None}
    earlier = {
        one.address: gone[was]
        for one in changes
        if one.before is None and (was := _before(one.address, pairs)) is not None and was in gone
    }
    taken = {one.address for one in earlier.values()}
    result: list[Changed] = []
    for one in changes:
        if one.address in earlier:
            result += _both(earlier[one.address], one)
        elif one.address not in taken:
            result.append(one)
    return result


def _renames(old: Version, new: Version) -> Iterator[tuple[str, str, str]]:
    """Kind, old and new name of each thing that left its old name and had its new one never before."""
    sides: Sequence[tuple[str, Mapping[str, object], Mapping[str, str | None]]] = (
        ("field", old.model.all_fields, {name: field.was for name, field in new.model.all_fields.items()}),
        ("event", old.model.events, {name: event.was for name, event in new.model.events.items()}),
    )
    for kind, before, named in sides:
        for name, was in named.items():
            if was is not None and was in before and was not in named and name not in before:
                yield kind, was, name


def _before(address: str, pairs: Iterable[tuple[str, str, str]]) -> str | None:
    """The address that what is at *address* had under its old name."""
    start, _, name = address.rpartition("/")
    holder = start.rpartition("/")[2]
    kind = "field" if holder in _OF_FIELDS else holder
    was = next((was for one, was, now in pairs if (one, now) == (kind, name)), None)
    return None if was is None else f"{start}/{was}"


def _both(gone: Changed, new: Changed) -> Iterator[Changed]:
    was, now = (one.address.rpartition("/")[2] for one in (gone, new))
    is_event = new.address.split("/")[-2] == "event"
    rule = RULES["DKD852" if is_event else "DKD862"]
    yield replace(new, before={was: gone.before}, after={now: new.after}, rule=rule)
    if isinstance(gone.before, Mapping) and isinstance(new.after, Mapping):
        for key in _JUDGED:
            before, after = gone.before.get(key), new.after.get(key)
            address = f"{new.address}/{key}"
            # As if it were one field all the time, and mapped.
            mapped = {address.replace("/field/", "/clean/").removesuffix(f"/{key}"): "string"}
            judged = rule_of(address, before, after, mapped, mapped) if before != after else None
            if judged is not None:
                yield Changed(address, before, after, judged)
