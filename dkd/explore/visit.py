"""An address → the page as JSON: the view is read, its questions are asked side by side, the answers laid out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from dkd.errors import DkdError
from dkd.explore.asking import Desk, Job
from dkd.explore.behaviour import BEHAVIOUR, behaved, behaviour_job, planning
from dkd.explore.drawing import drawing
from dkd.explore.loading import Loading, loading
from dkd.explore.page import BOTS, PAST, Found, Json, frame, page
from dkd.explore.plan import Plan, planned
from dkd.explore.project import NOTHING_KEPT, Kept
from dkd.explore.sources import PICTURE, SERIES
from dkd.explore.state import no_event, no_measure, refusal
from dkd.explore.tiles import Laid, drawn, laid
from dkd.explore.trust import Known
from dkd.explore.view import Opened, Saved, View, first_view, opened
from dkd.explore.watch import Watch
from dkd.model.schema import Model
from dkd.model.tree import Tree
from dkd.query.answer import answered
from dkd.query.asking import Doubts, bot_events, doubtful, newest_event, reaches
from dkd.query.periods import before
from dkd.query.question import Question
from dkd.settings import DruidSettings

TIMEOUT_S = 20.0
_NEWEST_AGE_S = 1.0
_LIVE_AGE_S = 1.0
_LOADING_AGE_S = 2.0
_DOUBTS, _PAGE = "doubts", "page"
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
        tree: Knows where in its files each part of the model stands.
        project: The folder that views are saved in; None without a project.
        kept: What that folder holds.
    """

    model: Model
    desk: Desk
    saved: tuple[Saved, ...] = ()
    druid: DruidSettings | None = None
    watch: Watch | None = None
    tree: Tree | None = None
    project: Path | None = None
    kept: Kept = NOTHING_KEPT


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
    board = site.kept.dashboard(view.dashboard)
    tiles = laid(site.model, board, view, min(end, now)) if board else []
    jobs = {f"{_PAGE}/{name}": job for name, job in _jobs(site.model, view, plan, end, is_whole).items()}
    for at, one in enumerate(tiles):
        jobs |= {f"{at}/{name}": job for name, job in _tile_jobs(site.model, one, end, is_whole).items()}
    answers = site.desk.answers(jobs, still_wanted)
    own = _of(answers, _PAGE)
    known, behaviour = _known(site, state, own), own.pop(BEHAVIOUR, None)
    if view.dashboard is not None and board is None:
        said.append(f"There is no dashboard {view.dashboard} in the project, so its first measure is shown.")
    whole = page(site.model, view, plan, _found(end, own, known), site.saved, said)
    whole["menus"]["segments"] = [[one.name, one.title] for one in site.kept.segments]
    if board is None:
        return behaved(site.model, view, whole, behaviour)
    marked = Known(seen=known.seen)
    found = [_found(end, _of(answers, at), marked) if one.plan else None for at, one in enumerate(tiles)]
    return whole | {"dashboard": {"title": board.title, "tiles": drawn(site.model, tiles, found)}}


def _of(answers: Mapping[str, Any], at: object) -> dict[str, Any]:
    """The answers of one tile, or of the page itself."""
    start = f"{at}/"
    return {name.removeprefix(start): answer for name, answer in answers.items() if name.startswith(start)}


def _found(newest: datetime, answers: dict[str, Any], known: Known) -> Found:
    bots, is_past_whole = answers.pop(BOTS, None), answers.pop(PAST, True) is not False
    series, picture = answers.pop(SERIES, None), answers.pop(PICTURE, None)
    return Found(newest, series, answers, bots if isinstance(bots, int) else None, is_past_whole, picture, known)


def _tile_jobs(model: Model, one: Laid, newest: datetime, is_whole: bool) -> dict[str, Job]:
    """What a tile asks; the line of trust is the page's."""
    if one.view is None or one.plan is None:
        return {}
    found = _jobs(model, one.view, one.plan, newest, is_whole)
    return {name: job for name, job in found.items() if name not in (BOTS, _DOUBTS)}


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
