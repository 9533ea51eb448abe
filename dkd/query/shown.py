"""An answer → an aligned table, JSON or CSV; a query → SQL with its values in place, to read and to run again."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dkd.query.answer import Answer, Cell, Others
from dkd.query.compile import Query
from dkd.query.link import as_dict
from dkd.query.number import Number
from dkd.query.periods import DATES
from dkd.query.rows import Rows, unique
from dkd.query.show import as_csv, table_lines
from dkd.query.trust import Trust, exactness

OTHERS, TOTAL = "(others)", "(total)"


def as_table(answer: Answer) -> str:
    """A line for each row and one for the totals; estimates carry their error, changes are in percent."""
    names = [*_keys(answer), *_headings(answer)]
    lines = [[*_key(answer, row.time, row.key), *_said(row.cells)] for row in answer.rows]
    labels = [TOTAL, *[""] * (len(_keys(answer)) - 1)] if _keys(answer) else []
    lines.append([*labels, *_said(answer.totals)])
    kinds = ["VARCHAR"] * len(_keys(answer)) + ["BIGINT"] * len(_headings(answer))
    return "\n".join(table_lines(Rows(tuple(names), tuple(kinds), tuple(map(tuple, lines)))))


def as_object(answer: Answer, trust: Trust) -> dict[str, Any]:
    """Everything about the answer as plain values, for JSON."""
    found = rows_of(answer)
    totals = dict(zip(_columns(answer), _values(answer, answer.totals), strict=True))
    return {
        "question": as_dict(answer.question),
        "rows": found.as_dicts(),
        "totals": totals,
        "exactness": exactness(answer),
        "previous_is_whole": trust.is_past_whole if answer.previous else None,
        "newest_event": trust.newest.isoformat() if trust.newest else None,
        "bot_events": trust.bots,
        "definitions": answer.definitions,
    }


def as_lines(answer: Answer) -> str:
    """The rows as CSV; the totals where there is nothing to split by."""
    return as_csv(rows_of(answer))


def rows_of(answer: Answer) -> Rows:
    """The rows with a column for each key, measure, error, previous number and change; a question without any has one.

    The others of a split are ``(others)``, and the last column says so with the names of such splits, because a value
    may have that name too.
    """
    plain = [
        [*_key(answer, row.time, row.key), *_values(answer, row.cells), _others(answer, row.key)] for row in answer.rows
    ]
    if not _keys(answer):
        plain = [[*_values(answer, answer.totals), None]]
    has_others = any(row[-1] for row in plain)
    names = [*_keys(answer), *_columns(answer), *(["others"] if has_others else [])]
    lines = (tuple(row if has_others else row[:-1]) for row in plain)
    return Rows(unique(names), ("VARCHAR",) * len(names), tuple(lines))


def as_sql(query: Query) -> str:
    """The query with its values in place of each ``?``, for people to read and to run with ``dkd sql``.

    dkd itself never asks in this form.
    """
    texts = query.sql.split("?")
    literals = [*map(_literal, query.parameters), ""]
    return "".join(text + literal for text, literal in zip(texts, literals, strict=True))


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def _keys(answer: Answer) -> list[str]:
    names = [split.dimension for split in answer.question.splits]
    return names if answer.question.grain is None else ["time", *names]


def _key(answer: Answer, time: datetime | None, key: tuple[Any, ...]) -> Iterator[Any]:
    if time is not None:
        yield bucket_text(answer, time)
    yield from (OTHERS if value is Others.others else value for value in key)


def bucket_text(answer: Answer, time: datetime) -> str:
    """Start of a bucket on the question's clock: a date for days and longer, else with its distance from UTC."""
    local = time.astimezone(ZoneInfo(answer.question.zone))
    return f"{local:%Y-%m-%d}" if answer.question.grain in DATES else local.isoformat(timespec="minutes")


def _others(answer: Answer, key: tuple[Any, ...]) -> str | None:
    names = [
        split.dimension for split, value in zip(answer.question.splits, key, strict=True) if value is Others.others
    ]
    return " ".join(names) or None


def _headings(answer: Answer) -> list[str]:
    more = ["previous", "change"] if answer.previous is not None else []
    return [heading for name in answer.question.measures for heading in (name, *more)]


def _said(cells: tuple[Cell, ...]) -> Iterator[str]:
    for cell in cells:
        yield number_text(cell.now)
        if cell.previous is not None:
            yield number_text(cell.previous)
            yield "-" if cell.change is None else f"{100 * cell.change:+.1f} %"


def number_text(number: Number) -> str:
    """A number as people read it: two digits or more, ``-`` for none, an estimate with its error."""
    if number.value is None:
        return "-"
    is_whole = isinstance(number.value, int)
    text = f"{number.value:,}" if is_whole else _decimal(number.value)
    if not number.error:
        return text
    return f"{text} ±{round(number.error):,}" if is_whole else f"{text} ±{_decimal(number.error)}"


def _decimal(value: float) -> str:
    small = value and abs(value) < 0.1
    return f"{value:,.{min(12, 1 - math.floor(math.log10(abs(value)))) if small else 2}f}"


def _columns(answer: Answer) -> list[str]:
    more = ["previous", "delta", "change"] if answer.previous is not None else []
    return [f"{name}{end}" for name in answer.question.measures for end in ("", "_error", *(f"_{one}" for one in more))]


def _values(answer: Answer, cells: tuple[Cell, ...]) -> Iterator[Any]:
    for cell in cells:
        yield from (cell.now.value, cell.now.error)
        if answer.previous is not None:
            yield from (cell.previous.value if cell.previous else None, cell.delta, cell.change)


def as_json(answer: Answer, trust: Trust) -> str:
    """:func:`as_object` as text."""
    return json.dumps(as_object(answer, trust), ensure_ascii=False, indent=1)
