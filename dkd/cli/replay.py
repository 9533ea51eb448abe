"""``dkd replay``: a file of events into a running site."""

from enum import StrEnum
from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption
from dkd.cli.progress import Stderr
from dkd.errors import ExitCode


class FormatName(StrEnum):
    """Formats of a file."""

    ndjson = "ndjson"
    csv = "csv"
    combined = "combined"
    w3c = "w3c"


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd replay events.ndjson.gz access.log --shift-to-now")(replay)


def replay(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, plain or gzip; - reads stdin.")],
    keep_order: Annotated[
        bool, typer.Option("--keep-order", help="Send the lines as they stand, not by event time.")
    ] = False,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move all event times so that the newest event is of now.")
    ] = False,
    close: Annotated[
        bool, typer.Option("--close", help="End every session, as if nothing more would come for a while.")
    ] = False,
    form: Annotated[
        FormatName | None, typer.Option("--format", help="Default: found out for each file.", show_default=False)
    ] = None,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Send events of files to the collector, with their own times, and print the books.

    Reads NDJSON, and CSV with a header, of the standard columns and the events' fields; and web server logs: combined,
    W3C's extended, or NDJSON or CSV of the columns ip, request, status and so on. Sends in order of event time, waits
    for parts that are down, and ends when every line is queryable or accounted for: exit 0 if the books close, else 1.
    --close ends with ticks that close every session, so that all of them are rows.
    """
    import json

    from dkd.cli.args import opened
    from dkd.jobs.account import as_text
    from dkd.jobs.replay import Wanted
    from dkd.jobs.replay import replay as replayed

    chosen = opened(model, target)
    listener = Stderr()
    wanted = Wanted(files, form.value if form else None, keep_order, shift_to_now, close)
    try:
        account = replayed(wanted, chosen.model, chosen.settings, listener)
    finally:
        listener.clear()
    tables = (chosen.model.datasource("events"), chosen.model.datasource("sessions"))
    typer.echo(json.dumps(account.as_dict(), indent=2) if as_json else as_text(account, tables))
    if not account.closes:
        raise typer.Exit(ExitCode.failed)
