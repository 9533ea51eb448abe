"""What was flagged as automated, by reason, with samples: counts from Druid's events datasource."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dkd.enrich.bots import REASONS, WEIGHTS
from dkd.errors import UsageError
from dkd.model.schema import Model
from dkd.query.asking import empty, newest_event
from dkd.query.client import Druid
from dkd.query.fragment import quoted
from dkd.query.periods import fixed
from dkd.query.question import Interval, Question
from dkd.query.rows import Rows
from dkd.query.show import table_lines

_SHOWN = ("party_id", "bot_reason", "bot_confidence", "event", "page_path", "browser", "os", "country", "bots_version")
_WITHIN = '"__time" >= ? AND "__time" < ?'
_REASONS = "UNNEST(STRING_TO_ARRAY(\"bot_reason\", ',')) AS t(reason)"


class Flagged(NamedTuple):
    """What was flagged in an interval.

    Attributes:
        interval: Which.
        events: All of it, people's among them.
        flagged: Those of automated visitors.
        visitors: How many automated visitors.
        reasons: Reason, its confidence alone, events and visitors, most events first; one event can have several.
        versions: Of the lists, with the events that they were asked about, newest first.
        samples: Newest flagged events of each reason asked for.
    """

    interval: Interval
    events: int
    flagged: int
    visitors: int
    reasons: Rows
    versions: Rows
    samples: Rows


def flagged(druid: Druid, model: Model, asked: Question, reason: str, samples: int) -> Flagged:
    """Count what was flagged.

    Args:
        druid: Where.
        model: The site.
        asked: Its interval counts.
        reason: Show samples of this reason only; empty for each.
        samples: How many of each reason.

    Raises:
        UsageError: DKD671, when the model tells no bots; DKD672, when there is no such reason.
        QueryError: DKD315, when there is no event yet.
    """
    if model.enrich.bots is None:
        remedy = "write it under enrich: - bots"
        raise UsageError("DKD671", where=model.site, problem="the model has no bots enricher", remedy=remedy)
    if reason and reason not in REASONS:
        problem, remedy = f"there is no reason {reason!r}", f"one of: {', '.join(REASONS)}"
        raise UsageError("DKD672", where="--reason", problem=problem, remedy=remedy)
    newest = newest_event(druid, model)
    if newest is None:
        raise empty(model.datasource("events"))
    return _Asked(druid, model, fixed(asked, newest).span).answer(reason, samples)


class _Asked:
    def __init__(self, druid: Druid, model: Model, interval: Interval) -> None:
        self._druid, self._interval = druid, interval
        self._name = model.datasource("events")
        found = druid.sql("SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ?", [self._name])
        # A column is one of SQL only once an event that has it was read.
        self._columns = {row[0] for row in found.rows}

    def answer(self, reason: str, samples: int) -> Flagged:
        events, bots, visitors = (
            self._ask('COUNT(*), COUNT(*) FILTER (WHERE "bot_reason" IS NOT NULL), '
                      'COUNT(DISTINCT "party_id") FILTER (WHERE "bot_reason" IS NOT NULL)').rows[0]
            if "bot_reason" in self._columns else (self._ask("COUNT(*)").rows[0][0], 0, 0)
        )  # fmt: skip
        reasons = self._reasons() if bots else ()
        wanted = [reason] if reason else [row[0] for row in reasons]
        return Flagged(
            self._interval, int(events or 0), int(bots or 0), int(visitors or 0),
            Rows(("reason", "confidence", "events", "visitors"), ("VARCHAR", "DOUBLE", "BIGINT", "BIGINT"), reasons),
            self._versions(), self._samples(wanted, samples),
        )  # fmt: skip

    def _ask(self, selected: str, rest: str = "", values: Sequence[object] = (), joined: str = "") -> Rows:
        text = f"SELECT {selected} FROM {quoted(self._name)}{joined} WHERE {_WITHIN}{rest}"  # noqa: S608
        return self._druid.sql(text, [self._interval.start, self._interval.end, *values])

    def _reasons(self) -> tuple[tuple[Any, ...], ...]:
        found = self._ask('reason, COUNT(*), COUNT(DISTINCT "party_id")', " GROUP BY 1 ORDER BY 2 DESC, 1",
                          joined=f" CROSS JOIN {_REASONS}")  # fmt: skip
        sure = dict(WEIGHTS)
        return tuple((reason, sure.get(reason), events, visitors) for reason, events, visitors in found.rows)

    def _versions(self) -> Rows:
        columns, types = ("lists", "events", "newest"), ("VARCHAR", "BIGINT", "VARCHAR")
        if "bots_version" not in self._columns:
            return Rows(columns, types, ())
        found = self._ask('"bots_version", COUNT(*), MAX("__time")', " GROUP BY 1 ORDER BY 3 DESC LIMIT 10")
        return Rows(columns, types, tuple((one, count, str(time)) for one, count, time in found.rows))

    def _samples(self, reasons: Sequence[str], most: int) -> Rows:
        shown = [name for name in _SHOWN if name in self._columns]
        selected = ", ".join(['"__time"', *map(quoted, shown)])
        found: list[tuple[Any, ...]] = []
        for reason in reasons if most else ():
            rest = f" AND ',' || \"bot_reason\" || ',' LIKE ? ORDER BY \"__time\" DESC LIMIT {int(most)}"
            found += [(reason, *row) for row in self._ask(selected, rest, [f"%,{reason},%"]).rows]
        return Rows(("reason", "time", *shown), ("VARCHAR",) * (len(shown) + 2), tuple(found))


def as_text(found: Flagged) -> str:
    """A table of reasons, one of samples, and the lists that were asked."""
    share = f" ({found.flagged / found.events:.1%})" if found.events else ""
    lines = [f"{_moment(found.interval.start)} to {_moment(found.interval.end)} UTC: {found.flagged:,} of "
             f"{found.events:,} events{share} by {found.visitors:,} automated visitors"]  # fmt: skip
    for title, rows in (("", found.reasons), ("Samples, newest first", found.samples), ("Lists", found.versions)):
        if rows.rows:
            lines += ["", *([title] if title else []), *table_lines(rows)]
    return "\n".join(lines)


def as_json(found: Flagged) -> str:
    """One object."""
    told = {
        "start": found.interval.start.isoformat(), "end": found.interval.end.isoformat(), "events": found.events,
        "flagged": found.flagged, "visitors": found.visitors, "reasons": found.reasons.as_dicts(),
        "lists": found.versions.as_dicts(), "samples": found.samples.as_dicts(),
    }  # fmt: skip
    return json.dumps(told, indent=2, ensure_ascii=False, default=str)


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"
