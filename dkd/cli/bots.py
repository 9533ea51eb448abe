"""``dkd bots``: what was flagged as automated, why, and samples."""

from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption

_TIME = "2026-11-01 or 2026-11-01T10:00, on the zone's clock."


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd bots --last 7d --reason no_variance --samples 10")(bots)


def bots(
    last: Annotated[
        str | None, typer.Option(help="The newest stretch of the data; without any interval 24h.", show_default=False)
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help=f"From then on: {_TIME}", show_default=False)] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Up to then, and without it; default: the newest event.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Of --from and --to: an IANA name such as Europe/Amsterdam.")] = "UTC",
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Samples of this reason only.", show_default=False)
    ] = "",
    samples: Annotated[int, typer.Option("--samples", "-n", min=0, help="How many of each reason.")] = 3,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Show what was flagged as automated: events and visitors by reason, samples, and the lists that were asked."""
    from dkd.cli.args import asked
    from dkd.cli.ask import interval_of
    from dkd.jobs import bots as job
    from dkd.query.asking import newest_event
    from dkd.query.client import Druid
    from dkd.query.link import of_dict
    from dkd.query.periods import local_time

    given = asked(model, target)
    since, until = (local_time(text, zone) if text else None for text in (start, end))
    with Druid(given.druid) as druid:
        interval = interval_of(last, since, until, lambda: newest_event(druid, given.model))
        # A question holds an interval; what else it asks is not looked at.
        found = job.flagged(
            druid, given.model, of_dict({"measures": ["events"], "interval": interval}), reason, samples
        )
    typer.echo(job.as_json(found) if as_json else job.as_text(found), color=True)
