"""Names that a model had before, in a view that was kept since then → the names that it has now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dkd.model.schema import Model
from dkd.query.behaviour import Behaviour, Behind, CameBack, Funnel, Paths, Retention, Sessions, Step
from dkd.query.dimension import dimensions
from dkd.query.question import Filter, Question

_EVENT = "event"


class Renamed(NamedTuple):
    """A view's parts by their names of today, and a sentence for each that had another."""

    question: Question
    panels: tuple[str, ...]
    behaviour: Behaviour | None
    said: tuple[str, ...]


def renamed(model: Model, question: Question, panels: Sequence[str], behaviour: Behaviour | None = None) -> Renamed:
    """The parts of a view with each field and event that the model says it renamed under its new name."""
    known = dimensions(model)
    names = _Names(
        {one.was: name for name, one in model.all_fields.items() if one.was and one.was not in known and name in known},
        {one.was: name for name, one in model.events.items() if one.was and one.was not in model.events},
    )
    funnel = _funnel_of(behaviour)
    steps = funnel.steps if funnel is not None else ()
    filters = [*question.filters, *(question.against or ()), *(one for step in steps for one in step.filters)]
    used = [*(one.dimension for one in filters), *(one.dimension for one in question.splits), *panels]
    used += _dimensions(behaviour)
    said = [f"{was} is called {names.fields[was]} now" for was in dict.fromkeys(used) if was in names.fields]
    values = [value for one in filters if one.dimension == _EVENT for value in one.values]
    events = dict.fromkeys([*values, *(step.event for step in steps), *_events(behaviour)])
    said += [f"the event {was} is called {now} now" for was, now in names.events.items() if was in events]
    if not said:
        return Renamed(question, tuple(panels), behaviour, ())
    changed = {
        "filters": tuple(map(names.filter, question.filters)),
        "against": None if question.against is None else tuple(map(names.filter, question.against)),
        "splits": tuple(one.model_copy(update={"dimension": names.field(one.dimension)}) for one in question.splits),
    }
    own = names.behaviour(behaviour) if behaviour is not None else None
    return Renamed(question.model_copy(update=changed), _once(map(names.field, panels)), own, tuple(said))


@dataclass(frozen=True)
class _Names:
    """Names of today by those of before."""

    fields: Mapping[str, str]
    events: Mapping[str, str]

    def field(self, name: str) -> str:
        return self.fields.get(name, name)

    def event(self, name: str | None) -> str | None:
        return self.events.get(name, name) if name is not None else None

    def filter(self, one: Filter) -> Filter:
        changed: dict[str, object] = {"dimension": self.field(one.dimension)}
        if one.dimension == _EVENT:
            changed["values"] = tuple(
                self.events.get(value, value) if isinstance(value, str) else value for value in one.values
            )
        return one.model_copy(update=changed)

    def behaviour(self, one: Behaviour) -> Behaviour:
        if isinstance(one, Funnel):
            return self._funnel(one)
        if isinstance(one, Retention):
            return self._retention(one)
        if isinstance(one, Paths):
            anchor = self.event(one.anchor) if one.by == _EVENT else one.anchor
            return one.model_copy(update={"by": self.field(one.by), "anchor": anchor})
        return one.model_copy(update={"behind": self._behind(one.behind)})

    def _behind(self, one: Behind | CameBack | None) -> Behind | CameBack | None:
        if isinstance(one, Behind):
            return one.model_copy(update={"funnel": self._funnel(one.funnel)})
        return one and one.model_copy(update={"retention": self._retention(one.retention)})

    def _funnel(self, one: Funnel) -> Funnel:
        steps = tuple(
            Step(event=self.event(step.event), filters=tuple(map(self.filter, step.filters))) for step in one.steps
        )
        return one.model_copy(update={"steps": steps, "split": self.field(one.split) if one.split else None})

    def _retention(self, one: Retention) -> Retention:
        return one.model_copy(update={"back": self.event(one.back)})


def _funnel_of(one: Behaviour | None) -> Funnel | None:
    behind = one.behind if isinstance(one, Sessions) else None
    found = behind.funnel if isinstance(behind, Behind) else one
    return found if isinstance(found, Funnel) else None


def _dimensions(one: Behaviour | None) -> Iterator[str]:
    funnel = _funnel_of(one)
    if funnel is not None and funnel.split is not None:
        yield funnel.split
    if isinstance(one, Paths):
        yield one.by


def _events(one: Behaviour | None) -> Iterator[str | None]:
    behind = one.behind if isinstance(one, Sessions) else None
    retention = behind.retention if isinstance(behind, CameBack) else one
    if isinstance(retention, Retention):
        yield retention.back
    if isinstance(one, Paths) and one.by == _EVENT:
        yield one.anchor


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
