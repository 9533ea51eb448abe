"""Druid's files become values by column, metric and setting, and a change of one finds its rule."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.systems.druid.keeping import in_words, is_retention, shorter
from dkd.systems.druid.normal import period_s
from dkd.systems.flat import flat
from dkd.systems.rules import UNKNOWN, Edit

WHOLE = r"(supervisor|compaction|rules|batch|reindex)/[^/]+"
"""The address of a whole artefact."""

_BATCHES = ("batch", "reindex")
_KEY: Mapping[str, str] = {"compaction": "compact_after", "rules": "retention"}
"""Of which key of a datasource an artefact is made."""

_GRANULARITY = "dataSchema.granularitySpec"
_ORDER = ("NONE", "SECOND", "MINUTE", "FIVE_MINUTE", "TEN_MINUTE", "FIFTEEN_MINUTE", "THIRTY_MINUTE", "HOUR",
          "SIX_HOUR", "EIGHT_HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "ALL")  # fmt: skip
_STORED_ONLY = frozenset({"createBitmapIndex"})
"""Keys of a column that say how it is stored, not what."""


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Each column, each metric, and each other value of a spec by its dotted path, by datasource."""
    found: dict[str, object] = {}
    for path, text in files.items():
        file, artefact = PurePosixPath(path), json.loads(text)
        if file.parent.name == "rules":
            found[f"rules/{file.stem}"] = in_words(artefact)
        elif file.parent.name in _BATCHES:
            found |= _batch(f"{file.parent.name}/{file.stem}", artefact)
        else:
            found |= _values(artefact) if "spec" in artefact else _compaction(artefact)
    return found


def rule(edit: Edit) -> str | None:
    """The code of the rule for *edit*; None where other lines tell it all."""
    kind, datasource, place = (*edit.place.split("/", 2), "", "")[:3]
    if kind == "compaction":
        return _compaction_rule(edit, place)
    if kind == "rules":
        return _rules_rule(edit.before, edit.after)
    if kind in _BATCHES:
        return "DKD978" if place else None
    if not place:
        return "DKD950" if edit.before is None else "DKD951"
    if place.startswith(("dimension/", "metric/")):
        return _column_rule(edit, f"{kind}/{datasource}", *place.split("/", 1))
    if place.startswith(_GRANULARITY):
        return _granularity_rule(edit, f"{kind}/{datasource}", place.rpartition(".")[2])
    return next((code for start, code in _BY_START if place.startswith(start)), UNKNOWN.code)


_BY_START: tuple[tuple[str, str], ...] = (
    ("dataSchema.timestampSpec.", "DKD965"),
    ("dataSchema.transformSpec.filter", "DKD968"),
    ("dataSchema.transformSpec.", "DKD969"),
    # Druid would go on in the other topic at this one's offsets.
    ("ioConfig.topic", "DKD966"),
    ("ioConfig.inputFormat.flattenSpec", "DKD976"),
    ("ioConfig.inputFormat", "DKD970"),
    ("ioConfig.useEarliestOffset", "DKD975"),
    ("ioConfig.consumerProperties.isolation.level", "DKD975"),
    ("ioConfig.consumerProperties.auto.offset.reset", "DKD975"),
    ("ioConfig.lateMessageRejection", "DKD974"),
    ("ioConfig.earlyMessageRejection", "DKD974"),
    ("ioConfig.", "DKD973"),
    ("tuningConfig.resetOffsetAutomatically", "DKD974"),
    ("tuningConfig.maxParseExceptions", "DKD974"),
    ("tuningConfig.reportParseExceptions", "DKD974"),
    ("tuningConfig.", "DKD973"),
    ("context", "DKD973"),
    ("suspended", "DKD975"),
    ("type", "DKD970"),
    ("id", "DKD967"),
)
"""The first that an address begins with counts."""


def cause(place: str, model: Model) -> Path | None:
    """Where in *model* stands what makes the value at *place*; None where that is not in it."""
    artefact, datasource, inner = (*place.split("/", 2), "", "")[:3]
    kind = datasource.removeprefix(f"{model.site}_")
    if artefact in _KEY:
        return ("datasources", kind, _KEY[artefact])
    if inner.startswith("dimension/") and kind == "events":
        return model.field_path(inner.partition("/")[2])
    return ("datasources", kind, "segment") if inner.endswith("segmentGranularity") else ("datasources", kind)


def _column_rule(edit: Edit, address: str, kind: str, name: str) -> str:
    other = f"{address}/{'metric' if kind == 'dimension' else 'dimension'}/{name}"
    if edit.now(other) is not None or edit.was(other) is not None:
        return "DKD957"
    has_rollup = edit.now(f"{address}/{_GRANULARITY}.rollup") is True
    if edit.before is None:
        if kind == "dimension" and _respelt(edit, edit.old, f"{address}/{kind}/", name):
            return "DKD976"
        return "DKD953" if has_rollup and kind == "dimension" else "DKD952"
    if edit.after is None:
        return "DKD955" if has_rollup and kind == "dimension" else "DKD954"
    if kind == "metric":
        return "DKD958"
    return "DKD973" if _type(edit.before) == _type(edit.after) else "DKD956"


def _respelt(edit: Edit, side: Mapping[str, object], start: str, name: str) -> bool:
    """Whether *side* has the same name in another case."""
    return any(one != name and one.lower() == name.lower() for one in edit.names(side, start))


def _granularity_rule(edit: Edit, address: str, name: str) -> str:
    if name == "rollup":
        return "DKD959" if edit.after is True else "DKD960"
    if name == "segmentGranularity":
        query = edit.now(f"{address}/{_GRANULARITY}.queryGranularity")
        return "DKD962" if _rank(query) > _rank(edit.after) else "DKD964"
    if name != "queryGranularity":
        return UNKNOWN.code
    both = [side(f"{address}/{_GRANULARITY}.segmentGranularity") for side in (edit.was, edit.now)]
    if _rank(edit.after) > min((_rank(one) for one in both if one is not None), default=len(_ORDER)):
        return "DKD962"
    return "DKD961" if _rank(edit.after) > _rank(edit.before) else "DKD963"


def _rank(granularity: object) -> int:
    """How coarse; what is not known counts as coarsest."""
    name = granularity.get("type", "") if isinstance(granularity, Mapping) else granularity or "NONE"
    return _ORDER.index(str(name).upper()) if str(name).upper() in _ORDER else len(_ORDER)


def _compaction_rule(edit: Edit, place: str) -> str:
    rows = ("granularitySpec.queryGranularity", "granularitySpec.rollup", "dimensionsSpec", "metricsSpec", "transform")
    whole = edit.after or edit.before
    places = [place] if place or not isinstance(whole, Mapping) else list(whole)
    return "DKD972" if any(one.startswith(rows) for one in places) else "DKD977"


def _rules_rule(before: object, after: object) -> str | None:
    if before is None or after is None or (is_retention(before) and is_retention(after)):
        # The supervisor, or the model's retention, has a line of its own.
        return None
    return "DKD971" if shorter(before, after) else UNKNOWN.code


def _batch(address: str, batch: dict[str, Any]) -> dict[str, object]:
    """What a batch says beside its dataSchema, which is the supervisor's and changes with it."""
    spec = {name: block for name, block in batch["spec"].items() if name != "dataSchema"}
    return flat({**{key: value for key, value in batch.items() if key != "spec"}, **spec}, address, "/")


def _compaction(config: dict[str, Any]) -> dict[str, object]:
    address = f"compaction/{config.pop('dataSource')}"
    return {f"{address}/{place.removeprefix('.')}": value for place, value in flat(config, "", ".").items()}


def _values(supervisor: dict[str, Any]) -> dict[str, object]:
    spec = supervisor["spec"]
    schema = dict(spec["dataSchema"])
    columns = dict(schema.pop("dimensionsSpec"))
    dimensions = columns.pop("dimensions")
    address = f"supervisor/{schema.pop('dataSource')}"
    named = {f"{address}/dimension/{one['name']}": _shown(one) for one in dimensions}
    named |= {f"{address}/metric/{one['name']}": _shown(one) for one in schema.pop("metricsSpec", [])}
    if columns:
        schema["dimensionsSpec"] = columns
    rest = {"dataSchema": schema, "ioConfig": spec["ioConfig"], "tuningConfig": spec["tuningConfig"]}
    places = flat({**rest, **{key: value for key, value in supervisor.items() if key != "spec"}}, "", ".")
    # PT1H and PT3600S are one duration.
    found = {f"{address}/{place.removeprefix('.')}": period_s(value) for place, value in places.items()}
    return {place: value for place, value in (named | found).items() if value is not None}


def _shown(column: Mapping[str, object]) -> object:
    """A plain column as its type alone."""
    rest = {key: value for key, value in column.items() if key != "name"}
    return rest["type"] if rest.keys() == {"type"} else rest


def _type(column: object) -> object:
    if not isinstance(column, Mapping):
        return {"type": column}
    return {key: value for key, value in column.items() if key not in _STORED_ONLY}
