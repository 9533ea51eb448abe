"""``dkd tail``: events as they arrive."""

from enum import StrEnum
from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption


class Kind(StrEnum):
    """Topics to look at."""

    raw = "raw"
    clean = "clean"
    sessions = "sessions"
    rejects = "rejects"


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd tail rejects -n 50 --no-follow")(tail)


def tail(
    kind: Annotated[Kind, typer.Argument(metavar="[raw|clean|sessions|rejects]", help="Which topic.")] = Kind.clean,
    last: Annotated[int, typer.Option("--lines", "-n", min=0, help="Begin with so many that are there.")] = 10,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest that is there.")] = False,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on with what comes, until Ctrl-C.")] = True,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Print events as they arrive, one a line: time (UTC), event, party, page, and what is special about it.

    Shows what is committed. Raw and rejects hold what browsers sent, which may be personal data.
    """
    from dkd.cli.args import opened
    from dkd.cli.pipe import require_reader, while_read
    from dkd.jobs.reveal import raw_decoder
    from dkd.jobs.tail import Wanted, json_lines, text_lines
    from dkd.jobs.tail import tail as read
    from dkd.stream.reader import TopicReader

    found = opened(model, target)
    decoder = raw_decoder(found.model, found.schemas) if kind is Kind.raw else None
    lines = json_lines(kind.value, decoder) if as_json else text_lines(kind.value, decoder, found.model)
    wanted = Wanted(None if from_start else last, follow)
    with while_read(), TopicReader(found.settings.kafka, found.model.site) as reader:
        for some in read(reader, found.model.topic(kind.value), wanted, lines):
            for line in some:
                typer.echo(line, color=True)
            require_reader()
