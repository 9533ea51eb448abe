"""Funnels, retention, paths and sessions as parts of a view: gestures, links, and what the page is told."""

from dataclasses import replace

import pytest
from explore_cases import MODEL, names, scalars
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.errors import UsageError
from dkd.explore.behaviour import behaved, first_steps, planning, tabs
from dkd.explore.behaviour_rows import behaviour_rows
from dkd.explore.behaviour_words import definition, length
from dkd.explore.gesture import act
from dkd.explore.view import View, as_link, first_view, of_link, opened
from dkd.query.behaviour import Behind, CameBack, Funnel, Paths, Retention, Sessions, Step
from dkd.query.flow import flow
from dkd.query.funnel import Funnelled, Reach
from dkd.query.instead import Nothing
from dkd.query.paths import Travelled
from dkd.query.question import Filter, Range
from dkd.query.sessions import Listed

USUAL = first_view(MODEL)
assert USUAL is not None
TAB = {"kind": "tab", "name": "funnel", "steps": ["page_view", "purchase"]}
SET = {"kind": "behave_set", "of": "funnel"}
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
steps = st.builds(
    Step, event=st.one_of(st.none(), names),
    filters=st.lists(st.builds(Filter, dimension=names, values=st.tuples(scalars)), max_size=2).map(tuple),
)  # fmt: skip
funnels = st.builds(
    Funnel, steps=st.lists(steps, min_size=2, max_size=4).map(tuple), unit=st.sampled_from(["visitor", "session"]),
    any_order=st.booleans(), window=st.sampled_from([None, "1s", "30m", "90d"]), split=st.one_of(st.none(), names),
)  # fmt: skip
behaviours = st.one_of(
    st.builds(lambda one: {"funnel": one}, funnels),
    st.builds(
        lambda *given: {"retention": Retention(**dict(zip(("grain", "back", "born"), given, strict=True)))},
        st.sampled_from(["P1D", "P1W", "P1M"]), st.one_of(st.none(), names), st.sampled_from(["id", "visit"]),
    ),
    st.builds(
        lambda by, anchor, back, depth, top: {
            "paths": Paths(by=by, anchor=anchor, backwards=back, depth=depth, top=top)
        },
        names, st.one_of(st.none(), texts), st.booleans(), st.integers(1, 8), st.integers(1, 20),
    ),
    st.builds(
        lambda page, one, funnel: {
            "sessions": Sessions(page=page, one=one, behind=funnel and Behind(funnel=funnel, step=2, lost=True))
        },
        st.integers(1, 200), st.one_of(st.none(), texts), st.one_of(st.none(), funnels),
    ),
    st.builds(
        lambda back, cohort: {"sessions": Sessions(behind=CameBack(retention=Retention(back=back), cohort=cohort))},
        st.one_of(st.none(), names), st.integers(0, 60),
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(behaviours)
def test_a_behaviour_survives_its_link_which_no_mail_program_shortens(behaviour):
    view = View(question=USUAL.question.model_copy(update={"filters": ()}), **behaviour)
    link = as_link(view)
    assert of_link(link) == view
    assert not link.endswith((".", "-"))


@pytest.mark.parametrize("part", ["F", "F.visitor", "R.P1D", "W.page_path", "S.1", "S...x", "F.visitor.0...-7B.a"])
def test_a_part_that_is_cut_is_no_link(part):
    found = opened(f"1~m.visitors~t.1d~{part}", MODEL)
    assert found.view is None
    assert "DKD31" in found.dropped[0]


def test_a_link_of_another_model_loses_the_behaviour_that_this_one_cannot_show():
    found = opened("1~m.visitors~t.1d~F.visitor.0...page_view.gone", MODEL)
    assert found.view is not None
    assert found.view.funnel is None
    assert "step 2: there is no event 'gone'" in found.dropped[0]


def funnel_after(*gestures):
    view = USUAL
    for gesture in (TAB, *gestures):
        view = act(view, gesture)
    return as_link(view).split("~F.")[1]


@pytest.mark.parametrize(
    ("gestures", "link"),
    [
        ([], "visitor.0...page_view.purchase"),
        ([{"kind": "step", "at": 2, "event": None}], "visitor.0...page_view.purchase.-7B-7D"),
        ([{"kind": "step", "at": 0, "event": "search"}], "visitor.0...search.purchase"),
        ([{"kind": "step_move", "at": 1, "to": 0}], "visitor.0...purchase.page_view"),
        ([{"kind": "step", "at": 2, "event": "search"}, {"kind": "step_drop", "at": 0}], "visitor.0...purchase.search"),
        ([SET | {"name": "window", "value": "30m"}], "visitor.0.30m..page_view.purchase"),
        ([SET | {"name": "unit", "value": "session"}], "session.0...page_view.purchase"),
    ],
)
def test_a_gesture_changes_one_thing_of_a_funnel(gestures, link):
    assert funnel_after(*gestures) == link


@pytest.mark.parametrize(
    "gesture",
    [
        {"kind": "step_drop", "at": 0},
        {"kind": "behave_set", "of": "funnel", "name": "window", "value": "0s"},
        {"kind": "behave_set", "of": "funnel", "name": "steps", "value": []},
        {"kind": "behave_set", "of": "paths", "name": "depth", "value": 3},
        {"kind": "drill", "step": 1, "lost": True},
        {"kind": "drill", "step": 3},
        {"kind": "drill", "key": ["NL"]},
        {"kind": "tab", "name": "nothing"},
        {"kind": "funnel_back"},
        {"kind": "step_filter", "at": 0, "dimension": "country"},
    ],
)
def test_what_leads_nowhere_is_refused(gesture):
    with pytest.raises(UsageError, match="DKD330"):
        act(act(USUAL, TAB), gesture)


def test_a_bar_leads_to_its_sessions_and_back_and_a_step_becomes_filters():
    funnel = act(USUAL, TAB)
    lost = act(funnel, {"kind": "drill", "step": 2, "lost": True})
    assert lost.sessions is not None
    assert lost.sessions.behind == Behind(funnel=funnel.funnel, step=2, lost=True)
    one = act(lost, {"kind": "session", "id": "abc"})
    assert act(one, {"kind": "session", "id": None}) == lost
    assert act(lost, {"kind": "funnel_back"}) == funnel
    step = act(
        act(funnel, {"kind": "step_filter", "at": 1, "dimension": "country", "values": ["NL"]}),
        {"kind": "segment_step", "at": 1},
    )
    assert step.behaviour is None
    assert step.question.filters == (
        Filter(dimension="event", values=("purchase",)), Filter(dimension="country", values=("NL",)),
    )  # fmt: skip


def test_a_cell_of_a_retention_leads_to_its_sessions_in_the_same_whole_periods_and_back():
    grid = act(act(USUAL, {"kind": "tab", "name": "retention"}), {
        "kind": "behave_set", "of": "retention", "name": "grain", "value": "P1W",
    })  # fmt: skip
    cell = act(grid, {"kind": "drill", "cohort": 2, "ahead": 1})
    assert cell.sessions.behind == CameBack(retention=Retention(grain="P1W"), cohort=2, ahead=1)
    assert planning(cell).question == planning(grid).question
    assert opened(as_link(cell), MODEL) == (cell, ())
    answer = Listed(cell.question, "events", (), False, ("0:a:b", "0:c:d"))
    shown = behaved(MODEL, cell, {"compares": False, "state": None, "sources": {}}, answer)["behaviour"]
    assert shown["behind"] == "Visitors of week 3 of the time shown that were back 1 week later"
    assert shown["segment"]["dimension"] == "party_id"
    assert act(cell, {"kind": "funnel_back"}) == grid
    with pytest.raises(UsageError, match="DKD330"):
        act(USUAL, {"kind": "drill", "cohort": 2, "ahead": 1})


def test_a_cell_of_another_model_is_left_out():
    cell = CameBack(retention=Retention(back="nobody_says_so"), cohort=0)
    found = opened(as_link(View(question=USUAL.question, sessions=Sessions(behind=cell))), MODEL)
    assert found.view.sessions is None
    assert "nobody_says_so" in found.dropped[0]


def test_a_number_of_a_split_leads_to_the_sessions_of_its_values_and_its_bucket():
    found = act(USUAL, {"kind": "drill", "key": {"country": "NL", "channel": None}, "time_ms": [0, 3_600_000]})
    assert found.sessions == Sessions()
    link = as_link(found)
    assert "~t.19700101T000000000.19700101T010000000~" in link
    assert "~f.country.NL~f.channel.-n~" in link


def test_a_number_of_a_bucket_leads_to_the_sessions_of_the_whole_bucket():
    view = act(USUAL, {"kind": "split", "dimension": "revenue"})
    view = act(view, {"kind": "split_set", "dimension": "revenue", "changed": {"bucket": 0.1}})
    found = act(view, {"kind": "drill", "key": {"revenue": 0.2}})
    assert found.question.filters == (Filter(dimension="revenue", ranges=(Range(at_least=0.2, below=0.3),)),)
    both = act(found, {"kind": "those", "dimension": "party_id", "values": ["a", "b"]})
    assert both.question.filters[-1] == Filter(dimension="party_id", values=("a", "b"))
    assert both.behaviour is None


def test_a_new_funnel_goes_from_a_page_to_a_conversion_and_is_one_of_the_tabs():
    assert first_steps(MODEL)[0] == "page_view"
    assert first_steps(MODEL)[-1] == "purchase"
    found = tabs(MODEL, act(USUAL, TAB))
    assert [one["name"] for one in found if one["chosen"]] == ["funnel"]
    assert len(found) == 5


def bracket(*bounds, pending=False):
    view = act(USUAL, TAB)
    steps_ = tuple(Reach(*one) for one in bounds)
    answer = Funnelled(view.question, view.funnel, steps_, (), "bracket", None)
    made = {"compares": False, "state": None, "sources": {}, "pending": pending}
    return behaved(MODEL, view, made, answer)["behaviour"]


def test_bounds_are_shown_as_bounds_and_one_number_where_they_meet():
    first, second = bracket((200, 200), (40, 60))["steps"]
    assert first["text"] == "200"
    assert (second["text"], second["of_first"]) == ("40 to 60", "20.0 to 30.0 %")
    assert second["lost"] == "140 to 160 (70.0 to 80.0 %) did not go on"
    assert bracket((0, 0), (0, 0))["steps"][1]["of_first"] == "–"
    assert "makes it exact" in bracket((2, 2), (0, 1))["how"]
    assert bracket((2, 2), (0, 1), pending=True)["how"].endswith("still being read.")


def test_a_file_of_a_behaviour_has_its_numbers():
    view = act(USUAL, TAB)
    steps_ = (Reach(9, 9), Reach(3, 4))
    answer = Funnelled(view.question, view.funnel, steps_, ((None, steps_),), "bracket", None)
    rows = behaviour_rows(MODEL, answer).rows
    assert rows[:2] == (("(all)", 1, "Page view", 9, 9), ("(all)", 2, "Purchase", 3, 4))
    assert rows[2][0] == "(none)"
    walked = act(USUAL, {"kind": "tab", "name": "paths"})
    ways = Travelled(
        walked.question, walked.paths, "sessions", flow([(["/", "/a"], 3), (["/"], 1)], walked.paths), 8, 8, 0
    )
    assert behaviour_rows(MODEL, ways).rows == (
        (0, None, "/", 4), (1, "/", "/a", 3), (1, "/", "(ended)", 1), (2, "/a", "(ended)", 3),
    )  # fmt: skip


def test_paths_say_how_much_they_hold():
    view = act(USUAL, {"kind": "tab", "name": "paths"})
    walks = [(["/", "/a"], 3), (["/"], 1)]
    answer = Travelled(view.question, view.paths, "sessions", flow(walks, view.paths), 8, 8, 0)
    found = behaved(MODEL, view, {"compares": False, "state": None, "sources": {}}, answer)["behaviour"]
    assert "These paths hold 4 of 8 sessions (50 %)." in found["notes"]
    assert found["columns"][1]["ended"]["count"] == 1


@pytest.mark.parametrize("count", [1, 25, 26, 1000])
def test_those_behind_a_bar_are_kept_or_it_is_said_why_not(count: int):
    view = act(act(USUAL, TAB), {"kind": "drill", "step": 2, "lost": True})
    answer = Listed(view.question, "events", (), False, tuple(map(str, range(count))))
    found = behaved(MODEL, view, {"compares": False, "state": None, "sources": {}}, answer)["behaviour"]
    kept, why = found["segment"], found["unkept"]
    assert (kept is None) is bool(why) is (count > 25)
    assert f"{count:,} visitor" in (why or kept["label"])


def test_what_those_lost_did_next_adds_up_to_all_of_them():
    view = act(act(USUAL, TAB), {"kind": "drill", "step": 2, "lost": True})
    counts = ((("page_view", "/help"), 60), (Nothing.none, 20), (("click", None), 9))
    counts += tuple((("page_view", f"/{seq}"), 1) for seq in range(11))
    answer = Listed(view.question, "events", (), False, ("u",), instead=counts)
    shown = behaved(MODEL, view, {"compares": False, "state": None, "sources": {}}, answer)["behaviour"]
    found = shown["instead"]
    assert not any("too many" in note for note in shown["notes"])
    many = replace(answer, instead=None)
    shown = behaved(MODEL, view, {"compares": False, "state": None, "sources": {}}, many)["behaviour"]
    assert any("too many to say what they did next" in note for note in shown["notes"])
    assert found[:3] == [
        ["Page view /help", "60", "60.0 %"],
        ["Nothing more in time", "20", "20.0 %"],
        ["Click", "9", "9.0 %"],
    ]
    assert (len(found), found[-1]) == (11, ["Other", "4", "4.0 %"])
    assert sum(int(count) for _, count, _ in found) == 100


def test_a_definition_names_the_rules():
    text = definition(Funnel(steps=(Step(event="a"), Step(event="b")), window="90m"))
    assert "same millisecond" in text
    assert "1 hour 30 minutes (90m)" in text
    assert length(6.3e6 / 1000) == "1 hour 45 minutes"
    assert length(0.25) == "250 ms"
