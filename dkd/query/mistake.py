"""Druid's refusal of a query becomes an error with a line, a column, and a caret under the place."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from dkd.errors import DkdError
from dkd.systems.druid.answer import fields, reason

_PLACE = re.compile(r"\s*(?:\(line \[(\d+)\], column \[(\d+)\]\)|at line (\d+), column (\d+))")
_EXPECTED = re.compile(r"(,? acceptable options: \[|\.? Was expecting one of).*$", re.DOTALL)
_UNKNOWN = re.compile(r"(Object|Table|Column) '(.+?)' not found")
_WIDEST = 110
_SOME = 12

_PASSING = (
    "Connection reset", "Connection refused", "Channel disconnected", "Faulty channel in resource pool",
    "Could not find segment walker", "No results found for segments",
)  # fmt: skip
"""What Druid says while a process that holds rows of the query is gone; it returns within about 30 s."""


_REMEDY = {
    "WHERE clause must be a condition": "a flag is 1 or 0 in Druid: write is_bot = TRUE",
    "Cannot apply 'NOT' to arguments of type 'NOT<BIGINT>'": "a flag is 1 or 0 in Druid: write is_bot = FALSE",
    "Non-query expression": "begin with SELECT, WITH or EXPLAIN PLAN FOR",
    "No value bound": "give one parameter for each ? of the query",
}


class Place(NamedTuple):
    """Where in a query something is: line and column from 1, and how many characters of the line."""

    query: str
    line: int
    column: int
    width: int = 1


class QueryError(DkdError):
    """A query that failed; *place* is where in it the mistake is, None where Druid does not say."""

    place: Place | None = None

    def __str__(self) -> str:
        shown = pointed(self.place) if self.place else ""
        return f"{super().__str__()}\n{shown}" if shown else super().__str__()


def mistake(query: str, status: int, body: str) -> QueryError:
    """The error that Druid's answer to *query* is.

    Returns:
        DKD302 for a mistake in the query, DKD303 when it took too long, DKD304 when it needs more than the cluster
        allows, DKD305 for everything else.
    """
    found = fields(body)
    said = _EXPECTED.sub("", reason(status, body))
    place = _place(query, found.get("context"), said)
    said = _PLACE.sub("", said, count=1).rstrip(". ")
    code, remedy = _kind(status, found, said)
    where = f"line {place.line}, column {place.column}" if place else "Druid"
    error = QueryError(code, where=where, problem=said, remedy=remedy)
    error.place = place
    return error


def unknown_name(error: QueryError) -> tuple[str, str] | None:
    """What Druid did not find, ``Object``, ``Table`` or ``Column``, and its name; None for any other mistake."""
    found = _UNKNOWN.match(error.problems[0].problem)
    return (found[1], found[2]) if found else None


def advised(error: QueryError, name: str, known: Sequence[str]) -> QueryError:
    """The same error with the names nearest to the unknown *name* as its remedy, or else those that there are."""
    first = error.problems[0]
    is_column = first.problem.startswith("Column")
    # Datasources of one site resemble one another, and one without rows is not known yet: only a slip is a near name.
    near = get_close_matches(name, known, n=3, cutoff=0.6 if is_column else 0.75)
    names = sorted(known)
    some = f"{', '.join(names[:_SOME])}{', …' if len(names) > _SOME else ''}" if names else "none before the first row"
    more = "" if is_column or not names else "; a datasource is known from its first row on"
    shown = f"did you mean {' or '.join(near)}?" if near else f"there are: {some}{more}"
    found = QueryError(first.code, where=first.where, problem=first.problem, remedy=shown)
    found.place = error.place
    return found


def _place(query: str, context: object, said: str) -> Place | None:
    """From the answer's context, else from its text; Druid says line 0 where it means none.

    Of a query that begins with no keyword of a query it says no place at all: that is the first word.
    """
    if said.startswith("Non-query expression"):
        before = query[: len(query) - len(query.lstrip())]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Place(query, line, column, len(query.split(maxsplit=1)[0]))
    if isinstance(context, dict) and int(context.get("line") or 0):
        line, column, end = (int(context.get(name) or 1) for name in ("line", "column", "endColumn"))
        one_line = context.get("endLine") == context.get("line")
        return Place(query, line, column, max(1, end - column + 1) if one_line else 1)
    found = _PLACE.search(said)
    line, column = (int(found[1] or found[3]), int(found[2] or found[4])) if found else (0, 0)
    return Place(query, line, column) if line else None


def passes(status: int, body: str) -> bool:
    """Whether this refusal is known to go away by itself, as while Druid's worker starts again."""
    said = str(fields(body).get("errorMessage", body))
    return status >= 500 and any(text in said for text in _PASSING)


def pointed(place: Place) -> str:
    """The line of the query with carets under the place; empty where the query has no such line.

    A tab is shown as one blank, and counts as one column here as it does in Druid.
    """
    lines = place.query.split("\n")
    if not 1 <= place.line <= len(lines):
        return ""
    text = lines[place.line - 1].replace("\t", " ").rstrip("\r")
    at = min(place.column - 1, len(text))
    start = max(0, at - _WIDEST + 20) if len(text) > _WIDEST else 0
    shown = text[start : start + _WIDEST]
    carets = "^" * max(1, min(place.width, len(shown) - (at - start)))
    return f"  {shown}\n  {' ' * (at - start)}{carets}"


def _kind(status: int, found: dict[str, object], said: str) -> tuple[str, str]:
    if status == 504 or found.get("category") == "TIMEOUT":
        return "DKD303", "allow more time, or ask for less"
    if status in (401, 403):
        return "DKD305", "check user and password of the target"
    if found.get("error") == "Resource limit exceeded":
        return "DKD304", "ask for fewer rows or groups, or allow approximate counts"
    if status != 400:
        return "DKD305", ""
    return "DKD302", next((remedy for start, remedy in _REMEDY.items() if said.startswith(start)), "")
