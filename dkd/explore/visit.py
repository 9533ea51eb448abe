"""An address → the page as JSON: the view is read, its questions are asked side by side, the answers laid out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from dkd.errors import DkdError
from dkd.explore.asking import Desk, Job
from dkd.explore.behaviour import BEHAVIOUR, behaved, behaviour_job, planning
from dkd.explore.drawing import drawing
from dkd.explore.loading import Loading, loading
from dkd.explore.page import BOTS, PAST, Found, Json, frame, page
from dkd.explore.plan import Plan, planned
from dkd.explore.sources import PICTURE, SERIES
from dkd.explore.state import no_event, no_measure, refusal
from dkd.explore.trust import Known
from dkd.explore.view import Opened, Saved, View, first_view, opened
from dkd.explore.watch import Watch
from dkd.model.schema import Model
from dkd.query.answer import answered
from dkd.query.asking import Doubts, bot_events, doubtful, newest_event, reaches
from dkd.query.periods import before
from dkd.query.question import Question
from dkd.settings import DruidSettings

TIMEOUT_S = 20.0
_NEWEST_AGE_S = 1.0
_LIVE_AGE_S = 1.0
_LOADING_AGE_S = 2.0
_DOUBTS = "doubts"
_LATE = timedelta(hours=2)
"""So long after its time an event may still come in, and change the answer of an interval that is over."""


@dataclass(frozen=True)
class Site:
    """What a page is about.

    Attributes:
        model: The site's.
        desk: Where its questions are asked.
        saved: Views of the project, the first of which opens first.
        druid: Where Druid says how it is; None asks it not.
        watch: Where Kafka's word is heard; None where nobody listens.
    """

    model: Model
    desk: Desk
    saved: tuple[Saved, ...] = ()
    druid: DruidSettings | None = None
    watch: Watch | None = None


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
    first = site.desk.answers(_first_jobs(site, now), still_wanted)
    end, state = first["newest"], first.get("loading")
    if isinstance(end, DkdError):
        return bare | {"state": refusal(end)}
    if end is None:
        return bare | {"state": no_event(site.model.datasource("events"))}
    plan = planned(site.model, planning(view), min(end, now))
    is_whole = not (isinstance(state, Loading) and state.reasons)
    answers = site.desk.answers(_jobs(site.model, view, plan, end, is_whole), still_wanted)
    bots, behaviour = answers.pop(BOTS, None), answers.pop(BEHAVIOUR, None)
    known = _known(site, state, answers)
    is_past_whole = answers.pop(PAST, True) is not False
    drawn = answers.pop(PICTURE, None)
    found = Found(
        end, answers.pop(SERIES, None), answers, bots if isinstance(bots, int) else None, is_past_whole, drawn, known
    )
    return behaved(site.model, view, page(site.model, view, plan, found, site.saved, said), behaviour)


def newest_job(model: Model) -> Job:
    """Asks for the time of the newest event."""
    return Job("newest", partial(_newest, model), _NEWEST_AGE_S)


def _first_jobs(site: Site, now: datetime) -> dict[str, Job]:
    """What has to be known before anything is asked: where the data ends, and whether all of it is in sight."""
    jobs = {"newest": newest_job(site.model)}
    where = site.druid
    if where is not None:
        names = [site.model.datasource(kind) for kind in ("events", "sessions")]
        jobs["loading"] = Job("loading", lambda druid: loading(druid, where, names, now), _LOADING_AGE_S)
    return jobs


def _known(site: Site, state: object, answers: dict[str, Any]) -> Known:
    """Takes what is for the line of trust out of *answers*."""
    doubts = answers.pop(_DOUBTS, None)
    asked, counted = doubts if isinstance(doubts, tuple) else (None, None)
    return Known(
        counted,
        asked,
        state if isinstance(state, Loading) else None,
        site.watch.now() if site.watch else None,
    )


def _jobs(model: Model, view: View, plan: Plan, newest: datetime, is_whole: bool) -> dict[str, Job]:
    """A job for the cards and the chart, two for the line of trust, one for the period before, one for each panel."""
    version = newest.isoformat() if plan.span.end > newest - _LATE else "past"
    if not is_whole:
        # What is answered while rows are missing must not outlive that.
        version = f"partial {version}"
    age_s = _LIVE_AGE_S if view.live or not is_whole else 60.0

    def job(name: str, question: Question, work: Callable[..., Any]) -> Job:
        key = f"{name} {version} {plan.grain} {question.model_dump_json()}"
        return Job(key, lambda druid: work(druid, model, question), age_s)

    ask = partial(answered, stride=plan.grain, timeout_s=TIMEOUT_S)
    # The totals of a panel are those of the cards.
    rows = partial(ask, with_totals=False)
    found = {name: job("rows", asked, rows) for name, asked in plan.panels.items() if isinstance(asked, Question)}
    drawn = drawing(model, view, plan)
    if isinstance(drawn.question, Question) and view.behaviour is None:
        needs = drawn.needs_subtotals
        found[PICTURE] = job("subtotals" if needs else "rows", drawn.question, partial(rows, with_subtotals=needs))
    behaviour = behaviour_job(model, view, plan, version, age_s, TIMEOUT_S)
    if behaviour is not None:
        found = {BEHAVIOUR: behaviour}
    if plan.series is not None:
        found |= {SERIES: job("answer", plan.series, ask), BOTS: job(BOTS, plan.series, bot_events)}
        found[_DOUBTS] = job(_DOUBTS, plan.series, _doubts)
        if plan.series.compare is not None:
            found[PAST] = job(PAST, plan.series, _has_past)
    return found


def _doubts(druid: Any, model: Model, question: Question) -> tuple[datetime, Doubts | None]:
    return datetime.now(UTC), doubtful(druid, model, question)


def _has_past(druid: Any, model: Model, question: Question) -> bool:
    return reaches(druid, model, before(question)[0].start)


def _newest(model: Model, druid: Any) -> datetime | None:
    return newest_event(druid, model)
