"""An answer → an aligned table, JSON or CSV; a query → SQL with its values in place, to read and to run again."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.compile import Query
from dkd.query.link import as_dict
from dkd.query.number import Number
from dkd.query.periods import DATES
from dkd.query.rows import Rows, unique
from dkd.query.show import as_csv, table_lines
from dkd.query.trust import Trust, compared_with, exactness

OTHERS, TOTAL = "(others)", "(total)"


def as_table(answer: Answer) -> str:
    """A line for each row and one for the totals; estimates carry their error, changes are in percent.

    The last row below a parent is followed by the parent's own, where the answer has it.
    """
    names = [*_keys(answer), *_headings(answer)]
    lines = [[*_key(answer, row), *_said(row.cells)] for row in _with_parents(answer)]
    labels = [TOTAL, *[""] * (len(_keys(answer)) - 1)] if _keys(answer) else []
    lines.append([*labels, *_said(answer.totals)])
    kinds = ["VARCHAR"] * len(_keys(answer)) + ["BIGINT"] * len(_headings(answer))
    return "\n".join(table_lines(Rows(tuple(names), tuple(kinds), tuple(map(tuple, lines)))))


def _with_parents(answer: Answer) -> Iterator[Row]:
    """The rows, each parent's own behind its last; none where that would repeat its only row, or time is between."""
    parents = {} if answer.question.grain is not None else {row.key: row for row in answer.subtotals}
    for row, following in zip_longest(answer.rows, answer.rows[1:]):
        yield row
        for length in range(len(row.key) - 1, 0, -1):
            is_last = following is None or following.key[:length] != row.key[:length]
            is_only = all(key is Others.others for key in row.key[length - 1 :])
            if is_last and not is_only and row.key[:length] in parents:
                yield parents[row.key[:length]]


def as_object(answer: Answer, trust: Trust) -> dict[str, Any]:
    """Everything about the answer as plain values, for JSON."""
    found = rows_of(answer)
    totals = dict(zip(_columns(answer), _values(answer, answer.totals), strict=True))
    return {
        "question": as_dict(answer.question),
        "rows": found.as_dicts(),
        "subtotals": [_named(answer, row) for row in answer.subtotals],
        "totals": totals,
        "exactness": exactness(answer),
        "compared_with": compared_with(answer) if answer.previous else None,
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
    plain = [[*_key(answer, row), *_values(answer, row.cells), _others(answer, row.key)] for row in answer.rows]
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


def _key(answer: Answer, row: Row) -> Iterator[Any]:
    if row.time is not None:
        yield bucket_text(answer, row.time)
    yield from (OTHERS if value is Others.others else value for value in row.key)
    # A parent has fewer values than there are splits.
    missing = len(answer.question.splits) - len(row.key)
    yield from (TOTAL, *[""] * (missing - 1)) if missing else ()


def _named(answer: Answer, row: Row) -> dict[str, Any]:
    """A parent's numbers by name, below the values that it has; and which of these are the others."""
    names = [split.dimension for split in answer.question.splits]
    keys = dict(zip(names, [OTHERS if value is Others.others else value for value in row.key], strict=False))
    others = _others(answer, row.key)
    numbers = dict(zip(_columns(answer), _values(answer, row.cells), strict=True))
    return {**keys, **numbers, **({"others": others} if others else {})}


def bucket_text(answer: Answer, time: datetime) -> str:
    """Start of a bucket on the question's clock: a date for days and longer, else with its distance from UTC."""
    local = time.astimezone(ZoneInfo(answer.question.zone))
    return f"{local:%Y-%m-%d}" if answer.question.grain in DATES else local.isoformat(timespec="minutes")


def _others(answer: Answer, key: tuple[Any, ...]) -> str | None:
    names = [
        split.dimension for split, value in zip(answer.question.splits, key, strict=False) if value is Others.others
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
