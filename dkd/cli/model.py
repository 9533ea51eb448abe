"""``dkd init``, ``dkd check`` and ``dkd schema``: a first model, whether it is right, and what may stand in it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption, ModelArgument
from dkd.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dkd.errors import Problem
    from dkd.jobs.check import Checked
    from dkd.model.found import Found
    from dkd.model.schema import Model


class PresetName(StrEnum):
    """Presets of ``dkd init``."""

    web = "web"
    shop = "shop"
    weblog = "weblog"


class FindingsForm(StrEnum):
    """Forms of findings."""

    text = "text"
    json = "json"
    sarif = "sarif"
    junit = "junit"
    github = "github"


class SchemaForm(StrEnum):
    """Forms of the model's schema."""

    json = "json"
    markdown = "markdown"
    enrichers = "enrichers"


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd init my-site --preset shop --site shop")(init)
    app.command(epilog="Example: dkd check specs/shop.yaml")(check)
    app.command(epilog="Example: dkd schema > specs/dkd.schema.json")(schema)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; default: here.")] = Path(),
    preset: Annotated[PresetName, typer.Option(help="What kind of site.")] = PresetName.web,
    site: Annotated[str | None, typer.Option(help="Its name; default: the folder's.", show_default=False)] = None,
    old: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="Make it from an old spec, conf, mapping or schema; repeatable."),
    ] = None,
) -> None:
    """Write a commented model, first views for the explorer and a CI job; existing files are left alone."""
    if old:
        _init_from(folder, old, site)
        return
    from shlex import quote

    from dkd.jobs.init import write_new
    from dkd.model.preset import preset_files, site_name

    name = (site_name(folder.resolve().name) or preset.value) if site is None else site
    made = write_new(folder, preset_files(preset.value, name))
    for path, is_new in made.items():
        typer.echo(f"{'wrote' if is_new else 'kept '} {path}")
    step = f"cd {quote(str(folder))} && " if folder != Path() else ""
    typer.echo(f"next: {step}dkd check && dkd render && dkd up", err=True)


def _init_from(folder: Path, old: list[Path], site: str | None) -> None:
    """The model that old files imply, and a list of what of them is not in it."""
    from dkd.cli.doctor import checked_site, show_written
    from dkd.jobs.doctor import diagnosed
    from dkd.jobs.doctor_write import project_files

    made = project_files(diagnosed(old).bundle, [str(path) for path in old], checked_site(site))
    show_written(folder, made.texts, made.lost)
    typer.echo("next: dkd doctor says what is wrong with the old files, dkd check what the model lacks", err=True)


def check(
    path: ModelArgument = None,
    form: Annotated[FindingsForm, typer.Option("--format", help="How it is printed.")] = FindingsForm.text,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 for advice, too.")] = False,
    explain: Annotated[
        str, typer.Option(metavar="CODE", help="Say what a finding means, and check nothing; all: every one.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Find every mistake of the model and of its views in dashboards/, each with its line and column; no network."""
    if explain:
        from dkd.cli import doctor
        from dkd.cli.args import explanation
        from dkd.model.codes import CODES, explained, page
        from dkd.systems.faults import FAULTS

        if explain.upper() in FAULTS:
            typer.echo(doctor.explained(explain), nl=False)
            return
        typer.echo(explanation("dkd check", explain, CODES, explained, page), nl=False)
        return
    from dkd.cli.args import find_model, project_of
    from dkd.jobs.check import checked

    file = find_model(path)
    found = checked(file, lambda model: _views(project_of(file), model))
    if as_json or form is not FindingsForm.text:
        typer.echo(printed(found.findings, FindingsForm.json if as_json else form, str(file)), nl=False)
    else:
        for one in found.findings:
            typer.echo(one.line())
        _sum_up(file, found)
    mistakes = [one for one in found.findings if one.level == "mistake" or (strict and not one.waiver)]
    if mistakes:
        raise typer.Exit(ExitCode.findings)


def schema(
    form: Annotated[
        SchemaForm,
        typer.Option("--format", help="For people: markdown, every key in tables; enrichers, a chapter for each."),
    ] = (SchemaForm.json),
) -> None:
    """Print the JSON Schema of a model's file, by which editors complete and check it while it is written."""
    if form is SchemaForm.enrichers:
        from dkd.model.enrichers_page import enrichers_page

        typer.echo(enrichers_page(), nl=False)
        return
    if form is SchemaForm.markdown:
        from dkd.model.reference import page

        typer.echo(page(), nl=False)
        return
    from dkd.model.published import schema_text

    typer.echo(schema_text(), nl=False)


def _sum_up(file: Path, found: "Checked") -> None:
    from dkd.model.words import counted

    if found.model is None or any(one.level == "mistake" for one in found.findings):
        typer.echo(counted(len(found.findings), "mistake"), err=True)
        return
    model = found.model
    sizes = {"event": len(model.events), "field": len(model.all_fields)}
    sizes |= {"dimension": len(model.dimensions)} if model.dimensions else {}
    sizes |= {"measure": len(model.measures), "view": found.views}
    counts = ", ".join(counted(size, name) for name, size in sizes.items())
    typer.echo(f"{file}: site {model.site}, {counts}: no mistakes")


def printed(findings: "Sequence[Found]", form: FindingsForm, file: str) -> str:
    """The text of *findings* about *file* in a form for programs."""
    from dkd.plan.forms import findings as forms

    if form is FindingsForm.sarif:
        import dkd

        return forms.as_sarif(findings, dkd.__version__)
    if form is FindingsForm.junit:
        return forms.as_junit(findings, file)
    return forms.as_github(findings) if form is FindingsForm.github else forms.as_json(findings)


def _views(project: Path, model: "Model") -> "tuple[int, list[Problem]]":
    """How many views the project keeps, and every mistake of all of them."""
    folder = project / "dashboards"
    folder = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    if not folder.is_dir():
        return 0, []
    from dkd.explore.project import count, kept

    return count(folder), list(kept(folder, model).problems)
