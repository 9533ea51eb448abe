"""``dkd simulate``: believable traffic, sent to a site or written to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument, TargetOption
from dkd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dkd.cli.args import Opened
    from dkd.simulate.stretch import Stretch
    from dkd.simulate.traffic import Sent
    from dkd.simulate.truth import Truth


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd simulate --rate 20/s --for 10m")(simulate)


def simulate(
    path: ModelArgument = None,
    seed: Annotated[
        int, typer.Option(help="Another seed is another site; the same one sends the same for the same stretch.")
    ] = 7,
    rate: Annotated[str, typer.Option(metavar="RATE", help="Lines a second, on average over a day.")] = "1/s",
    visitors: Annotated[
        int | None, typer.Option(min=1, help="About so many sessions a day, in place of --rate.", show_default=False)
    ] = None,
    length: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="How long: 10m, 2h.", show_default=False)
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First moment, UTC; default: now.", show_default=False)
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The moment after the last.", show_default=False)
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=400, help="The last so many days up to now.", show_default=False)
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(metavar="TIMES", help="60x: a day takes 24 minutes; default: at once.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write lines, by default yesterday's; - is stdout.", show_default=False),
    ] = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Send the traffic of a believable site, and print what was in it: visitors, sessions, sales, bots, an incident.

    People with habits, campaigns and pauses, bots of several kinds, events that come late, twice or broken, and each
    day one thing that goes wrong. Sends with the events' own times, what is past at once and nothing ahead of now,
    until the end of the stretch or Ctrl-C. What it prints then is known to it alone; the stack must find the same.
    """
    import time

    from dkd.cli.args import opened
    from dkd.simulate.stretch import Asked, per_second, stretch_of, times
    from dkd.simulate.traffic import rate_of, traffic
    from dkd.simulate.truth import Truth

    chosen, pace = opened(path, target), times(speed) if speed else None
    stretch = stretch_of(Asked(begin, end, length, days, pace, out is not None), round(time.time() * 1000))
    lines_per_s = rate_of(visitors, chosen.model) if visitors else per_second(rate)
    truth = Truth(chosen.model, seed)
    lines = traffic(seed, *stretch, lines_per_s, chosen.model)
    if out:
        _written(out, lines, truth)
    else:
        _sent(chosen, stretch, pace, lines, truth)
    _say(truth, as_json, to_stderr=out == Path("-"))


def _sent(chosen: "Opened", stretch: "Stretch", speed: float | None, lines: "Iterator[Sent]", truth: "Truth") -> None:
    """Send; Ctrl-C is how a stretch without end is ended."""
    import signal
    import time
    from contextlib import suppress

    from dkd.cli.progress import Stderr
    from dkd.jobs.replay import sender_key
    from dkd.simulate.live import Live, check_history
    from dkd.simulate.stretch import check_sendable

    now_ms = round(time.time() * 1000)
    check_sendable(stretch, now_ms, chosen.model)
    live = Live(chosen.settings, sender_key(chosen.model, chosen.settings), truth)
    check_history(stretch.start_ms, chosen.model, chosen.settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listener = Stderr()
    with suppress(KeyboardInterrupt):
        live.send(lines, stretch.start_ms, speed, listener)
    listener.clear()


def _written(out: Path, lines: "Iterator[Sent]", truth: "Truth") -> None:
    import sys
    from contextlib import nullcontext

    from dkd.simulate.live import write_lines

    try:
        with nullcontext(sys.stdout.buffer) if out == Path("-") else out.open("wb") as file:
            write_lines(lines, file, truth)
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        raise UsageError("DKD847", where=str(out), problem=problem, remedy="choose a folder of yours") from error


def _say(truth: "Truth", as_json: bool, *, to_stderr: bool) -> None:
    import json

    typer.echo(json.dumps(truth.as_dict(), indent=2) if as_json else truth.as_text(), err=to_stderr)
