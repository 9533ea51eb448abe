"""What the lists and the shelf do to a view, what they show of it, and what undo and redo lead to."""

import pytest
from explore_cases import MODEL, views
from hypothesis import given
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.explore.gesture import act
from dkd.explore.shelf import lists, shelf
from dkd.explore.steps import Steps
from dkd.explore.view import View, as_link, first_view, fitted, of_link
from dkd.query.dimension import dimensions
from dkd.query.question import Filter, Question, Split

USUAL = first_view(MODEL)
assert USUAL is not None
NL = {"dimension": "country", "values": ["NL"]}
SHOES = {"dimension": "page_path", "contains": "shoe", "exclude": True}


def after(*gestures: dict[str, object], view: View = USUAL) -> str:
    """The part of the link between the interval and the pins."""
    for gesture in gestures:
        view = act(view, gesture)
    return as_link(view).partition("~t.1d")[2].split("~P.")[0].removeprefix("~")


def split(name: str, **more: object) -> dict[str, object]:
    return {"kind": "split", "dimension": name, **more}


def put(given: object, **more: object) -> dict[str, object]:
    return {"kind": "filter_set", "filter": given, **more}


@pytest.mark.parametrize(
    ("gestures", "link"),
    [
        ([split("country")], "s.country.10~c.previous"),
        ([split("country"), split("os")], "s.country.10~s.os.10~c.previous"),
        ([split("country"), split("os", at=0)], "s.os.10~s.country.10~c.previous"),
        ([split("country"), split("os", at=0, replace=True)], "s.os.10~c.previous"),
        ([split("country"), split("os"), split("city", only=True)], "s.city.10~c.previous"),
        ([split("country"), split("os"), split("country")], "s.os.10~s.country.10~c.previous"),
        ([split("country"), split("os"), split("os", at=0)], "s.os.10~s.country.10~c.previous"),
        ([split("country"), split("os"), split("country", at=1, replace=True)], "s.country.10~c.previous"),
        ([split("country"), split("time")], "s.country.10~g.PT15M~c.previous"),
        ([split("country"), split("time"), split("os"), split("city")],
         "s.country.10~s.os.10~s.city.10~g.P1D~c.previous"),
        ([split("country"), {"kind": "unsplit", "dimension": "country"}], "c.previous"),
        ([split("country"), split("time"), {"kind": "unsplit", "dimension": "time"}], "s.country.10~c.previous"),
        ([split("country"), split("time"), {"kind": "unsplit"}], "c.previous"),
        ([split("os"), split("city"), {"kind": "split_move", "at": 1, "to": 0}], "s.city.10~s.os.10~c.previous"),
        ([split("os"), {"kind": "split_set", "dimension": "os", "changed": {"limit": 5}}], "s.os.5~c.previous"),
        ([put(NL)], "f.country.NL~c.previous"),
        ([put(NL), put(NL)], "f.country.NL~c.previous"),
        ([put(NL), put({**NL, "values": ["DE", None]}, at=0)], "f.country.DE.-n~c.previous"),
        ([put(NL), put(None, at=0)], "c.previous"),
        ([put(NL), put({**NL, "exclude": True}), {"kind": "filter_move", "at": 1, "to": 0}],
         "x.country.NL~f.country.NL~c.previous"),
        ([{"kind": "compare", "to": "weekday"}], "c.weekday"),
        ([{"kind": "compare", "to": None}], ""),
        ([{"kind": "measures", "name": "sessions"}, {"kind": "measures", "name": "sessions"}], "c.previous"),
    ],
)  # fmt: skip
def test_a_gesture_changes_one_thing(gestures, link):
    assert after(*gestures) == link


def test_a_split_by_time_stays_one_of_a_longer_interval_in_wider_steps():
    view = act(act(USUAL, split("country")), split("time"))
    assert act(view, {"kind": "last", "last": "30d"}).question.grain == "P1D"
    assert act(USUAL, {"kind": "last", "last": "30d"}).question.grain is None


def test_a_pin_toggles_and_has_a_place():
    pinned = act(USUAL, {"kind": "pin", "dimension": "os"})
    assert pinned.panels == (*USUAL.panels, "os")
    assert act(pinned, {"kind": "pin", "dimension": "os"}) == USUAL
    assert act(USUAL, {"kind": "pin", "dimension": "os", "at": 0}).panels[0] == "os"
    full = View(question=USUAL.question, panels=tuple(dimensions(MODEL))[:12])
    with pytest.raises(UsageError, match="at most 12 tables"):
        act(full, {"kind": "pin", "dimension": "revenue"})


def test_a_measure_that_goes_takes_its_order_and_its_condition_along_and_the_last_one_stays():
    view = act(USUAL, split("country"))
    view = act(view, {"kind": "split_set", "dimension": "country", "changed": {"sort": "revenue"}})
    view = act(view, {"kind": "having_set", "having": {"measure": "revenue", "range": {"at_least": 5}}})
    view = act(view, {"kind": "measure", "name": "revenue"})
    view = act(view, {"kind": "measures", "name": "revenue"})
    assert (view.question.splits[0].sort, view.question.having, view.measure) == (None, (), None)
    for name in USUAL.question.measures:
        view = act(view, {"kind": "measures", "name": name}) if name in view.question.measures else view
    assert len(view.question.measures) == 1


def test_a_measure_alone_goes_without_what_the_others_brought():
    view = act(USUAL, split("country"))
    view = act(view, {"kind": "split_set", "dimension": "country", "changed": {"sort": "revenue"}})
    view = act(view, {"kind": "having_set", "having": {"measure": "revenue", "range": {"at_least": 5}}})
    alone = act(view, {"kind": "measures", "name": "orders", "only": True})
    assert alone.question.measures == ("orders",)
    assert (alone.question.splits[0].sort, alone.question.having) == (None, ())
    kept = act(view, {"kind": "measures", "name": "revenue", "only": True})
    assert (kept.question.measures, kept.question.splits[0].sort) == (("revenue",), "revenue")


def test_another_segment_has_filters_of_its_own_and_no_other_period():
    view = act(act(USUAL, put(NL)), {"kind": "compare", "to": "against"})
    assert (view.question.compare, view.question.against) == (None, ())
    view = act(view, put(SHOES, of="against"))
    assert view.question.filters == (Filter(dimension="country", values=("NL",)),)
    assert view.question.against == (Filter(dimension="page_path", contains="shoe", exclude=True),)
    assert act(view, {"kind": "compare", "to": "year"}).question.against is None


def test_without_a_comparison_nothing_is_ranked_by_a_difference():
    view = act(USUAL, split("country"))
    view = act(view, {"kind": "split_set", "dimension": "country", "changed": {"by": "delta"}})
    assert act(view, {"kind": "compare", "to": None}).question.splits == (Split(dimension="country"),)


def test_times_are_typed_on_the_views_clock_and_shown_on_it_again():
    view = act(USUAL, {"kind": "zone", "zone": "Europe/Amsterdam"})
    ranges = [{"at_least": "2026-07-01T10:00", "below": "2026-07-01T12:00"}, {"at_least": "2026-12-01T00:00"}]
    view = act(view, put({"dimension": "time", "ranges": ranges}))
    assert [part.at_least for part in view.question.filters[0].ranges] == [1782892800000, 1796079600000]
    found = shelf(MODEL, view)["filters"][0]
    assert found["ranges"] == [["2026-07-01T10:00", "2026-07-01T12:00"], ["2026-12-01T00:00", None]]
    assert found["label"] == "Time is 1 Jul 2026, 10:00 – 1 Jul 2026, 12:00 or from 1 Dec 2026, 00:00"


@pytest.mark.parametrize(
    ("given", "label"),
    [
        (SHOES, "Page path does not contain shoe"),
        ({"dimension": "city", "matches": "^Am"}, "City matches ^Am"),
        ({"dimension": "price", "ranges": [{"at_least": 10, "below": 1000.5}, {"below": 0}]},
         "Price is 10 to below 1,000.5 or below 0"),
        ({"dimension": "country", "values": list("ABCDEFG")}, "Country is A or B or C or D or 3 more"),
        ({"dimension": "country", "values": ["' OR 1=1 --", "\u202egnp.exe", None, ""]},
         "Country is ' OR 1=1 -- or \u202egnp.exe or (none) or (empty)"),
    ],
)  # fmt: skip
def test_a_filter_is_said_in_words_and_its_editor_gets_it_whole(given, label):
    view = act(USUAL, put(given))
    found = shelf(MODEL, view)["filters"][0]
    assert found["label"] == label
    assert len(found["values"]) == len(given.get("values", []))


@pytest.mark.parametrize(
    "gesture",
    [
        split("country", at="x"), split("country", at=7, replace=True), {"kind": "split"},
        {"kind": "split_set", "dimension": "os", "changed": {"color": 1}}, put({"dimension": "country"}),
        put({**NL, "contains": "x"}), put(NL, of="splits"), put(5), {"kind": "filter_move", "at": 3, "to": 0},
        {"kind": "compare", "to": "tomorrow"}, {"kind": "compare"}, {"kind": "measures"},
        {"kind": "having_set", "having": {"measure": "revenue", "range": {}}},
        put({"dimension": "time", "ranges": [{"at_least": "noon"}]}),
        put({"dimension": "price", "ranges": [{"at_least": 5, "below": 5}]}),
    ],
)  # fmt: skip
def test_a_gesture_that_leads_nowhere_is_refused(gesture):
    with pytest.raises(UsageError):
        act(USUAL, gesture)


def test_every_dimension_and_measure_is_in_one_folder_and_says_when_nothing_can_be_asked_by_it():
    found = lists(MODEL, USUAL)
    items = {one["name"]: one for folder in found["dimensions"] for one in folder["items"]}
    assert sum(len(folder["items"]) for folder in found["dimensions"]) == len(items)
    assert items.keys() == {"time", *dimensions(MODEL)}
    assert [one["name"] for one in found["dimensions"]][-2:] == ["Identifiers", "Collection"]
    assert {one["name"] for folder in found["measures"] for one in folder["items"]} == set(MODEL.measures)
    assert items["entry_page"]["why"].startswith("only sessions have it")
    assert items["country"]["why"] == items["product_id"]["why"] == ""
    both = lists(MODEL, act(USUAL, {"kind": "measures", "name": "sessions"}))
    assert all(not one["why"] for folder in both["dimensions"] for one in folder["items"])


def test_a_condition_and_a_segment_survive_their_link():
    view = act(act(USUAL, split("country")), {"kind": "compare", "to": "against"})
    view = act(view, {"kind": "having_set", "having": {"measure": "revenue", "range": {"at_least": 5}}})
    view = act(view, put(SHOES, of="against"))
    assert fitted(of_link(as_link(view)), MODEL) == (view, ())
    alone = act(view, {"kind": "unsplit"})
    assert fitted(alone, MODEL).view == alone


@given(views(), st.data())
def test_a_measure_pressed_twice_leaves_the_same_ones(view: View, data: st.DataObject):
    first = {"kind": "measures", "name": "never_measured"}
    assert act(act(view, first), first) == view
    pin = {"kind": "pin", "dimension": "never_pinned"}
    assert act(act(view, pin), pin) == view
    by = {"kind": "split", "dimension": "never_split"}
    bare = View(question=Question(**{**dict(view.question), "splits": (), "grain": None}), panels=view.panels)
    assert act(act(bare, by), {"kind": "unsplit", "dimension": "never_split"}) == bare


@given(st.lists(st.sampled_from("abcd"), min_size=1), st.integers(1, 12))
def test_undo_leads_back_through_every_link_and_redo_forward_again(links: list[str], count: int):
    went, steps = ["start"], Steps("start")
    for link in links:
        went += [link] if link != went[-1] else []
        steps = steps.went(link)
    for _ in range(count):
        steps = steps.back()
    assert steps.here == went[max(0, len(went) - 1 - count)]
    for _ in range(count):
        steps = steps.forth()
    assert steps.here == went[-1]
    assert list(steps.past) == went[:-1]


def test_the_browsers_own_buttons_are_undo_and_redo_and_a_new_link_ends_what_lay_ahead():
    steps = Steps("a").went("b").went("c")
    assert steps.arrived("b") == steps.back()
    assert steps.arrived("b").arrived("c") == steps
    assert steps.back().arrived("d") == Steps("d", ("a", "b"))
    assert steps.arrived("c") is steps
    # Turned on and off again is two steps, of which undo takes one back.
    assert Steps("a").went("b").went("a").back().here == "b"
