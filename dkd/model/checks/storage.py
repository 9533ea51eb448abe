"""Topics and datasources, each target's too → what would be gone at once, is misplaced, or is not offered."""

from collections.abc import Iterator

from dkd.model.checks.finding import Finding
from dkd.model.schema import Model, Retention
from dkd.model.tree import Path
from dkd.model.types import duration_text


def storage(model: Model) -> Iterator[Finding]:
    """Topics and datasources that would lose everything at once, or come from the wrong place."""
    yield from _offered(model)
    own = list(_kept(model))
    yield from own
    for target in model.other_targets:
        for path, code, problem, remedy in _kept(model.at(target)):
            if (path, code, problem, remedy) not in own:
                yield (("targets", target, *path), code, problem, remedy)


def _offered(model: Model) -> Iterator[Finding]:
    if model.topics.format == "avro":
        remedy = "keep json: every Druid reads it, without an extension"
        yield (("topics", "format"), "DKD241", "the enrichers write no Avro yet", remedy)
    for kind in ("events", "sessions"):
        if getattr(model.datasources, kind).rollup:
            problem = "measures would be wrong over rows that were added up: COUNT(*) counts rows, not events"
            remedy = "leave it out; compact_after merges segments and keeps each row, retention bounds what is stored"
            yield (("datasources", kind, "rollup"), "DKD242", problem, remedy)


def _kept(model: Model) -> Iterator[Finding]:
    retention = model.topics.retention
    for kind in Retention.model_fields:
        if not getattr(retention, kind):
            at: Path = ("topics", "retention", kind)
            yield (at, "DKD215", f"{kind} would be deleted at once", "keep it for some days, such as 7d")
    for kind in ("events", "sessions"):
        if not getattr(model.datasources, kind).retention:
            at = ("datasources", kind, "retention")
            yield (at, "DKD215", f"Druid would drop all {kind} at once", "keep them for some days, such as 400d")
    if retention.rejects > retention.raw:
        problem = f"rejects are kept {duration_text(retention.rejects)}, raw only {duration_text(retention.raw)}"
        yield (("topics", "retention", "rejects"), "DKD215", problem, "keep rejects no longer than raw")
    for name, source in (("events", "clean"), ("sessions", "sessions")):
        found = getattr(model.datasources, name).source
        if found is not None and found != source:
            yield (("datasources", name, "from"), "DKD213", f"{name} come from {source}, not {found}", f"use {source}")
