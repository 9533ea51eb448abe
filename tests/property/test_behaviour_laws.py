"""Funnels, retention and paths are what trying every combination of events says."""

from datetime import timedelta
from itertools import pairwise, product

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from dkd.query.behaviour import Funnel, Paths, Step
from dkd.query.flow import Way, flow
from dkd.query.instead import Nothing, counted
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


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=200, deadline=None)
@given(STREAMS, WINDOWS)
def test_the_time_it_took_is_that_of_the_first_attempt_that_came_through(stream, window_ms):
    hits = hits_of(stream)
    ways = list(attempts(hits, STEPS, window_ms, any_order=False))
    first = min((times[0] for times in ways), default=None)
    wanted = None if first is None else min(times[-1] for times in ways if times[0] == first) - first
    assert took_ms(hits, STEPS, window_ms) == wanted


UNITS = st.dictionaries(st.sampled_from("uvwx"), STREAMS, min_size=1)


@settings(max_examples=300, deadline=None)
@given(UNITS, st.integers(2, STEPS), st.one_of(st.none(), st.integers(1, 4)), st.booleans())
@example({"u": [(1, 1), (1, 0), (2, 0), (2, 4)]}, 2, None, False)
@example({"u": [(1, 1), (3, 1), (4, 2), (9, 0)]}, 3, 2, False)
@example({"u": [(1, 1), (9, 2)]}, 2, 1, False)
def test_what_the_lost_did_next_is_the_first_event_after_the_steps_that_they_did(units, lost_at, window_s, any_order):
    window_ms = window_s and window_s * 1_000
    steps = tuple(Step(event=name) for name in "abc")
    funnel = Funnel(steps=steps, any_order=any_order, window=window_s and timedelta(seconds=window_s))
    rows, wanted = [], {}
    for unit, stream in units.items():
        own = [(unit, time_s * 1_000, mask, f"{seq}", f"is_{mask}", None) for seq, (time_s, mask) in enumerate(stream)]
        hits = sorted(Hit(row[1], row[2]) for row in own)
        if reached(hits, STEPS, window_ms, any_order=any_order) != lost_at - 1:
            continue
        rows += own
        ways = [(max(times), -min(times)) for times in attempts(hits, lost_at - 1, window_ms, any_order)]
        end_ms, start_ms = min(ways)[0], -min(ways)[1]
        later = [(row[1], row[3], row) for row in own if row[1] > end_ms]
        after = min(later)[2] if later else None
        found = Nothing.none
        if after is not None and (window_ms is None or after[1] - start_ms <= window_ms):
            found = (after[4], None)
            assert not after[2] >> (lost_at - 1) & 1, "whoever did the step is not lost"
        wanted[found] = wanted.get(found, 0) + 1
    event(f"lost {len(wanted)}")
    assert dict(counted(rows[::-1], funnel, lost_at)) == wanted


def test_a_visitor_of_a_hundred_thousand_events_is_looked_at_once():
    hits = [Hit(seq, 0b011) for seq in range(100_000)] + [Hit(100_000, 0b100)]
    assert reached(hits, STEPS, 2, any_order=False) == STEPS
    assert took_ms(hits, STEPS, 2) == 2
    assert took_ms(hits, STEPS, 1) is None


WALKS = st.lists(st.tuples(st.lists(st.sampled_from("abcde"), max_size=8), st.integers(1, 5)), max_size=12)
PATHS = st.builds(
    Paths, anchor=st.sampled_from([None, "a", "b"]), backwards=st.booleans(), depth=st.integers(1, 8),
    top=st.integers(1, 4),
)  # fmt: skip


def walked(values, paths):
    """The steps of one session, by hand."""
    steps = [value for seq, value in enumerate(values) if not seq or value != values[seq - 1]]
    if paths.backwards and paths.anchor is None:
        steps = steps[::-1]
    while paths.anchor and not paths.backwards and steps and steps[0] != paths.anchor:
        steps = steps[1:]
    if paths.anchor and paths.backwards:
        before = steps[: steps.index(paths.anchor) + 1] if paths.anchor in steps else []
        steps = before[::-1]
    return steps[: paths.depth + 1]


@settings(max_examples=150, deadline=None)
@given(WALKS, PATHS)
def test_every_step_of_a_path_adds_up_to_the_one_before_and_holds_the_commonest_values(walks, paths):
    found = flow(walks, paths)
    ways = [(walked(values, paths), count) for values, count in walks]
    assert found.started == sum(count for way, count in ways if way)
    for seq, column in enumerate(found.columns):
        counts = {}
        for way, count in ways:
            if len(way) > seq:
                counts[way[seq]] = counts.get(way[seq], 0) + count
        places = dict(column.places)
        others = places.pop(Way.others, 0)
        assert column.total == sum(counts.values()) == sum(places.values()) + others
        assert all(counts[value] == count for value, count in places.items())
        hidden = [count for value, count in counts.items() if value not in places]
        assert len(places) == min(paths.top, len(counts))
        assert sum(hidden) == others
        assert not hidden or max(hidden) <= min(places.values())
        if seq:
            before = found.columns[seq - 1]
            assert column.total + column.ended == before.total
            arrived = {}
            for _, place, count in found.links[seq - 1]:
                arrived[place] = arrived.get(place, 0) + count
            assert arrived.pop(Way.ended, 0) == column.ended
            assert arrived == dict(column.places)
    assert len(found.columns) == max((len(way) for way, _ in ways), default=0)
