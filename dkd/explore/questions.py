"""A view's plan → the jobs that ask what its page shows, and their outcomes, sorted by what they are for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from dkd.errors import DkdError, Problem
from dkd.explore.asking import Job
from dkd.explore.behaviour import BEHAVIOUR, behaviour_job
from dkd.explore.drawing import drawing
from dkd.explore.page import BOTS, PAST, Found
from dkd.explore.plan import Plan
from dkd.explore.sources import PICTURE, SERIES
from dkd.explore.stored import LATE, Stored
from dkd.explore.trust import Known
from dkd.explore.view import View
from dkd.model.schema import Model
from dkd.query.answer import Answer, answered
from dkd.query.asking import Doubts, bot_events, doubtful, reaches
from dkd.query.first import first_values
from dkd.query.halves import joined, of_sessions, slow
from dkd.query.mistake import QueryError
from dkd.query.numbered import by_number
from dkd.query.periods import before
from dkd.query.question import Question

TIMEOUT_S = 20.0
DOUBTS, _DISTINCT, _SESSIONS = "doubts", "distinct", "of sessions"
_LIVE_AGE_S, _AGE_S, _OVER_AGE_S = 1.0, 60.0, 3_600.0


@dataclass(frozen=True)
class Version:
    """What is known of the data when something is asked.

    Attributes:
        newest: Time of the newest event.
        held: The stored rows; None where Druid does not tell.
        is_whole: All of them are in sight.
    """

    newest: datetime
    held: Stored | None
    is_whole: bool

    def of(self, view: View, plan: Plan) -> tuple[str, float]:
        """What equal questions must agree in to have one answer, and for how many seconds they do."""
        if not self.is_whole:
            # What is answered while rows are missing must not outlive that.
            return f"partial {self.newest.isoformat()}", _LIVE_AGE_S
        if self.held is not None and plan.span.end <= self.held.until:
            return self.held.version, _OVER_AGE_S
        version = self.newest.isoformat() if plan.span.end > self.newest - LATE else "past"
        return version, _LIVE_AGE_S if view.live else _AGE_S

    def has_numbers(self, view: View, plan: Plan) -> bool:
        """Whether every row that the view is about has a number for its visitor, also of what it is compared with."""
        if self.held is None or self.held.numbered is None:
            return False
        question, starts = view.question.model_copy(update={"interval": plan.span}), [plan.span.start]
        if question.compare is not None:
            grains = (plan.grain, None)
            starts += [before(question.model_copy(update={"grain": grain}))[0].start for grain in grains]
        return min(starts) > self.held.numbered


class _NoSession(NamedTuple):
    """No session is a row yet, and why that leaves *measures* without an answer."""

    measures: tuple[str, ...]
    problem: Problem


def jobs_of(model: Model, view: View, plan: Plan, known: Version) -> dict[str, Job]:
    """A job or some for the cards and the chart, two for the line of trust, one for the period before, one a panel."""
    version, age_s = known.of(view, plan)
    is_numbered = known.has_numbers(view, plan)
    if is_numbered:
        model, version = by_number(model), f"{version} by number"

    def job(name: str, question: Question, work: Callable[..., Any], is_late: bool = False) -> Job:
        key = f"{name} {version} {plan.grain} {question.model_dump_json()}"
        return Job(key, lambda druid: work(druid, model, question), age_s, is_late=is_late)

    ask = partial(answered, stride=plan.grain, timeout_s=TIMEOUT_S)
    # The totals of a panel are those of the cards.
    rows = partial(first_values, stride=plan.grain, timeout_s=TIMEOUT_S)
    deep_rows = partial(ask, with_totals=False, with_subtotals=True)
    found = {
        name: job("deep" if deep else "rows", one, deep_rows if deep else rows, bool(slow(model, one.measures)))
        for name, (one, deep) in _tables(model, view, plan).items()
    }
    behaviour = behaviour_job(model, view, plan, version, age_s, TIMEOUT_S, is_numbered=is_numbered)
    if behaviour is not None:
        found = {BEHAVIOUR: behaviour}
    if plan.series is not None:
        halves = _halves(model, plan.series)
        if behaviour is not None and SERIES in halves:
            # Beside a behaviour no card is shown: what is left to know is whether there is anything at all.
            halves = {SERIES: halves[SERIES]}
        if len(halves) > 1 and _SESSIONS in halves:
            one = halves.pop(_SESSIONS)
            found[_SESSIONS] = job(_SESSIONS, one, partial(_if_any, ask), bool(slow(model, one.measures)))
        # Of what stands beside a behaviour little is shown, so it waits.
        found |= {
            name: job("answer", one, ask, name == _DISTINCT or behaviour is not None) for name, one in halves.items()
        }
        found |= {BOTS: job(BOTS, plan.series, bot_events), DOUBTS: job(DOUBTS, plan.series, _doubts)}
        if plan.series.compare is not None:
            found[PAST] = job(PAST, plan.series, _has_past)
    return found


def found_of(newest: datetime, plan: Plan, outcomes: Mapping[str, Any], known: Known, *, is_draft: bool) -> Found:
    """The outcomes; what is not among them is pending in a draft."""
    answers = dict(outcomes)
    bots, is_past_whole = answers.pop(BOTS, None), answers.pop(PAST, True) is not False
    (series, left_out), picture = _series(plan, answers), answers.pop(PICTURE, None)
    bot_count = bots if isinstance(bots, int) else None
    return Found(newest, series, answers, bot_count, is_past_whole, picture, known, is_draft, left_out)


def _tables(model: Model, view: View, plan: Plan) -> dict[str, tuple[Question, bool]]:
    """The questions of the panels and of the main picture, and whether their parents are asked for too."""
    drawn = drawing(model, view, plan)
    asked: dict[str, tuple[Question | Problem | None, bool]] = {name: (one, False) for name, one in plan.panels.items()}
    asked[PICTURE] = (drawn.question, drawn.needs_subtotals)
    return {name: (one, deep) for name, (one, deep) in asked.items() if isinstance(one, Question)}


def _halves(model: Model, question: Question) -> dict[str, Question]:
    """The question by the measures that are quick to count, by those that are not, and by those of sessions."""
    sessions = of_sessions(model, question.measures)
    late = slow(model, [name for name in question.measures if name not in sessions])
    quick = tuple(name for name in question.measures if name not in (*sessions, *late))
    halves = {SERIES: quick, _DISTINCT: late, _SESSIONS: sessions}
    return {name: question.model_copy(update={"measures": some}) for name, some in halves.items() if some}


def _if_any(ask: Callable[..., Answer], druid: Any, model: Model, question: Question) -> Answer | _NoSession:
    try:
        return ask(druid, model, question)
    except QueryError as error:
        if error.problems[0].code != "DKD315":
            raise
        return _NoSession(question.measures, error.problems[0])


def _series(plan: Plan, answers: dict[str, Any]) -> tuple[Answer | DkdError | None, dict[str, Problem]]:
    """Takes the answer behind cards and chart, which may have been asked in parts, out of *answers*.

    With it come the measures that have none because no session is a row yet.
    """
    found = [answers.pop(name) for name in (SERIES, _DISTINCT, _SESSIONS) if name in answers]
    left_out = {name: one.problem for one in found if isinstance(one, _NoSession) for name in one.measures}
    error = next((one for one in found if isinstance(one, DkdError)), None)
    halves = [one for one in found if isinstance(one, Answer)]
    if error is not None or not halves or plan.series is None:
        return error, left_out
    return halves[0] if len(halves) == 1 else joined(plan.series, *halves), left_out


def _doubts(druid: Any, model: Model, question: Question) -> tuple[datetime, Doubts | None]:
    return datetime.now(UTC), doubtful(druid, model, question)


def _has_past(druid: Any, model: Model, question: Question) -> bool:
    return reaches(druid, model, before(question)[0].start)
