"""The answers of a question's halves are the answer of the question."""

from datetime import UTC, datetime
from importlib.resources import files

from dkd.model.load import load
from dkd.query.answer import Answer, Cell, Row
from dkd.query.halves import joined, of_sessions, slow
from dkd.query.number import Number
from dkd.query.question import Interval, Question

MODEL = load(
    files("dkd.model.presets").joinpath("shop.yaml").read_text("utf-8").replace("SITE", "shop", 1), "shop.yaml"
)
TIMES = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]


def answer(*measures: str, first: int) -> Answer:
    """Each measure has numbers of its own in each row and in the totals."""
    question = Question(measures=measures, interval=Interval(start=TIMES[0], end=TIMES[2]), grain="P1D")
    cells = [tuple(Cell(Number(first + 10 * row + at)) for at in range(len(measures))) for row in range(3)]
    rows = tuple(Row(time, (), row) for time, row in zip(TIMES[:2], cells[:2], strict=True))
    return Answer(question, None, rows, cells[2], (), {name: name.upper() for name in measures})


def test_distinct_counts_and_what_is_divided_by_them_are_slow():
    names = ("visitors", "pageviews", "revenue", "revenue_per_visitor", "revenue_per_order", "session_median_s")
    assert slow(MODEL, names) == ("visitors", "revenue_per_visitor", "session_median_s")


def test_each_number_stands_where_the_question_has_its_measure():
    one, other = answer("orders", "revenue", first=100), answer("visitors", first=500)
    question = one.question.model_copy(update={"measures": ("orders", "visitors", "revenue")})
    found = joined(question, one, other)
    assert [[cell.now.value for cell in row.cells] for row in found.rows] == [[100, 500, 101], [110, 510, 111]]
    assert [cell.now.value for cell in found.totals] == [120, 520, 121]
    assert [row.time for row in found.rows] == TIMES[:2]
    assert found.definitions == {"orders": "ORDERS", "revenue": "REVENUE", "visitors": "VISITORS"}
    assert found.question == question


def test_of_three_parts_one_may_be_missing_and_keeps_no_place():
    parts = answer("orders", first=100), answer("visitors", first=500), answer("bounce_rate", first=700)
    question = parts[0].question.model_copy(update={"measures": ("bounce_rate", "visitors", "orders")})
    assert [cell.now.value for cell in joined(question, *parts).totals] == [720, 520, 120]
    found = joined(question, *parts[:2])
    assert found.question.measures == ("visitors", "orders")
    assert [cell.now.value for cell in found.rows[1].cells] == [510, 110]


def test_what_sessions_alone_answer_is_told_from_what_events_do():
    assert of_sessions(MODEL, ("visitors", "sessions", "orders", "session_median_s")) == (
        "sessions",
        "session_median_s",
    )
