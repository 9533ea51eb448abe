"""Funnels, retention and paths are what trying every combination of events says."""

from itertools import pairwise, product

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from dkd.query.steps import Hit, reached, took_ms

STEPS = 3
STREAMS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**STEPS - 1)), max_size=7)
WINDOWS = st.one_of(st.none(), st.integers(1, 9))


def hits_of(stream):
    return [Hit(time_ms, mask) for time_ms, mask in sorted(stream)]


def attempts(hits, step, window_ms, any_order):
    """Times of every choice of one event for each of the first steps that is a way through the funnel."""
    of_step = [[hit.time_ms for hit in hits if hit.mask >> seq & 1] for seq in range(step)]
    for times in product(*of_step):
        is_in_order = any_order or all(one < other for one, other in pairwise(times))
        if is_in_order and (window_ms is None or max(times) - min(times) <= window_ms):
            yield times


@settings(max_examples=400, deadline=None)
@given(STREAMS, WINDOWS, st.booleans())
@example([(1, 1), (1, 2), (1, 4)], None, False)
@example([(1, 0b011), (2, 0b011), (3, 0b100)], 1, False)
def test_a_funnel_reaches_the_step_that_some_choice_of_events_reaches(stream, window_ms, any_order):
    hits = hits_of(stream)
    wanted = 0
    for step in range(1, STEPS + 1):
        if any(True for _ in attempts(hits, step, window_ms, any_order)):
            wanted = step
    event(f"reached {wanted}")
    assert reached(hits, STEPS, window_ms, any_order=any_order) == wanted


@settings(max_examples=400, deadline=None)
@given(STREAMS, WINDOWS)
def test_the_time_it_took_is_that_of_the_first_attempt_that_came_through(stream, window_ms):
    hits = hits_of(stream)
    ways = list(attempts(hits, STEPS, window_ms, any_order=False))
    first = min((times[0] for times in ways), default=None)
    wanted = None if first is None else min(times[-1] for times in ways if times[0] == first) - first
    assert took_ms(hits, STEPS, window_ms) == wanted


def test_a_visitor_of_a_hundred_thousand_events_is_looked_at_once():
    hits = [Hit(seq, 0b011) for seq in range(100_000)] + [Hit(100_000, 0b100)]
    assert reached(hits, STEPS, 2, any_order=False) == STEPS
    assert took_ms(hits, STEPS, 2) == 2
    assert took_ms(hits, STEPS, 1) is None
