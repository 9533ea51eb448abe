"""What a person types behind --param → a value with a type."""

import pytest

from dkd.query.sql import typed


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
