"""An address → the page as JSON: the view is read, its questions are asked side by side, the answers laid out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from dkd.errors import DkdError, Problem
from dkd.explore.asking import FOR_EVER_S, Desk, Job
from dkd.explore.behaviour import BEHAVIOUR, behaved, behaviour_job, planning
from dkd.explore.drawing import drawing
from dkd.explore.loading import Loading, loading
from dkd.explore.page import BOTS, PAST, Found, Json, frame, page
from dkd.explore.plan import Plan, planned
from dkd.explore.sources import PICTURE, SERIES
from dkd.explore.state import no_event, no_measure, refusal
from dkd.explore.stored import LARGE, LATE, Stored, stored
from dkd.explore.trust import Known
from dkd.explore.view import Opened, Saved, View, first_view, opened
from dkd.explore.watch import Watch
from dkd.model.schema import Model
from dkd.query.answer import Answer, answered
from dkd.query.asking import Doubts, bot_events, doubtful, newest_event, reaches
from dkd.query.first import first_values
from dkd.query.halves import joined, slow
from dkd.query.periods import before
from dkd.query.question import Question
from dkd.settings import DruidSettings

TIMEOUT_S = 20.0
NEWEST_S = 10.0
"""The newest event is found at once, or Druid does not work."""
_NEWEST_AGE_S = 1.0
_LIVE_AGE_S = 1.0
_LOADING_AGE_S, _STORED_AGE_S = 2.0, 5.0
_OVER_AGE_S = 3_600.0
_AT_ONCE_S = 0.1
"""Numbers that come so soon after the others are drawn with them."""
_DOUBTS, _LOADING, _STORED, _DISTINCT = "doubts", "loading", "stored", "distinct"


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
    """The whole page; see :func:`drafts`."""
    return [*drafts(site, asked, now, still_wanted, notices)][-1]


def drafts(
    site: Site, asked: Opened, now: datetime, still_wanted: Callable[[], None], notices: Sequence[str] = ()
) -> Iterator[Json]:
    """The page, whole; before it one without the numbers that take long, where those are not there at once.

    A failure is a state of the page.

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
        yield bare | {"state": no_measure()}
        return
    end, whole = _first(site, now, still_wanted)
    if not isinstance(end, datetime):
        yield bare | {"state": no_event(site.model.datasource("events")) if end is None else refusal(end)}
        return
    plan = planned(site.model, planning(view), min(end, now))
    held = site.desk.last(_STORED)
    jobs = _jobs(site, view, plan, end, held, whole)
    out = jobs | _beside(site, end, now)
    with site.desk.asked(out, still_wanted) as asking:
        early = [name for name, job in out.items() if not job.is_late]
        asking.within(early, FOR_EVER_S)
        is_large = isinstance(held, Stored) and held.row_count >= LARGE and not view.live and not view.behaviour
        if is_large and not asking.within(out, _AT_ONCE_S):
            found = _found(site, plan, end, asking.outcomes(), is_draft=True)
            yield page(site.model, view, plan, found, site.saved, said)
        asking.within(out, FOR_EVER_S)
        outcomes = asking.outcomes()
    if whole and _reasons(outcomes):
        # What was answered while rows are missing must not outlive that.
        site.desk.forget(jobs.values())
    behaviour = outcomes.pop(BEHAVIOUR, None)
    made = page(site.model, view, plan, _found(site, plan, end, outcomes), site.saved, said)
    yield behaved(site.model, view, made, behaviour)


def _first(site: Site, now: datetime, still_wanted: Callable[[], None]) -> tuple[datetime | DkdError | None, bool]:
    """Time of the newest event, and whether all rows were in sight when that was last looked at."""
    jobs = {"newest": newest_job(site.model)}
    state = site.desk.last(_LOADING)
    if state is None:
        jobs |= _beside(site, now, now)
    found = site.desk.answers(jobs, still_wanted)
    return found["newest"], not _reasons(found if state is None else {_LOADING: state})


def _reasons(outcomes: Mapping[str, Any]) -> tuple[str, ...]:
    """Why rows may be missing."""
    state = outcomes.get(_LOADING)
    return state.reasons if isinstance(state, Loading) else ()


def _found(site: Site, plan: Plan, end: datetime, outcomes: Mapping[str, Any], *, is_draft: bool = False) -> Found:
    """The outcomes, sorted by what they are for; what is not among them is pending."""
    answers = dict(outcomes)
    bots, known = answers.pop(BOTS, None), _known(site, answers.pop(_LOADING, None), answers)
    answers.pop(_STORED, None)
    is_past_whole = answers.pop(PAST, True) is not False
    drawn, series = answers.pop(PICTURE, None), _series(plan, answers)
    bot_count = bots if isinstance(bots, int) else None
    return Found(end, series, answers, bot_count, is_past_whole, drawn, known, is_draft)


def _series(plan: Plan, answers: dict[str, Any]) -> Answer | DkdError | None:
    """Takes the answer behind cards and chart, which may have been asked in two parts, out of *answers*."""
    found = [answers.pop(name) for name in (SERIES, _DISTINCT) if name in answers]
    error = next((one for one in found if isinstance(one, DkdError)), None)
    if error is not None or not found or plan.series is None:
        return error
    return found[0] if len(found) == 1 else joined(plan.series, *found)


def newest_job(model: Model) -> Job:
    """Asks for the time of the newest event."""
    return Job("newest", partial(_newest, model), _NEWEST_AGE_S)


def _beside(site: Site, newest: datetime, now: datetime) -> dict[str, Job]:
    """What else has to be known of the data: whether all of it is in sight, and how much there is of it."""
    where, names = site.druid, [site.model.datasource(kind) for kind in ("events", "sessions")]
    jobs = {_STORED: Job(_STORED, lambda druid: stored(druid, names, newest), _STORED_AGE_S)}
    if where is not None:
        jobs[_LOADING] = Job(_LOADING, lambda druid: loading(druid, where, names, now), _LOADING_AGE_S)
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


def _jobs(site: Site, view: View, plan: Plan, newest: datetime, held: Stored | None, is_whole: bool) -> dict[str, Job]:
    """A job or two for the cards and the chart, two for the line of trust, one for the period before, one a panel."""
    model, (version, age_s) = site.model, _version(view, plan, newest, held, is_whole)

    def job(name: str, question: Question, work: Callable[..., Any], is_late: bool = False) -> Job:
        key = f"{name} {version} {plan.grain} {question.model_dump_json()}"
        return Job(key, lambda druid: work(druid, model, question), age_s, is_late=is_late)

    ask = partial(answered, stride=plan.grain, timeout_s=TIMEOUT_S)
    # The totals of a panel are those of the cards.
    rows = partial(first_values, stride=plan.grain, timeout_s=TIMEOUT_S)
    asked: dict[str, Question | Problem | None] = dict(plan.panels)
    drawn = drawing(model, view, plan)
    if not drawn.needs_subtotals:
        asked[PICTURE] = drawn.question
    found = {
        name: job("rows", one, rows, bool(slow(model, one.measures)))
        for name, one in asked.items()
        if isinstance(one, Question)
    }
    if drawn.needs_subtotals and isinstance(drawn.question, Question):
        deep = partial(ask, with_totals=False, with_subtotals=True)
        found[PICTURE] = job("subtotals", drawn.question, deep, bool(slow(model, drawn.question.measures)))
    behaviour = behaviour_job(model, view, plan, version, age_s, TIMEOUT_S)
    if behaviour is not None:
        found = {BEHAVIOUR: behaviour}
    if plan.series is not None:
        for name, one in _halves(model, plan.series).items():
            found[name] = job("answer", one, ask, name == _DISTINCT)
        found[BOTS] = job(BOTS, plan.series, bot_events)
        found[_DOUBTS] = job(_DOUBTS, plan.series, _doubts)
        if plan.series.compare is not None:
            found[PAST] = job(PAST, plan.series, _has_past)
    return found


def _halves(model: Model, question: Question) -> dict[str, Question]:
    """The question by the measures that are quick to count, and by those that are not."""
    late = slow(model, question.measures)
    halves = {SERIES: tuple(name for name in question.measures if name not in late), _DISTINCT: late}
    return {name: question.model_copy(update={"measures": some}) for name, some in halves.items() if some}


def _version(view: View, plan: Plan, newest: datetime, held: Stored | None, is_whole: bool) -> tuple[str, float]:
    """What equal questions must agree in to have one answer, and for how many seconds they do."""
    if not is_whole:
        return f"partial {newest.isoformat()}", _LIVE_AGE_S
    if held is not None and plan.span.end <= held.until:
        return held.version, _OVER_AGE_S
    version = newest.isoformat() if plan.span.end > newest - LATE else "past"
    return version, _LIVE_AGE_S if view.live else 60.0


def _doubts(druid: Any, model: Model, question: Question) -> tuple[datetime, Doubts | None]:
    return datetime.now(UTC), doubtful(druid, model, question)


def _has_past(druid: Any, model: Model, question: Question) -> bool:
    return reaches(druid, model, before(question)[0].start)


def _newest(model: Model, druid: Any) -> datetime | None:
    return newest_event(druid, model, NEWEST_S)
