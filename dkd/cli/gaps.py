"""``dkd sessions --gap`` and ``--split``: the same events under several rules of sessions, side by side."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dkd.errors import UsageError

if TYPE_CHECKING:
    from dkd.jobs.gaps import Compared


def compare(
    gaps: str, splits: str, last: str, model: Path | None, target: str, *, zone: str, with_bots: bool, as_json: bool
) -> None:
    """Print a line for each of *gaps*, durations apart by commas, and of *splits*, names apart by commas."""
    import json

    from dkd.cli.args import opened
    from dkd.cli.progress import Stderr
    from dkd.jobs.gaps import Asked, compared

    chosen, listener = opened(model, target), Stderr()
    wanted = tuple(_duration(one, "--gap") for one in _listed(gaps))
    asked = Asked(wanted, _duration(last, "--last"), with_bots, _listed(splits), zone)
    try:
        found = compared(asked, chosen.model, chosen.settings, chosen.schemas, listener)
    finally:
        listener.clear()
    typer.echo(json.dumps(_as_dict(found), indent=1) if as_json else _as_text(found, zone))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",")) if text else ()


def _duration(text: str, option: str) -> timedelta:
    from dkd.model.types import duration

    try:
        found = duration(text)
    except ValueError as error:
        raise UsageError("DKD707", where=option, problem=str(error), remedy="write 30m, or 5m,15m,30m") from error
    assert isinstance(found, timedelta)  # noqa: S101  # of a text it is nothing else
    return found


def _as_dict(found: "Compared") -> list[dict[str, object]]:
    from dataclasses import asdict

    return [{**asdict(one), "per_visitor": one.per_visitor} for one in found.found]


def _as_text(found: "Compared", zone: str) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from dkd.query.rows import Rows
    from dkd.query.show import table_lines

    cells = tuple(
        (
            f"{one.gap}{' (model)' if one.is_model else ''}",
            one.split_on,
            one.sessions,
            one.visitors,
            _number(one.per_visitor, "{:.2f}"),
            _number(one.bounce_rate, "{:.1%}"),
            _number(one.conversion_rate, "{:.1%}"),
            _number(one.mean_s, "{:,.0f}"),
            _number(one.median_s, "{:,.0f}"),
        )
        for one in found.found
    )
    names = (
        "gap",
        "split_on",
        "sessions",
        "visitors",
        "per_visitor",
        "bounce_rate",
        "conversion_rate",
        "mean_s",
        "median_s",
    )
    begins, ends = (
        datetime.fromtimestamp(one / 1000, ZoneInfo(zone)).isoformat(" ", "minutes") for one in found.interval
    )
    table = table_lines(Rows(names, ("VARCHAR", "VARCHAR", *["BIGINT"] * (len(names) - 2)), cells))
    return "\n".join([f"sessions that begin {begins} to {ends}, by what raw holds:", *table])


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
