"""A site's journal → marks on charts over time: when what was deployed, by whom, and what that changed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dkd.model.words import counted
from dkd.plan.journal import Deploy, Journal
from dkd.query.question import Interval

Mark = dict[str, Any]
_MOST_SAID = 6


def marks(journal: Journal, span: Interval, zone: str) -> list[Mark]:
    """The deploys of *span*, the oldest first; *about* says what they changed, on the clock of *zone*."""
    deploys = [*journal.past, *([journal.deploy] if journal.deploy else [])]
    found = [(moment, one) for one in deploys if (moment := _moment(one)) and span.start <= moment < span.end]
    return [_mark(moment, one, zone) for moment, one in sorted(found, key=lambda pair: (pair[0], pair[1].id))]


def _moment(deploy: Deploy) -> datetime | None:
    """When it came to its end, or, half done, began; None where that is no time with a zone."""
    try:
        found = datetime.fromisoformat(deploy.finalised or deploy.started)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _mark(moment: datetime, deploy: Deploy, zone: str) -> Mark:
    steps = list(deploy.steps[:_MOST_SAID])
    more = len(deploy.steps) - len(steps)
    changed = ", ".join([*steps, *([f"and {more} more"] if more else [])])
    at = f"{moment.astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M}"
    state = "" if deploy.finalised else ", not finished"
    return {
        "ms": round(moment.timestamp() * 1000),
        "label": f"{deploy.operation.capitalize()} {deploy.id[:8]}{state}",
        "about": f"{at} by {deploy.who}: {counted(len(deploy.steps), 'step')}{': ' + changed if changed else ''}",
    }
