"""``dkd sql``: ask Druid in its own language."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption
from dkd.errors import UsageError


class FormName(StrEnum):
    """Forms of an answer."""

    table = "table"
    json = "json"
    csv = "csv"


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    example = 'dkd sql "SELECT event, COUNT(*) AS n FROM shop_events WHERE country = ? GROUP BY 1" --param NL'
    app.command(epilog=f"Example: {example}")(sql)


def sql(
    query: Annotated[
        str | None, typer.Argument(metavar="SQL", help="The query; - reads it from stdin.", show_default=False)
    ] = None,
    form: Annotated[FormName, typer.Option("--format", "-f", help="Form of the answer.")] = FormName.table,
    param: Annotated[
        list[str] | None,
        typer.Option(
            help='Value of the next ? in the query: 42 is a number, NL or "42" in quotes is text, ["a","b"] a list.'
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Read the query from this file.", show_default=False)] = None,
    timeout: Annotated[float, typer.Option(min=0.001, max=86_400, help="Seconds after which Druid gives up.")] = 30.0,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Let Druid estimate distinct counts and top lists.")
    ] = False,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Ask Druid SQL; distinct counts and top lists are exact unless told otherwise."""
    from dkd.cli.args import asked
    from dkd.query.client import Druid
    from dkd.query.show import as_text
    from dkd.query.sql import marks, typed

    form = form_of(form, as_json)
    text = _query(query, file)
    values = [typed(value) for value in param or []]
    if len(values) > marks(text):
        problem = f"there are {len(values)} values of --param, and {marks(text)} ? in the query"
        raise UsageError("DKD132", problem=problem, remedy="give one for each ?")
    with Druid(asked(model, target).druid) as druid:
        rows = druid.sql(text, values, timeout_s=timeout, exact=not approximate)
    # Without a terminal typer would take escape sequences out of what people sent.
    typer.echo(as_text(rows, form.value), nl=form is not FormName.csv, color=True)


def form_of(form: FormName, as_json: bool) -> FormName:
    """The form that both options ask for; raises UsageError DKD132 when they ask for two."""
    if as_json and form not in (FormName.table, FormName.json):
        problem = f"--json and --format {form.value} exclude each other"
        raise UsageError("DKD132", problem=problem, remedy="give one of them")
    return FormName.json if as_json else form


def _query(query: str | None, file: Path | None) -> str:
    """The query from the command line, the file or stdin."""
    import sys

    from dkd.cli.args import is_terminal

    remedy = 'give it once: dkd sql "SELECT ...", --file FILE, or on stdin'
    if query is not None and file is not None:
        raise UsageError("DKD130", problem="there are two queries", remedy=remedy)
    is_asked_of_stdin = query == "-" or (query is None and file is None and not is_terminal(sys.stdin))
    if (query is None and file is None and not is_asked_of_stdin) or (is_asked_of_stdin and sys.stdin is None):
        raise UsageError("DKD130", problem="there is no query", remedy=remedy)
    if file is not None:
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise UsageError("DKD131", where=str(file), problem=f"cannot be read: {reason}") from error
    return sys.stdin.read() if is_asked_of_stdin else str(query)
