"""A question's interval, filters and bots → what every query about behaviour reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from dkd.model.askable import Kind
from dkd.model.schema import Model
from dkd.query.asking import ask
from dkd.query.behaviour import Step
from dkd.query.client import Druid
from dkd.query.compile import Query, Role, Source, _from, _where, fitting
from dkd.query.fragment import Sql, all_parameters, joined
from dkd.query.question import TIME, Interval, Question
from dkd.query.rows import Rows


@dataclass(frozen=True)
class Scope:
    """The rows of one datasource that a question is about.

    Attributes:
        interval: Which time; the question's own, or one that it is compared with.
    """

    model: Model
    question: Question
    kind: Kind
    interval: Interval

    def table(self, *names: str) -> Sql:
        """The datasource, with the columns and computed dimensions *names*."""
        return _from(self.model, self.question, self._source, [name for name in names if name != TIME], ())

    @property
    def where(self) -> Sql:
        """Whether a row lies in the interval, fits the filters and is no bot's."""
        return _where(self.model, self.question, self._source)

    def all_time(self, around: timedelta) -> Sql:
        """Whether a row lies in the interval or so much *around* it; whatever the filters and bots."""
        start, end = self.interval.start - around, self.interval.end + around
        return Sql('"__time" >= ? AND "__time" < ?', (start, end))

    def step(self, step: Step) -> Sql:
        """Whether an event is this step."""
        found = [fitting(self.model, self.kind, one) for one in step.filters]
        if step.event is not None:
            found.insert(0, Sql('"event" = ?', (step.event,)))
        return Sql("TRUE") if not found else Sql(f"({joined(' AND ', found).text})", all_parameters(found))

    def query(self, text: str, pieces: Sequence[Sql], names: Sequence[str], role: Role) -> Query:
        """A query over the datasource whose values are those of *pieces*, in order."""
        datasource = self.model.datasource(self.kind)
        is_previous = self.interval != self.question.interval
        return Query(text, all_parameters(pieces), tuple(names), {}, role, datasource, is_previous)

    def during(self, interval: Interval) -> "Scope":
        """The same of another time."""
        return replace(self, interval=interval)

    @property
    def _source(self) -> Source:
        return Source(self.kind, (), self.interval)


class Asked:
    """Asks queries one after the other and remembers them."""

    def __init__(self, druid: Druid, timeout_s: float) -> None:
        self._druid, self._timeout_s = druid, timeout_s
        self.queries: list[Query] = []

    def __call__(self, query: Query) -> Rows:
        """What Druid answers; raises as :func:`dkd.query.asking.ask`."""
        self.queries.append(query)
        return ask(self._druid, query, self._timeout_s)


def scope_of(model: Model, question: Question, kind: Kind) -> Scope:
    """The rows of *kind* that *question*, whose interval is fixed, is about."""
    return Scope(model, question, kind, question.span)
