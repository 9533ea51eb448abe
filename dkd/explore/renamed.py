"""Names that a model had before, in a view that was kept since then → the names that it has now."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dkd.model.schema import Model
from dkd.query.dimension import dimensions
from dkd.query.question import Filter, Question


class Renamed(NamedTuple):
    """A view's parts by their names of today, and a sentence for each that had another."""

    question: Question
    panels: tuple[str, ...]
    said: tuple[str, ...]


def renamed(model: Model, question: Question, panels: Sequence[str]) -> Renamed:
    """The question and the panels with each field and event that the model says it renamed under its new name."""
    known = dimensions(model)
    fields = {
        one.was: name for name, one in model.all_fields.items() if one.was and one.was not in known and name in known
    }
    events = {one.was: name for name, one in model.events.items() if one.was and one.was not in model.events}
    used = [*_used(question), *panels]
    said = [f"{was} is called {fields[was]} now" for was in dict.fromkeys(used) if was in fields]
    values = [value for one in question.filters if one.dimension == "event" for value in one.values]
    said += [f"the event {was} is called {events[was]} now" for was in values if was in events]
    if not said:
        return Renamed(question, tuple(panels), ())

    def now(one: Filter) -> Filter:
        changed: dict[str, object] = {"dimension": fields.get(one.dimension, one.dimension)}
        if one.dimension == "event":
            changed["values"] = tuple(
                events.get(value, value) if isinstance(value, str) else value for value in one.values
            )
        return one.model_copy(update=changed)

    changed = {
        "filters": tuple(map(now, question.filters)),
        "against": None if question.against is None else tuple(map(now, question.against)),
        "splits": tuple(
            one.model_copy(update={"dimension": fields.get(one.dimension, one.dimension)}) for one in question.splits
        ),
    }
    return Renamed(question.model_copy(update=changed), _once(fields.get(one, one) for one in panels), tuple(said))


def _used(question: Question) -> Iterator[str]:
    yield from (one.dimension for one in (*question.filters, *(question.against or ())))
    yield from (one.dimension for one in question.splits)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
