"""Answers become the main picture: rows, trees, matrices and flows whose parts and wholes agree."""

import json
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from explore_cases import MODEL
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.errors import DkdError
from dkd.explore.drawing import drawing
from dkd.explore.picture import picture
from dkd.explore.plan import planned
from dkd.explore.view import of_link
from dkd.query.answer import Answer, Cell, Others, Row
from dkd.query.number import Number
from dkd.query.periods import buckets
from dkd.query.question import Question

NEWEST = datetime(2026, 11, 20, 10, 29, 30, tzinfo=UTC)
OTHERS = Others.others
CHANNELS, DEVICES = ("Email", None, OTHERS), ("mobile", "desktop", OTHERS)


def answer(question: Question, numbers: dict[tuple[object, ...], int], visitors: int = 0) -> Answer:
    """An answer whose cells are *numbers* by time and key, the same for each measure; parents have *visitors*."""

    def cells(value: int) -> tuple[Cell, ...]:
        past = Number(value - 1) if question.compare else None
        return tuple(Cell(Number(value, 0.5 if name == "visitors" else 0), past) for name in question.measures)

    has_time = question.grain is not None
    rows = [
        Row(place[0] if has_time else None, place[1:] if has_time else place, cells(value))  # type: ignore[arg-type]
        for place, value in numbers.items()
    ]
    keys = dict.fromkeys(row.key[:depth] for row in rows for depth in range(1, len(question.splits) + has_time))
    parents = [Row(None, key, cells(visitors)) for key in keys]
    previous = question.span if question.compare else None
    return Answer(question, previous, tuple(rows), (), (), {}, tuple(parents))


def drawn(link: str, numbers: dict[tuple[object, ...], int] | None = None, visitors: int = 7, total: int = 100) -> Any:
    """The picture of a view whose answer has *numbers*; with time each of them in every bucket."""
    view = of_link(link)
    plan = planned(MODEL, view, NEWEST)
    found = drawing(MODEL, view, plan)
    asked = found.question
    assert plan.series is not None
    cells = tuple(Cell(Number(total), Number(total)) for _ in plan.series.measures)
    series = Answer(plan.series, None, (), cells, ())
    given_ = None
    if isinstance(asked, Question):
        keys = numbers if numbers is not None else {("Email",): 30, (None,): 20, (OTHERS,): 50}
        if asked.grain is not None:
            keys = {
                (time, *key): value for time in buckets(asked.span, asked.grain, "UTC") for key, value in keys.items()
            }
        given_ = answer(asked, keys, visitors)
    made = picture(MODEL, view, plan, found, given_, series, has_past=True, spare=("country", "browser"))
    json.dumps(made, allow_nan=False)
    return made


def test_bars_name_their_values_and_set_others_apart():
    made = drawn("1~m.pageviews~t.1d~s.channel~c.previous")
    assert (made["kind"], made["title"]) == ("bar", "Pageviews by channel")
    assert [(row["label"], row["key"], row["others"], row["text"], row["part"]) for row in made["bars"]["rows"]] == [
        ("Email", ["Email"], False, "30", "30.0 %"),
        ("(none)", [None], False, "20", "20.0 %"),
        ("Others", [None], True, "50", "50.0 %"),
    ]
    first = made["bars"]["rows"][0]
    assert (first["before"], first["change"], first["delta"]) == (29, "+3.4 %", "+1")
    assert made["spare"] == [["country", "Country"], ["browser", "Browser"]]


def test_weekdays_stand_in_their_own_order_whatever_their_rank():
    made = drawn("1~m.pageviews~t.7d~s.weekday", {("Sunday",): 9, ("Monday",): 5, (None,): 1, ("Friday",): 4})
    assert [row["label"] for row in made["bars"]["rows"]] == ["Monday", "Friday", "Sunday", "(none)"]


def test_buckets_of_numbers_say_where_they_end_and_stand_in_order():
    view = of_link("1~m.pageviews~t.7d~s.price")
    split = view.question.splits[0].model_copy(update={"bucket": 10.0})
    view = view.model_copy(update={"question": view.question.model_copy(update={"splits": (split,)})})
    plan = planned(MODEL, view, NEWEST)
    found = drawing(MODEL, view, plan)
    assert isinstance(found.question, Question)
    made = picture(MODEL, view, plan, found, answer(found.question, {(20,): 9, (0,): 5}), None)
    assert [row["label"] for row in made["bars"]["rows"]] == ["0 to 10", "20 to 30"]


def test_a_table_sums_what_adds_up_and_asks_what_does_not():
    numbers = dict.fromkeys(product(CHANNELS, DEVICES), 5)
    made = drawn("1~m.visitors.pageviews~t.1d~s.channel~s.device_type", numbers, visitors=11)
    rows = made["table"]["rows"]
    assert [row["depth"] for row in rows] == [0, 1, 1, 1] * 3
    assert [row["under"] for row in rows[:6]] == [None, 0, 0, 0, None, 4]
    parent, child = rows[0], rows[1]
    assert (parent["label"], [cell["text"] for cell in parent["cells"]]) == ("Email", ["11", "15"])
    assert (child["label"], child["key"], [cell["text"] for cell in child["cells"]]) == (
        "mobile",
        ["Email", "mobile"],
        ["5", "5"],
    )
    assert child["cells"][0]["error"] == "±10.0 %"
    assert rows[8]["others"] is True
    assert rows[8]["label"] == "Others"
    assert [one["sorted"] for one in made["table"]["columns"]] == ["down", ""]
    assert [cell["text"] for cell in made["table"]["totals"]] == ["100", "100"]


def test_bars_in_cells_are_measured_by_the_greatest_value_that_is_none_of_the_others():
    made = drawn("1~m.pageviews.orders~t.1d~s.channel", {("Email",): 30, (None,): 15, (OTHERS,): 500})
    assert [row["cells"][0].get("bar") for row in made["table"]["rows"]] == [1, 0.5, None]


def test_a_row_of_nothing_is_left_out():
    made = drawn("1~m.pageviews.orders~t.1d~s.channel", {("Email",): 30, ("Direct",): 0})
    assert [row["label"] for row in made["table"]["rows"]] == ["Email"]


def test_lines_have_a_row_for_each_value_and_a_column_for_each_step():
    made = drawn("1~m.pageviews~t.6h~s.channel~g.PT1H")
    matrix = made["matrix"]
    assert made["kind"] == "line"
    assert matrix["across"]["is_time"] is True
    assert matrix["across"]["unfinished"] is True
    assert [item["labels"] for item in matrix["down"]["items"]] == [["Email"], ["(none)"], ["Others"]]
    steps = len(matrix["across"]["items"])
    assert matrix["measures"][0]["now"] == [[30] * steps, [20] * steps, [50] * steps]


def test_a_line_draws_eight_values_and_the_others():
    view = of_link("1~m.pageviews~t.6h~s.channel.50~g.PT1H")
    found = drawing(MODEL, view, planned(MODEL, view, NEWEST)).question
    assert isinstance(found, Question)
    assert found.splits[0].limit == 8


def test_a_stack_has_the_first_split_across_and_the_second_in_layers():
    made = drawn("1~m.pageviews~t.1d~s.channel~s.device_type~V.stacked", dict.fromkeys(product(CHANNELS, DEVICES), 2))
    matrix = made["matrix"]
    assert [item["label"] for item in matrix["across"]["items"]] == ["Email", "(none)", "Others"]
    assert [item["labels"] for item in matrix["down"]["items"]] == [["mobile"], ["desktop"], ["Others"]]


def test_visitors_are_never_stacked_and_the_page_says_why():
    made = drawn("1~m.visitors~t.1d~s.channel~s.device_type~V.stacked", dict.fromkeys(product(CHANNELS, DEVICES), 2))
    assert made["kind"] == "heat"
    assert "do not add up" in made["remarks"][0]
    (stacked,) = (one for one in made["choices"] if one["kind"] == "stacked")
    assert (stacked["fit"], stacked["repair"]) == ("never", "")


def test_more_rows_than_can_be_drawn_are_made_coarser_and_said():
    view = of_link("1~m.pageviews~t.30d~s.channel.900~g.PT1H~V.table")
    found = drawing(MODEL, view, planned(MODEL, view, NEWEST))
    assert isinstance(found.question, Question)
    assert found.question.grain != "PT1H"
    assert "More than 20,000 points" in found.remarks[0]


def test_coarser_steps_are_compared_with_nothing_and_that_is_said():
    view = of_link("1~m.pageviews~t.30d~s.channel.900~g.PT1H~c.previous~V.table")
    split = view.question.splits[0].model_copy(update={"by": "delta"})
    view = view.model_copy(update={"question": view.question.model_copy(update={"splits": (split,)})})
    found = drawing(MODEL, view, planned(MODEL, view, NEWEST))
    assert isinstance(found.question, Question)
    assert (found.question.compare, found.question.splits[0].by) == (None, "value")
    assert found.remarks[-1] == "Its steps are not those of the cards, so nothing is compared in it."


def test_fifty_thousand_combinations_show_the_first_and_say_how_many():
    view = of_link("1~m.pageviews~t.1d~s.page_path.1000~s.browser.50")
    found = drawing(MODEL, view, planned(MODEL, view, NEWEST))
    assert isinstance(found.question, Question)
    assert found.remarks[-1].startswith("More than 20,000 rows cannot be drawn")


def test_what_cannot_be_asked_or_answered_stands_where_the_picture_would():
    made = drawn("1~m.sessions~t.1d~s.product_id")
    assert "product_id" in made["problem"]
    view = of_link("1~m.pageviews~t.1d~s.channel")
    plan = planned(MODEL, view, NEWEST)
    error = DkdError("DKD303", problem="it takes longer than 20 s", remedy="ask for less")
    made = picture(MODEL, view, plan, drawing(MODEL, view, plan), error, None)
    assert "longer than 20 s" in made["problem"]


def test_measures_that_a_table_cannot_have_are_left_out_and_named():
    made = drawn("1~m.pageviews.sessions~t.1d~s.product_id", {("A",): 3})
    assert [one["name"] for one in made["table"]["columns"]] == ["pageviews"]
    assert "Sessions is left out" in made["remarks"][0]


def test_without_a_split_the_time_chart_is_the_picture():
    assert drawn("1~m.pageviews~t.1d")["is_elsewhere"] is True
    made = drawn("1~m.visitors.revenue~t.1d~V.number")
    assert [one["text"] for one in made["numbers"]] == ["100", "100.00"]


keys = st.dictionaries(st.tuples(st.sampled_from(CHANNELS), st.sampled_from(DEVICES)), st.integers(0, 50), min_size=1)


@settings(max_examples=60)
@given(numbers=keys, link=st.sampled_from(["", "~V.table", "~V.pivot", "~V.stacked", "~V.sankey"]))
def test_parts_and_others_are_the_whole_of_a_measure_that_adds_up(numbers, link):
    total = sum(numbers.values())
    made = drawn(f"1~m.pageviews~t.1d~s.channel~s.device_type{link}", numbers, total=total)
    if "table" in made:
        rows = made["table"]["rows"]
        assert sum(row["cells"][0]["value"] for row in rows if row["depth"] == 0) == total
        assert sum(row["cells"][0]["value"] for row in rows if row["leaf"]) == total
    elif "flow" in made:
        flow = made["flow"]
        assert {sum(one["value"] for one in level["nodes"]) for level in flow["levels"]} == {total}
        assert sum(one["value"] for one in flow["links"]) == total
        for level, side in ((0, "from"), (1, "to")):
            for seq, one in enumerate(flow["levels"][level]["nodes"]):
                assert sum(link["value"] for link in flow["links"] if link[side] == seq) == one["value"]
    else:
        (measure,) = made["matrix"]["measures"]
        assert sum(map(sum, measure["now"])) == total
        assert sum(one["value"] for one in measure["down"]) == sum(one["value"] for one in measure["across"]) == total


@settings(max_examples=60)
@given(numbers=keys)
def test_every_number_of_an_answer_is_in_its_heat_map_at_its_place(numbers):
    made = drawn("1~m.visitors~t.1d~s.channel~s.device_type", numbers)
    matrix = made["matrix"]
    found = {
        (OTHERS if down["others"] else down["key"][0], OTHERS if across["others"] else across["key"]): value
        for down, row in zip(matrix["down"]["items"], matrix["measures"][0]["now"], strict=True)
        for across, value in zip(matrix["across"]["items"], row, strict=True)
    }
    assert {key: value for key, value in found.items() if value} == {k: v for k, v in numbers.items() if v}


@pytest.mark.parametrize("kind", ["bar", "line", "table", "pivot", "heat"])
def test_each_picture_of_no_rows_is_empty_and_whole(kind):
    made = drawn(f"1~m.pageviews~t.1d~s.channel~V.{kind}", {})
    assert made["problem"] == ""
