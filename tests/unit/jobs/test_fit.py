"""Whether lines fit a site: never late, never ahead of now, never older than what is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.errors import RefusedError
from dkd.jobs.fit import Bounds, bounds, check_clock, check_late, check_ticks, closing_ticks, moment
from dkd.jobs.lines import YEAR_2000_MS, Line
from dkd.model.enrichers import Sessions
from dkd.model.schema import Model

NOW_MS = 1_795_132_800_000
DAY_MS = 86_400_000
MODEL = Model(dkd=1, site="shop")


def line(time_ms: int, *, is_timed: bool = True) -> Line:
    return Line(b"", time_ms, "p", is_timed)


def test_bounds_let_mistaken_times_be():
    assert bounds([line(0), line(NOW_MS), line(NOW_MS + 5), line(5, is_timed=False)]) == Bounds(NOW_MS, NOW_MS + 5)
    assert bounds([line(3), line(1)]) == Bounds(1, 3)
    assert bounds([line(NOW_MS, is_timed=False)]) is None


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Bounds(NOW_MS - DAY_MS, NOW_MS), None),
        (Bounds(NOW_MS - DAY_MS, NOW_MS + 300_000), None),
        (Bounds(NOW_MS - DAY_MS, NOW_MS + 300_001), "DKD804"),
        (Bounds(NOW_MS - 400 * DAY_MS, NOW_MS), None),
        (Bounds(NOW_MS - 400 * DAY_MS - 1, NOW_MS), "DKD805"),
        (Bounds(1, 2), "DKD805"),
    ],
)
def test_the_clock_and_the_retention_bound_a_replay(found, code):
    if code is None:
        check_clock(found, NOW_MS, MODEL)
        return
    with pytest.raises(RefusedError, match=code) as caught:
        check_clock(found, NOW_MS, MODEL)
    assert caught.value.exit_code == 5
    assert "--shift-to-now" in caught.value.problems[0].remedy


times = st.lists(st.integers(0, 100), max_size=30)


@given(
    st.lists(times, min_size=1, max_size=3), st.dictionaries(st.integers(0, 2), st.integers(1, 150)), st.integers(0, 60)
)
def test_lines_are_refused_exactly_when_the_sites_watermark_makes_one_late(lanes, marks, grace_ms):
    """The rule as it is written down: t < watermark - grace, by partition."""
    late = sum(t < marks[p] - grace_ms for p, lane in enumerate(lanes) if p in marks for t in lane)
    made = [[line(YEAR_2000_MS + t) for t in lane] for lane in lanes]
    watermarks = {p: YEAR_2000_MS + mark for p, mark in marks.items()}
    if not late:
        check_late(made, watermarks, grace_ms, NOW_MS)
        return
    with pytest.raises(RefusedError, match="DKD803") as caught:
        check_late(made, watermarks, grace_ms, NOW_MS)
    assert caught.value.problems[0].problem.startswith(f"{late} events")


def test_late_lines_are_refused_with_what_helps():
    """Shifting helps only where the file is shorter than the time since the site's last event."""
    lanes = [[line(NOW_MS - 3 * DAY_MS), line(NOW_MS - 2 * DAY_MS)]]
    for newest_ms, remedy in ((NOW_MS - 2 * DAY_MS, "add --shift-to-now"), (NOW_MS, "replay them to a site")):
        with pytest.raises(RefusedError, match="DKD803") as caught:
            check_late(lanes, {0: newest_ms}, 0, NOW_MS)
        assert remedy in caught.value.problems[0].remedy


def test_a_moment_is_text_even_where_no_calendar_has_it():
    assert moment(NOW_MS) == "2026-11-20 00:00:00 UTC"
    assert moment(10**20) == f"{10**20} ms"


TIMING = Sessions(gap="30m", grace="5m")
SPAN_MS = 35 * 60_000


@given(st.lists(times, min_size=1, max_size=3), st.dictionaries(st.integers(0, 2), st.integers(1, 150)))
def test_a_tick_closes_what_is_open_and_is_no_later_than_that(lanes, marks):
    """The rule as it is written down: a session closes when last + gap + grace < watermark."""
    made = [[line(YEAR_2000_MS + t) for t in lane] for lane in lanes]
    ticks = closing_ticks(made, {p: YEAR_2000_MS + mark for p, mark in marks.items()}, TIMING)
    for partition in range(3):
        events = [
            *(lanes[partition] if partition < len(lanes) else []),
            *([marks[partition]] if partition in marks else []),
        ]
        if not events:
            assert partition not in ticks
            continue
        last_ms = YEAR_2000_MS + max(events)
        assert last_ms + SPAN_MS < ticks[partition]
        assert not last_ms + SPAN_MS < ticks[partition] - 1


def test_times_that_are_mistakes_move_no_tick():
    lanes = [[line(5), line(NOW_MS), line(NOW_MS + 9, is_timed=False), line(4_102_444_800_000)]]
    assert closing_ticks(lanes, {}, TIMING) == {0: NOW_MS + SPAN_MS + 1}


def test_closing_never_runs_ahead_of_now():
    check_ticks({}, NOW_MS, TIMING, may_shift=True)
    check_ticks({0: NOW_MS, 1: NOW_MS - 7}, NOW_MS, TIMING, may_shift=True)
    for may_shift in (True, False):
        with pytest.raises(RefusedError, match="DKD811") as caught:
            check_ticks({0: NOW_MS - 7, 1: NOW_MS + 1}, NOW_MS, TIMING, may_shift=may_shift)
        assert caught.value.exit_code == 5
        assert ("--shift-to-now" in caught.value.problems[0].remedy) == may_shift
