"""Values → typed parameters; names that come twice keep both values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dkd.errors import DkdError
from dkd.query.rows import Rows, parameter, unique


@pytest.mark.parametrize(
    ("value", "kind", "sent"),
    [
        ("NL", "VARCHAR", "NL"),
        (42, "BIGINT", 42),
        (True, "BOOLEAN", True),
        (1.5, "DOUBLE", 1.5),
        (None, "VARCHAR", None),
        (["a", "b"], "ARRAY", ["a", "b"]),
        (("a",), "ARRAY", ["a"]),
        (datetime(2026, 11, 22, 8, 0, 0, 123_456, tzinfo=UTC), "TIMESTAMP", 1_795_334_400_123),
        (datetime(2026, 11, 22, 9, tzinfo=timezone(timedelta(hours=1))), "TIMESTAMP", 1_795_334_400_000),
    ],
)
def test_each_kind_of_value_has_its_sql_type(value, kind, sent):
    assert parameter(value) == {"type": kind, "value": sent}


@pytest.mark.parametrize("value", [b"x", {"a": 1}, datetime(2026, 1, 1)])
def test_a_value_without_a_type_in_sql_is_refused(value):
    with pytest.raises(DkdError) as refused:
        parameter(value)
    assert refused.value.problems[0].code == "DKD306"


def test_a_name_that_comes_again_gets_a_number_that_is_free():
    assert unique(["a", "b", "a", "a_2", "a"]) == ("a", "b", "a_2", "a_2_2", "a_3")


def test_rows_as_dicts_lose_no_value():
    assert Rows(("a", "a"), ("BIGINT", "BIGINT"), ((1, 2),)).as_dicts() == [{"a": 1, "a_2": 2}]


def test_no_row_has_no_value():
    assert Rows(("a",), ("BIGINT",), ()).value() is None
    assert Rows(("a",), ("BIGINT",), ((7,),)).value() == 7
