"""What each gesture makes of a view."""

import pytest
from explore_cases import MODEL, scalars, views
from hypothesis import given

from dkd.errors import UsageError
from dkd.explore.gesture import act
from dkd.explore.settled import settled
from dkd.explore.view import View, as_link, first_view, of_link

USUAL = first_view(MODEL)
assert USUAL is not None


def after(*gestures: dict[str, object], view: View = USUAL) -> str:
    for gesture in gestures:
        view = act(view, gesture)
    return as_link(view).removeprefix("1~m.visitors.pageviews.orders.revenue.revenue_per_visitor~").split("~P.")[0]


def of(value: object, exclude: bool = False) -> dict[str, object]:
    return {"kind": "filter", "dimension": "country", "value": value, "exclude": exclude}


@pytest.mark.parametrize(
    ("gestures", "link"),
    [
        ([of("NL")], "t.1d~f.country.NL~c.previous"),
        ([of("NL"), of("DE")], "t.1d~f.country.NL.DE~c.previous"),
        ([of("NL"), of("DE"), of("NL")], "t.1d~f.country.DE~c.previous"),
        ([of("NL"), of("NL")], "t.1d~c.previous"),
        ([of("NL"), of("NL", True)], "t.1d~x.country.NL~c.previous"),
        ([of("NL", True), of("DE")], "t.1d~x.country.NL~f.country.DE~c.previous"),
        ([of(None)], "t.1d~f.country.-n~c.previous"),
        ([of("NL"), {"kind": "unfilter", "at": 0}], "t.1d~c.previous"),
        ([of("NL"), of("DE", True), {"kind": "unfilter"}], "t.1d~c.previous"),
        ([{"kind": "last", "last": "7d"}], "t.7d~c.previous"),
        ([{"kind": "grain", "grain": "PT5M"}], "t.1d~g.PT5M~c.previous"),
        ([{"kind": "grain", "grain": "PT5M"}, {"kind": "last", "last": "30d"}], "t.30d~c.previous"),
        ([{"kind": "compare", "on": False}], "t.1d"),
        ([{"kind": "bots", "on": True}], "t.1d~c.previous~b"),
        ([{"kind": "again"}], "t.1d~c.previous"),
        ([{"kind": "span", "start_ms": 0, "end_ms": 60_000}], "t.19700101T000000000.19700101T000100000~c.previous"),
    ],
)
def test_a_gesture_changes_one_thing(gestures, link):
    assert after(*gestures) == link


def test_typed_times_are_of_the_views_zone():
    view = act(USUAL, {"kind": "zone", "zone": "Europe/Amsterdam"})
    found = act(view, {"kind": "between", "start": "2026-07-01T10:00", "end": "2026-07-01T12:00"})
    assert "t.20260701T080000000.20260701T100000000" in as_link(found)


def test_panels_are_changed_added_and_removed():
    def panels(at: int, dimension: str | None) -> tuple[str, ...]:
        return act(USUAL, {"kind": "panel", "at": at, "dimension": dimension}).panels[:3]

    assert panels(0, "city") == ("city", "channel", "country")
    assert panels(0, None) == ("channel", "country", "referrer_source")
    assert act(USUAL, {"kind": "panel", "at": 6, "dimension": "os"}).panels[-1] == "os"


@pytest.mark.parametrize(
    "gesture",
    [
        {}, {"kind": "dance"}, {"kind": "last", "last": "1w"}, {"kind": "zone", "zone": "Mars/Base"},
        {"kind": "between", "start": "2026-07-02T00:00", "end": "2026-07-01T00:00"},
        {"kind": "between", "start": "", "end": "2026-07-01T00:00"}, {"kind": "grain", "grain": "PT2H"},
        {"kind": "span", "start_ms": "a", "end_ms": 1}, {"kind": "span", "start_ms": 10**30, "end_ms": 10**31},
        {"kind": "filter", "dimension": 'x" OR 1=1', "value": 1}, {"kind": "filter", "dimension": "country"},
        {"kind": "measure", "name": "nothing"}, {"kind": "open", "link": "9~"}, {"kind": "panel", "at": "x"},
    ],
)  # fmt: skip
def test_a_gesture_that_leads_nowhere_is_refused(gesture):
    with pytest.raises(UsageError):
        act(USUAL, gesture)


@given(views(), scalars)
def test_a_value_clicked_twice_leaves_the_filters_as_they_were(view: View, value):
    first = {"kind": "filter", "dimension": "never_filtered", "value": value, "exclude": False}
    once = act(view, first)
    assert once != view
    assert act(once, first) == view


FUNNEL = "1~m.visitors~t.1d~F.visitor.0...page_view.click.purchase"


@pytest.mark.parametrize(
    ("seen", "here", "gesture", "at"),
    [
        (FUNNEL, FUNNEL.replace("page_view.", ""), {"kind": "step_drop", "at": 1}, 0),
        (FUNNEL, FUNNEL.replace("click.", ""), {"kind": "step", "at": 3, "event": "click"}, 2),
        (FUNNEL, FUNNEL, {"kind": "step_drop", "at": 1}, 1),
        ("1~m.visitors~t.1d~P.os.country", "1~m.visitors~t.1d~P.country", {"kind": "panel", "at": 1}, 0),
        ("1~m.visitors~t.1d~P.os", "1~m.visitors~t.1d~P.os.country", {"kind": "panel", "at": 1000}, 2),
        ("no link", FUNNEL, {"kind": "step_drop", "at": 1}, 1),
        (FUNNEL, "1~m.visitors~t.1d", {"kind": "more", "at": 1}, 1),
    ],
)
def test_a_place_is_that_of_the_same_thing_in_the_view_of_now(seen, here, gesture, at):
    assert settled(of_link(here), {**gesture, "seen": seen})["at"] == at


def test_a_place_of_what_is_gone_is_refused():
    pinned = {"kind": "panel", "at": 1, "seen": "1~m.visitors~t.1d~P.os.country"}
    with pytest.raises(UsageError, match="gone meanwhile"):
        settled(of_link("1~m.visitors~t.1d~P.os"), {**pinned, "dimension": "channel"})
    assert settled(of_link("1~m.visitors~t.1d~P.os"), {**pinned, "dimension": None}) == {"kind": "again"}
    # What was changed where it stands is still there.
    assert settled(of_link("1~m.visitors~t.1d~P.os.city"), {**pinned, "dimension": "channel"})["at"] == 1
