"""``dkd diff``: what a change of the model does to every system, to numbers and to privacy."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dkd.cli.args import JsonOption
from dkd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from dkd.plan.forms.report import Report


class Form(StrEnum):
    """Forms of ``dkd diff``."""

    text = "text"
    json = "json"
    markdown = "markdown"
    sarif = "sarif"
    junit = "junit"


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd diff main --fail-on breaking")(diff)


def diff(
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="[OLD]",
            help="A model, a directory, a git ref or REF:FILE; also a schema (.avsc) or a supervisor's spec (.json). "
            "Default: where the work left the main branch.",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="The same; default: the working tree.", show_default=False)
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How it is printed.")] = Form.text,
    fail_on: Annotated[
        str, typer.Option(metavar="CLASS,...", help="Exit with 3 when a change is of one of these; breaking, any.")
    ] = "",
    explain: Annotated[
        str, typer.Option(metavar="CODE", help="Say what a rule means, and compare nothing; all: every rule.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two models, value by value, and what each change does; no network."""
    if explain:
        from dkd.cli.args import explanation
        from dkd.plan.forms.explain import explained, page
        from dkd.systems.table import RULES

        typer.echo(explanation("dkd diff", explain, RULES, explained, page), nl=False)
        return
    from dkd.model.words import counted
    from dkd.plan.diff import met

    asked = _classes(fail_on)
    report = _compared(old, new)
    typer.echo(_printed(report, Form.json if as_json else form), nl=False)
    failing = met(report.changes, asked)
    if failing:
        typer.echo(f"{counted(len(failing), 'change')} of a class in --fail-on {fail_on}", err=True)
    if report.mistakes:
        typer.echo(f"{counted(len(report.mistakes), 'wrong waiver')}", err=True)
    if failing or report.mistakes:
        raise typer.Exit(ExitCode.findings)


def _compared(old: str | None, new: str | None) -> "Report":
    from dkd.jobs.artefacts import artefact_changes, is_artefact
    from dkd.jobs.changes import judged, today
    from dkd.jobs.git import merge_base
    from dkd.jobs.versions import versions_at
    from dkd.plan.forms.report import Report

    before = merge_base() if old is None else old
    after = _working_tree(before) if new is None else new
    if is_artefact(before):
        return Report(before, after, artefact_changes(before, after))
    versions = versions_at(before, may_be_empty=not Path(before).exists()), versions_at(after)
    if not versions[0]:
        typer.echo(f"{before} has no model in specs/: everything is new", err=True)
    changes, mistakes = judged(*versions, today())
    return Report(f"{before[:10]} (merge base)" if old is None else before, after, changes, mistakes)


def _printed(report: "Report", form: Form) -> str:
    if form is Form.markdown:
        from dkd.plan.forms.markdown import as_markdown

        return as_markdown(report)
    if form is Form.sarif:
        import dkd
        from dkd.plan.forms.sarif import as_sarif

        return as_sarif(report, dkd.__version__)
    if form is Form.junit:
        from dkd.plan.forms.junit import as_junit

        return as_junit(report)
    from dkd.plan.forms.plain import as_json, as_text

    return as_json(report) if form is Form.json else as_text(report)


def _classes(text: str) -> list[str]:
    from dkd.plan.diff import NAMES

    asked = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        remedy = f"use: {', '.join(NAMES)}"
        raise UsageError("DKD262", where="--fail-on", problem=f"there is no class {unknown[0]!r}", remedy=remedy)
    return asked


def _working_tree(old: str) -> str:
    """What *old* is compared with: a model's file with the model in ``specs/``, anything else with all models there."""
    from dkd.cli.args import find_model

    return str(find_model(None)) if Path(old).is_file() else "."
