"""Answers become the page's JSON: numbers as people read them, marks, and a state where there is nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from explore_cases import MODEL

from dkd.errors import DkdError, Problem
from dkd.explore.drawing import drawing
from dkd.explore.page import Found, page
from dkd.explore.plan import Plan, planned
from dkd.explore.questions import Version, found_of, jobs_of
from dkd.explore.trust import Known
from dkd.explore.view import View, of_link
from dkd.model.load import load
from dkd.model.schema import Model
from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.asking import Doubts, doubtful
from dkd.query.behaviour import Funnel, Step
from dkd.query.mistake import QueryError
from dkd.query.number import Number
from dkd.query.periods import buckets
from dkd.query.question import Filter, Interval, Question, Range
from dkd.query.rows import Rows

NEWEST = datetime(2026, 11, 20, 10, 29, 30, tzinfo=UTC)


def answer(question: Question, rows: list[tuple[object, list[Cell]]], totals: list[Cell]) -> Answer:
    past = Interval(start=question.span.start - timedelta(days=1), end=question.span.start)
    shaped = tuple(Row(time if isinstance(time, datetime) else None, key, tuple(cells)) for (time, key), cells in rows)
    return Answer(question, past, shaped, tuple(totals), ())


def cell(now: float | None, previous: float | None = None, error: float = 0) -> Cell:
    return Cell(Number(now, error), None if previous is None else Number(previous))


def drawn(
    link: str, value: float = 120, bots: int | None = 3, model: Model = MODEL
) -> tuple[View, Plan, dict[str, object]]:
    view = of_link(link)
    plan = planned(model, view, NEWEST)
    assert plan.series is not None
    totals = [cell(value * (at + 1), 100) for at in range(len(plan.series.measures))]
    series = answer(plan.series, [((time, ()), totals) for time in buckets(plan.span, plan.grain, "UTC")], totals)
    rows = [
        ((None, ("NL",)), [cell(90, 60)]),
        ((None, (None,)), [cell(20, 20)]),
        ((None, (Others.others,)), [cell(10)]),
    ]
    panels = {
        name: answer(asked, rows, [cell(value, 100)])
        for name, asked in plan.panels.items()
        if isinstance(asked, Question)
    }
    found = page(model, view, plan, Found(NEWEST, series, panels, bots))
    json.dumps(found, allow_nan=False)
    return view, plan, found


def test_cards_show_number_unit_and_change():
    _, _, found = drawn("1~m.visitors.revenue~t.1d~c.previous")
    visitors, revenue = found["cards"]
    assert (visitors["label"], visitors["text"], visitors["unit"], visitors["change"]) == (
        "Visitors",
        "120",
        "",
        "+20 %",
    )
    assert (revenue["label"], revenue["text"], revenue["unit"]) == ("Revenue", "240.00", "EUR")
    assert visitors["chosen"] is True
    assert len(visitors["spark"]) == len(found["chart"]["now"]) == len(found["chart"]["labels"])


def test_a_panel_marks_kept_values_and_sets_others_apart():
    _, _, found = drawn("1~m.orders~t.1d~f.country.NL~P.country")
    first, second, others = found["panels"][0]["rows"]
    assert (first["key"], first["kept"], first["bar"], first["part"]) == ("NL", True, 1, "75.0 %")
    assert (second["key"], second["label"], second["kept"]) == (None, "(none)", False)
    assert (others["label"], others["others"], others["bar"]) == ("Others", True, 0)


def test_all_questions_are_of_one_interval():
    _, plan, found = drawn("1~m.visitors.orders~t.7d~g.P1D~c.previous~P.country.page_path")
    spans = {asked.span for asked in [plan.series, *plan.panels.values()] if isinstance(asked, Question)}
    assert spans == {plan.span}
    assert plan.span.start == datetime(2026, 11, 14, tzinfo=UTC)
    assert found["chart"]["unfinished"] is True
    assert found["trust"]["bots"] == "3 bot events hidden"


def test_a_link_with_fixed_dates_is_not_live():
    _, _, found = drawn("1~m.visitors~t.1d~L")
    assert of_link(found["view"]["link"]).live is True
    assert of_link(found["view"]["fixed_link"]).live is False


def test_a_grain_too_fine_to_draw_is_made_coarser_and_said():
    _, plan, found = drawn("1~m.visitors~t.30d~g.PT1M")
    assert plan.grain == "P1D"
    assert found["notices"] == ["By minute this interval has too many steps to draw, so it is shown by day."]


def test_nothing_before_is_said_once_and_not_on_every_number():
    view = of_link("1~m.visitors~t.1d~c.previous")
    plan = planned(MODEL, view, NEWEST)
    totals = [cell(5, 0)]
    series = answer(plan.series, [((time, ()), totals) for time in buckets(plan.span, plan.grain, "UTC")], totals)
    found = page(MODEL, view, plan, Found(NEWEST, series, {}, 0))
    assert found["compares"] is False
    assert found["chart"]["previous"] is None
    assert found["trust"]["compared"].startswith("nothing to compare with in ")


def test_a_period_in_which_the_data_begins_is_not_compared_with():
    view = of_link("1~m.visitors~t.1d~c.previous")
    plan = planned(MODEL, view, NEWEST)
    totals = [cell(5_000, 3)]
    series = answer(plan.series, [((time, ()), totals) for time in buckets(plan.span, plan.grain, "UTC")], totals)
    found = page(MODEL, view, plan, Found(NEWEST, series, {}, 0, is_past_whole=False))
    assert (found["compares"], found["chart"]["previous"]) == (False, None)
    assert found["trust"]["compared"].startswith("not compared: the data begins within ")


@pytest.mark.parametrize(
    ("link", "action"),
    [
        ("1~m.visitors~t.1d", "last"),
        ("1~m.visitors~t.1d~f.country.XX", "unfilter"),
        ("1~m.visitors~t.1d~f.is_bot.-t", "bots"),
        ("1~m.visitors~t.1d~x.is_bot.-f", "bots"),
        ("1~m.visitors~t.1d~x.is_bot.-t", "unfilter"),
        ("1~m.visitors~t.1d~f.is_bot.-t~b", "unfilter"),
    ],
)
def test_an_empty_answer_offers_a_way_on(link, action):
    _, _, found = drawn(link, value=0)
    assert found["state"]["kind"] == "nothing"
    assert found["state"]["action"] == action
    assert (found["chart"], found["panels"], found["cards"][0]["text"]) == (None, [], "0")


def test_a_failure_is_a_state_and_one_of_a_panel_stays_in_it():
    view = of_link("1~m.visitors~t.1d~P.country")
    plan = planned(MODEL, view, NEWEST)
    late = DkdError("DKD303", where="Druid", problem="not finished within 20 s", remedy="ask for less")
    found = page(MODEL, view, plan, Found(NEWEST, late, {"country": late}, None))
    assert (found["state"]["title"], found["state"]["remedy"]) == ("This takes too long", "ask for less")
    assert found["chart"] is None
    assert found["panels"][0]["problem"] == "Druid: not finished within 20 s."


def test_a_panel_that_the_measure_does_not_have_says_why():
    view = of_link("1~m.visitors~t.1d~P.entry_page")
    plan = planned(MODEL, view, NEWEST)
    assert isinstance(plan.panels["entry_page"], Problem)
    series = answer(plan.series, [((time, ()), [cell(5)]) for time in buckets(plan.span, plan.grain, "UTC")], [cell(5)])
    found = page(MODEL, view, plan, Found(NEWEST, series, {}, 0))
    assert "visitors count events, which have no 'entry_page'" in found["panels"][0]["problem"]


COMPUTED = load(
    """
dkd: 1
site: s
events: {buy: {fields: {price: {type: double, unit: EUR}, count: int}}}
dimensions:
  size: {from: price, bands: [10, 20]}
  day: {part: weekday, description: when}
  landing: {from: entry_page, match: "^/[^/]*"}
measures:
  typical: {quantile: price, at: 0.5}
  count: {quantile: count, at: 0.9}
  small: {count: events, where: {size: below 10}, per: sessions}
  sessions: {count: sessions}
""",
    "s.yaml",
)


def test_a_computed_dimension_is_offered_beside_columns_and_says_how_it_is_computed():
    _, _, found = drawn("1~m.typical~t.1d~P.size.day", model=COMPUTED)
    offered = {name: (label, about) for name, label, about in found["menus"]["dimensions"]}
    assert offered["size"] == ("Size", "price in bands: below 10, 10 to below 20, 20 or more")
    assert offered["day"] == ("Day", "weekday of its time, in the question's zone (when)")
    assert offered["country"] == ("Country", "")
    assert "landing" not in offered
    assert [panel["about"] for panel in found["panels"]] == [offered["size"][1], offered["day"][1]]


def test_what_had_no_number_before_is_new_and_from_nothing():
    view = of_link("1~m.typical~t.1d~c.previous")
    plan = planned(COMPUTED, view, NEWEST)
    cells = [Cell(Number(5.0), Number(None))]
    series = answer(plan.series, [((time, ()), cells) for time in buckets(plan.span, plan.grain, "UTC")], cells)
    found = page(COMPUTED, view, plan, Found(NEWEST, series, {}, 0))
    assert (found["cards"][0]["change"], found["cards"][0]["previous"]) == ("new", "")


def test_quantiles_and_what_is_divided_have_units_and_decimals():
    _, _, found = drawn("1~m.typical.count.small~t.1d", model=COMPUTED)
    assert [(card["text"], card["unit"]) for card in found["cards"]] == [("120.00", "EUR"), ("240", ""), ("360.00", "")]
    assert found["cards"][2]["about"].endswith("where size = 'below 10'; divided by sessions, none where sessions is 0")


@pytest.mark.parametrize(
    ("measure", "offered", "not_offered"),
    [("orders", "product_id", "entry_page"), ("sessions", "entry_page", "product_id")],
)
def test_menus_offer_what_the_chosen_measure_can_be_asked_by(measure, offered, not_offered):
    _, _, found = drawn(f"1~m.orders.sessions~t.1d~M.{measure}")
    names = {name for name, _, _ in found["menus"]["dimensions"]}
    assert {offered, "country"} < names
    assert not_offered not in names


def test_a_draft_has_the_numbers_that_are_there_and_says_which_are_not():
    view = of_link("1~m.visitors.orders~t.1d~P.country")
    plan = planned(MODEL, view, NEWEST)
    asked = plan.series.model_copy(update={"measures": ("orders",)})
    series = answer(asked, [((time, ()), [cell(7)]) for time in buckets(plan.span, plan.grain, "UTC")], [cell(7)])
    found = page(MODEL, view, plan, Found(NEWEST, series, {}, 0, is_draft=True))
    visitors, orders = found["cards"]
    assert (visitors["text"], visitors["pending"], "value" in visitors) == ("…", True, False)
    assert (orders["text"], "pending" in orders) == ("7", False)
    # The chart and the table are of visitors, so what was drawn before stays until these are there.
    assert (found["pending"], found["chart"], found["state"]) == (True, None, None)
    assert (found["panels"][0]["pending"], found["panels"][0]["rows"]) == (True, [])
    other = view.model_copy(update={"measure": "orders"})
    assert page(MODEL, other, plan, Found(NEWEST, series, {}, 0, is_draft=True))["chart"]["name"] == "orders"


def test_a_draft_in_which_nothing_was_counted_yet_does_not_say_so():
    view = of_link("1~m.visitors.orders~t.1d")
    plan = planned(MODEL, view, NEWEST)
    asked = plan.series.model_copy(update={"measures": ("orders",)})
    series = answer(asked, [((time, ()), [cell(0)]) for time in buckets(plan.span, plan.grain, "UTC")], [cell(0)])
    assert page(MODEL, view, plan, Found(NEWEST, series, {}, 0, is_draft=True))["state"] is None
    assert page(MODEL, view, plan, Found(NEWEST, None, {}, 0, is_draft=True))["state"] is None
    failed = Found(NEWEST, DkdError("DKD301", problem="gone"), {}, 0, is_draft=True)
    assert page(MODEL, view, plan, failed)["state"]["title"] == "Druid does not answer"


def test_revenue_of_nobody_is_a_number_where_there_are_events():
    view = of_link("1~m.revenue~t.1d~P.country")
    plan = planned(MODEL, view, NEWEST)
    totals = [cell(0)]
    series = answer(plan.series, [((time, ()), totals) for time in buckets(plan.span, plan.grain, "UTC")], totals)
    known = [Known(doubts=Doubts(7, 0, 0)), Known(doubts=Doubts(0, 0, 0)), Known()]
    states = [page(MODEL, view, plan, Found(NEWEST, series, {}, 0, known=one))["state"] for one in known]
    assert states[0] is None
    assert states[1]["text"].startswith("There is no event in ")
    # A tile of a dashboard does not ask how many there are.
    assert states[2]["text"].startswith("All numbers of ")


def test_a_funnel_is_compared_with_the_period_before_whatever_the_measures_were_then():
    link = "1~m.revenue~t.1d~c.previous"
    funnel = View(**{**dict(of_link(link)), "funnel": Funnel(steps=(Step(event="page_view"), Step(event="purchase")))})
    for view, compares in ((of_link(link), False), (funnel, True)):
        plan = planned(MODEL, view, NEWEST)
        totals = [cell(5, 0)]
        series = answer(plan.series, [((time, ()), totals) for time in buckets(plan.span, plan.grain, "UTC")], totals)
        assert page(MODEL, view, plan, Found(NEWEST, series, {}, 0))["compares"] is compares
        assert page(MODEL, view, plan, Found(NEWEST, series, {}, 0, is_past_whole=False))["compares"] is False


class NoSessionYet:
    """A Druid whose sessions have no row."""

    def sql(self, query, *_, **__):
        if "shop_sessions" in query:
            raise QueryError("DKD302", where="Druid", problem="Object 'shop_sessions' not found within 'druid'")
        return Rows((), (), ())


def test_measures_of_sessions_say_that_there_is_none_and_the_others_have_their_numbers():
    view = of_link("1~m.orders.sessions.visitors~t.1d")
    plan = planned(MODEL, view, NEWEST)
    jobs = jobs_of(MODEL, view, plan, Version(NEWEST, None, is_whole=True))
    outcomes = {name: jobs[name].work(NoSessionYet()) for name in ("series", "distinct", "of sessions")}
    found = found_of(NEWEST, plan, outcomes, Known(doubts=Doubts(1, 0, 0)), is_draft=False)
    made = page(MODEL, view, plan, found)
    assert made["state"] is None
    assert [(card["name"], card.get("problem", "")) for card in made["cards"]] == [
        ("orders", ""), ("sessions", "it holds no row yet"), ("visitors", ""),
    ]  # fmt: skip
    assert made["chart"]["name"] == "orders"
    chosen = view.model_copy(update={"measure": "sessions"})
    assert page(MODEL, chosen, plan, found)["chart"] is None


def test_without_a_session_a_view_of_nothing_else_says_so():
    view = of_link("1~m.sessions~t.1d")
    plan = planned(MODEL, view, NEWEST)
    jobs = jobs_of(MODEL, view, plan, Version(NEWEST, None, is_whole=True))
    with pytest.raises(QueryError) as raised:
        jobs["of sessions"].work(NoSessionYet())
    found = found_of(NEWEST, plan, {"of sessions": raised.value}, Known(), is_draft=False)
    assert page(MODEL, view, plan, found)["state"]["text"] == "shop_sessions: it holds no row yet."


def test_a_table_over_time_is_drawn_in_a_draft_whose_cards_lack_one_of_its_measures():
    view = View(**{**dict(of_link("1~m.orders.visitors~t.1d~g.PT1H")), "picture": "table"})
    plan = planned(MODEL, view, NEWEST)
    question = drawing(MODEL, view, plan).question
    assert question.measures == ("orders", "visitors")
    times = buckets(plan.span, plan.grain, "UTC")
    both = answer(question, [((time, ()), [cell(7), cell(9)]) for time in times], [])
    asked = plan.series.model_copy(update={"measures": ("orders",)})
    series = answer(asked, [((time, ()), [cell(7)]) for time in times], [cell(7)])
    found = page(MODEL, view, plan, Found(NEWEST, series, {}, 0, picture=both, is_draft=True))
    assert len(found["picture"]["table"]["rows"]) == len(times)


@pytest.mark.parametrize(("link", "known"), [("1~m.orders~t.1d", True), ("1~m.sessions~t.1d~f.entry_page.x", False)])
def test_how_many_events_there_are_is_known_of_what_events_can_be_filtered_by(link, known):
    class Seven:
        def sql(self, *_, **__):
            return Rows((), (), ((7, 1, 0),))

    view = of_link(link)
    asked = planned(MODEL, view, NEWEST).series
    moment = Filter(dimension="time", ranges=(Range(at_least=0),))
    timed = asked.model_copy(update={"filters": (*asked.filters, moment)})
    assert doubtful(Seven(), MODEL, timed) == (Doubts(7, 1, 0) if known else None)
