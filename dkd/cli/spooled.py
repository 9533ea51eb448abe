"""The spool of a project's collector for ``dkd status``, whose model may be wrong or gone."""

from pathlib import Path
from typing import TYPE_CHECKING

from dkd.errors import DkdError

if TYPE_CHECKING:
    from dkd.jobs.status import Section


def spool_sections(project: Path, path: Path | None) -> "list[Section]":
    """What waits in the spool; nothing where the model does not tell whose it is."""
    from dkd.cli.args import load_model
    from dkd.collect.spool import spool_folder
    from dkd.jobs.spooled import spool_section

    try:
        _, _, model = load_model(path)
    except DkdError:
        return []
    return [spool_section(spool_folder(project, model.site))]
