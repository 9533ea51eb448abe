"""Patterns that both Java and Python take, and those that one of them would not or would take otherwise."""

import re

import pytest

from dkd.model.pattern import compiled


@pytest.mark.parametrize(
    ("text", "found_in", "found"),
    [
        (r"^/product/([^/]+)", "/product/a-1/x", "a-1"),
        (r"(\d{2,3}?)", "a1234", "12"),
        (r"([\w.-]+)@(?:a|b)$", "x.y@b", "x.y"),
        (r"(é+|😀)", "aéé", "éé"),
        (r"(\w+)", "é_1", "_1"),
        (r"([^\]]+)\]", "a]", "a"),
        (r"(.{0,1}?)\.", "ab.", "b"),
    ],
)
def test_what_both_read_alike_is_taken(text, found_in, found):
    assert compiled(text).search(found_in)[1] == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a++", "character 2, '++'"), ("(?<=a)b", "(?<="), ("(?P<n>a)", "(?P<"), ("(?<n>a)", "(?<n"), ("(?i)a", "(?i)"),
        ("[[:alpha:]]", "character 1"), ("[a&&b]", "character 1"), ("a{,3}", "{,3}"), ("a{", "character 2"),
        (r"\bfoo", r"\\b"), (r"(a)\1", "character 4"), (r"\p{L}", "character 1"), (r"\Qa\E", "character 1"),
        ("[]a]", "character 1"), ("(a", "unterminated"), ("*a", "nothing to repeat"), ("a**", "multiple repeat"),
        ("[z-a]", "bad character range"), ("a)", "unbalanced"), ("]", "character 1"), ("a{1001}", "character 2"),
    ],
)  # fmt: skip
def test_what_they_do_not_read_alike_is_refused(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        compiled(text)
