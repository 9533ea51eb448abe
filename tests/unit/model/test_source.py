"""``from:`` texts become places, or say what would be one."""

import pytest

from dkd.model.source import Source, parse_source


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (None, ("parameter", "price")),
        ("parameter Price-EUR", ("parameter", "Price-EUR")),
        ("parameter it's", ("parameter", "it's")),
        ("query utm_source", ("query", "utm_source")),
        ("cookie _ga", ("cookie", "_ga")),
        ("header X-Request-Id", ("header", "X-Request-Id")),
        ("location host", ("location", "host")),
        ("location fragment", ("location", "fragment")),
    ],
)
def test_a_source_is_a_kind_and_a_name(text, source):
    assert parse_source(text, "price") == Source(*source)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "parameter", "parameter ", " parameter x", "parameter x y", "parameter  x", "parameter a\nb",
        "parameter a,b", "parameter \uffff", "parameter \ud800", "cookie a=b", "cookie é", "header a b", "header a:",
        "location port", "location", "Parameter x", "path $.x",
    ],
)  # fmt: skip
def test_what_names_no_place_is_refused_with_what_would(text):
    with pytest.raises(ValueError, match="write parameter, query, cookie or header NAME, or location host"):
        parse_source(text, "price")
