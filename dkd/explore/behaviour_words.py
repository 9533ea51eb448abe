"""What a funnel, retention, paths or a list of sessions means: sentences that stand beside the picture."""

from collections.abc import Iterator
from datetime import timedelta

from dkd.explore import words
from dkd.model.schema import Model
from dkd.model.types import duration_text
from dkd.query.behaviour import Behaviour, Behind, Funnel, Paths, Retention, Sessions, Step
from dkd.query.dimension import dimensions

_PERIODS = {"P1D": "day", "P1W": "week", "P1M": "month"}
_LENGTHS = ((86_400, "day", "d"), (3_600, "hour", "h"), (60, "minute", "min"), (1, "second", "s"))


def period(retention: Retention) -> str:
    """``day``, ``week`` or ``month``."""
    return _PERIODS[retention.grain]


def unit(funnel: Funnel, count: int | None = None) -> str:
    """``visitors``, or ``1 visitor``."""
    many = f"{funnel.unit}s"
    return many if count is None else f"{count:,} {funnel.unit if count == 1 else many}"


def step_label(model: Model, step: Step) -> str:
    """A step in words: ``Page view with page path is /cart``."""
    name = words.label(step.event) if step.event is not None else "Any event"
    known = dimensions(model)
    filters = [words.filter_label(one, known.get(one.dimension)) for one in step.filters]
    return f"{name} with {' and '.join(filters)}" if filters else name


def event_labels(model: Model) -> list[list[str]]:
    """Every event of the model and its name in words."""
    return [[name, words.label(name)] for name in model.events]


def length(seconds: float, *, short: bool = False) -> str:
    """A length of time in its two largest units: ``1 hour 45 minutes``, or in *short* ``1 h 45 min``."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    rest = round(seconds)
    said: list[tuple[int, str]] = []
    for size, name, sign in _LENGTHS:
        count, rest = divmod(rest, size)
        if count or said:
            said.append((count, sign if short else name if count == 1 else f"{name}s"))
    return " ".join(f"{count} {name}" for count, name in said[:2] if count)


def definition(behaviour: Behaviour) -> str:
    """What is counted, with the rules for order, ties and time."""
    if isinstance(behaviour, Funnel):
        return " ".join(_funnel(behaviour))
    if isinstance(behaviour, Retention):
        return " ".join(_retention(behaviour))
    if isinstance(behaviour, Paths):
        return " ".join(_paths(behaviour))
    return _sessions(behaviour)


def _funnel(one: Funnel) -> Iterator[str]:
    yield f"Each number counts the {unit(one)} that did the step and all steps before it within the time shown."
    if one.any_order:
        yield "The steps may come in any order; one event may be two steps."
    else:
        yield "Each step comes later than the one before; of two events at the same millisecond neither is later."
    if one.window is None:
        yield "There is no limit from the first step to the last but the time shown."
    else:
        most = length(one.window / timedelta(seconds=1))
        yield f"From the first step to the last it takes {most} ({duration_text(one.window)}) at most."
    if one.unit == "session":
        yield "A late event belongs to no session, so it is no step."
    if one.split is not None:
        yield f"Each counts for its {words.label(one.split).lower()} at its first event of the first step."


def _retention(one: Retention) -> Iterator[str]:
    each = period(one)
    if one.born == "id":
        yield f"Each row counts the visitors whose id was made in that {each} and who were seen in it."
        yield (
            "An id's own time is the visitor's clock: later than its first event here, that event counts; older than "
            "730 days, or an id that holds no time, is unknown."
        )
    else:
        yield f"Each row counts the visitors whose first event of the whole history lies in that {each}."
    back = f"had the event {words.label(one.back).lower()}" if one.back else "had any event"
    yield f"Each cell is how many of them {back} in the {each} so many {each}s later; counted exactly."
    yield f"The {each} that is not over is hatched: its number can still grow. Filters hold for every event."


def _paths(one: Paths) -> Iterator[str]:
    what = words.label(one.by).lower()
    start = f"the first {what} {one.anchor}" if one.anchor else f"its {'last' if one.backwards else 'first'} {what}"
    yield f"Each session is followed from {start} {'back' if one.backwards else 'on'}; {what} after {what}."
    yield f"The same {what} again at once is one step; events without one are no step."
    yield "The numbers of a step and those that ended before it add up to the step before."


def _sessions(one: Sessions) -> str:
    if one.one is not None:
        return "All events of one session in order of time, then of their ids, whatever the filters."
    lost = (
        "What they did next is the first event, within the funnel's time, after they had first done the steps before. "
        if isinstance(one.behind, Behind) and one.behind.lost
        else ""
    )
    return lost + (
        "Sessions with an event that fits, by the last such event, newest first; open ones too. One lasts from its "
        "first event to its last, so one of a single event has no duration. Country and channel are those of its first "
        "event that has one."
    )
