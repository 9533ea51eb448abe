"""When the values with the most events are proved to be those with the most visitors."""

from datetime import UTC, datetime

import pytest

from dkd.model.load import load
from dkd.query.first import _is_proven, _plain
from dkd.query.number import Number
from dkd.query.question import Interval, Question, Split


@pytest.mark.parametrize(
    ("first", "most_of_rest", "proven"),
    [
        ([Number(90), Number(51)], 50, True),
        # A value of the rest with as many visitors as events could come before this one by its name.
        ([Number(90), Number(50)], 50, False),
        ([Number(90), Number(40)], 50, False),
        ([Number(90), Number(60, 5)], 50, True),
        ([Number(90), Number(60, 12)], 50, False),
        ([Number(90)], 50, False),
        ([Number(90), Number(None)], 0, False),
    ],
    ids=["more than the rest", "as many", "fewer", "more for sure", "perhaps more", "too few values", "no number"],
)
def test_a_ranking_is_proved_only_by_more_visitors_than_any_other_value_has_events(first, most_of_rest, proven):
    assert _is_proven(first, 2, most_of_rest) is proven


def test_events_that_hold_several_of_the_counted_values_prove_nothing():
    model = load(
        "dkd: 1\nsite: s\nevents: {x: {fields: {tags: list}}}\n"
        "measures: {tags: {count_distinct: tags}, visitors: {count_distinct: party_id}}\n",
        "s.yaml",
    )
    span = Interval(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 2, tzinfo=UTC))

    def quick(measure):
        question = Question(measures=(measure,), interval=span, splits=(Split(dimension="page_path"),))
        return _plain(model, question) is not None

    assert quick("visitors")
    assert not quick("tags")
