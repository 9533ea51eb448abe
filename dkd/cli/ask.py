"""``dkd ask``: a question in the model's words."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption
from dkd.cli.sql import FormName, form_of
from dkd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dkd.model.schema import Model
    from dkd.query.answer import Answer
    from dkd.query.trust import Trust

_FILTER = (
    "country=NL (null is no value), 'price>=10', price=10..20 (20 is out), 'page_path~shoes' (contains), "
    "'page_path=~^/shop/' (a pattern), time=2026-11-01..2026-11-02. Again for another value, range or dimension."
)
_EXAMPLES = (
    "Examples:",
    "dkd ask visitors,revenue --by country --last 7d --compare weekday",
    "dkd ask visitors --by country,channel --nested --where 'page_path~shoes' --having 'visitors>=100'",
    "dkd ask orders --by revenue/50 --where 'revenue>=10' --against country=DE",
    "dkd ask visitors --by utm_campaign --last 1d --compare previous --rank delta",
)
_TIME = "2026-11-01 or 2026-11-01T10:00, on the zone's clock."


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="\n\n".join(_EXAMPLES))(ask)


def ask(
    measures: Annotated[str, typer.Argument(metavar="MEASURE,…", help="Measures of the model.")],
    by: Annotated[
        str, typer.Option(metavar="DIMENSION,…", help="Split by these; price/10 in buckets of 10.", show_default=False)
    ] = "",
    nested: Annotated[
        bool, typer.Option("--nested", help="Rank each split within each value of those before it.")
    ] = False,
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
    where: Annotated[list[str] | None, typer.Option(metavar="FILTER", help=f"Keep these: {_FILTER}")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--not", metavar="FILTER", help="Leave these out: filters as of --where.")
    ] = None,
    having: Annotated[
        list[str] | None,
        typer.Option(metavar="RANGE", help="A row only for values with 'visitors>=100'; the rest are others."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="previous|weekday|year",
            help="Beside each number that of the period before, of the nearest that begins on the same weekday, or of "
            "the same dates a year before.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILTER", help="Beside each number that of these filters in place of --where and --not; all: none."
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="Values of each split that get a row; the others share one.")] = 10,
    sort: Annotated[str | None, typer.Option(metavar="MEASURE", help="Ranks the values; default: the first.")] = None,
    rank: Annotated[
        str,
        typer.Option(
            metavar="value|previous|delta",
            help="Rank by the number, by what it is compared with, or by their difference.",
        ),
    ] = "value",
    ascending: Annotated[bool, typer.Option("--ascending", help="The smallest first.")] = False,
    bots: Annotated[bool, typer.Option("--bots", help="Count automated visitors too.")] = False,
    form: Annotated[FormName, typer.Option("--format", "-f", help="Form of the answer.")] = FormName.table,
    shows_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL and the definitions instead.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds after which Druid gives up a query.")] = 30.0,
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Ask in the model's words: measures, split by dimensions and time, filtered, compared."""
    from dkd.cli.args import asked
    from dkd.cli.asking import having as conditions
    from dkd.cli.asking import names, splits
    from dkd.query.answer import answered
    from dkd.query.asking import newest_event
    from dkd.query.client import Druid
    from dkd.query.link import of_dict
    from dkd.query.periods import local_time
    from dkd.query.trust import trust_of

    form = form_of(form, as_json)
    given = asked(model, target)
    if having and not by:
        raise UsageError("DKD132", where="--having", problem="there is no split", remedy="say of what: --by country")
    ranked = {"limit": top, "sort": sort, "by": rank, "ascending": ascending}
    tree = {
        "measures": names(measures),
        "splits": splits(by, ranked, nested),
        **_conditions(given.model, zone, {"--where": where, "--not": without, "--against": against}),
        "having": conditions(having or ()),
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
        answer = answered(druid, given.model, question, with_subtotals=nested, timeout_s=timeout)
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


def _grain(name: str | None) -> str | None:
    from dkd.query.measure import near
    from dkd.query.periods import GRAINS

    if name is None or name in GRAINS.values():
        return name
    if name not in GRAINS:
        raise UsageError("DKD132", where="--grain", problem=f"there is no {name!r}", remedy=near(name, list(GRAINS)))
    return GRAINS[name]


def _conditions(model: "Model", zone: str, given: "dict[str, list[str] | None]") -> dict[str, Any]:
    """The question's filters, and those of the segment that it is compared with."""
    from dkd.cli.asking import EVERYTHING, filters
    from dkd.query.dimension import dimensions

    kinds = {name: column.type for name, column in dimensions(model).items()}
    found = {
        option: filters(texts or (), kinds, option, zone) for option, texts in given.items() if texts != [EVERYTHING]
    }
    against = found.get("--against", []) if given["--against"] else None
    return {"filters": [*found["--where"], *found["--not"]], "against": against}


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
            f"\n-- {query.role}{' of what is compared' if query.is_previous else ''}\n{as_sql(query)};", color=True
        )
