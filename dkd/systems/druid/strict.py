"""An artefact of Druid → what Druid 33 would drop or change in it without a word, and what cannot work.

Druid answers 200 to a key that it doesn't know and forgets it, and takes an unknown type of dimension for a string. So
this is the strict schema that Druid lacks: what is not in :mod:`dkd.systems.druid.known` is a mistake of ours or of a
hand-written spec. Rendering, deploying and reading foreign specs all use it, so :func:`unknown`, :func:`impossible`,
:func:`require_known` and :func:`findings_of` keep their names and what they take.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from dkd.errors import DkdError
from dkd.systems.druid import known
from dkd.systems.strict import Finding, Shape, findings

Artefact = Literal["supervisor", "batch", "compaction", "rules"]

_SHAPES: Mapping[Artefact, Shape] = {
    "supervisor": known.SUPERVISOR, "batch": known.BATCH, "compaction": known.COMPACTION, "rules": known.RULES,
}  # fmt: skip

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GRANULARITIES = (
    "NONE", "SECOND", "MINUTE", "FIVE_MINUTE", "TEN_MINUTE", "FIFTEEN_MINUTE", "THIRTY_MINUTE", "HOUR", "SIX_HOUR",
    "EIGHT_HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "ALL",
)  # fmt: skip
"""The finest first."""


def findings_of(artefact: Any, kind: Artefact = "supervisor") -> tuple[Finding, ...]:
    """What in *artefact* Druid would drop, take for something else or refuse, in its order.

    Args:
        artefact: A supervisor's or a batch's spec, the configuration of a compaction, or a list of rules, as posted.
        kind: Which of them.
    """
    return tuple(findings(artefact, _SHAPES[kind]))


def unknown(artefact: Any, kind: Artefact = "supervisor") -> tuple[str, ...]:
    """Paths of what :func:`findings_of` finds."""
    return tuple(finding.path for finding in findings_of(artefact, kind))


def impossible(artefact: Any, kind: Artefact = "supervisor") -> tuple[str, ...]:
    """What in *artefact* Druid accepts although no task, or no reader, can do anything with it.

    The artefact must have the form that :func:`findings_of` looks at: objects and lists where they belong.
    """
    if kind == "rules":
        return tuple(_rules(artefact))
    if kind == "compaction":
        return tuple(_granularity(artefact.get("granularitySpec") or {}))
    inner = artefact.get("spec") or {}
    schema, io_config = inner.get("dataSchema") or {}, inner.get("ioConfig") or {}
    return (*_schema(schema), *(_reading(io_config) if kind == "supervisor" else _replacing(schema, io_config)))


def require_known(artefact: Any, kind: Artefact = "supervisor", name: str = "") -> None:
    """Make sure that Druid keeps all of *artefact*, and that it can work.

    Args:
        artefact: As it is posted.
        kind: What it is.
        name: Of its datasource, where the artefact does not hold it.

    Raises:
        DkdError: DKD270, naming every path that it would not keep; DKD271, when it keeps what cannot work.
    """
    where = name or _datasource(artefact) or kind
    found = findings_of(artefact, kind)
    if found:
        raise DkdError(
            "DKD270",
            where=where,
            problem=f"Druid would drop in silence: {', '.join(f'{one.path}: {one.problem}' for one in found)}",
            remedy=found[0].remedy,
        )
    wrong = impossible(artefact, kind)
    if wrong:
        raise DkdError("DKD271", where=where, problem="; ".join(wrong))


def _datasource(artefact: Any) -> str:
    schema = artefact.get("spec", {}).get("dataSchema", artefact) if isinstance(artefact, Mapping) else {}
    return str(schema.get("dataSource") or "")


def _schema(schema: Mapping[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(str(schema.get("dataSource", ""))):
        yield f"the datasource's name {schema.get('dataSource')!r} needs quotes wherever it is used"
    if schema.get("projections") is not None:
        yield "spec.dataSchema.projections: where one is coarser than a segment, Druid 33 counts its rows as null"
    metrics = schema.get("metricsSpec") or []
    for metric in metrics:
        if not 4 <= metric.get("lgK", 12) <= 21:
            yield f"lgK {metric['lgK']} of {metric.get('name')} is not 4 to 21: no task could store a row"
    dimensions = (schema.get("dimensionsSpec") or {}).get("dimensions") or []
    names = Counter(one if isinstance(one, str) else one.get("name") for one in (*dimensions, *metrics))
    yield from (f"column {name} stands twice" for name, count in names.items() if count > 1)
    yield from _granularity(schema.get("granularitySpec") or {})


def _granularity(spec: Mapping[str, Any]) -> Iterator[str]:
    query, segment = (spec.get(f"{kind}Granularity") or "NONE" for kind in ("query", "segment"))
    if _rank(query) > _rank(segment) >= 0:
        yield f"queryGranularity {query} is coarser than segmentGranularity {segment}"


def _reading(io_config: Mapping[str, Any]) -> Iterator[str]:
    count = io_config.get("taskCount", 1)
    if isinstance(count, int) and count < 1:
        yield f"taskCount {count} leaves nobody to read"


def _replacing(schema: Mapping[str, Any], io_config: Mapping[str, Any]) -> Iterator[str]:
    if io_config.get("dropExisting"):
        if io_config.get("appendToExisting") is not False:
            yield "dropExisting drops nothing where appendToExisting is not false"
        if not (schema.get("granularitySpec") or {}).get("intervals"):
            yield "dropExisting drops nothing without granularitySpec.intervals"


def _rules(rules: Any) -> Iterator[str]:
    last = next((seq for seq, rule in enumerate(rules) if str(rule.get("type")).endswith("Forever")), None)
    for seq, rule in enumerate(rules):
        for ending, key in (("ByPeriod", "period"), ("ByInterval", "interval")):
            if str(rule.get("type")).endswith(ending) and not rule.get(key):
                yield f"rule {seq + 1}, {rule['type']}, has no {key}"
        if last is not None and seq > last:
            yield f"rule {seq + 1} is never reached: {rules[last]['type']} before it takes everything"


def _rank(granularity: object) -> int:
    """How coarse; -1 for what has no place in the order, such as a period with an origin."""
    name = str(granularity).upper()
    return _GRANULARITIES.index(name) if name in _GRANULARITIES else -1
