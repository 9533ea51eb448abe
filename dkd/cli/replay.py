"""``dkd replay``: a file of events into a running site."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption
from dkd.cli.progress import Stderr
from dkd.errors import ExitCode

if TYPE_CHECKING:
    from dkd.cli.args import Opened


class FormatName(StrEnum):
    """Formats of a file."""

    ndjson = "ndjson"
    csv = "csv"
    combined = "combined"
    w3c = "w3c"


FormatOption = Annotated[
    FormatName | None, typer.Option("--format", help="Default: found out for each file.", show_default=False)
]


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
    follows: Annotated[
        bool, typer.Option("--follow", help="Go on with what is written to one web server's log, until interrupted.")
    ] = False,
    form: FormatOption = None,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Send events of files to the collector, with their own times, and print the books.

    Reads NDJSON, and CSV with a header, of the standard columns and the events' fields; and web server logs: combined,
    W3C's extended, or NDJSON or CSV of the columns ip, request, status and so on. Sends in order of event time, waits
    for parts that are down, and ends when every line is queryable or accounted for: exit 0 if the books close, else 1.
    --close ends with ticks that close every session, so that all of them are rows. --follow sends each new line of one
    log through its rotations, goes on where it ended the last time, and ends with Ctrl-C; it waits for no books.
    """
    import json

    from dkd.cli.args import opened
    from dkd.jobs.account import as_text
    from dkd.jobs.replay import Wanted
    from dkd.jobs.replay import replay as replayed

    chosen = opened(model, target)
    listener = Stderr()
    if follows:
        _follow(files, form, chosen, listener)
        return
    wanted = Wanted(files, form.value if form else None, keep_order, shift_to_now, close)
    try:
        account = replayed(wanted, chosen.model, chosen.settings, listener)
    finally:
        listener.clear()
    tables = (chosen.model.datasource("events"), chosen.model.datasource("sessions"))
    typer.echo(json.dumps(account.as_dict(), indent=2) if as_json else as_text(account, tables))
    if not account.closes:
        raise typer.Exit(ExitCode.failed)


def _follow(files: list[str], form: FormatName | None, chosen: "Opened", listener: Stderr) -> None:
    from pathlib import Path

    from dkd.errors import UsageError
    from dkd.jobs.follow import follow
    from dkd.model.words import counted

    if len(files) != 1:
        remedy = "start a command for each file"
        raise UsageError("DKD472", where="--follow", problem=f"{len(files)} files are named", remedy=remedy)
    kept = chosen.project / ".dkd" / "follow"
    try:
        told = follow(Path(files[0]), form.value if form else None, chosen.model, chosen.settings, kept, listener)
    finally:
        listener.clear()
    typer.echo(f"{counted(told.sent, 'line')} sent: {told.accepted:,} accepted, {told.sent - told.accepted:,} refused")
