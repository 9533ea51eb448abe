"""``dkd explore``: the explorer of a site in the foreground, until stopped."""

from typing import Annotated

import typer

from dkd.cli.args import ModelArgument, TargetOption
from dkd.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd explore --target prod --port 8501 --open")(explore)


def explore(
    model: ModelArgument = None,
    target: TargetOption = "local",
    port: Annotated[
        int | None,
        typer.Option(min=1024, max=65535, help="Default: the explorer's port of the local stack.", show_default=False),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that share the work; one carries some 25 busy people.")
    ] = 1,
    opens: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Explore a site's data in the browser, on this machine; Ctrl-C ends it."""
    from importlib.util import find_spec

    from dkd.cli.args import asked, base_port
    from dkd.explore.serve import require_free, serve, url
    from dkd.settings import Ports

    if find_spec("streamlit") is None:
        remedy = "pip install 'dkd[explore]'"
        raise UsageError("DKD332", where="dkd explore", problem="streamlit is not installed", remedy=remedy)
    found = asked(model, target)
    first = base_port(found.project)
    chosen = port or Ports.at(first).explorer
    require_free(chosen)
    typer.echo(f"exploring {found.model.site} on {found.druid.broker} at {url(chosen)}")
    serve(found.path, target, first, chosen, processes=processes, opens=opens)
