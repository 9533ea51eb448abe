"""A behaviour, whichever it is → its problems with a model, and its answer."""

from datetime import UTC, datetime

from dkd.errors import Problem
from dkd.model.schema import Model
from dkd.query.behaviour import Behaviour, Funnel, Paths, Retention, Sessions
from dkd.query.client import Druid
from dkd.query.funnel import Funnelled, funnel_problems, funnelled
from dkd.query.paths import Travelled, path_problems, travelled
from dkd.query.question import Interval, Question
from dkd.query.retention import Retained, retained, retention_problems
from dkd.query.sessions import Listed, Told, listed, told

Answered = Funnelled | Retained | Travelled | Listed | Told
_ANY = Interval(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2001, 1, 1, tzinfo=UTC))


def behaviour_problems(model: Model, behaviour: Behaviour | None) -> tuple[Problem, ...]:
    """What of *behaviour* itself, whatever the filters of its question, the model has no answer for."""
    if behaviour is None or not model.measures:
        return ()
    bare = Question(measures=(next(iter(model.measures)),), interval=_ANY)
    if isinstance(behaviour, Retention):
        return retention_problems(model, bare, behaviour)
    if isinstance(behaviour, Paths):
        return path_problems(model, bare, behaviour)
    funnel = behaviour if isinstance(behaviour, Funnel) else behaviour.behind.funnel if behaviour.behind else None
    return () if funnel is None else funnel_problems(model, bare, funnel)


def answer_behaviour(
    druid: Druid, model: Model, question: Question, behaviour: Behaviour, timeout_s: float = 30.0
) -> Answered:
    """The answer; *question* has a fixed interval.

    Raises:
        DkdError: As the function of that behaviour says.
    """
    if isinstance(behaviour, Funnel):
        return funnelled(druid, model, question, behaviour, timeout_s)
    if isinstance(behaviour, Retention):
        return retained(druid, model, question, behaviour, timeout_s)
    if isinstance(behaviour, Paths):
        return travelled(druid, model, question, behaviour, timeout_s)
    return _sessions(druid, model, question, behaviour, timeout_s)


def _sessions(druid: Druid, model: Model, question: Question, wanted: Sessions, timeout_s: float) -> Listed | Told:
    if wanted.one is not None:
        return told(druid, model, question, wanted.one, timeout_s)
    return listed(druid, model, question, wanted, timeout_s)
