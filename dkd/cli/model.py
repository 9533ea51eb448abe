"""``dkd init`` and ``dkd check``: a first model, and whether a model is right."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument
from dkd.errors import ExitCode, ModelError

if TYPE_CHECKING:
    from dkd.model.schema import Model


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
    """Write a commented model, first views for the explorer and a CI job; existing files are left alone."""
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
    """Find every mistake of the model and of its views in dashboards/, each with its line and column; no network."""
    import json

    from dkd.cli.args import load_model

    try:
        file, project, model = load_model(path)
        _waivers(file, model)
        views = _views(project, model)
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
    counts = f"{events} events, {fields} fields, {len(model.measures)} measures, {views} views"
    typer.echo(f"{file}: site {model.site}, {counts}: no mistakes")


def _waivers(file: Path, model: "Model") -> None:
    """Make sure that each waiver still counts, and that its rule is one; raises ModelError with all that do not."""
    if not model.waivers:
        return
    from dkd.jobs.changes import today, waiver_mistakes
    from dkd.jobs.versions import versions_at

    found = waiver_mistakes(versions_at(str(file)), today())
    if found:
        raise ModelError.of(found)


def _views(project: Path, model: "Model") -> int:
    """How many views the project keeps.

    Raises:
        ModelError: With every mistake of all of them.
    """
    folder = project / "dashboards"
    folder = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    if not folder.is_dir():
        return 0
    from dkd.explore.saved import read_all

    read = read_all(folder, model)
    if found := [problem for one in read for problem in one.problems]:
        raise ModelError.of(found)
    return len(read)
