"""Answers → what stands behind each picture: the meaning of its measures, and the SQL that was asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from dkd.explore import words
from dkd.query.answer import Answer
from dkd.query.compile import Query
from dkd.query.shown import as_sql

SERIES, PICTURE = "series", "picture"
_TITLES = {SERIES: "Cards and time chart", PICTURE: "Main picture"}
_ROLES = {
    "ranking": "Which values come first",
    "rows": "Numbers of each row",
    "others": "All other values",
    "totals": "Totals",
}


def sources(measure: str, answers: Mapping[str, object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The source of each of *answers* that is one.

    Args:
        measure: The one that the panels show.
        answers: By name: ``series`` for cards and chart, else the dimension of a panel.
    """
    for name, answer in answers.items():
        if isinstance(answer, Answer):
            by = f"{words.label(measure)} by {words.label(name).lower()}"
            yield name, _source(_TITLES.get(name, by), answer)


def _source(title: str, answer: Answer) -> dict[str, Any]:
    return {
        "title": title,
        "names": list(answer.definitions),
        "definitions": [[words.label(name), text] for name, text in answer.definitions.items()],
        "queries": [
            {
                "role": _role(one, answer),
                "datasource": one.datasource,
                "sql": as_sql(one),
            }
            for one in answer.queries
        ],
    }


def _role(query: Query, answer: Answer) -> str:
    """What *query* was asked for; totals that no query was asked for are sums of the rows."""
    title = _ROLES.get(query.role, query.role)
    asked = {(name, one.is_previous) for one in answer.queries if one.role == "totals" for name in one.columns}
    if query.role == "rows" and answer.totals and (query.columns[-1], query.is_previous) not in asked:
        title += ", whose sums are the totals"
    return f"{title}{', period before' if query.is_previous else ''}"
