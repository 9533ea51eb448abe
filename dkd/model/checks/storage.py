"""Topics and datasources → what would be gone at once, or come from the wrong place."""

from collections.abc import Iterator

from dkd.model.checks.finding import Finding
from dkd.model.schema import Model, Retention
from dkd.model.tree import Path
from dkd.model.types import duration_text


def storage(model: Model) -> Iterator[Finding]:
    """Topics and datasources that would lose everything at once, or come from the wrong place."""
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
