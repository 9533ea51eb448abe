"""Files hold what was on the page: CSV that no spreadsheet runs, Parquet of the same, in memory that stays flat."""

import csv as readers
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkd.explore.export import csv, file_name, harmless, parquet, sql, types_of
from dkd.query.compile import Query
from dkd.query.question import Interval
from dkd.query.rows import Rows

cells = (
    st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)


@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_no_field_of_text_begins_a_formula_and_numbers_stay_numbers(rows):
    text = "".join(csv(["of\r\n=1+1"], ["a", "=b"], rows))
    note, *lines = text.split("\r\n", 1)
    assert note == "# of =1+1"
    read = list(readers.reader(io.StringIO(lines[0], newline="")))
    assert read[0] == ["a", "'=b"]
    for given_row, found in zip(rows, read[1:], strict=True):
        for value, field in zip(given_row, found, strict=True):
            if isinstance(value, str):
                assert not field.startswith(("=", "+", "-", "@", "\t", "\r"))
                assert field in (value, f"'{value}")
            elif value is not None:
                assert float(field) == float(value)


def test_only_what_a_spreadsheet_would_run_is_changed():
    assert harmless("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert [harmless(one) for one in ("shoes", "a=b", "", -5, None)] == ["shoes", "a=b", "", -5, None]


def test_parquet_holds_the_rows_with_their_types_and_notes():
    columns, types = (
        ["__time", "country", "orders", "revenue", "pages"],
        ["TIMESTAMP", "VARCHAR", "BIGINT", "DOUBLE", "OTHER"],
    )
    rows = [["2026-11-20T10:00:00.000Z", "NL", 3, 1, ["/a", "/b"]], ["2026-11-20T11:00:00.000Z", None, None, 2.5, None]]
    found = pl.read_parquet(io.BytesIO(b"".join(parquet(["of shop"], columns, types, rows))))
    assert found.columns == columns
    assert found["__time"].to_list()[0] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert found.rows()[1][1:] == (None, None, 2.5, None)
    assert found["pages"].to_list()[0] == '["/a", "/b"]'


def test_types_of_an_answer_are_those_of_its_values():
    rows = Rows(("k", "n", "x", "e"), ("VARCHAR",) * 4, (("a", 1, 1, None), (None, 2, 2.5, None)))
    assert types_of(rows) == ("VARCHAR", "BIGINT", "DOUBLE", "VARCHAR")


def test_a_file_is_named_by_site_view_interval_and_zone():
    span = Interval(start=datetime(2026, 11, 20, tzinfo=UTC), end=datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    name = file_name("shop", 'My "own"/view', span, "Europe/Amsterdam", "csv")
    assert name == "shop_my-own-view_20261120T0100_20261121T1030_Europe-Amsterdam.csv"


def test_sql_can_be_run_as_it_stands():
    query = Query(
        "SELECT COUNT(*) FROM shop_events WHERE city = ?", ("'s-Hertogenbosch",), ("n",), {}, "rows", "shop_events"
    )
    assert sql(["of\nshop"], [query]) == (
        "-- of shop\n\n-- rows\nSELECT COUNT(*) FROM shop_events WHERE city = '''s-Hertogenbosch';\n"
    )


def rows_of(count: int) -> Iterator[list[object]]:
    return ([n, f"page {n}", n / 7] for n in range(count))


@pytest.mark.parametrize(
    "made",
    [
        lambda count: csv([], ["a", "b", "c"], rows_of(count)),
        lambda count: parquet([], ["a", "b", "c"], ["BIGINT", "VARCHAR", "DOUBLE"], rows_of(count)),
    ],
)
def test_many_rows_take_no_more_memory_than_few(made):
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in made(count):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(100_000) < 1.3 * peak(40_000)
