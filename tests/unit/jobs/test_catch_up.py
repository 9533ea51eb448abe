"""When a restarted Druid has come as far as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.errors import DkdError
from dkd.jobs.catch_up import lag, wait_for
from dkd.local.progress import Silent

ends = st.dictionaries(st.integers(0, 5), st.integers(0, 1000))


def never() -> None:
    return None


def waited(wanted: dict[int, int], readings: list[dict[int, int] | None], **more: object) -> int:
    steps = iter(readings)
    return wait_for(wanted, lambda: next(steps), never, Silent(), "shop_events", **more)


@given(ends)
def test_at_the_end_nothing_is_left(wanted):
    assert lag(wanted, wanted) == 0


@given(ends)
def test_a_transactions_marker_is_not_waited_for(wanted):
    assert lag(wanted, {partition: end - 1 for partition, end in wanted.items()}) == 0


@given(ends.filter(lambda found: any(end > 1 for end in found.values())))
def test_unread_records_are_left(wanted):
    assert lag(wanted, {}) == sum(end for end in wanted.values() if end > 1)


def test_empty_topics_are_not_waited_for():
    assert waited({0: 0, 1: 0}, []) == 0


def test_reading_goes_on_until_every_partition_is_there():
    assert waited({0: 10, 1: 20}, [None, {0: 10}, {0: 9, 1: 18}, {0: 9, 1: 19}]) == 0


def test_the_wait_is_bounded():
    assert waited({0: 10}, [{0: 4}] * 9, limit_s=0.6) == 6


def test_a_reader_that_died_is_said():
    with pytest.raises(DkdError, match=r"druid stopped at 10:41.*DKD623"):
        wait_for({0: 10}, never, lambda: "druid stopped at 10:41", Silent(), "shop_events")
