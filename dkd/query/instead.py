"""Those who did a step of a funnel and not the next → what they did instead; exact."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from dkd.model.types import in_ms
from dkd.query.behaviour import MOST_READ, Behind, Funnel
from dkd.query.funnel_sql import FunnelSql
from dkd.query.scope import Asked, Scope
from dkd.query.steps import Hit, done


class Nothing(Enum):
    """No event that could have been the step in time."""

    none = "none"


Next = tuple[str, str | None] | Nothing
"""An event's name and its page."""
Counts = tuple[tuple[Next, int], ...]
Event = Sequence[Any]
"""Unit, time in ms, the steps that it is as bits, id, name and page."""


def instead(asked: Asked, scope: Scope, bar: Behind, units: Sequence[str]) -> Counts | None:
    """What each of *units*, who are lost at the bar, did next, most first; None where their events are too many.

    Args:
        asked: Asks.
        scope: Of the funnel; its filters hold for what comes next too.
        bar: Of those lost.
        units: Some at least; all are counted.
    """
    funnel = bar.funnel.model_copy(update={"split": None})
    rows = asked(FunnelSql(scope, funnel).story(units, MOST_READ + 1)).rows
    return None if len(rows) > MOST_READ else counted(rows, funnel, bar.step)


def counted(rows: Iterable[Event], funnel: Funnel, lost_at: int) -> Counts:
    """How many units did what next, after they had first done the steps before *lost_at*.

    Next is the first event of a later time, of several at one time the one whose id comes first. What comes when the
    funnel's window is over since the way began is none, as the step itself would have been none then.
    """
    own: dict[str, list[Event]] = {}
    for row in sorted(rows, key=lambda row: (row[1], row[3] or "")):
        own.setdefault(row[0], []).append(row)
    found = Counter(_next(events, funnel, lost_at) for events in own.values())
    ranked = sorted(found.items(), key=lambda one: (-one[1], isinstance(one[0], Nothing), str(one[0])))
    return tuple(ranked)


def _next(events: Sequence[Event], funnel: Funnel, lost_at: int) -> Next:
    window_ms = in_ms(funnel.window) if funnel.window is not None else None
    before = lost_at - 1
    hits = [Hit(time_ms, steps & (1 << before) - 1) for _, time_ms, steps, *_ in events]
    ways = done(hits, before, window_ms, any_order=funnel.any_order)
    way = next((one for one in ways if one.step == before), None)
    if way is None:
        return Nothing.none
    for _, time_ms, _, _, name, page in events:
        if time_ms > way.time_ms:
            is_in_time = window_ms is None or time_ms - way.start_ms <= window_ms
            return (name, page) if is_in_time else Nothing.none
    return Nothing.none
