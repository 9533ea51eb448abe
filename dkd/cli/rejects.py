"""``dkd rejects``: what was refused is listed, counted, shown and replayed."""

from enum import StrEnum
from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption, YesOption
from dkd.errors import ExitCode, RefusedError


class Part(StrEnum):
    """What rejects are counted by."""

    reason = "reason"
    stage = "stage"
    code = "code"


ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="Only of this reason.", show_default=False)]
StageOption = Annotated[str, typer.Option("--stage", help="Only of this stage.", show_default=False)]
CodeOption = Annotated[str, typer.Option("--code", help="Only of this code.", show_default=False)]

group = typer.Typer(no_args_is_help=False)


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(group, name="rejects")


@group.callback(invoke_without_command=True, epilog="Example: dkd rejects --reason unknown_event --limit 5")
def rejects(
    context: typer.Context,
    by: Annotated[Part | None, typer.Option("--by", help="Count them instead.", show_default=False)] = None,
    reason: ReasonOption = "",
    stage: StageOption = "",
    code: CodeOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list.")] = 20,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """List what was refused, newest first, or count it; show one; replay after a fix."""
    if context.invoked_subcommand is not None:
        return
    from dkd.cli.args import opened
    from dkd.jobs.rejects import Wanted, counted, listed
    from dkd.jobs.rejects_text import listing_json, listing_text
    from dkd.query.show import as_text
    from dkd.stream.reader import TopicReader

    found, wanted = opened(model, target), Wanted(reason, stage, code)
    with TopicReader(found.settings.kafka, found.model.site) as reader:
        if by is not None:
            text = as_text(counted(reader, found.model, wanted, by.value), "json" if as_json else "table")
        else:
            text = (listing_json if as_json else listing_text)(listed(reader, found.model, wanted, limit))
    typer.echo(text, color=True)


@group.command(epilog="Example: dkd rejects show shop.raw:2:1017")
def show(
    reject_id: Annotated[str, typer.Argument(metavar="ID", help="As dkd rejects lists it.")],
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Show one reject whole, with what was sent, which may hold personal data."""
    import json

    from dkd.cli.args import opened
    from dkd.jobs.rejects import Wanted, chosen
    from dkd.jobs.reveal import as_text, raw_decoder, whole
    from dkd.stream.reader import TopicReader

    found = opened(model, target)
    with TopicReader(found.settings.kafka, found.model.site) as reader:
        listing = chosen(reader, found.model, [reject_id], Wanted())
    decoder = raw_decoder(found.model, found.schemas)
    typer.echo(json.dumps(whole(listing, decoder), indent=2) if as_json else as_text(listing, decoder), color=True)


@group.command(epilog="Example: dkd rejects replay --reason unknown_event")
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Default: all not yet replayed.", show_default=False)
    ] = None,
    reason: ReasonOption = "",
    stage: StageOption = "",
    code: CodeOption = "",
    model: ModelOption = None,
    target: TargetOption = "local",
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Send rejects again after a fix: those that would pass now, each once.

    Each is first tried in memory with the model as it is. Lines go to the collector, records back into raw; what would
    be refused again, such as what is late by now, stays where it is, with the remedy.
    """
    import json

    from dkd.cli.args import opened
    from dkd.cli.progress import Stderr
    from dkd.jobs.again import carried_out, planned
    from dkd.jobs.again_text import plan_dict, plan_text, sent_text
    from dkd.jobs.rejects import Wanted

    found, listener = opened(model, target), Stderr()
    plan = planned(ids or [], Wanted(reason, stage, code), found.model, found.settings, found.schemas)
    typer.echo(plan_text(plan), color=True, err=as_json)
    if plan.passing:
        _ask(len(plan.passing), yes)
    try:
        sent = carried_out(plan, found.model, found.settings, listener)
    finally:
        listener.clear()
    typer.echo(json.dumps(plan_dict(plan, sent), indent=2) if as_json else sent_text(sent))
    if sent.refused:
        raise typer.Exit(ExitCode.failed)
    if plan.refused and not plan.passing:
        raise typer.Exit(ExitCode.refused)


def _ask(count: int, yes: bool) -> None:
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        problem, remedy = f"{count} rejects are not replayed unasked", "look at the plan, then add --yes"
        raise RefusedError("DKD832", problem=problem, remedy=remedy)
    typer.confirm(f"Replay {count} rejects?", abort=True, err=True)
