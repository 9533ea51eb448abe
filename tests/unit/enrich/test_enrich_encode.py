import json

import polars as pl

from dkd.enrich.encode import encode


def test_a_row_is_a_json_object_without_nulls_in_the_order_of_the_columns():
    clean = pl.DataFrame(
        {"event": ["a", "b"], "z": [1, None], "city": [None, None], "m": ["x", None], "ok": [False, True]}
    )
    assert encode(clean) == [b'{"event":"a","z":1,"m":"x","ok":false}', b'{"event":"b","ok":true}']


def test_text_that_looks_like_a_null_member_survives():
    nasty = [',"m":null', '"', '\\",\\"m\\":null', ',"m":null,"m":null}', "\\", "\x00\x1f\x7f\u2028", "😀"]
    clean = pl.DataFrame({"event": nasty, "m": [None, *nasty[1:]], "list": [[text, None] for text in nasty]})
    rows = [json.loads(value) for value in encode(clean)]
    assert rows == [{k: v for k, v in row.items() if v is not None} for row in clean.to_dicts()]


def test_numbers_come_back_as_they_were_and_what_is_no_number_is_left_out():
    values = [0.1, 1e300, -0.0, 1.0, 5e-324, float("nan"), float("inf"), None]
    clean = pl.DataFrame({"event": ["e"] * 8, "x": values, "n": [2**63 - 1, -(2**63), 0, 1, 2, 3, 4, None]})
    rows = [json.loads(value) for value in encode(clean)]
    assert [row.get("x") for row in rows] == [*values[:5], None, None, None]
    assert [row.get("n") for row in rows] == clean["n"].to_list()


def test_no_events_are_no_bytes():
    assert encode(pl.DataFrame(schema={"event": pl.String})) == []
