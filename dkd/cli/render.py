"""``dkd render``: a model's artefacts as files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument
from dkd.errors import ExitCode

if TYPE_CHECKING:
    from dkd.model.schema import Model


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd render --check")(render)


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
