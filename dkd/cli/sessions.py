"""``dkd sessions``: the sessions behind a question's interval and filters, or the events of one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dkd.cli.args import JsonOption, ModelOption, TargetOption
from dkd.errors import UsageError

if TYPE_CHECKING:
    from dkd.query.question import Question
    from dkd.query.sessions import Listed, Told


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: dkd sessions --last 7d --where event=purchase")(sessions)


def sessions(
    session: Annotated[
        str | None, typer.Argument(metavar="ID", help="List the events of this one.", show_default=False)
    ] = None,
    last: Annotated[str, typer.Option(help="The newest stretch of the data.")] = "24h",
    where: Annotated[list[str] | None, typer.Option(metavar="D=V", help="Keep these, as of dkd ask.")] = None,
    without: Annotated[list[str] | None, typer.Option("--not", metavar="D=V", help="Leave out these.")] = None,
    page: Annotated[int, typer.Option(min=1, max=200, help="Which fifty of them.")] = 1,
    zone: Annotated[str, typer.Option(help="Whose clock: an IANA name such as Europe/Amsterdam.")] = "UTC",
    bots: Annotated[bool, typer.Option("--bots", help="Automated visitors too.")] = False,
    gap: Annotated[
        str, typer.Option(metavar="TIMES", help="What other gaps would do, such as 5m,15m,30m.", show_default=False)
    ] = "",
    split: Annotated[
        str, typer.Option(metavar="NAMES", help="What campaign, midnight or an event would.", show_default=False)
    ] = "",
    model: ModelOption = None,
    target: TargetOption = "local",
    as_json: JsonOption = False,
) -> None:
    """List sessions, newest first and open ones too, or one session's events in order with the gaps between them.

    --gap 5m,15m,30m makes sessions of what raw holds under each of these gaps, by the enricher's own code, and compares
    sessions, bounces, conversions and durations; nothing is written. --split campaign,midnight,login does so with
    sessions that each of these parts, midnight on the clock of --zone; campaign+midnight are both.
    """
    from dkd.cli.args import asked
    from dkd.cli.asking import filters as read_filters
    from dkd.query.asking import empty, newest_event
    from dkd.query.behaviour import Sessions
    from dkd.query.client import Druid
    from dkd.query.dimension import dimensions
    from dkd.query.link import of_dict
    from dkd.query.periods import fixed
    from dkd.query.sessions import listed, told

    if gap or split:
        option = "--gap" if gap else "--split"
        if session or where or without or page != 1:
            remedy = "leave the others out; --last and --bots go with it"
            raise UsageError("DKD707", where=option, problem="it takes no ID, filters or pages", remedy=remedy)
        from dkd.cli.gaps import compare

        compare(gap, split, last, model, target, zone=zone, with_bots=bots, as_json=as_json)
        return
    given = asked(model, target)
    kinds = {name: column.type for name, column in dimensions(given.model).items()}
    filters = [
        one
        for option, texts in (("--where", where), ("--not", without))
        for one in read_filters(texts or (), kinds, option, zone)
    ]
    measures = tuple(given.model.measures)[:1] or ("events",)
    tree = {"measures": measures, "filters": filters, "zone": zone, "with_bots": bots, "interval": {"last": last}}
    with Druid(given.druid) as druid:
        question = of_dict(tree)
        newest = newest_event(druid, given.model)
        if newest is None:
            raise empty(given.model.datasource("events"))
        question = fixed(question, newest)
        if session is not None:
            _print(_events(told(druid, given.model, question, session), question), as_json)
        else:
            _print(_list(listed(druid, given.model, question, Sessions(page=page)), question), as_json)


def _list(found: "Listed", question: "Question") -> list[dict[str, Any]]:
    return [
        {
            "session_id": one.id,
            "party_id": one.party,
            "began": _text(one.start, question.zone),
            "duration_s": (one.end - one.start).total_seconds() if one.events > 1 else None,
            "events": one.events,
            "pageviews": one.pageviews,
            "entry_page": one.entry,
            "exit_page": one.exit,
            **one.first,
            "open": one.row is None,
            "converted": one.row["converted"] if one.row else None,
        }
        for one in found.sessions
    ]


def _events(found: "Told", question: "Question") -> list[dict[str, Any]]:
    return [
        {
            "time": _text(one.time, question.zone),
            "after_s": one.gap_s,
            "event": one.event,
            "page_path": one.page,
            "values": dict(one.values),
        }
        for one in found.moments
    ]


def _text(moment: Any, zone: str) -> str:
    from zoneinfo import ZoneInfo

    return str(moment.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds"))


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    import json

    from dkd.query.rows import Rows
    from dkd.query.show import table_lines

    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if not rows:
        typer.echo("no session here", err=True)
        return
    cells = tuple(tuple(_cell(value) for value in row.values()) for row in rows)
    typer.echo("\n".join(table_lines(Rows(tuple(rows[0]), ("VARCHAR",) * len(rows[0]), cells))))


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in value.items())
    return "" if value is None else str(value)
