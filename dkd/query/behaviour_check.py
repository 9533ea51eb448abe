"""A behaviour against the model: names that lead nowhere, and filters that what it reads does not have."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dkd.errors import Problem, UsageError
from dkd.model.askable import Kind
from dkd.model.schema import Model
from dkd.query.behaviour import Behaviour, Behind, CameBack, Funnel, Paths, Retention, Sessions
from dkd.query.check import problems
from dkd.query.dimension import columns
from dkd.query.measure import near
from dkd.query.question import TIME, Filter, Interval, Question

_ANY = Interval(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2001, 1, 1, tzinfo=UTC))


def name_problems(model: Model, kind: Kind, names: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """DKD311 and DKD312 for each of *names*, which come with the place they stand at, that *kind* does not hold."""
    known = columns(model, kind)
    for where, name in names:
        if name not in known:
            problem = f"{kind} have no {name!r}"
            yield Problem(where, "DKD311", problem, near(name, list(known)))
        elif known[name].type == "list":
            yield Problem(where, "DKD312", f"{name!r} holds several values at once", "choose another dimension")


def filter_problems(model: Model, question: Question, kind: Kind, filters: Sequence[Filter]) -> Iterator[Problem]:
    """What of *filters* the rows of *kind* cannot be held against."""
    found = problems(
        model, question.model_copy(update={"measures": (), "splits": (), "having": (), "filters": tuple(filters)})
    )
    yield from found
    known = {TIME, *columns(model, kind)}
    for one in filters:
        if one.dimension not in known and not found:
            remedy = f"remove this filter, or use what {kind} have: {', '.join(sorted(known)[:12])}, …"
            yield Problem("filter", "DKD312", f"{kind} have no {one.dimension!r}", remedy)


def event_problems(model: Model, where: str, name: str | None) -> Iterator[Problem]:
    """DKD335, when the model has no event of that name."""
    if name is not None and name not in model.events:
        yield Problem(where, "DKD335", f"there is no event {name!r}", near(name, list(model.events)))


def require(problems_: Sequence[Problem]) -> None:
    """Nothing, when there are no problems.

    Raises:
        UsageError: With all of them.
    """
    if problems_:
        first = problems_[0]
        error = UsageError(first.code, where=first.where, problem=first.problem, remedy=first.remedy)
        error.problems = tuple(problems_)
        raise error


def funnel_problems(model: Model, question: Question, funnel: Funnel) -> tuple[Problem, ...]:
    """What of the funnel the model has no answer for."""
    found = list(filter_problems(model, question, "events", question.filters))
    for seq, step in enumerate(funnel.steps, 1):
        found += event_problems(model, f"step {seq}", step.event)
        for place, one in enumerate(step.filters, 1):
            wrong = filter_problems(model, question, "events", (one,))
            found += (replace(problem, where=f"step {seq} filter {place}") for problem in wrong)
    if funnel.split is not None:
        found += name_problems(model, "events", [("split", funnel.split)])
    return tuple(found)


def retention_problems(model: Model, question: Question, retention: Retention) -> tuple[Problem, ...]:
    """What of it the model has no answer for."""
    found = [*filter_problems(model, question, "events", question.filters)]
    return (*found, *event_problems(model, "back", retention.back))


def kind_of_paths(model: Model, question: Question, paths: Paths) -> Kind:
    """Where the ways are read: page paths from finished sessions, unless a filter is about what only events have."""
    known = columns(model, "sessions")
    by_session = paths.by == "page_path" and all(one.dimension in known for one in question.filters)
    return "sessions" if by_session else "events"


def path_problems(model: Model, question: Question, paths: Paths) -> tuple[Problem, ...]:
    """What of it the model has no answer for."""
    kind = kind_of_paths(model, question, paths)
    found = list(filter_problems(model, question, kind, question.filters))
    return (*found, *name_problems(model, "events", [("by", paths.by)]))


def kind_of_sessions(model: Model, question: Question) -> Kind:
    """Where the sessions are found: by their events, unless a filter is about what only sessions have."""
    known = columns(model, "events")
    return "events" if all(one.dimension in known for one in question.filters) else "sessions"


def session_problems(model: Model, question: Question) -> tuple[Problem, ...]:
    """What of it the model has no answer for."""
    return tuple(filter_problems(model, question, kind_of_sessions(model, question), question.filters))


def behaviour_problems(model: Model, behaviour: Behaviour | None) -> tuple[Problem, ...]:
    """What of *behaviour* itself, whatever the filters of its question, the model has no answer for."""
    if behaviour is None or not model.measures:
        return ()
    bare = Question(measures=(next(iter(model.measures)),), interval=_ANY)
    behind = behaviour.behind if isinstance(behaviour, Sessions) else None
    retention = behind.retention if isinstance(behind, CameBack) else behaviour
    if isinstance(retention, Retention):
        return retention_problems(model, bare, retention)
    if isinstance(behaviour, Paths):
        return path_problems(model, bare, behaviour)
    funnel = behind.funnel if isinstance(behind, Behind) else behaviour
    return funnel_problems(model, bare, funnel) if isinstance(funnel, Funnel) else ()
