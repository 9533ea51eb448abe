"""``dkd plan`` and ``dkd deploy``: what would change in the live systems, and changing it."""

from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument, TargetOption, YesOption
from dkd.errors import ExitCode, RefusedError


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd plan --target prod --detailed-exitcode")(plan)
    app.command(epilog="Example: dkd deploy --target prod --yes")(deploy)


def plan(
    path: ModelArgument = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there is something to do.")
    ] = False,
) -> None:
    """Show what deploy would change; nothing is written."""
    import json

    from dkd.cli.args import opened
    from dkd.jobs.deploy import planned
    from dkd.plan.show import as_dict, as_text

    chosen = opened(path, target)
    found = planned(chosen.model, chosen.settings)
    typer.echo(json.dumps(as_dict(found), indent=2) if as_json else as_text(found))
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(ExitCode.changes)


def deploy(path: ModelArgument = None, target: TargetOption = "local", yes: YesOption = False) -> None:
    """Make topics and supervisors as the model says; shows the plan and asks first."""
    from dkd.cli.args import opened
    from dkd.jobs.deploy import apply, planned, refuse_blocked
    from dkd.jobs.render import keep_schema
    from dkd.plan.show import as_text

    chosen = opened(path, target)
    found = planned(chosen.model, chosen.settings)
    typer.echo(as_text(found))
    if found.is_empty:
        return
    refuse_blocked(found)
    if not yes:
        _ask(len(found.steps))
    keep_schema(chosen.project, chosen.model)
    report = apply(found, chosen.settings, progress=lambda line: typer.echo(line, err=True))
    typer.echo(report.line())


def _ask(steps: int) -> None:
    import sys

    from dkd.cli.args import is_terminal

    if not is_terminal(sys.stdin):
        raise RefusedError(
            "DKD711", problem=f"{steps} steps are not carried out unasked", remedy="look at the plan, then add --yes"
        )
    typer.confirm(f"Carry out these {steps} steps?", abort=True, err=True)
