"""``dkd demo``: from nothing to a site with a day of history, a first answer and live traffic."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dkd.cli.progress import Stderr
    from dkd.simulate.demo import Demo


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd demo --detach")(demo)


def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Default: here where there is a model, else dkd-demo.", show_default=False),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", "--no-live", help="Return after the first answer, without live traffic.")
    ] = False,
    base_port: Annotated[
        int | None, typer.Option(min=1024, max=65000, help="First of twelve ports in a row.", show_default=False)
    ] = None,
    memory: Annotated[str, typer.Option(metavar="SIZE", envvar="DKD_MEMORY", help="Heap of Druid.")] = "1g",
) -> None:
    """Show a shop at work: start the stack, send a simulated day up to now, ask a first question, then go on live.

    Writes a model where there is none. Run again, it sends only what is missing up to now. Ctrl-C stops the traffic and
    what it started; the data stays.
    """
    import signal

    from dkd.cli.progress import Stderr

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listener = Stderr()
    shown = _demo(folder, base_port, memory, listener)
    is_live = False
    try:
        end_ms = _shown(shown, listener)
        if detach:
            return
        is_live = True
        _live(shown, end_ms)
    except KeyboardInterrupt:
        listener.clear()
        typer.echo(shown.stopped(), err=True)
        if not is_live:
            raise
    finally:
        listener.clear()


def _demo(folder: Path | None, base_port: int | None, memory: str, listener: "Stderr") -> "Demo":
    from functools import partial

    from dkd.cli import args
    from dkd.jobs.up import Site, Wanted
    from dkd.local.layout import Layout
    from dkd.local.parts import chosen
    from dkd.local.room import heap_mb
    from dkd.simulate.demo import Demo, model_file

    path, written = model_file(folder)
    for name in written:
        typer.echo(f"wrote {name}")
    _, project, model = args.load_model(path)
    wanted = Wanted(chosen(None), base_port or args.base_port(project), heap_mb(memory))
    return Demo(Layout.of(project), Site(path, model), wanted, partial(args.environment, project), listener)


def _shown(shown: "Demo", listener: "Stderr") -> int:
    """Everything up to the first answer; where live traffic goes on from."""
    from dkd.simulate.demo import told

    started = shown.up().started
    listener.clear()
    typer.echo(f"started {', '.join(started)}" if started else "everything was running already")
    filled = shown.fill()
    listener.clear()
    typer.echo(told(filled, shown.model))
    typer.echo(f"\n{shown.answer()}\n")
    typer.echo(", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in shown.seconds.items()))
    if shown.explorer():
        typer.echo(f"explorer   {shown.explorer()}")
    return filled.end_ms


def _live(shown: "Demo", start_ms: int) -> None:
    from dkd.simulate.demo import SEED
    from dkd.simulate.truth import Truth

    typer.echo(f"live traffic goes on; Ctrl-C stops it{' and the stack' if shown.started else ''}", err=True)
    truth = Truth(shown.model, SEED)
    try:
        shown.live(start_ms, truth)
    finally:
        typer.echo(truth.as_text())
