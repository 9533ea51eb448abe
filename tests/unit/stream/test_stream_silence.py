"""Which tick a silent partition gets, and when."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.stream.silence import Silence, tick_ms

GAP, GRACE = 1_800_000, 300_000
NOW = 1_780_000_000_000
TENTH = GRACE // 10
LAST_EVENT = NOW - 100_000
"""Event time of the newest event, which the broker took at NOW."""


def closing(*lasts: int) -> Callable[[int], bool]:
    """Whether a watermark closes one of the sessions whose last events these are."""
    return lambda watermark_ms: any(last + GAP + GRACE < watermark_ms for last in lasts)


def silence(*lasts: int, watermark_ms: int | None = LAST_EVENT, last_ms: int = NOW, grace_ms: int = GRACE) -> Silence:
    return Silence(watermark_ms, closing(*lasts), last_ms, grace_ms)


def test_the_last_session_gets_its_tick_when_it_closes_and_not_before():
    closes_after = GAP + GRACE
    assert tick_ms(silence(LAST_EVENT), NOW + closes_after) is None
    assert tick_ms(silence(LAST_EVENT), NOW + closes_after + 1) == LAST_EVENT + closes_after + 1


def test_where_no_session_is_open_time_passes_unnoticed():
    assert tick_ms(silence(), NOW + 10**9) is None


def test_before_the_first_event_there_is_no_time_that_could_pass():
    assert tick_ms(silence(LAST_EVENT, watermark_ms=None), NOW + 10**9) is None


def test_a_session_that_closes_soon_after_the_last_record_waits_for_a_tenth_of_the_grace():
    soon = silence(LAST_EVENT - GAP - GRACE + 5)
    assert tick_ms(soon, NOW + TENTH - 1) is None
    assert tick_ms(soon, NOW + TENTH) == LAST_EVENT + TENTH


def test_a_site_without_grace_gets_a_tick_a_second_at_most():
    soon = silence(LAST_EVENT - GAP - GRACE, grace_ms=0)
    assert tick_ms(soon, NOW + 999) is None
    assert tick_ms(soon, NOW + 1_000) == LAST_EVENT + 1_000


def test_a_tick_is_a_record_too_and_silence_goes_on_from_it():
    """The tick of 40 s later carries the event time of 40 s later, whatever the first one carried."""
    first = tick_ms(silence(LAST_EVENT - GAP - GRACE), NOW + 60_000)
    assert first == LAST_EVENT + 60_000
    again = silence(LAST_EVENT - GAP - GRACE, watermark_ms=first, last_ms=NOW + 60_000)
    assert tick_ms(again, NOW + 100_000) == LAST_EVENT + 100_000


def test_a_clock_behind_the_brokers_sees_no_silence():
    assert tick_ms(silence(LAST_EVENT - GAP - GRACE - 10_000), NOW - 5_000) is None


@given(
    waits=st.lists(st.integers(0, 400_000), min_size=1, max_size=60),
    lasts=st.lists(st.integers(-3 * GAP, 0), max_size=8),
    slow_ms=st.integers(0, 3_000),
)
def test_ticks_never_run_ahead_close_every_session_and_stop(waits: list[int], lasts: list[int], slow_ms: int):
    """A night without events: the partition is looked at now and then, and every tick takes its time to the broker."""
    open_ones = [LAST_EVENT + last for last in lasts]
    watermark_ms, last_ms, now_ms, written = LAST_EVENT, NOW, NOW, 0
    for wait_ms in [*waits, GAP + GRACE + TENTH, TENTH]:
        now_ms += wait_ms
        wanted_ms = tick_ms(silence(*open_ones, watermark_ms=watermark_ms, last_ms=last_ms), now_ms)
        if wanted_ms is None:
            assert now_ms - last_ms < TENTH or not closing(*open_ones)(watermark_ms + now_ms - last_ms)
            continue
        assert watermark_ms < wanted_ms <= LAST_EVENT + now_ms - NOW
        assert any(last + GAP + GRACE < wanted_ms for last in open_ones)
        now_ms += slow_ms
        watermark_ms, last_ms, written = wanted_ms, now_ms, written + 1
        open_ones = [last for last in open_ones if last + GAP + GRACE >= watermark_ms]
    assert written <= len(lasts)


@pytest.mark.parametrize("ahead_ms", [-4_000, 4_000])
def test_a_night_of_ticks_by_a_wrong_clock_stays_within_the_grace(ahead_ms: int):
    """The broker has another clock: each tick is off by the difference, and all together by less than the grace."""
    lasts = list(range(LAST_EVENT - GAP, LAST_EVENT + 1, 1_000))  # one closes whenever the partition is looked at
    watermark_ms, last_ms, true_ms = LAST_EVENT, NOW, NOW
    while lasts and true_ms < NOW + 2 * (GAP + GRACE):
        true_ms += 500
        wanted_ms = tick_ms(silence(lasts[0], watermark_ms=watermark_ms, last_ms=last_ms), true_ms + ahead_ms)
        if wanted_ms is not None:
            watermark_ms, last_ms = wanted_ms, true_ms
            lasts = [last for last in lasts if last + GAP + GRACE >= watermark_ms]
        assert abs(watermark_ms - LAST_EVENT - (last_ms - NOW)) <= GRACE
    assert not lasts
