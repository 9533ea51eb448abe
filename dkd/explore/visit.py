"""An address → the page as JSON: the view is read, its questions are asked side by side, the answers laid out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from dkd.errors import DkdError
from dkd.explore.asking import FOR_EVER_S, Asked, Desk, Job
from dkd.explore.behaviour import BEHAVIOUR, behaved, planning
from dkd.explore.lineage import Lineage, traced
from dkd.explore.loading import Loading, loading
from dkd.explore.page import BOTS, Json, frame, page
from dkd.explore.plan import planned
from dkd.explore.project import NOTHING_KEPT, Kept
from dkd.explore.questions import DOUBTS, Version, found_of, jobs_of
from dkd.explore.questions import TIMEOUT_S as TIMEOUT_S
from dkd.explore.state import no_event, no_measure, refusal
from dkd.explore.stored import LARGE, stored
from dkd.explore.tiles import Laid, drawn, laid
from dkd.explore.trust import Known
from dkd.explore.view import Opened, Saved, View, first_view, opened
from dkd.explore.watch import Watch
from dkd.model.schema import Model
from dkd.query.asking import newest_event
from dkd.settings import DruidSettings

_NEWEST_S = 10.0
"""The newest event is found at once, or Druid does not work."""
_NEWEST_AGE_S, _LOADING_AGE_S, _STORED_AGE_S = 1.0, 2.0, 5.0
_HEARD_AGE_S = 30.0
"""What is not older will do while it is asked again beside the page."""
_HELD_AGE_S = _HEARD_AGE_S + _STORED_AGE_S
"""Both are asked side by side, this one less often: where the other will do, this one is there too."""
_BESIDE_S = 2.0
_AT_ONCE_S = 0.1
"""Numbers that come so soon after the others are drawn with them."""
_LOADING, _STORED, _PAGE = "loading", "stored", "page"


@dataclass(frozen=True)
class Site:
    """What a page is about.

    Attributes:
        model: The site's.
        desk: Where its questions are asked.
        saved: Views of the project, the first of which opens first.
        druid: Where Druid says how it is; None asks it not.
        watch: Where Kafka's word is heard; None where nobody listens.
        lineage: Knows where the model's names come from.
        project: The folder that views are saved in; None without a project.
        kept: What that folder holds.
    """

    model: Model
    desk: Desk
    saved: tuple[Saved, ...] = ()
    druid: DruidSettings | None = None
    watch: Watch | None = None
    lineage: Lineage | None = None
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
    """The whole page; see :func:`drafts`."""
    return [*drafts(site, asked, now, still_wanted, notices)][-1]


def drafts(
    site: Site, asked: Opened, now: datetime, still_wanted: Callable[[], None], notices: Sequence[str] = ()
) -> Iterator[Json]:
    """The page, whole; before it one or two without the numbers that take long, where those are not there at once.

    A failure is a state of the page.

    Args:
        site: Whose.
        asked: The view, and what of its link was left out.
        now: No stretch ends after it, whatever the newest event claims.
        still_wanted: Raises when nobody waits for this page any more.
        notices: More to say.
    """
    said = [*asked.dropped, *notices]
    view = asked.view
    if view is None:
        yield frame(site.model, view, site.saved, said) | {"state": no_measure()}
        return
    end, state = _first(site, now, still_wanted)
    if not isinstance(end, datetime):
        state = no_event(site.model.datasource("events")) if end is None else refusal(end)
        yield frame(site.model, view, site.saved, said) | {"state": state}
        return
    is_whole = not _reasons(state)
    visit = _Visit(site, view, end, now, is_whole, said)
    with site.desk.asked(visit.jobs | _beside(site, end, now), still_wanted) as asking:
        for _ in visit.drafts(asking):
            yield visit.page({_LOADING: state} | asking.outcomes(), is_draft=True)
        asking.within(visit.jobs, FOR_EVER_S)
        outcomes = {_LOADING: state} | asking.outcomes()
    if is_whole and _reasons(outcomes[_LOADING]):
        # What was answered while rows are missing must not outlive that.
        site.desk.forget(visit.jobs.values())
    yield visit.page(outcomes)


class _Visit:
    """One view on its way to a page: its questions, and those of the tiles of its dashboard."""

    def __init__(
        self, site: Site, view: View, newest: datetime, now: datetime, is_whole: bool, said: list[str]
    ) -> None:
        self._site, self._view, self._newest, self._said = site, view, newest, said
        until = min(newest, now)
        self._plan = planned(site.model, planning(view), until)
        self._board = site.kept.dashboard(view.dashboard)
        self._tiles = laid(site.model, self._board, view, until) if self._board else []
        self._held = site.desk.last(_STORED, _HELD_AGE_S)
        version = Version(newest, self._held, is_whole)
        self.jobs = {f"{_PAGE}/{name}": job for name, job in jobs_of(site.model, view, self._plan, version).items()}
        for at, one in enumerate(self._tiles):
            self.jobs |= {f"{at}/{name}": job for name, job in _tile_jobs(site.model, one, version).items()}

    def drafts(self, asking: Asked) -> Iterator[None]:
        """Whenever some numbers are there, and the others will take so long that these should be seen before.

        First come the counts, then the distinct ones, then those of the others; of a funnel first its bounds.
        """
        is_large = self._held is not None and self._held.row_count >= LARGE
        if not is_large or self._view.live or self._board is not None:
            return
        quick = [name for name, job in self.jobs.items() if not job.is_late]
        for names in (quick, [*self.jobs]):
            asking.within(names, FOR_EVER_S, early=True)
            if asking.within(self.jobs, _AT_ONCE_S):
                return
            if names is not quick or not asking.within(self.jobs, 0.0, early=True):
                yield

    def page(self, outcomes: Mapping[str, Any], *, is_draft: bool = False) -> Json:
        """The page with what was answered."""
        site, view, said = self._site, self._view, list(self._said)
        own = _of(outcomes, _PAGE)
        known, behaviour = _known(site, outcomes.get(_LOADING), own), own.pop(BEHAVIOUR, None)
        if view.dashboard is not None and self._board is None:
            said.append(f"There is no dashboard {view.dashboard} in the project, so its first measure is shown.")
        found = found_of(self._newest, self._plan, own, known, is_draft=is_draft)
        whole = page(site.model, view, self._plan, found, site.saved, said)
        whole["sources"] = traced(whole["sources"], site.lineage, site.druid)
        whole["menus"]["segments"] = [[one.name, one.title] for one in site.kept.segments]
        if self._board is None:
            return behaved(site.model, view, whole, behaviour)
        marked = Known(seen=known.seen)
        tiles = [
            found_of(self._newest, one.plan, _of(outcomes, at), marked, is_draft=False) if one.plan else None
            for at, one in enumerate(self._tiles)
        ]
        return whole | {"dashboard": {"title": self._board.title, "tiles": drawn(site.model, self._tiles, tiles)}}


def _first(site: Site, now: datetime, still_wanted: Callable[[], None]) -> tuple[datetime | DkdError | None, object]:
    """Time of the newest event, and what was last heard of the rows that may be missing."""
    jobs = {"newest": newest_job(site.model)}
    state = site.desk.last(_LOADING, _HEARD_AGE_S)
    if state is None:
        jobs |= _beside(site, now, now)
    with site.desk.asked(jobs, still_wanted) as asking:
        asking.within(["newest"], FOR_EVER_S)
        # What is beside must not hold up the word that Druid does not answer.
        asking.within(jobs, _BESIDE_S)
        found = asking.outcomes()
    return found["newest"], found.get(_LOADING) if state is None else state


def _reasons(state: object) -> tuple[str, ...]:
    """Why rows may be missing."""
    return state.reasons if isinstance(state, Loading) else ()


def _of(answers: Mapping[str, Any], at: object) -> dict[str, Any]:
    """The answers of one tile, or of the page itself."""
    start = f"{at}/"
    return {name.removeprefix(start): answer for name, answer in answers.items() if name.startswith(start)}


def _tile_jobs(model: Model, one: Laid, version: Version) -> dict[str, Job]:
    """What a tile asks; the line of trust is the page's."""
    if one.view is None or one.plan is None:
        return {}
    found = jobs_of(model, one.view, one.plan, version)
    return {name: job for name, job in found.items() if name not in (BOTS, DOUBTS)}


def newest_job(model: Model) -> Job:
    """Asks for the time of the newest event."""
    return Job("newest", partial(_newest, model), _NEWEST_AGE_S, is_ahead=True)


def _beside(site: Site, newest: datetime, now: datetime) -> dict[str, Job]:
    """What else has to be known of the data: whether all of it is in sight, and how much there is of it."""
    where, names = site.druid, [site.model.datasource(kind) for kind in ("events", "sessions")]
    jobs = {_STORED: Job(_STORED, lambda druid: stored(druid, names, newest), _STORED_AGE_S, is_beside=True)}
    if where is not None:
        ask = partial(loading, settings=where, datasources=names, now=now)
        jobs[_LOADING] = Job(_LOADING, ask, _LOADING_AGE_S, is_beside=True)
    return jobs


def _known(site: Site, state: object, answers: dict[str, Any]) -> Known:
    """Takes what is for the line of trust out of *answers*."""
    doubts = answers.pop(DOUBTS, None)
    asked, counted = doubts if isinstance(doubts, tuple) else (None, None)
    return Known(
        counted,
        asked,
        state if isinstance(state, Loading) else None,
        site.watch.now() if site.watch else None,
    )


def _newest(model: Model, druid: Any) -> datetime | None:
    return newest_event(druid, model, _NEWEST_S)
