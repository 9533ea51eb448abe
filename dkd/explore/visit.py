"""An address → the page as JSON: the view is read, its questions are asked side by side, the answers laid out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dkd.errors import DkdError
from dkd.explore.asking import Desk, Job
from dkd.explore.page import BOTS, PAST, Found, Json, frame, page
from dkd.explore.plan import Plan, planned
from dkd.explore.sources import SERIES
from dkd.explore.state import no_event, no_measure, refusal
from dkd.explore.view import Opened, Saved, View, first_view, opened
from dkd.model.schema import Model
from dkd.query.answer import answered
from dkd.query.asking import bot_events, newest_event, reaches
from dkd.query.first import first_values
from dkd.query.periods import before
from dkd.query.question import Question

TIMEOUT_S = 20.0
_NEWEST_AGE_S = 1.0
_LIVE_AGE_S = 1.0
_LATE = timedelta(hours=2)
"""So long after its time an event may still come in, and change the answer of an interval that is over."""


@dataclass(frozen=True)
class Site:
    """What a page is about.

    Attributes:
        model: The site's.
        desk: Where its questions are asked.
        saved: Views of the project, the first of which opens first.
    """

    model: Model
    desk: Desk
    saved: tuple[Saved, ...] = ()


def view_of(site: Site, text: str | None) -> Opened:
    """The view of an address; without any, or without one that can still be shown, the first saved or usual one."""
    asked = opened(text, site.model) if text else Opened(None)
    if asked.view is not None:
        return asked
    usual = opened(site.saved[0].link, site.model).view if site.saved else first_view(site.model)
    return Opened(usual, asked.dropped)


def shown(
    site: Site, asked: Opened, now: datetime, still_wanted: Callable[[], None], notices: Sequence[str] = ()
) -> Json:
    """The page; a failure is a state of it.

    Args:
        site: Whose.
        asked: The view, and what of its link was left out.
        now: No stretch ends after it, whatever the newest event claims.
        still_wanted: Raises when nobody waits for this page any more.
        notices: More to say.
    """
    said = [*asked.dropped, *notices]
    view, bare = asked.view, frame(site.model, asked.view, site.saved, said)
    if view is None:
        return bare | {"state": no_measure()}
    newest = site.desk.answers({"newest": newest_job(site.model)}, still_wanted)
    end = newest["newest"]
    if isinstance(end, DkdError):
        return bare | {"state": refusal(end)}
    if end is None:
        return bare | {"state": no_event(site.model.datasource("events"))}
    plan = planned(site.model, view, min(end, now))
    answers = site.desk.answers(_jobs(site.model, view, plan, end), still_wanted)
    bots = answers.pop(BOTS, None)
    is_whole = answers.pop(PAST, True) is not False
    found = Found(end, answers.pop(SERIES, None), answers, bots if isinstance(bots, int) else None, is_whole)
    return page(site.model, view, plan, found, site.saved, said)


def newest_job(model: Model) -> Job:
    """Asks for the time of the newest event."""
    return Job("newest", partial(_newest, model), _NEWEST_AGE_S)


def _jobs(model: Model, view: View, plan: Plan, newest: datetime) -> dict[str, Job]:
    """A job for the cards and the chart, one for the bots, one for the period before, one for each panel."""
    version = newest.isoformat() if plan.span.end > newest - _LATE else "past"
    age_s = _LIVE_AGE_S if view.live else 60.0

    def job(name: str, question: Question, work: Callable[..., Any]) -> Job:
        key = f"{name} {version} {plan.grain} {question.model_dump_json()}"
        return Job(key, lambda druid: work(druid, model, question), age_s)

    ask = partial(answered, stride=plan.grain, timeout_s=TIMEOUT_S)
    # The totals of a panel are those of the cards.
    rows = partial(first_values, stride=plan.grain, timeout_s=TIMEOUT_S)
    found = {name: job("rows", asked, rows) for name, asked in plan.panels.items() if isinstance(asked, Question)}
    if plan.series is not None:
        found = {SERIES: job("answer", plan.series, ask), BOTS: job(BOTS, plan.series, bot_events), **found}
        if plan.series.compare is not None:
            found[PAST] = job(PAST, plan.series, _has_past)
    return found


def _has_past(druid: Any, model: Model, question: Question) -> bool:
    return reaches(druid, model, before(question)[0].start)


def _newest(model: Model, druid: Any) -> datetime | None:
    return newest_event(druid, model)
