"""``dkd backfill``: history into Druid, by the enrichers of the live stream and beside it."""

from pathlib import Path
from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption, YesOption
from dkd.cli.replay import FormatOption
from dkd.errors import RefusedError, UsageError


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd backfill 2025.ndjson.gz --interval 2025-01-01/2026-01-01")(backfill)


def backfill(
    interval: Annotated[str, typer.Option("--interval", "-i", metavar="START/END", help="Whole segments, UTC.")],
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="As dkd replay reads them.", show_default=False)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Take what raw still holds, instead of files.")] = False,
    append: Annotated[
        bool, typer.Option("--append/--replace", help="Whether what is stored of the interval stays.")
    ] = False,
    rows: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder that Druid's tasks see under the same path.")
    ] = None,
    form: FormatOption = None,
    model: ModelOption = None,
    target: TargetOption = "local",
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load the events of an interval, and its sessions, straight into Druid; shows the plan and asks first.

    The collector's and the enrichers' own code makes the rows here, without Kafka; Druid's batch ingestion loads them
    while the live stream goes on. Events outside the interval only tell which sessions reach into it; a session is
    loaded where it begins. With --again new enrichers and lists are applied to what raw still holds. A run that was
    stopped goes on when it is started again. Exit 5 for an interval that the live stream still writes to.
    """
    import json
    import time

    from dkd.cli.args import opened
    from dkd.cli.progress import Stderr
    from dkd.jobs.backfill import Here, Wanted, carried_out, planned
    from dkd.jobs.backfill_text import outcome_text, plan_dict, plan_text

    if bool(files) == again:
        remedy = "name files, or add --again for what raw holds"
        raise UsageError("DKD695", where="dkd backfill", problem="there must be files or --again", remedy=remedy)
    chosen, listener = opened(model, target), Stderr()
    here = Here(chosen.project, chosen.model, chosen.settings, chosen.schemas)
    wanted = Wanted(files or [], interval, form.value if form else None, not append, rows)
    began_s = time.monotonic()
    try:
        plan = planned(wanted, here, listener)
        listener.clear()
        typer.echo(plan_text(plan), err=as_json)
        _ask(yes)
        after = carried_out(plan, here, listener)
    finally:
        listener.clear()
    took_s = time.monotonic() - began_s
    done = {**plan_dict(plan), "answered": dict(after), "seconds": round(took_s, 1)}
    typer.echo(json.dumps(done, indent=2) if as_json else outcome_text(plan, after, took_s))


def _ask(yes: bool) -> None:
    import sys

    from dkd.cli.args import is_terminal

    if yes:
        return
    if not is_terminal(sys.stdin):
        problem, remedy = "nothing is loaded unasked", "look at the plan, then add --yes"
        raise RefusedError("DKD711", problem=problem, remedy=remedy)
    typer.confirm("Load it?", abort=True, err=True)
