"""``dkd plan`` and ``dkd deploy``: what would change in the live systems, and changing it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from dkd.cli.args import JsonOption, ModelArgument, Opened, TargetOption, YesOption
from dkd.errors import ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dkd.jobs.deploy import Happening
    from dkd.jobs.probe import Probe
    from dkd.plan.order import Plan
    from dkd.plan.saved import Saved

PlanArgument = Annotated[
    Path | None,
    typer.Argument(metavar="MODEL|PLAN", help="The model, or a plan of --out; default: the one YAML in specs/.",
                   show_default=False),
]  # fmt: skip


LockTimeout = Annotated[
    float, typer.Option("--lock-timeout", min=0, metavar="SECONDS", help="How long another deploy is waited for.")
]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd plan --target prod --out plan.json --detailed-exitcode")(plan)
    app.command(epilog="Example: dkd deploy plan.json --yes")(deploy)
    app.command(epilog="Example: dkd destroy --target staging --include-data")(destroy)


def plan(
    path: ModelArgument = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Save the plan for dkd deploy FILE.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Let Druid read the first records of the topics with the new specs.")
    ] = False,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit with 4 when another hand changed something, else with 2 when "
                     "there is something to do."),
    ] = False,
) -> None:  # fmt: skip
    """Show what deploy would change; nothing is written to any system. Exit 3 when a probe finds mistakes."""
    from dkd.cli.args import opened
    from dkd.jobs.pin import require_cluster
    from dkd.jobs.plan import planned
    from dkd.jobs.probe import probed
    from dkd.plan.saved import saved

    chosen = opened(path, target)
    _require_place(out)
    found = planned(chosen.model, chosen.settings)
    require_cluster(chosen.project, found)
    probes = probed(found, chosen.model, chosen.settings) if probe else ()
    _show(found, as_json, probes)
    if out is not None:
        out.write_text(saved(found, chosen.model, str(chosen.path), chosen.settings.pseudonym_key), "utf-8")
        typer.echo(f"saved to {out}", err=True)
    if not all(one.ok for one in probes):
        raise typer.Exit(ExitCode.findings)
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(ExitCode.drift if found.drift else ExitCode.changes)


def deploy(
    path: PlanArgument = None,
    target: TargetOption = "local",
    yes: YesOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object per line for what happens.")] = False,
    lock_timeout: LockTimeout = 20.0,
) -> None:
    """Make topics, supervisors and rules as the model says; shows the plan and asks first.

    A deploy that was stopped goes on where it was: what is done stays done, what was begun is looked at first. Where
    the local stack runs, its services start anew with the new model.
    """
    from dkd.jobs.deploy import apply, refuse_blocked
    from dkd.jobs.pin import keep_cluster, require_cluster
    from dkd.jobs.plan import planned
    from dkd.jobs.render import keep_schema

    chosen = _chosen(path, target)
    model, settings = chosen.opened.model, chosen.opened.settings
    found = planned(model, settings)
    require_cluster(chosen.opened.project, found)
    _require_same(chosen, found)
    _show(found, as_json)
    refuse_blocked(found)
    if not found.is_empty and not yes:
        _ask(len(found.steps))
    keep_schema(chosen.opened.project, model)
    keep_cluster(chosen.opened.project, found, lambda line: typer.echo(line, err=True))
    report = apply(found, model, settings, tell=_json_line if as_json else _line, patience_s=lock_timeout)
    if settings.is_local:
        _renew(chosen.opened)
    _say(report.line(), as_json, quiet=found.is_empty)


def _renew(chosen: Opened) -> None:
    """Let the services of the local stack, where they run, work by the model that was deployed."""
    from dkd.cli.args import base_port, environment
    from dkd.cli.progress import Stderr
    from dkd.jobs.renew import renew
    from dkd.jobs.up import Site
    from dkd.local.layout import Layout

    if not chosen.path.is_file():
        return
    project, listener = chosen.project, Stderr()
    try:
        site = Site(chosen.path, chosen.model)
        renew(Layout.of(project), site, base_port(project), lambda: environment(project), listener)
    finally:
        listener.clear()


def destroy(
    path: ModelArgument = None,
    target: TargetOption = "local",
    include_data: Annotated[
        bool, typer.Option("--include-data", help="Delete topics and rows too; they are lost.")
    ] = False,
    confirm: Annotated[
        str | None, typer.Option(metavar="TARGET", help="The target's name once more, instead of typing it.")
    ] = None,
    lock_timeout: LockTimeout = 20.0,
) -> None:
    """Remove what deploy made, and nothing else; shows it first, and asks for the target's name.

    Supervisors and compaction go; topics, rows and the rules that let them go one day only with --include-data. What
    was stopped is gone on with by running it again.
    """
    from dkd.cli.args import opened
    from dkd.jobs import destroy as job
    from dkd.jobs.pin import require_cluster
    from dkd.model.words import counted

    chosen = opened(path, target)
    found = job.destroying(chosen.model, chosen.settings, include_data=include_data)
    require_cluster(chosen.project, found)
    _show(found, as_json=False)
    _require_name(target, confirm)
    job.destroy(found, chosen.model, chosen.settings, tell=_line, patience_s=lock_timeout)
    typer.echo(f"{found.site} on {target}: {counted(len(found.steps), 'artefact')} removed")


def _require_name(target: str, confirm: str | None) -> None:
    """Return when the target's name was given, or is typed now."""
    import sys

    from dkd.cli.args import is_terminal

    if confirm is None and is_terminal(sys.stdin):
        confirm = typer.prompt(f"Type the target's name, {target}, to remove all this", err=True)
    if confirm != target:
        problem = "nothing is removed unless the target's name is given"
        raise RefusedError("DKD711", problem=problem, remedy=f"add --confirm {target}")


class _Chosen(NamedTuple):
    opened: Opened
    saved: "Saved | None" = None
    file: str = ""


def _chosen(path: Path | None, target: str) -> _Chosen:
    """The model of a file, or that of a saved plan with its target."""
    from dkd.cli.args import base_port, environment, opened, project_of
    from dkd.plan.saved import is_saved, loaded
    from dkd.settings import settings

    text = path.read_text("utf-8", errors="replace") if path is not None and path.is_file() else ""
    if path is None or not is_saved(text):
        return _Chosen(opened(path, target))
    saved = loaded(text, str(path))
    model = Path(saved.path)
    project = project_of(model) if model.is_file() else Path.cwd()
    where = settings(saved.model, saved.target, environment(project), base_port(project))
    return _Chosen(Opened(model, project, saved.model, where), saved, str(path))


def _require_same(chosen: _Chosen, found: "Plan") -> None:
    from dkd.plan.saved import require_same

    if chosen.saved is None:
        return
    if chosen.opened.path.is_file():
        from dkd.model.digest import digest
        from dkd.model.load import read_model

        if digest(read_model(chosen.opened.path).at(chosen.opened.settings.target)) != found.model:
            problem = f"{chosen.opened.path} changed after the plan was made"
            raise RefusedError("DKD713", where=chosen.file, problem=problem, remedy="plan again")
    require_same(chosen.saved, found, chosen.opened.settings.pseudonym_key, chosen.file)


def _require_place(out: Path | None) -> None:
    """Return when a plan can be saved there, so that nobody waits for one that cannot."""
    if out is None or (out.parent.is_dir() and not out.is_dir()):
        return
    problem = "this is a directory" if out.is_dir() else f"there is no directory {out.parent}"
    raise UsageError("DKD110", where=f"--out {out}", problem=problem, remedy="name a file in a directory that is there")


def _show(found: "Plan", as_json: bool, probes: "Sequence[Probe]" = ()) -> None:
    import json

    from dkd.plan.show import as_dict, as_text

    if as_json:
        more = {"probes": [one.as_dict() for one in probes]} if probes else {}
        typer.echo(json.dumps({**as_dict(found), **more}))
    else:
        typer.echo("\n".join([as_text(found), *(line for one in probes for line in one.lines())]))


def _line(found: "Happening") -> None:
    if found.event in ("step_started", "gate_wait", "interrupted"):
        typer.echo(found.text, err=True)


def _json_line(found: "Happening") -> None:
    import json

    typer.echo(json.dumps(found._asdict()))


def _say(line: str, as_json: bool, *, quiet: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps({"event": "summary", "text": line}))
    elif not quiet:
        typer.echo(line)


def _ask(steps: int) -> None:
    import sys

    from dkd.cli.args import is_terminal
    from dkd.model.words import counted

    if not is_terminal(sys.stdin):
        raise RefusedError(
            "DKD711",
            problem=f"{counted(steps, 'step')} to do, and nothing is done unasked",
            remedy="look at the plan, then add --yes",
        )
    typer.confirm(f"Carry out {counted(steps, 'step')}?", abort=True, err=True)
