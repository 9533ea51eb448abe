"""``dkd init`` and ``dkd check``: a first model, and whether a model is right."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument
from dkd.errors import ExitCode, ModelError


class PresetName(StrEnum):
    """Presets of ``dkd init``."""

    web = "web"
    shop = "shop"


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd init my-site --preset shop --site shop")(init)
    app.command(epilog="Example: dkd check specs/shop.yaml")(check)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; default: here.")] = Path(),
    preset: Annotated[PresetName, typer.Option(help="What kind of site.")] = PresetName.web,
    site: Annotated[str | None, typer.Option(help="Its name; default: the folder's.", show_default=False)] = None,
) -> None:
    """Write a commented model and a CI job; existing files are left alone."""
    from shlex import quote

    from dkd.jobs.init import write_new
    from dkd.model.preset import preset_files, site_name

    name = (site_name(folder.resolve().name) or preset.value) if site is None else site
    made = write_new(folder, preset_files(preset.value, name))
    for path, is_new in made.items():
        typer.echo(f"{'wrote' if is_new else 'kept '} {path}")
    step = f"cd {quote(str(folder))} && " if folder != Path() else ""
    typer.echo(f"next: {step}dkd check && dkd render && dkd up", err=True)


def check(path: ModelArgument = None, as_json: JsonOption = False) -> None:
    """Find every mistake of the model, each with its line and column; no network."""
    import json

    from dkd.cli.args import load_model

    try:
        file, _, model = load_model(path)
    except ModelError as error:
        if as_json:
            typer.echo(json.dumps([problem.as_dict() for problem in error.problems], indent=2))
        else:
            typer.echo(str(error))
            typer.echo(f"{len(error.problems)} mistake{'s' if len(error.problems) > 1 else ''}", err=True)
        raise typer.Exit(ExitCode.findings) from error
    if as_json:
        typer.echo("[]")
        return
    fields, events = len(model.all_fields), len(model.events)
    typer.echo(
        f"{file}: site {model.site}, {events} events, {fields} fields, {len(model.measures)} measures: no mistakes"
    )
