"""Two versions of the sites become everything that differs between them, each with its rule, line and waiver."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import zip_longest
from pathlib import Path

from dkd.errors import Problem
from dkd.jobs.git import replaced_s
from dkd.jobs.renames import fused
from dkd.jobs.versions import Version, Versions
from dkd.model.codes import is_advice
from dkd.model.schema import Model, Waiver
from dkd.model.tree import Spot, Tree
from dkd.model.types import in_ms
from dkd.plan.diff import Changed, diff
from dkd.plan.waive import Asked, waived
from dkd.systems.avro.changes import clashes
from dkd.systems.avro.render import raw_schema, schema_id
from dkd.systems.table import RULES, cause_of, note_of, rule_of, system_of, whole_of


def changes(old: Versions, new: Versions) -> list[Changed]:
    """Everything that differs between *old* and *new*, system by system, without waivers.

    An artefact whose text differs although no value of its system does (an order, a comment) is one safe change.
    """
    before, after = _values(old), _values(new)
    found = [
        replace(one, note=note_of(one.address, one.before, one.after, before, after, one.rule.code))
        for one in diff(before, after, rule_of, whole_of)
    ]
    found += _clashing(old, new)
    told = {change.system for change in found}
    found += [change for change in _quiet(old, new) if change.system not in told]
    return [replace(change, spot=_spot(change.address, old, new)) for change in fused(found, old, new)]


def judged(old: Versions, new: Versions, today: date) -> tuple[list[Changed], list[Problem]]:
    """The changes with the waivers of *new*, and the mistakes of those waivers.

    Args:
        old: The side before; a waiver that stands there already may be without a change.
        new: The side after, whose waivers count.
        today: UTC.
    """
    known = {waiver for one in old.values() for waiver in one.model.waivers}
    asked = [waiver for one in new.values() for waiver in _asked(one.model, one.tree, known)]
    return waived(changes(old, new), asked, RULES, today)


def waiver_mistakes(model: Model, tree: Tree, today: date) -> list[Problem]:
    """The mistakes that a model's waivers are whatever changes: over, of no rule, or of a blocked one."""
    return waived([], _asked(model, tree, model.waivers), RULES, today)[1]


def today() -> date:
    """The day now, UTC."""
    return datetime.now(UTC).date()


def _asked(model: Model, tree: Tree, known: Collection[Waiver]) -> list[Asked]:
    return [
        Asked(
            waiver.rule, waiver.address, waiver.reason, waiver.owner or "", waiver.until,
            str(tree.spot(("waivers", seq))), waiver in known,
        )
        for seq, waiver in enumerate(model.waivers)
        if not is_advice(waiver.rule)
    ]  # fmt: skip


def _values(versions: Versions) -> dict[str, object]:
    return {address: value for one in versions.values() for address, value in one.values.items()}


def _quiet(old: Versions, new: Versions) -> Iterator[Changed]:
    before, after = ({path: text for one in side.values() for path, text in one.files.items()} for side in (old, new))
    for path in sorted(before.keys() & after.keys()):
        # Druid's rules hold one value, the retention, which is told where the model says it.
        if before[path] != after[path] and "/druid/rules/" not in path:
            lines = zip_longest(before[path].splitlines(), after[path].splitlines(), fillvalue="")
            first = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
            yield Changed(f"{system_of(path)}/file/{path}", first[0].strip(), first[1].strip(), RULES["DKD998"])


def _clashing(old: Versions, new: Versions) -> Iterator[Changed]:
    """Fields that do not fit records which an earlier schema than the last one wrote."""
    for site in old.keys() & new.keys():
        before, after = raw_schema(old[site].model), raw_schema(new[site].model)
        if before == after:
            continue
        told = {schema_id(before), schema_id(after)}
        kept = {**old[site].kept, **new[site].kept}
        older = {name: schema for name, schema in kept.items() if name not in told}
        found = list(clashes(after, older, before))
        retained = _retained(old[site], new[site], older) if found else older
        for place, value, wanted, code in found:
            if int(place.split("/")[1]) in retained:
                yield Changed(f"avro/schema/{site}.raw/{place}", value, wanted, RULES[code])


def _retained(old: Version, new: Version, older: Mapping[int, object]) -> set[int]:
    """Schemas of which the raw topic may still have records.

    One that git saw replaced longer ago than twice the topic's retention is out: a deploy may come later than its
    commit. One of which git knows nothing is in.
    """
    models = [one.model.at(target) for one in (old, new) for target in ("", *one.model.other_targets)]
    kept_ms = max(in_ms(model.topics.retention.raw) for model in models)
    file = Path(new.tree.where.rpartition(":")[2])
    replaced = replaced_s(str(file.parent / new.model.site / "divolte" / "divolte-collector.conf"))
    now_s = datetime.now(UTC).timestamp()
    return {name for name in older if name not in replaced or now_s - replaced[name] <= 2 * kept_ms / 1000}


def _spot(address: str, old: Versions, new: Versions) -> Spot | None:
    """Where the new model, or else the old one, says what is at *address*."""
    site = _site_of(address, {**old, **new})
    if site is None:
        return None
    one = new.get(site) or old[site]
    path = cause_of(address, one.model)
    if path is None and site in old:
        path = cause_of(address, old[site].model)
    return one.tree.spot(path or ())


def _site_of(address: str, sites: Iterable[str]) -> str | None:
    """The site of an address; its name stands before a dot, a slash, a ``_`` or the end."""
    found = [
        site
        for site in sites
        if any(
            part == site or part.startswith((f"{site}.", f"{site}_events", f"{site}_sessions"))
            for part in address.split("/")[1:4]
        )
    ]
    return max(found, key=len, default=None)
