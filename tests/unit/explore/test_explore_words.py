"""Numbers, changes and moments as people read them."""

from datetime import UTC, datetime

import pytest
from explore_cases import MODEL

from dkd.explore.words import change_text, decimals, error_text, interval_label, label, number_text, unit, value_label
from dkd.query.answer import Cell, Number, Others
from dkd.query.question import Interval


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (120, 100, ("+20 %", 1)), (80, 100, ("−20 %", -1)), (100.4, 100, ("+0.4 %", 1)), (100, 100, ("0 %", 0)),
        (5, 0, ("new", 0)), (0, 0, ("–", 0)), (None, 3, ("–", 0)), (1200, 100, ("12×", 1)), (0, 50, ("−100 %", -1)),
    ],
)  # fmt: skip
def test_a_change_is_short_and_never_divides_by_nothing(now, before, said):
    assert change_text(Cell(Number(now), Number(before))) == said


def test_numbers_have_thousands_decimals_and_their_error():
    assert number_text(Number(1234567), 0) == "1,234,567"
    assert number_text(Number(12.5), 2) == "12.50"
    assert number_text(Number(None), 2) == "–"
    assert error_text(Number(1000, 16)) == "±1.6 %"
    assert error_text(Number(1000)) == ""


def test_units_and_decimals_come_from_the_model():
    assert [(unit(MODEL, name), decimals(MODEL, name)) for name in ("visitors", "revenue", "revenue_per_visitor")] == [
        ("", 0), ("EUR", 2), ("EUR", 2)
    ]  # fmt: skip


def test_what_sessions_are_worth_has_the_unit_of_the_field_that_it_adds_up():
    assert [unit(MODEL, name) for name in ("session_revenue", "revenue_per_session", "sessions")] == ["EUR", "EUR", ""]


def test_names_and_values_are_words():
    assert [label(name) for name in ("utm_source", "page_path", "os")] == ["UTM source", "Page path", "OS"]
    assert [value_label(value) for value in (None, "", "NL", Others.others)] == ["(none)", "(empty)", "NL", "Others"]


def test_an_interval_is_on_the_zones_clock():
    moments = [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)]
    assert interval_label(Interval(start=moments[0], end=moments[1]), "Europe/Amsterdam") == (
        "28 Mar, 23:00 – 29 Mar 2026, 06:00"
    )
