"""What Druid answers becomes a number with its error, and two of them a ratio."""

import pytest

from dkd.model.load import load
from dkd.query.measure import RANK_ERROR, SKETCH_EXACT, expression, is_additive, parts
from dkd.query.number import Number, added, nothing, ratio, read

MODEL = load(
    """
dkd: 1
site: s
events: {page_view: {fields: {price: double, size: int}}}
measures:
  price: {sum: price}
  visitors: {count_distinct: party_id}
  p95: {quantile: price, at: 0.95}
  size: {quantile: size, at: 0.5}
  spent: {sum: price, per: visitors}
  typical: {quantile: price, at: 0.5, per: visitors}
""",
    "s.yaml",
)


def part(name):
    return parts(MODEL, name)[0]


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("price", 12.5, Number(12.5)),
        ("price", None, Number(0)),
        ("price", "Infinity", Number(None)),
        ("visitors", '{"estimate":20000.4,"lowBound":19800.0,"highBound":20100.4}', Number(20_000, 200.4)),
        ("p95", None, Number(None)),
        ("p95", [0.0, "NaN", "NaN", "NaN"], Number(None)),
        ("p95", [SKETCH_EXACT - 1.0, 9.0, 9.5, 11.0], Number(9.5)),
        ("p95", [SKETCH_EXACT, 9.0, 9.5, 11.0], Number(9.5, 1.5)),
        ("size", [3.0, 7.0, 7.0, 7.0], Number(7)),
    ],
)
def test_an_answer_is_a_number(name, value, number):
    found = read(part(name), value)
    assert found.value == number.value
    assert found.error == pytest.approx(number.error)
    assert type(found.value) is type(number.value)


def test_nothing_to_count_is_zero_and_no_quantile():
    assert [nothing(part(name)).value for name in ("price", "visitors", "p95", "typical")] == [0, 0, None, None]


def test_what_is_divided_has_two_parts_and_is_no_sum_of_its_parts():
    assert [one.name for one in parts(MODEL, "spent")] == ["spent.dividend", "visitors"]
    assert parts(MODEL, "spent")[0].measure == MODEL.measures["price"]
    assert [name for name in MODEL.measures if is_additive(MODEL, name)] == ["price"]


@pytest.mark.parametrize(
    ("values", "total"),
    [([], 0), ([2, 3], 5), ([0.1] * 10, 1.0), ([1.5, None], None), ([1e308, 1e308], None), ([1e308, -1e308, 2], 2.0)],
    ids=["nothing", "counts", "fractions", "one is none", "more than a double holds", "whose sum is small"],
)
def test_numbers_add_up(values, total):
    assert added(map(Number, values)) == Number(total)


def test_a_ratio_has_the_error_of_both():
    assert ratio(Number(10, 1), Number(5, 0)) == Number(2.0, pytest.approx(0.2))
    assert ratio(Number(10), Number(100, 20)) == Number(0.1, pytest.approx(0.025))
    nothing_over, over_nothing = ratio(Number(None), Number(5)), ratio(Number(1), Number(None))
    assert ratio(Number(10), Number(0)) == nothing_over == over_nothing == Number(None)


def test_the_rank_that_druid_reads_is_never_above_the_one_that_is_meant():
    """0.1 in 32 bits is a little more, and of 100 numbers the 11th would be taken for the 10th."""
    text = expression(MODEL, parts(MODEL, "p95")[0]).text
    assert "0.95)" in text
    assert 0.002 < RANK_ERROR < 0.0023
    tenth = load("dkd: 1\nsite: s\nevents: {x: {}}\nmeasures: {a: {quantile: viewport_width, at: 0.1}}\n", "s.yaml")
    (one,) = parts(tenth, "a")
    assert "0.09999999403953552)" in expression(tenth, one).text
