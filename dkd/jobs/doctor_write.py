"""What the doctor looked at → files that today's Druid and dkd take, and everything that did not survive."""

from typing import NamedTuple

from dkd.jobs.adopt import adopted, losses
from dkd.jobs.adopt_text import model_text
from dkd.jobs.adopted import Bundle
from dkd.model.preset import EDITORS, preset_files
from dkd.systems.druid.doctor.modern import Clean, modern
from dkd.systems.text import json_text


class Written(NamedTuple):
    """New files.

    Attributes:
        site: Name of the model.
        texts: Path to text: the model, and each spec.
        lost: What of the old files is not in them, a line each.
    """

    site: str
    texts: dict[str, str]
    lost: list[str]


def written(bundle: Bundle, files: list[str], site: str | None = None) -> Written:
    """The new files for *bundle*, which was read from *files*."""
    draft = adopted(bundle, site)
    columns = {old: name for old in (*draft.standard, *draft.fields) if (name := draft.column(old)) is not None}
    clean = Clean(f"{draft.site}.clean", columns)
    texts = {f"specs/{draft.site}.yaml": model_text(draft, files)}
    lost: list[str] = []
    for spec in bundle.specs:
        made = modern(spec, bundle.known(), clean)
        lost += [one.line() for one in made.lost]
        if made.spec is not None:
            name = made.spec["spec"]["dataSchema"]["dataSource"]
            path = f"druid/{name}.json"
            texts[path if path not in texts else f"druid/{name}-{len(texts)}.json"] = json_text(made.spec)
    return Written(draft.site, texts, list(dict.fromkeys([*losses(draft), *lost])))


def project_files(bundle: Bundle, files: list[str], site: str | None = None) -> Written:
    """The files that start a project with the model for *bundle*: it, its schema for editors, and the job for CI."""
    draft = adopted(bundle, site)
    texts = {f"specs/{draft.site}.yaml": EDITORS + model_text(draft, files)}
    usual = preset_files("web", draft.site)
    texts |= {path: usual[path] for path in ("specs/dkd.schema.json", ".github/workflows/dkd.yml")}
    return Written(draft.site, texts, list(losses(draft)))
