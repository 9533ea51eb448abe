"""Which picture fits what: the table of the rules, and that every repair leads to a picture that fits."""

from datetime import UTC, datetime

import pytest
from explore_cases import MODEL
from hypothesis import given
from hypothesis import strategies as st

from dkd.explore.drawing import drawing, is_drawable
from dkd.explore.gesture import act
from dkd.explore.plan import planned
from dkd.explore.suggest import KINDS, Shape, automatic, shape_of, suggest
from dkd.explore.view import View
from dkd.query.check import row_count
from dkd.query.compile import MOST_ROWS
from dkd.query.question import Question, Split

NEWEST = datetime(2026, 11, 20, 10, 29, 30, tzinfo=UTC)
SPARE = ("channel", "country", "device_type", "browser", "page_path", "weekday")
A, B, C = Split(dimension="channel"), Split(dimension="browser"), Split(dimension="os")
GEO = Split(dimension="country")
NUMBER = Split(dimension="price", bucket=10)
WIDE = Split(dimension="page_path", limit=51)

N, M, R, BEST = "never", "manual", "ready", "automatic"
# splits, with time, measures, additive: number line bar stacked table pivot heat map sankey
TABLE = [
    ((), False, 3, True, (R, BEST, R, M, R, M, M, M, M)),
    ((), False, 1, False, (R, BEST, R, N, R, M, M, M, N)),
    ((A,), False, 1, True, (M, M, BEST, M, R, M, M, M, M)),
    ((A,), False, 1, False, (M, M, BEST, N, R, M, M, M, N)),
    ((A,), False, 2, True, (M, M, R, M, BEST, M, M, M, M)),
    ((NUMBER,), False, 1, True, (M, M, BEST, M, R, M, M, M, M)),
    ((GEO,), False, 1, True, (M, M, R, M, R, M, M, BEST, M)),
    ((GEO,), False, 2, True, (M, M, R, M, BEST, M, M, R, M)),
    ((A,), True, 1, True, (M, BEST, M, R, R, R, R, M, M)),
    ((A,), True, 3, False, (M, BEST, M, N, R, R, R, M, N)),
    ((GEO,), True, 1, True, (M, BEST, M, R, R, R, R, M, M)),
    ((A, B), False, 1, True, (M, M, M, R, R, R, BEST, M, R)),
    ((A, B), False, 1, False, (M, M, M, N, R, R, BEST, M, N)),
    ((A, B), False, 2, True, (M, M, M, R, BEST, R, R, M, R)),
    ((A, WIDE), False, 1, True, (M, M, M, R, BEST, R, M, M, R)),
    ((A, B), True, 1, True, (M, M, M, M, BEST, R, M, M, M)),
    ((A, B, C), False, 1, True, (M, M, M, M, BEST, R, M, M, R)),
    ((A, B, C), True, 2, False, (M, M, M, N, BEST, R, M, M, N)),
]


@pytest.mark.parametrize(("splits", "has_time", "measures", "is_additive", "fits"), TABLE)
def test_each_shape_has_its_pictures(splits, has_time, measures, is_additive, fits):
    shape = Shape(splits, has_time, measures, is_additive=is_additive, buckets=24, spare=SPARE, has_geo=True)
    assert {one.kind: one.fit for one in suggest(shape)} == dict(zip(KINDS, fits, strict=True))


def test_what_does_not_fit_says_why_and_only_what_can_be_repaired_has_a_button():
    for splits, has_time, measures, is_additive, _ in TABLE:
        shape = Shape(splits, has_time, measures, is_additive=is_additive, buckets=24, spare=SPARE, has_geo=True)
        for one in suggest(shape):
            assert bool(one.why) or one.fit in (R, BEST)
            assert bool(one.repair) == (one.fit == M)


def test_without_a_dimension_left_there_is_nothing_to_repair():
    (stacked,) = (one for one in suggest(Shape((), False, 1)) if one.kind == "stacked")
    assert (stacked.fit, stacked.repair) == ("never", "")
    (world,) = (one for one in suggest(Shape((A,), False, 1)) if one.kind == "map")
    assert world.fit == "never"


splits = st.lists(
    st.builds(
        Split,
        dimension=st.sampled_from(["channel", "browser", "country", "weekday", "page_path"]),
        limit=st.sampled_from([3, 10, 60, 1000]),
    ),
    max_size=4,
    unique_by=lambda one: one.dimension,
)
views = st.builds(
    lambda found, grain, measures, shown, picture: View(
        question=Question(
            measures=tuple(measures), interval={"last": "30d"}, splits=tuple(found), grain=grain, compare="previous"
        ),
        measure=measures[shown % len(measures)],
        picture=picture,
    ),
    splits,
    st.sampled_from([None, "PT1H", "P1D"]),
    st.lists(st.sampled_from(["visitors", "pageviews", "revenue"]), min_size=1, unique=True),
    st.integers(0, 2),
    st.sampled_from([None, *KINDS]),
)


@given(view=views)
def test_one_picture_is_automatic_and_it_can_be_drawn(view):
    choices = suggest(shape_of(MODEL, view, 30, SPARE))
    (best,) = [one for one in choices if one.fit == "automatic"]
    assert best.kind == automatic(shape_of(MODEL, view, 30, SPARE))
    assert best.gesture == {"kind": "picture", "picture": best.kind}


@given(view=views, at=st.integers(0, len(KINDS) - 1))
def test_after_its_repair_a_picture_is_the_one_that_is_drawn(view, at):
    one = suggest(shape_of(MODEL, view, 30, SPARE))[at]
    if one.fit == "never":
        return
    after = act(view, one.gesture)
    again = suggest(shape_of(MODEL, after, 30, SPARE))[at]
    assert is_drawable(again), (view, one, again)
    assert drawing(MODEL, after, planned(MODEL, after, NEWEST)).kind == one.kind


@given(view=views)
def test_whatever_is_asked_can_be_answered_and_drawn(view):
    drawn = drawing(MODEL, view, planned(MODEL, view, NEWEST))
    if drawn.question is None:
        assert not view.question.splits
        return
    assert isinstance(drawn.question, Question)
    assert row_count(drawn.question) <= MOST_ROWS
    assert drawn.question.measures[0] == view.shown
    if drawn.kind in ("stacked", "sankey"):
        assert view.shown != "visitors"
    fewer = [one for one, was in zip(drawn.question.splits, view.question.splits, strict=True) if one.limit < was.limit]
    assert not fewer or drawn.remarks or drawn.kind in ("line", "stacked")
