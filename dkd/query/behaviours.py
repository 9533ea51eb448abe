"""A behaviour, whichever it is → its answer."""

from dkd.model.schema import Model
from dkd.query.behaviour import Behaviour, Funnel, Paths, Retention, Sessions
from dkd.query.client import Druid
from dkd.query.funnel import Funnelled, funnelled
from dkd.query.paths import Travelled, travelled
from dkd.query.question import Question
from dkd.query.retention import Retained, retained
from dkd.query.sessions import Listed, Told, listed, told

Answered = Funnelled | Retained | Travelled | Listed | Told


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
