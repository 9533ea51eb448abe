"""``dkd up``, ``down``, ``status`` and ``logs``: Kafka, Druid and dkd's own services on this machine."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument, TargetOption, YesOption, find_model, project_of
from dkd.cli.progress import Stderr
from dkd.errors import DkdError, ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from dkd.jobs.status import Section
    from dkd.jobs.up import Result, Site
    from dkd.local.layout import Layout


class Runtime(StrEnum):
    """Where the stack's servers run."""

    local = "local"
    docker = "docker"


RuntimeOption = Annotated[Runtime, typer.Option(help="JVMs of dkd's own, or containers of compose/.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd up --detach --base-port 28300")(up)
    app.command(epilog="Example: dkd down --wipe --yes")(down)
    app.command(epilog="Example: dkd status --json")(status)
    app.command(epilog="Example: dkd logs druid --follow")(logs)


def up(
    path: ModelArgument = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="PARTS", help="Some of kafka,druid,collector,enricher,explorer.", show_default=False),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything works.")] = False,
    base_port: Annotated[
        int | None, typer.Option(min=1024, max=65000, help="First of twelve ports in a row.", show_default=False)
    ] = None,
    memory: Annotated[str, typer.Option(metavar="SIZE", envvar="DKD_MEMORY", help="Heap of Druid.")] = "1g",
    offline: Annotated[bool, typer.Option("--offline", help="Never fetch jars.")] = False,
    runtime: RuntimeOption = Runtime.local,
) -> None:
    """Start Kafka and Druid, deploy the model, start collector, enricher and explorer; Ctrl-C stops them all."""
    if runtime is Runtime.docker:
        _docker_up(find_model(path))
        return
    from dkd.cli import args
    from dkd.jobs.up import Wanted, watch
    from dkd.local.layout import Layout
    from dkd.local.parts import SERVERS, chosen
    from dkd.local.room import heap_mb

    names, heap = chosen(only), heap_mb(memory)
    project, site = _site(path, needs_model=not set(names) <= set(SERVERS))
    wanted = Wanted(names, base_port or args.base_port(project), heap, offline)
    layout, listener = Layout.of(project), Stderr()
    _end_on_sigterm()
    _say_result(_up(layout, site, wanted, listener), wanted.base_port, names)
    if detach:
        return
    typer.echo("Ctrl-C stops the stack", err=True)
    try:
        watch(layout, names, listener)
    except KeyboardInterrupt:
        _down(layout, listener, wipe=False)


def down(
    path: ModelArgument = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete the data of Kafka and Druid too.")] = False,
    yes: YesOption = False,
    runtime: RuntimeOption = Runtime.local,
) -> None:
    """Stop the stack; its data stays unless --wipe."""
    project = _project(path)
    if wipe:
        _ask_to_wipe(project, yes)
    if runtime is Runtime.docker:
        from dkd.local import docker

        docker.down(*_compose(find_model(path)), wipe=wipe)
        return
    from dkd.local.layout import Layout

    _down(Layout.of(project), Stderr(), wipe=wipe)


def status(
    path: ModelArgument = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
    runtime: RuntimeOption = Runtime.local,
) -> None:
    """Show every part of the stack and whether it answers, the books, and the last deploy; exit 0 when all is well.

    Of another target than local only its books and its last deploy are shown; they must be known there.
    """
    if runtime is Runtime.docker:
        _docker_status(find_model(path), as_json)
        return
    import json

    from dkd.cli.args import base_port, opened
    from dkd.cli.spooled import spool_sections
    from dkd.jobs.status import Section, Status
    from dkd.jobs.status import status as read
    from dkd.local.layout import Layout
    from dkd.settings import Ports

    project = _project(path)
    sections: list[Callable[[], Section]] = [
        lambda: _section("books", path, target),
        lambda: _section("supervisors", path, target),
        lambda: _section("deploy", path, target),
    ]
    if target == "local":
        found = read(Layout.of(project), Ports.at(base_port(project)), sections, spool_sections(project, path))
    else:
        # There are no parts to show beside a mistake in the model or the target's name.
        opened(path, target)
        found = Status((), tuple(section() for section in sections))
    typer.echo(json.dumps(found.as_dict(), indent=2) if as_json else "\n".join(found.lines()))
    is_known = target == "local" or not any("unknown" in (section.values or ()) for section in found.sections)
    if not (found.ok and is_known):
        raise typer.Exit(ExitCode.failed)


def _section(name: str, path: Path | None, target: str) -> "Section":
    from dkd.cli.args import opened
    from dkd.jobs.deployed import deploy_section
    from dkd.jobs.reading import supervisors_section
    from dkd.jobs.standing import books_section
    from dkd.jobs.status import Section

    try:
        found = opened(path, target)
    except DkdError as error:
        # The mistake is told once.
        lines = (f"books: not known, {error}",) if name == "books" else ()
        return Section(name, lines, {"unknown": error.problems[0].as_dict()})
    read = {"books": books_section, "supervisors": supervisors_section, "deploy": deploy_section}[name]
    return read(found.model, found.settings)


def logs(
    part: Annotated[str | None, typer.Argument(metavar="PART", help="Default: every part.", show_default=False)] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 40,
    path: Annotated[Path | None, typer.Option("--model", "-m", help="The model.", show_default=False)] = None,
) -> None:
    """Print what the parts have logged."""
    from dkd.local.layout import Layout
    from dkd.local.logs import follow as following
    from dkd.local.logs import last_lines
    from dkd.local.parts import chosen

    layout = Layout.of(_project(path))
    found = [layout.log(name) for name in chosen(part, "PART")]
    present = [log for log in found if log.is_file()]
    if not present and not follow:
        raise UsageError("DKD117", where=str(layout.logs), problem="nothing was logged yet", remedy="run dkd up")
    mark: Callable[[Path], str] = (lambda log: f"{log.stem:10} ") if len(found) > 1 else (lambda _: "")
    for log in present:
        for line in last_lines(log, lines):
            typer.echo(mark(log) + line)
    if follow:
        for log, line in following(found):
            typer.echo(mark(log) + line)


def _site(path: Path | None, *, needs_model: bool) -> tuple[Path, "Site | None"]:
    """The project and its model; Kafka and Druid alone may do without one."""
    from dkd.cli.args import load_model
    from dkd.jobs.up import Site

    if not needs_model and path is None:
        try:
            find_model(None)
        except UsageError:
            return Path.cwd(), None
    file, project, model = load_model(path)
    return project, Site(file, model)


def _project(path: Path | None) -> Path:
    """The project of a model, or the directory we stand in; the model itself may be wrong or gone."""
    return Path.cwd() if path is None else project_of(find_model(path))


def _up(layout: "Layout", site: "Site | None", wanted: object, listener: Stderr) -> "Result":
    from dkd.cli.args import environment
    from dkd.jobs.up import up as bring_up

    try:
        return bring_up(layout, site, wanted, lambda: environment(layout.project), listener)  # type: ignore[arg-type]
    finally:
        listener.clear()


def _down(layout: "Layout", listener: Stderr, *, wipe: bool) -> None:
    from dkd.jobs.up import down as stop

    try:
        stopped = stop(layout, listener, wipe=wipe)
    finally:
        listener.clear()
    typer.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing was running", err=True)
    if wipe:
        typer.echo(f"deleted {layout.data}", err=True)


def _ask_to_wipe(project: Path, yes: bool) -> None:
    import sys

    from dkd.cli.args import is_terminal

    if yes:
        return
    if not is_terminal(sys.stdin):
        raise RefusedError("DKD614", where=str(project), problem="data is not deleted unasked", remedy="add --yes")
    typer.confirm(f"Delete all topics and datasources of {project}?", abort=True, err=True)


def _say_result(result: "Result", base_port: int, names: tuple[str, ...]) -> None:
    from dkd.local.services import absent
    from dkd.settings import Ports

    ports, shown = Ports.at(base_port), set(names) - absent()
    places = {
        "collector": f"http://127.0.0.1:{ports.collector}",
        "druid": f"http://127.0.0.1:{ports.broker}/druid/v2/sql",
        "kafka": f"127.0.0.1:{ports.kafka}",
        "enricher": f"http://127.0.0.1:{ports.enricher_admin}/metrics",
        "explorer": f"http://127.0.0.1:{ports.explorer}",
    }
    typer.echo(f"started {', '.join(result.started)}" if result.started else "everything was running already")
    for line in (result.deployed, *(f"{name:10} {place}" for name, place in places.items() if name in shown)):
        if line:
            typer.echo(line)
    typer.echo(", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.phases.seconds.items()))


def _end_on_sigterm() -> None:
    """SIGTERM ends the command in the same orderly way as Ctrl-C."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _compose(model: Path) -> tuple[Path, str]:
    from dkd.cli.args import load_model

    _, project, found = load_model(model)
    return project / "compose" / f"{found.site}.yml", f"dkd-{found.site}"


def _docker_up(path: Path) -> None:
    from dkd.cli.args import environment, load_model
    from dkd.jobs.deploy import deploy
    from dkd.local import docker
    from dkd.settings import DEFAULT_BASE_PORT, settings

    docker.up(*_compose(path))
    _, project, model = load_model(path)
    # The rendered file publishes the default ports, whatever the project's own stack was started with.
    where = settings(model, "local", environment(project), DEFAULT_BASE_PORT)
    typer.echo(deploy(model, where, tell=lambda found: typer.echo(found.text, err=True)).line())
    typer.echo("Kafka and Druid run in containers; start dkd collect and dkd enrich, or compose's profile dkd")


def _docker_status(model: Path, as_json: bool) -> None:
    import json

    from dkd.local import docker

    found = docker.containers(_compose(model)[1])
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], indent=2))
    else:
        typer.echo("\n".join(f"{one.service:12} {one.state:10} {one.health}" for one in found) or "no containers")
    if not found or any(one.state != "running" for one in found):
        raise typer.Exit(ExitCode.failed)
