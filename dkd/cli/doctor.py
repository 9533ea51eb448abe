"""``dkd doctor``: what is wrong with files of a Divolte, Kafka and Druid of any age, and what stands for them today."""

from pathlib import Path
from typing import Annotated

import typer

from dkd.cli.args import JsonOption
from dkd.cli.model import FindingsForm
from dkd.errors import ExitCode, UsageError


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: dkd doctor supervisor.json mapping.groovy event.avsc --write new")(doctor)


def doctor(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Druid specs, Divolte confs and mappings, Avro schemas; by content."),
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Records of the topic: one JSON object a line.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the specs that today's Druid takes, and the model; overwrites nothing."
        ),
    ] = None,
    site: Annotated[str | None, typer.Option(help="The model's name; default: the datasource's.")] = None,
    form: Annotated[FindingsForm, typer.Option("--format", help="How it is printed.")] = FindingsForm.text,
    explain: Annotated[
        str, typer.Option(metavar="CODE", help="Say what a finding means, and look at nothing; all: every one.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Name each fault of old or broken files with its place and remedy; several files are looked at together."""
    if explain:
        typer.echo(explained(explain), nl=False)
        return
    if not files:
        raise UsageError("DKD640", problem="no file is named", remedy="name a spec, a conf, a mapping or a schema")
    from dkd.cli.model import printed
    from dkd.jobs.doctor import diagnosed
    from dkd.model.found import Found
    from dkd.model.words import counted

    found = diagnosed(files, sample)
    is_text = form is FindingsForm.text and not as_json
    if is_text:
        for one in found.problems:
            typer.echo(one.line())
        typer.echo(counted(len(found.problems), "finding") if found.problems else "nothing is wrong", err=True)
    else:
        findings = [Found(one) for one in found.problems]
        typer.echo(printed(findings, FindingsForm.json if as_json else form, str(files[0])), nl=False)
    if write is not None:
        from dkd.jobs.doctor_write import written

        made = written(found.bundle, [str(path) for path in files], checked_site(site))
        show_written(write, made.texts, made.lost, to_stderr=not is_text)
    if found.problems:
        raise typer.Exit(ExitCode.findings)


def show_written(folder: Path, texts: dict[str, str], lost: list[str], *, to_stderr: bool = False) -> None:
    """Write *texts* below *folder*, and say what was written and what of the old files is not in it."""
    from dkd.jobs.init import write_new

    for path, is_new in write_new(folder, texts).items():
        typer.echo(f"{'wrote' if is_new else 'kept '} {path}", err=to_stderr)
    if lost:
        typer.echo("\nnot in them, or changed:", err=to_stderr)
        for line in lost:
            typer.echo(f"  {line}", err=to_stderr)


def checked_site(site: str | None) -> str | None:
    """*site*, when it is one; raises UsageError DKD112."""
    if site is not None:
        from dkd.model.preset import preset_files

        preset_files("web", site)
    return site


def explained(code: str) -> str:
    """The explanation of one code, or of ``all``; raises UsageError when there is no such code."""
    from dkd.cli.args import explanation
    from dkd.systems.faults import FAULTS, explained, page

    return explanation("dkd doctor", code, FAULTS, explained, page)
