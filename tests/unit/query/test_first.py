"""When the values with the most events are proved to be those with the most visitors."""

import pytest

from dkd.query.first import _is_proven
from dkd.query.number import Number


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
