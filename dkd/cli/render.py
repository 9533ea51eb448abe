"""``dkd render`` and ``dkd diff``: a model's artefacts as files, and what a change of the model does to them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument
from dkd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from dkd.model.schema import Model


class Form(StrEnum):
    """Forms of ``dkd diff``."""

    text = "text"
    json = "json"


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd render --check")(render)
    app.command(epilog="Example: dkd diff main --fail-on breaking")(diff)


def render(
    path: ModelArgument = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 3 when a file is not as the model says.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the artefacts of all systems into specs/SITE/ and compose/; only what changed."""
    from dkd.cli.args import load_model

    _, project, model = load_model(path)
    (_check if check else _write)(project, model, as_json)


def _write(project: Path, model: "Model", as_json: bool) -> None:
    import json

    from dkd.jobs.render import compared
    from dkd.jobs.render import render as write

    written = write(project, model)
    others = compared(project, model)
    if as_json:
        left = [finding._asdict() for finding in others]
        typer.echo(json.dumps({"site": model.site, "written": written, "findings": left}, indent=2))
        return
    typer.echo("\n".join(f"wrote {path}" for path in written) or f"{model.site}: every artefact was as the model says")
    for finding in others:
        typer.echo(f"{finding.path}: {finding.state}, left alone", err=True)


def _check(project: Path, model: "Model", as_json: bool) -> None:
    import json

    from dkd.jobs.render import compared

    findings = compared(project, model)
    if as_json:
        found = [finding._asdict() for finding in findings]
        typer.echo(json.dumps({"site": model.site, "findings": found}, indent=2))
    else:
        lines = [f"{finding.state:7} {finding.path}" for finding in findings]
        typer.echo("\n".join(lines) or f"{model.site}: every artefact is as the model says")
    if findings:
        typer.echo("run dkd render; it leaves extra and broken files to you", err=True)
        raise typer.Exit(ExitCode.findings)


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A model, a directory, or a git ref.")],
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="The same; default: the working tree.", show_default=False)
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How it is printed.")] = Form.text,
    fail_on: Annotated[
        str, typer.Option(metavar="CLASS,...", help="Exit with 3 when a change is of one of these; breaking, any.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two models, value by value, and what each change does; no network."""
    from dkd.jobs.versions import changes, models_at
    from dkd.plan.diff import as_json as as_text_of_json
    from dkd.plan.diff import as_text, met

    asked = _classes(fail_on)
    found = changes(models_at(old), models_at(new or _working_tree(old)))
    typer.echo(as_text_of_json(found) if as_json or form is Form.json else as_text(found), nl=False)
    failing = met(found, asked)
    if failing:
        typer.echo(f"{len(failing)} of the changes are of a class in --fail-on {fail_on}", err=True)
        raise typer.Exit(ExitCode.findings)


def _classes(text: str) -> list[str]:
    from dkd.plan.diff import NAMES

    asked = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        remedy = f"use: {', '.join(NAMES)}"
        raise UsageError("DKD262", where="--fail-on", problem=f"there is no class {unknown[0]!r}", remedy=remedy)
    return asked


def _working_tree(old: str) -> str:
    """What *old* is compared with: a file with the model in ``specs/``, anything else with all models there."""
    from dkd.cli.args import find_model

    return str(find_model(None)) if Path(old).is_file() else "."
