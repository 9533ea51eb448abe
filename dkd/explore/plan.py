"""A view and the data's end → the questions behind its cards, chart and panels, all of one interval."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dkd.errors import Problem
from dkd.explore.view import View
from dkd.model.schema import Model
from dkd.query.check import problems
from dkd.query.periods import bucket_count, fitting, fixed
from dkd.query.question import Grain, Interval, Last, Question, Split

TOP = 10
"""Values that a panel shows."""
MOST_BUCKETS = 1_500
_USUAL_BUCKETS = 120
"""A line through more is a hedge at the traffic of most sites; a finer grain is one choice away."""


@dataclass(frozen=True)
class Plan:
    """What to ask.

    Attributes:
        span: The interval of all questions.
        grain: Width of the chart's buckets.
        series: Measures over time and their totals; None where no measure can be asked with the filters.
        panels: By dimension, the question for its first values, or why it cannot be asked.
        left_out: Measures that cannot be asked with the filters, and why.
        coarser: The grain that was asked for, where it would make too many buckets.
    """

    span: Interval
    grain: Grain
    series: Question | None
    panels: Mapping[str, Question | Problem]
    left_out: Mapping[str, Problem] = field(default_factory=dict)
    coarser: Grain | None = None


def planned(model: Model, view: View, newest: datetime) -> Plan:
    """The questions of *view*, which must fit *model*.

    Args:
        model: The site.
        view: What to show.
        newest: Time of the newest event; a stretch ends there.
    """
    asked = view.question
    grain = asked.grain or fitting(_about(asked, newest), _USUAL_BUCKETS)
    coarser = None
    if bucket_count(_about(asked, newest), grain) > MOST_BUCKETS:
        coarser, grain = asked.grain, fitting(_about(asked, newest), _USUAL_BUCKETS)
    # Splits and conditions on their rows are the main picture's alone.
    asked = fixed(asked.model_copy(update={"grain": grain, "splits": (), "having": ()}), newest)
    left_out = {name: problem for name in asked.measures if (problem := _problem(model, asked, name))}
    measures = tuple(name for name in asked.measures if name not in left_out)
    return Plan(
        span=asked.span,
        grain=grain,
        series=asked.model_copy(update={"measures": measures}) if measures else None,
        panels={name: _panel(model, asked, view.shown, name) for name in view.panels},
        left_out=left_out,
        coarser=coarser,
    )


def _about(question: Question, newest: datetime) -> Interval:
    if isinstance(question.interval, Last):
        return Interval(start=newest - question.interval.last, end=newest)
    return question.interval


def _problem(model: Model, question: Question, measure: str) -> Problem | None:
    return next(iter(problems(model, question.model_copy(update={"measures": (measure,)}))), None)


def _panel(model: Model, asked: Question, measure: str, dimension: str) -> Question | Problem:
    split = Split(dimension=dimension, limit=TOP)
    question = asked.model_copy(update={"measures": (measure,), "splits": (split,), "having": (), "grain": None})
    return next(iter(problems(model, question)), question)
