"""A behaviour's answer → rows for a file: the numbers of its picture, one of each in a row."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dkd.explore import behaviour_words as said
from dkd.explore import words
from dkd.model.schema import Model
from dkd.model.values import text_of
from dkd.query.behaviours import Answered
from dkd.query.dimension import dimensions
from dkd.query.flow import Place, Way
from dkd.query.funnel import Funnelled, Reach
from dkd.query.paths import Travelled
from dkd.query.retention import Retained
from dkd.query.rows import Rows
from dkd.query.sessions import Listed

Line = tuple[Any, ...]


def behaviour_rows(model: Model, answer: Answered) -> Rows:
    """The rows; those of a list of sessions are its page's."""
    if isinstance(answer, Funnelled):
        return _typed(("part", "step", "did", "at_least", "at_most"), _funnel(model, answer))
    if isinstance(answer, Retained):
        return _typed(("came_up", "size", "periods_after", "back"), _retention(answer))
    if isinstance(answer, Travelled):
        return _typed(("step", "from", "to", "sessions"), _paths(answer))
    if isinstance(answer, Listed):
        names = ("session_id", "party_id", "start", "end", "events", "pageviews", "first_page", "last_page")
        return _typed((*names, "state", *_FIRST), _sessions(answer))
    rows = (
        (one.time.isoformat(), one.event, one.page, json.dumps({n: text_of(v) for n, v in one.values.items()}))
        for one in answer.moments
    )
    return _typed(("time", "event", "page_path", "more"), rows)


_FIRST = ("country", "channel", "device_type", "browser", "referrer_source")


def _typed(columns: tuple[str, ...], rows: Iterable[Line]) -> Rows:
    return Rows(columns, ("VARCHAR",) * len(columns), tuple(rows))


def _funnel(model: Model, answer: Funnelled) -> Iterable[Line]:
    column = dimensions(model).get(answer.funnel.split or "")
    wholes: list[tuple[str, Sequence[Reach]]] = [("(all)", answer.steps)]
    if answer.previous is not None:
        wholes.append(("(all, the period before)", answer.previous))
    for label, steps in [*wholes, *((words.value_label(value, column), steps) for value, steps in answer.parts)]:
        for seq, (step, reach) in enumerate(zip(answer.funnel.steps, steps, strict=True), 1):
            yield label, seq, said.step_label(model, step), reach.sure, reach.possible


def _retention(answer: Retained) -> Iterable[Line]:
    for one in answer.cohorts:
        yield from ((one.start.isoformat(), one.size, ahead, count) for ahead, count in enumerate(one.back))


def _paths(answer: Travelled) -> Iterable[Line]:
    columns = answer.flow.columns
    yield from ((0, None, _place(place), count) for place, count in (columns[0].places if columns else ()))
    for seq, links in enumerate(answer.flow.links, 1):
        yield from ((seq, _place(start), _place(end), count) for start, end, count in links)


def _place(place: Place) -> str:
    return f"({place.value})" if isinstance(place, Way) else place


def _sessions(answer: Listed) -> Iterable[Line]:
    for one in answer.sessions:
        yield (
            one.id, one.party, one.start.isoformat(), one.end.isoformat(), one.events, one.pageviews, one.entry,
            one.exit, "open" if one.row is None else "finished", *(one.first[name] for name in _FIRST),
        )  # fmt: skip
