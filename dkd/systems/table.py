"""The systems, one row each: a model becomes the files of all of them, and files become values that can be compared."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dkd.model.schema import Model
from dkd.systems import meaning
from dkd.systems.avro import changes as avro_changes
from dkd.systems.avro import render as avro
from dkd.systems.classes import ChangeClass
from dkd.systems.compose import changes as compose_changes
from dkd.systems.compose.render import compose
from dkd.systems.divolte import changes as divolte_changes
from dkd.systems.divolte import render as divolte
from dkd.systems.druid import changes as druid_changes
from dkd.systems.druid.render import KINDS, PLACEHOLDER, supervisor
from dkd.systems.kafka import changes as kafka_changes
from dkd.systems.kafka.render import topics_yaml
from dkd.systems.text import json_text

Values = Mapping[str, object]
"""Address within a system, such as ``topic/shop.raw/retention.ms``, to a JSON value."""


class System(NamedTuple):
    """One row.

    Attributes:
        name: The system's name, and its folder's.
        by_site: Whether an address needs the site's name before it; others hold it anyway.
        render: Its files; paths are relative to ``specs/<site>/``, or to the project when they begin with ``/``.
        values: Those files as comparable values; it knows the files by their paths.
        classify: What a change of one value does; the value before and after, None where there is none.
    """

    name: str
    by_site: bool
    render: Callable[[Model], dict[str, str]]
    values: Callable[[Mapping[str, str]], Values]
    classify: Callable[[str, object, object], ChangeClass]


def _avro(model: Model) -> dict[str, str]:
    schema = avro.raw_schema(model)
    # Without documentation, so that a file of this folder never changes once it was written.
    return {f"schemas/{avro.schema_id(schema)}.avsc": avro.schema_json(avro.semantic(schema))}


def _divolte(model: Model) -> dict[str, str]:
    return {
        "divolte/divolte-collector.conf": divolte.conf(model),
        "divolte/event.avsc": avro.schema_json(avro.raw_schema(model)),
        "divolte/mapping.groovy": divolte.mapping(model),
    }


def _kafka(model: Model) -> dict[str, str]:
    return {"kafka/topics.yaml": topics_yaml(model)}


def _druid(model: Model) -> dict[str, str]:
    return {f"druid/{model.datasource(kind)}.json": json_text(supervisor(model, kind, PLACEHOLDER)) for kind in KINDS}


def _compose(model: Model) -> dict[str, str]:
    return {f"/compose/{model.site}.yml": compose(model)}


SYSTEMS: tuple[System, ...] = (
    System("avro", False, _avro, avro_changes.values, avro_changes.classify),
    System("divolte", True, _divolte, divolte_changes.values, divolte_changes.classify),
    System("kafka", False, _kafka, kafka_changes.values, kafka_changes.classify),
    System("druid", False, _druid, druid_changes.values, druid_changes.classify),
    System("compose", True, _compose, compose_changes.values, compose_changes.classify),
)
"""In the order in which events pass them; the compose file runs them all."""


def artefacts(model: Model) -> dict[str, str]:
    """Every file of a site.

    Returns:
        Path relative to the project's directory, with ``/``, to the text; sorted. Of ``schemas/`` only the model's own
        schema is among them: older ones stay where they are, so that old records can be read.

    Raises:
        ModelError: DKD250, when a field bears the name of one that the raw record has.
    """
    found = {_path(model, path): text for system in SYSTEMS for path, text in system.render(model).items()}
    return dict(sorted(found.items()))


def values_of(model: Model) -> dict[str, object]:
    """Everything that a model and the files of its site say, by address.

    The first part of an address is the system's name, or ``model`` for what no file shows.
    """
    found = {f"{_MODEL}/{model.site}/{address}": value for address, value in meaning.values(model).items()}
    for system in SYSTEMS:
        start = f"{system.name}/{model.site}" if system.by_site else system.name
        values = system.values(system.render(model))
        found |= {f"{start}/{address}": value for address, value in values.items()}
    return found


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What the change of the value at *address* does; ``blocked`` where no rule knows it."""
    name, _, rest = address.partition("/")
    within_site = rest.partition("/")[2]
    if name == _MODEL:
        return meaning.classify(within_site, before, after)
    system = next((system for system in SYSTEMS if system.name == name), None)
    if system is None:
        return "blocked"
    return system.classify(within_site if system.by_site else rest, before, after)


def system_of(path: str) -> str:
    """The system of an artefact's *path*."""
    folder = path.split("/")[2] if path.startswith("specs/") else path.split("/")[0]
    return "avro" if folder == "schemas" else folder


_MODEL = "model"


def _path(model: Model, path: str) -> str:
    return path.removeprefix("/") if path.startswith("/") else f"specs/{model.site}/{path}"
