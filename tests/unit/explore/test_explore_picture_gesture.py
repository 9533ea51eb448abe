"""What a click on the main picture means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.explore.gesture import act
from dkd.explore.view import as_link, of_link

VIEW = of_link("1~m.visitors.pageviews~t.1d~s.country~s.browser~c.previous~g.PT1H~V.table")


def after(gesture: dict[str, object], view: object = VIEW) -> str:
    return as_link(act(view, gesture))  # type: ignore[arg-type]


def test_a_mark_keeps_its_values_and_its_time():
    link = after({"kind": "mark", "key": ["NL", None], "start_ms": 1_790_000_000_000, "end_ms": 1_790_003_600_000})
    assert {one.dimension: one.values for one in of_link(link).question.filters} == {
        "country": ("NL",),
        "browser": (None,),
    }
    assert of_link(link).question.span.end.timestamp() == 1_790_003_600
    assert of_link(link).question.grain is None


def test_the_last_word_on_a_dimension_counts():
    view = act(VIEW, {"kind": "mark", "key": ["NL"]})
    again = act(view, {"kind": "mark", "key": ["DE"]})
    assert [one.values for one in again.question.filters] == [("DE",)]


def test_exclude_leaves_out_the_last_value_alone_and_gathers():
    view = act(VIEW, {"kind": "mark", "key": ["NL", "Chrome"], "exclude": True})
    view = act(view, {"kind": "mark", "key": ["DE", "Edge"], "exclude": True})
    (one,) = view.question.filters
    assert (one.dimension, one.values, one.exclude) == ("browser", ("Chrome", "Edge"), True)


def test_a_mark_of_a_later_split_says_where_its_key_begins():
    (one,) = act(VIEW, {"kind": "mark", "key": ["Edge"], "at": 1}).question.filters
    assert one.dimension == "browser"


def test_a_bucket_of_numbers_keeps_all_that_lies_in_it():
    view = act(VIEW, {"kind": "split_set", "dimension": "country", "changed": {"bucket": 10}})
    (one,) = act(view, {"kind": "mark", "key": [20]}).question.filters
    assert [(part.at_least, part.below) for part in one.ranges] == [(20, 30)]


def test_into_a_value_splits_it_by_the_next_dimension_and_keeps_what_is_behind():
    view = act(VIEW, {"kind": "into", "key": ["NL"], "dimension": "city"})
    assert [one.dimension for one in view.question.splits] == ["city", "browser"]
    assert view.picture is None
    view = act(VIEW, {"kind": "into", "key": ["NL", "Edge"], "dimension": "os"})
    assert [one.dimension for one in view.question.splits] == ["os"]


def test_a_head_sorts_and_again_turns_the_order():
    down = act(VIEW, {"kind": "picture_sort", "measure": "pageviews", "by": "delta"})
    assert {(one.sort, one.by, one.ascending) for one in down.question.splits} == {("pageviews", "delta", False)}
    up = act(down, {"kind": "picture_sort", "measure": "pageviews", "by": "delta"})
    assert {one.ascending for one in up.question.splits} == {True}
    value = act(up, {"kind": "picture_sort", "measure": "pageviews"})
    assert {(one.by, one.ascending) for one in value.question.splits} == {("value", False)}


def test_more_values_stop_at_the_most_that_can_be_asked():
    view = act(VIEW, {"kind": "more"})
    assert [one.limit for one in view.question.splits] == [100, 100]
    for _ in range(3):
        view = act(view, {"kind": "more"})
    assert {one.limit for one in view.question.splits} == {1_000}


def test_a_stretch_is_set_beside_the_one_before_it():
    view = act(of_link("1~m.visitors~t.1d"), {"kind": "against_before", "start_ms": 0, "end_ms": 3_600_000})
    assert view.question.compare == "previous"
    assert view.question.span.end.timestamp() == 3_600


@pytest.mark.parametrize(
    "gesture",
    [
        {"kind": "picture", "picture": "pie"},
        {"kind": "picture", "picture": "bar", "more": ["country", "country"]},
        {"kind": "mark"},
        {"kind": "mark", "key": [], "exclude": True},
        {"kind": "mark", "key": ["NL"], "start_ms": 5, "end_ms": 5},
        {"kind": "into", "key": ["NL"]},
        {"kind": "picture_sort", "measure": "visitors", "by": "luck"},
    ],
)
def test_what_leads_nowhere_is_refused(gesture):
    with pytest.raises(UsageError):
        act(VIEW, gesture)


@settings(max_examples=60)
@given(
    key=st.lists(st.one_of(st.none(), st.text(max_size=6), st.integers(), st.booleans()), max_size=2),
    exclude=st.booleans(),
)
def test_a_view_after_a_click_is_a_link_that_opens_it(key, exclude):
    if exclude and not key:
        return
    view = act(VIEW, {"kind": "mark", "key": key, "exclude": exclude})
    assert of_link(as_link(view)) == view
