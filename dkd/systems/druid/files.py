"""A model becomes Druid's files: for each datasource its supervisor, its rules, its compaction and two batches."""

from typing import Any

from dkd.model.schema import Model
from dkd.systems.druid.batch import FOLDER, INTERVAL, batch_spec, folder, reindex_spec
from dkd.systems.druid.keeping import compactions, rules
from dkd.systems.druid.render import KINDS, PLACEHOLDER, supervisor
from dkd.systems.text import json_text


def druid_files(model: Model) -> dict[str, str]:
    """Path relative to ``specs/<site>/`` to text: what a deploy posts, and batches for somebody to fill in and post."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        name = model.datasource(kind)
        found[f"{name}.json"] = supervisor(model, kind, PLACEHOLDER)
        found[f"batch/{name}.json"] = batch_spec(model, kind, folder(FOLDER), INTERVAL)
        found[f"reindex/{name}.json"] = reindex_spec(model, kind, INTERVAL)
    found |= {f"rules/{name}.json": one for name, one in rules(model).items()}
    found |= {f"compaction/{name}.json": one for name, one in compactions(model).items()}
    return {f"druid/{path}": json_text(one) for path, one in found.items()}
