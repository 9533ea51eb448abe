"""A measure or a dimension → the line of the model that makes it, and the way of each of its columns from the tag."""

import json
import shlex
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from dkd.model.askable import reads
from dkd.model.columns import RAW_FIELDS
from dkd.model.enrichers import CATALOGUE
from dkd.model.schema import Model
from dkd.model.tree import Tree
from dkd.query.measure import parts
from dkd.settings import DruidSettings
from dkd.systems.divolte.mapping import mapping

Json = dict[str, Any]
_RAW = {one.column: one.name for one in RAW_FIELDS}
_ENRICHERS = {column: entry.name for entry in CATALOGUE for column in entry.columns}


class Lineage:
    """Where the names of one model come from."""

    def __init__(self, model: Model, tree: Tree, project: Path) -> None:
        """Of *model*, whose *tree* knows its places; files are named from *project* on."""
        self._model, self._tree, self._project = model, tree, project

    def of(self, name: str) -> list[list[str]]:
        """Pairs of a name and where it comes from: the measure or dimension, then each column that it reads."""
        found = [[name, self._line(name)]]
        return found + [[column, self._way(column)] for column in self._columns(name)]

    @cached_property
    def _mapped(self) -> Mapping[str, int]:
        """Line of the mapping by the Avro field that it fills, the last of each."""
        lines = mapping(self._model).splitlines()
        return {line.rpartition(" onto '")[2].rstrip("'"): at for at, line in enumerate(lines, 1) if " onto '" in line}

    def _line(self, name: str) -> str:
        kind = next((kind for kind in ("measures", "dimensions", "fields") if name in getattr(self._model, kind)), None)
        if kind is not None:
            return self._spot((kind, name))
        for event, one in self._model.events.items():
            if name in one.fields:
                return self._spot(("events", event, "fields", name))
        return "a standard column" if name not in self._model.all_fields else self._spot(("fields",))

    def _spot(self, path: tuple[str | int, ...]) -> str:
        spot = self._tree.spot(path)
        file = Path(spot.file)
        shown = file.relative_to(self._project) if file.is_relative_to(self._project) else file
        return f"{shown}:{spot.line}"

    def _columns(self, name: str) -> Iterator[str]:
        if name in self._model.measures:
            counted = [column for part in parts(self._model, name) for column in reads(self._model, part.measure)]
            yield from dict.fromkeys(counted)
        elif name in self._model.dimensions:
            yield from self._model.dimensions[name].columns
        else:
            yield name

    def _way(self, column: str) -> str:
        """Druid's column back to what fills it: a field of the raw topic, or an enricher."""
        site, enricher = self._model.site, _ENRICHERS.get(column)
        avro = column if column in self._model.all_fields else _RAW.get(column)
        steps = [self._line(column)] if column in self._model.all_fields else []
        if avro is not None:
            line = self._mapped.get(avro)
            at = f", specs/{site}/divolte/mapping.groovy:{line}" if line else ""
            steps.append(f"Avro field {avro} of topic {site}.raw{at}")
        if enricher is not None:
            steps.append(f"enricher {enricher}")
        return " → ".join([*steps, f"topic {site}.clean → column {column}"])


def traced(sources: Mapping[str, Json], lineage: Lineage | None, druid: DruidSettings | None) -> dict[str, Json]:
    """The sources with the origin of each of their names, and with the commands that ask the same elsewhere."""
    return {name: _traced(source, lineage, druid) for name, source in sources.items()}


def _traced(source: Json, lineage: Lineage | None, druid: DruidSettings | None) -> Json:
    origins = {name: lineage.of(name) for name in source["names"]} if lineage else {}
    queries = [
        one | {"command": f"dkd sql {shlex.quote(one['sql'])}", "curl": _curl(one["sql"], druid)}
        for one in source["queries"]
    ]
    return source | {"origins": origins, "queries": queries}


def _curl(sql: str, druid: DruidSettings | None) -> str:
    """The query for Druid's own door; who has to give a password is asked for it."""
    if druid is None:
        return ""
    user = f" --user {shlex.quote(druid.user)}" if druid.user else ""
    url = shlex.quote(f"{druid.broker}/druid/v2/sql")
    body = json.dumps({"query": sql, "context": {"useApproximateCountDistinct": False}}, ensure_ascii=False)
    return f"curl -s{user} {url} -H 'Content-Type: application/json' -d {shlex.quote(body)}"
