"""``dkd collect``: one collector in the foreground."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import ModelArgument, TargetOption

if TYPE_CHECKING:
    from dkd.collect.renewal import Opened

HostOption = Annotated[str, typer.Option("--host", help="Address to listen on.")]
PortOption = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="Port to listen on; default: the target's.", show_default=False),
]
SpoolOption = Annotated[
    Path | None,
    typer.Option(
        "--spool",
        help="Folder for events that Kafka does not take; default: .dkd/spool of the project.",
        show_default=False,
    ),
]
SpoolBytesOption = Annotated[int, typer.Option("--spool-bytes", min=1, help="How much the spool may hold.")]
ProcessesOption = Annotated[
    int, typer.Option("--processes", min=1, max=64, help="How many share the port: one a core.")
]
AdminOption = Annotated[
    int | None,
    typer.Option(
        "--admin-port",
        min=0,
        max=65535,
        help="Port on 127.0.0.1 for /live, /ready and Prometheus' /metrics; 0: none. Default: two above --port.",
        show_default=False,
    ),
]
DelayOption = Annotated[
    float,
    typer.Option("--stop-delay", min=0, max=600, help="Seconds it goes on after SIGTERM, not ready, before it stops."),
]


_ADMIN_ABOVE = 2
"""In the local stack the explorer's port stands between."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="collect", epilog="Example: dkd collect specs/shop.yaml --port 8290")(collect)


def collect(
    model: ModelArgument = None,
    target: TargetOption = "local",
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    spool: SpoolOption = None,
    spool_bytes: SpoolBytesOption = 10 * 1024**3,
    processes: ProcessesOption = 1,
    admin_port: AdminOption = None,
    stop_delay: DelayOption = 0,
) -> None:
    """Take events over HTTP and put them into the site's raw topic, until SIGTERM.

    GET /csc-event takes what Divolte's tag sends, POST /collect takes many events at once, /dkd.js is dkd's tag, and
    GET /ping says pong. An event is answered with 2xx only when Kafka has it or, while Kafka does not acknowledge, the
    spool on this machine's disk; from there it goes to Kafka later. A changed model is taken over while it runs.
    """
    from dkd.cli.args import opened
    from dkd.collect.server import Wanted
    from dkd.collect.spool import spool_folder
    from dkd.jobs.collectors import collect as collecting
    from dkd.jobs.render import keep_schema
    from dkd.kernel import IS_COMPILED, SLOW

    found = opened(model, target)
    keep_schema(found.project, found.model)
    folder = spool / found.model.site if spool else spool_folder(found.project, found.model.site)
    number = default_port(found.settings.collector) if port is None else port
    watched = (found.path, partial(_reopened, found.path, target))
    wanted = Wanted(found.model, found.settings, host, number, folder, spool_bytes, stop_delay, watched=watched)
    if admin_port is None:
        admin_port = number + _ADMIN_ABOVE if number else 0
    if not IS_COMPILED:
        _say(SLOW)
    collecting(wanted, processes, admin_port, _say)


def _reopened(path: Path, target: str) -> "Opened":
    """The model as its files are now; its schema is kept before a record is written by it."""
    from dkd.cli.args import opened
    from dkd.collect.renewal import Opened
    from dkd.jobs.render import keep_schema

    found = opened(path, target)
    keep_schema(found.project, found.model)
    return Opened(found.model, found.settings)


def default_port(url: str) -> int:
    """The port in a collector's *url*; Divolte's, 8290, where it names none."""
    from urllib.parse import urlsplit

    return urlsplit(url).port or 8290


def _say(text: str) -> None:
    typer.echo(text, err=True)
