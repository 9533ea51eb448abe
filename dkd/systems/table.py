"""The systems, one row each: a model becomes the files of all of them, and files become values that can be compared."""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.systems.avro import changes as avro_changes
from dkd.systems.avro import render as avro
from dkd.systems.avro import rules as avro_rules
from dkd.systems.classes import ChangeClass
from dkd.systems.compose import changes as compose_changes
from dkd.systems.compose.render import compose
from dkd.systems.divolte import changes as divolte_changes
from dkd.systems.divolte import mapping as divolte_mapping
from dkd.systems.divolte import render as divolte
from dkd.systems.divolte import rules as divolte_rules
from dkd.systems.druid import changes as druid_changes
from dkd.systems.druid import rules as druid_rules
from dkd.systems.druid.files import druid_files
from dkd.systems.kafka import changes as kafka_changes
from dkd.systems.kafka import rules as kafka_rules
from dkd.systems.kafka.render import topics_yaml
from dkd.systems.meaning import changes as meaning_changes
from dkd.systems.meaning import rules as meaning_rules
from dkd.systems.meaning import values as meaning
from dkd.systems.proxy import changes as proxy_changes
from dkd.systems.proxy import render as proxy
from dkd.systems.rules import UNKNOWN, Edit, Rule, Values


class System(NamedTuple):
    """One row.

    Attributes:
        name: The system's name, and its folder's.
        by_site: Whether an address needs the site's name before it; others hold it anyway.
        render: Its files; paths are relative to ``specs/<site>/``, or to the project when they begin with ``/``.
        values: Those files as comparable values by address within the system; it knows the files by their paths.
        whole: What an address begins with that is one artefact, which may be new or gone as a whole.
        rule: The code of the rule for a change; None where other lines tell it.
        cause: Where in the model stands what makes a value; None where that is not in it.
        by_target: Whether its files can be otherwise at one target: such a file has the target's name before its end.
    """

    name: str
    by_site: bool
    render: Callable[[Model], dict[str, str]]
    values: Callable[[Mapping[str, str]], Values]
    whole: str
    rule: Callable[[Edit], str | None]
    cause: Callable[[str, Model], Path | None]
    by_target: bool = False


def _avro(model: Model) -> dict[str, str]:
    schema = avro.raw_schema(model)
    # Without documentation, so that a file of this folder never changes once it was written.
    return {f"schemas/{avro.schema_id(schema)}.avsc": avro.schema_json(avro.semantic(schema))}


def _divolte(model: Model) -> dict[str, str]:
    return {
        "divolte/divolte-collector.conf": divolte.conf(model),
        "divolte/event.avsc": avro.schema_json(avro.raw_schema(model)),
        "divolte/mapping.groovy": divolte_mapping.mapping(model),
    }


def _kafka(model: Model) -> dict[str, str]:
    return {"kafka/topics.yaml": topics_yaml(model)}


def _proxy(model: Model) -> dict[str, str]:
    return {"proxy/Caddyfile": proxy.caddy(model), "proxy/nginx.conf": proxy.nginx(model)}


def _compose(model: Model) -> dict[str, str]:
    return {f"/compose/{model.site}.yml": compose(model)}


SYSTEMS: tuple[System, ...] = (
    System("avro", False, _avro, avro_changes.values, avro_changes.WHOLE, avro_changes.rule, avro_changes.cause),
    System(
        "divolte", True, _divolte, divolte_changes.values, divolte_changes.WHOLE, divolte_changes.rule,
        divolte_changes.cause,
    ),
    System(
        "kafka", False, _kafka, kafka_changes.values, kafka_changes.WHOLE, kafka_changes.rule, kafka_changes.cause,
        by_target=True,
    ),
    System(
        "druid", False, druid_files, druid_changes.values, druid_changes.WHOLE, druid_changes.rule,
        druid_changes.cause, by_target=True,
    ),
    System(
        "proxy", True, _proxy, proxy_changes.values, proxy_changes.WHOLE, proxy_changes.rule, proxy_changes.cause
    ),
    System(
        "compose", True, _compose, compose_changes.values, compose_changes.WHOLE, compose_changes.rule,
        compose_changes.cause,
    ),
)  # fmt: skip
"""In the order in which events pass them; the compose file runs them all."""

_MODEL = System("model", True, lambda _model: {}, lambda _files: {}, meaning.WHOLE, meaning_changes.rule, meaning.cause)
"""What no file shows; it has values, and renders nothing."""

UNSET = "(unset)"
"""Stands for a value that only the others have, where a target has none."""

_ROWS = {system.name: system for system in (_MODEL, *SYSTEMS)}

RULES: Mapping[str, Rule] = {
    rule.code: rule
    for rules in (
        (UNKNOWN,), meaning_rules.RULES, avro_rules.RULES, kafka_rules.RULES, druid_rules.RULES, divolte_rules.RULES,
    )
    for rule in sorted(rules)
}  # fmt: skip
"""Every rule by its code."""


def artefacts(model: Model) -> dict[str, str]:
    """Every file of a site.

    Returns:
        Path relative to the project's directory, with ``/``, to the text; sorted. Of ``schemas/`` only the model's own
        schema is among them: older ones stay where they are, so that old records can be read. Where a target's file
        would be another than the rest's, it is there too, such as ``kafka/topics.prod.yaml``.

    Raises:
        ModelError: DKD250, when a field bears the name of one that the raw record has.
    """
    found = {_path(model, path): text for system in SYSTEMS for path, text in system.render(model).items()}
    for target in model.other_targets:
        there = model.at(target)
        for system in SYSTEMS:
            files = system.render(there) if system.by_target else {}
            named = {_path(model, path): text for path, text in files.items()}
            found |= {_path_at(path, target): text for path, text in named.items() if found.get(path) != text}
    return dict(sorted(found.items()))


def values_of(model: Model, files: Mapping[str, str]) -> dict[str, object]:
    """Everything that a model and the files of its site say, by address.

    Args:
        model: The site.
        files: Its artefacts.

    Returns:
        The first part of an address is the system's name, or ``model`` for what no file shows. What a target has
        otherwise than the rest stands at the same address with ``@`` and the target's name after it.
    """
    base = _values_of(model, {path: text for path, text in files.items() if not _target_of(path)})
    found = dict(base)
    for target in model.other_targets:
        there = _values_of(model.at(target), _files_at(files, target))
        for address in dict.fromkeys((*base, *there)):
            value = there.get(address, UNSET)
            if value != base.get(address, UNSET):
                found[f"{address}@{target}"] = value
    return found


def _values_of(model: Model, files: Mapping[str, str]) -> dict[str, object]:
    found = {f"model/{model.site}/{address}": value for address, value in meaning.values(model).items()}
    for system in SYSTEMS:
        own = {path: text for path, text in files.items() if system_of(path) == system.name}
        start = f"{system.name}/{model.site}" if system.by_site else system.name
        found |= {f"{start}/{address}": value for address, value in system.values(own).items()}
    return found


def rule_of(address: str, before: object, after: object, old: Values, new: Values) -> Rule | None:
    """The rule for a change of the value, or the whole artefact, at *address*.

    Args:
        address: Of a value, or of an artefact as :func:`whole_of` gives it.
        before: The value, or the artefact's values by their places in it; None where there was none.
        after: The same of the new side.
        old: All values of the old side, which some rules look at.
        new: All values of the new side.

    Returns:
        None where lines of other values tell the change; a rule of class ``blocked`` where none knows it.
    """
    bare, at, target = address.rpartition("@")
    is_there = [_has_target(side, target) for side in (old, new)] if at else []
    if any(is_there):
        if not all(is_there):
            # The target itself is new or gone, which has a line of its own; nothing changes in what is there.
            return None
        old, new = _values_at(old, target), _values_at(new, target)
        address, before, after = bare, old.get(bare), new.get(bare)
        if before == after:
            return None
    system, root, place = _split(address)
    if system is None:
        return UNKNOWN
    code = system.rule(Edit(place, before, after, root, old, new))
    return None if code is None else RULES[code]


def _has_target(values: Values, target: str) -> bool:
    return any(address.startswith("model/") and f"/target/{target}/" in address for address in values)


def _values_at(values: Values, target: str) -> Values:
    """*values* as they are at *target*, each at its own address."""
    end = f"@{target}"
    there = {address.removesuffix(end): value for address, value in values.items() if address.endswith(end)}
    return {address: value for address, value in {**values, **there}.items() if value != UNSET}


def note_of(address: str, before: object, after: object, old: Values, new: Values, code: str) -> str:
    """What the rule *code* asks about this change; empty where it asks nothing."""
    system, root, place = _split(address)
    return meaning_changes.note(Edit(place, before, after, root, old, new), code) if system is _MODEL else ""


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What a change of the value at *address* does, seen alone; ``blocked`` where no rule knows it."""
    found = rule_of(address, before, after, {address: before}, {address: after})
    return "safe" if found is None else found.effect


def whole_of(address: str) -> str:
    """The address of the artefact to which the value at *address* belongs; its own where it is no part of one."""
    system, root, place = _split(address)
    found = system and re.match(system.whole, place)
    return f"{root}{found[0]}".rstrip("/") if found else address


def cause_of(address: str, model: Model) -> Path | None:
    """Where in *model* stands what makes the value at *address*; None where that is not in it."""
    bare, _, target = address.rpartition("@")
    if bare and target in model.targets:
        path = cause_of(bare, model)
        return None if path is None else ("targets", target, *path)
    system, _, place = _split(address)
    return system.cause(place, model) if system else None


def _split(address: str) -> tuple[System | None, str, str]:
    """The system's row, what comes before the place, and the place within the system."""
    name, _, rest = address.partition("/")
    system = _ROWS.get(name)
    if system is None or not system.by_site:
        return system, f"{name}/", rest
    site, _, place = rest.partition("/")
    return system, f"{name}/{site}/", place


def system_of(path: str) -> str:
    """The system of an artefact's *path*."""
    folder = path.split("/")[2] if path.startswith("specs/") else path.split("/")[0]
    return "avro" if folder == "schemas" else folder


def _path_at(path: str, target: str) -> str:
    """The file of *target* that stands beside *path*."""
    file = PurePosixPath(path)
    return str(file.with_name(f"{file.stem}.{target}{file.suffix}"))


def _target_of(path: str) -> str:
    """The target of a file that only one has; no other name of a file has two dots."""
    parts = PurePosixPath(path).name.split(".")
    return parts[1] if len(parts) == 3 else ""


def _files_at(files: Mapping[str, str], target: str) -> dict[str, str]:
    """*files* as they are at *target*, each at its own path."""
    there = {path.replace(f".{target}.", "."): text for path, text in files.items() if _target_of(path) == target}
    return {**{path: text for path, text in files.items() if not _target_of(path)}, **there}


def _path(model: Model, path: str) -> str:
    return path.removeprefix("/") if path.startswith("/") else f"specs/{model.site}/{path}"
