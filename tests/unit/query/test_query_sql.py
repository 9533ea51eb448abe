"""What a person types behind --param → a value with a type."""

import pytest

from dkd.query.sql import marks, typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"42"', "42"),
        ('["a","b"]', ["a", "b"]),
        ("NL", "NL"),
        ("2026-11-22", "2026-11-22"),
        ("", ""),
        ('{"a":1}', '{"a":1}'),
        ("007", "007"),
    ],
)
def test_json_is_what_it_says_and_anything_else_is_text(text, value):
    found = typed(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "9999999999999999999999", '{"a": 1}'])
def test_what_druid_has_no_type_for_is_text(text):
    assert typed(text) == text


@pytest.mark.parametrize(
    ("query", "count"),
    [("SELECT ?, ?", 2), ('SELECT \'?\', "a?""?", ? -- ?\n/* ? */, ?', 2), ("SELECT 'it''s ?' WHERE a = ?", 1)],
)
def test_marks_outside_texts_names_and_comments_count(query, count):
    assert marks(query) == count
