"""Patterns mean in Python what they mean in Java, or are refused with the reason."""

import re

import pytest

from dkd.model.regex import understood


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("^/a/(.*)$", "\\/a\\/([^\\n\\r\x85\u2028\u2029]*)"),
        ("(?<id>[0-9]{2,3})", "(?P<id>[0-9]{2,3})"),
        ("\\s+?", "[ \\t\\n\\x0b\\f\\r]+?"),
        ("[\\w.]", "[0-9A-Za-z_\\.]"),
        ("(?i)a[b-c]1", "[aA][b-cB-C]1"),
        ("\\x41\\u00e9\\t", "Aé\\x09"),
        ("(?:a|b)*", "(?:a|b)*"),
    ],
)
def test_what_differs_in_small_things_is_spelled_out(text, pattern):
    assert understood(text).pattern == pattern
    re.compile(pattern)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\\b", "\\b, at character 3: word borders"), ("(a)\\1", "\\1, at character 5: references"),
        ("\\p{L}", "\\p, at character 2: classes of Unicode"), ("\\Qa\\E", "\\Q"), ("\\v", "\\v"), ("\\é", "\\é"),
        ("(?=a)", "a look ahead"), ("(?!a)", "a look ahead"), ("(?<=a)b", "a look behind"), ("(?>a)", "an atomic"),
        ("(?P<a>b)", "Python's spelling"), ("(?<a_b>c)", "a ( with ? and no known sign"), ("a(?i)b", "a ( with ?"),
        ("(?<a>b)(?<a>c)", "a second group 'a'"), ("a++", "a repeat of a repeat"), ("a{2}{3}", "a repeat of a repeat"),
        ("(a)+", "a group that is kept and repeated"), ("(?:(a)|b)*", "a group that is kept and repeated"),
        ("(?:a+)+", "a repeat within a repeat"), ("(?:a*b)*", "a repeat within a repeat"), ("*a", "a * that repeats"),
        ("a{,2}", "a { that is no count"), ("a{3,2}", "the count {3,2}"), ("a{1001}", "the count"), ("}", "a } that"),
        ("[a", "a [ that is not closed"), ("[]", "an empty class"), ("[[a]]", "a [ in a class"), ("[a&&b]", "&&"),
        ("[b-a]", "the range b-a"), ("[a-\\d]", "a range up to a class"), ("[\\D]", "\\D"), ("(a", "a ( that is not"),
        ("a)", "a ) that closes nothing"), ("a^b", "a ^ inside"), ("(a$)", "a $ inside"), ("a\\", "a \\ at the end"),
        ("\\ud800", "half of a character"), ("\\x4", "\\x"), ("(" * 25, "more than 20 groups"),
    ],
)  # fmt: skip
def test_what_the_engines_read_differently_is_refused_with_the_reason(text, reason):
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        understood(text)


def test_groups_are_counted_and_named():
    found = understood("(?:a)(b)(?<last>c)")
    assert (found.groups, found.names) == (2, ("last",))
