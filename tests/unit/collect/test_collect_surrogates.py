"""Half an emoji, as browsers write it: the event is kept with U+FFFD, and its neighbours are not touched."""

import pytest

from dkd.collect.body import event, parts
from dkd.collect.values import BadValue


def test_half_a_pair_in_an_array_touches_no_neighbour():
    body = rb'[{"a": 1}, {"q": "x\ud83d"}, {"q": "\ud83d\ude00"}]'
    assert [event(part.content) for part in parts(body, by_line=False)] == [
        {"a": 1},
        {"q": "x\ufffd"},
        {"q": "\U0001f600"},
    ]


def test_half_a_pair_in_a_line_is_replaced():
    assert event(rb'{"q": "\ude00 and \uD83D"}') == {"q": "\ufffd and \ufffd"}


@pytest.mark.parametrize(
    "content", [rb'{"q": "\ud83d"', rb'{"q": "\\ud83d" NaN}', b'{"q": ' + b"[" * 100_000, rb'{"q": "\ud8"}']
)
def test_what_is_broken_otherwise_stays_refused(content):
    with pytest.raises(BadValue):
        event(content)
