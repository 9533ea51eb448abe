"""``dkd ask``: a question in the model's words."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption
from dkd.cli.sql import FormName, form_of
from dkd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dkd.query.answer import Answer
    from dkd.query.trust import Trust

_VALUE = "DIMENSION=VALUE; null is no value; again for another value or dimension."
_TIME = "2026-11-01 or 2026-11-01T10:00, on the zone's clock."


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd ask visitors,revenue --by country --last 7d --compare previous")(ask)


def ask(
    measures: Annotated[str, typer.Argument(metavar="MEASURE,…", help="Measures of the model.")],
    by: Annotated[str, typer.Option(metavar="DIMENSION,…", help="Split by these.", show_default=False)] = "",
    last: Annotated[
        str | None, typer.Option(help="The newest stretch of the data; without any interval 24h.", show_default=False)
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help=f"From then on: {_TIME}", show_default=False)] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Up to then, and without it; default: the newest event.")
    ] = None,
    grain: Annotated[
        str | None,
        typer.Option(help="Split by time: minute 5min 15min hour day week month quarter year.", show_default=False),
    ] = None,
    zone: Annotated[str, typer.Option(help="Where days begin: an IANA name such as Europe/Amsterdam.")] = "UTC",
    where: Annotated[list[str] | None, typer.Option(metavar="D=V", help=f"Keep these: {_VALUE}")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--not", metavar="D=V", help=f"Leave out these: {_VALUE}")
    ] = None,
    compare: Annotated[
        str | None, typer.Option(metavar="previous", help="Beside each number the period before.")
    ] = None,
    top: Annotated[int, typer.Option(help="Values of each split that get a row; the others share one.")] = 10,
    sort: Annotated[str | None, typer.Option(metavar="MEASURE", help="Ranks the values; default: the first.")] = None,
    bots: Annotated[bool, typer.Option("--bots", help="Count automated visitors too.")] = False,
    form: Annotated[FormName, typer.Option("--format", "-f", help="Form of the answer.")] = FormName.table,
    shows_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL and the definitions instead.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds after which Druid gives up a query.")] = 30.0,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Ask in the model's words: measures, split by dimensions and time, filtered, compared with the period before."""
    from dkd.cli.args import asked
    from dkd.query.answer import answered
    from dkd.query.asking import newest_event
    from dkd.query.client import Druid
    from dkd.query.link import of_dict
    from dkd.query.periods import local_time
    from dkd.query.trust import trust_of

    form = form_of(form, as_json)
    given = asked(model, target)
    tree = {
        "measures": _names(measures),
        "splits": [{"dimension": name, "limit": top, "sort": sort} for name in _names(by)],
        "filters": [*_filters(where, False), *_filters(without, True)],
        "grain": _grain(grain),
        "zone": zone,
        "compare": compare,
        "with_bots": bots,
    }
    since, until = (local_time(text, zone) if text else None for text in (start, end))
    with Druid(given.druid) as druid:
        question = of_dict(
            {**tree, "interval": interval_of(last, since, until, lambda: newest_event(druid, given.model))}
        )
        answer = answered(druid, given.model, question, timeout_s=timeout)
        trust = trust_of(druid, given.model, answer)
    if shows_sql:
        _print_sql(answer)
    else:
        _print(answer, trust, form)


def interval_of(
    last: str | None, start: "datetime | None", end: "datetime | None", newest: "Callable[[], datetime | None]"
) -> dict[str, object]:
    """What the options say of time; *newest* is asked where the interval ends with the data."""
    from datetime import timedelta

    if last is not None and (start or end):
        raise UsageError("DKD132", problem="--last and --from or --to exclude each other", remedy="give one of them")
    if end and not start:
        raise UsageError("DKD132", problem="--to stands without --from", remedy="say from when on")
    if not start:
        return {"last": last or "24h"}
    if not end:
        found = newest()
        # Before the first event any end will do: the answer says that there is none.
        end = max(found, start) + timedelta(milliseconds=1) if found else start + timedelta(days=1)
    return {"start": start, "end": end}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _grain(name: str | None) -> str | None:
    from dkd.query.measure import near
    from dkd.query.periods import GRAINS

    if name is None or name in GRAINS.values():
        return name
    if name not in GRAINS:
        raise UsageError("DKD132", where="--grain", problem=f"there is no {name!r}", remedy=near(name, list(GRAINS)))
    return GRAINS[name]


def _filters(texts: list[str] | None, exclude: bool) -> list[dict[str, Any]]:
    """One filter for each dimension, with all of its values."""
    found: dict[str, list[object]] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        option = "--not" if exclude else "--where"
        if not equals:
            raise UsageError("DKD132", where=option, problem=f"{text!r} has no =", remedy="write country=NL")
        if name.endswith("!"):
            remedy = f"write --not {name[:-1]}={value}"
            raise UsageError("DKD132", where=option, problem=f"{text!r} has a !=", remedy=remedy)
        found.setdefault(name.strip(), []).append(_value(value))
    return [{"dimension": name, "values": values, "exclude": exclude} for name, values in found.items()]


def _value(text: str) -> object:
    """Text as it stands; ``null`` is no value, and quotes make a text of it again."""
    import json

    if text == "null":
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _print(answer: "Answer", trust: "Trust", form: FormName) -> None:
    from dkd.query.shown import as_json, as_lines, as_table
    from dkd.query.trust import note, remarks

    if form is FormName.json:
        typer.echo(as_json(answer, trust), color=True)
        return
    typer.echo(as_table(answer) if form is FormName.table else as_lines(answer), nl=form is FormName.table, color=True)
    for line in (note(answer, trust), *remarks(answer, trust)):
        typer.echo(line, err=form is FormName.csv)


def _print_sql(answer: "Answer") -> None:
    from dkd.query.shown import as_sql

    for name, text in answer.definitions.items():
        typer.echo(f"-- {name}: {text}")
    for query in answer.queries:
        typer.echo(
            f"\n-- {query.role}{' of the period before' if query.is_previous else ''}\n{as_sql(query)};", color=True
        )
