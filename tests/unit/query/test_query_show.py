"""Rows as a table, CSV and JSON; Python's own csv and json readers are the oracle where there is one."""

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from dkd.query.rows import Rows
from dkd.query.show import as_csv, as_json, as_table, as_text

ROWS = Rows(
    ("country", "pages", "n", "share"),
    ("VARCHAR", "ARRAY", "BIGINT", "DOUBLE"),
    (("NL", ["/", "/ä"], 12, 0.5), (None, None, None, None), ("", [], 1234, 1.25), ("日本", ["x"], 3, -1)),
)


values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=3)
tables = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[values] * n), max_size=5).map(lambda r: (n, r)))


def rows_of(table):
    count, rows = table
    return Rows(tuple(f"c{seq}" for seq in range(count)), ("VARCHAR",) * count, tuple(rows))


def test_numbers_stand_at_the_right_and_null_is_named():
    lines = as_table(ROWS).splitlines()
    assert lines[0] == "country  pages           n  share"
    assert lines[1] == "-------  -----------  ----  -----"
    assert lines[2] == 'NL       ["/", "/ä"]    12    0.5'
    assert lines[3] == "NULL     NULL         NULL   NULL"
    assert lines[4] == "         []           1234   1.25"
    # A wide character takes two columns of a terminal.
    assert lines[5] == '日本     ["x"]           3     -1'
    assert lines[6] == "(4 rows)"


def test_no_rows_are_a_heading_and_a_count():
    assert as_table(Rows(("a",), ("BIGINT",), ())) == "a\n-\n(0 rows)"
    assert as_table(Rows(("a",), ("BIGINT",), ((1,),))).endswith("(1 row)")


def test_what_would_steer_a_terminal_is_shown_as_an_escape():
    text = as_table(Rows(("a",), ("VARCHAR",), (("\x1b[31m\n\r\t\u202e\u2028",),)))
    assert "\\u001b[31m\\n\\r\\t\\u202e\\u2028" in text
    assert len(text.splitlines()) == 4


@given(table=tables)
def test_a_table_has_one_line_a_row(table):
    rows = rows_of(table)
    assert len(as_table(rows).splitlines()) == len(rows.rows) + 3


@given(table=tables)
def test_csv_reads_back_as_the_same_texts(table):
    rows = rows_of(table)
    read = list(csv.reader(io.StringIO(as_csv(rows), newline=""), strict=True))
    assert read[0] == list(rows.columns)
    for line, row in zip(read[1:], rows.rows, strict=True):
        # A line that holds one null field is empty, and Python's reader gives no field for it.
        wanted = ["" if v is None else v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in row]
        assert line == wanted or (line == [] and wanted == [""])


def test_csv_tells_null_from_empty_text():
    assert as_csv(Rows(("a", "b"), ("VARCHAR", "VARCHAR"), ((None, ""),))) == 'a,b\r\n,""\r\n'


@given(table=tables)
def test_json_reads_back_as_the_same_values(table):
    rows = rows_of(table)
    assert json.loads(as_json(rows)) == rows.as_dicts()


def test_the_form_is_chosen_by_name():
    assert as_text(ROWS, "csv") == as_csv(ROWS)
    assert as_text(ROWS, "json") == as_json(ROWS)
    assert as_text(ROWS, "table") == as_table(ROWS)
