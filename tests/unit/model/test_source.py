"""``from:`` texts become places, or say what would be one."""

import pytest

from dkd.model.source import Source, parse_source, source_text

PLACES = [
    ("parameter Price-EUR", ("parameter", "Price-EUR")),
    ("parameter it's", ("parameter", "it's")),
    ("path $.items[*].sku", ("path", "$.items[*].sku")),
    ("path $", ("path", "$")),
    ("query utm_source", ("query", "utm_source", "location")),
    ("referer query q", ("query", "q", "referer")),
    ("fragment query id", ("query", "id", "fragment")),
    ("cookie _ga", ("cookie", "_ga")),
    ("header X-Request-Id", ("header", "X-Request-Id")),
    ("header X-Request-Id first", ("header", "X-Request-Id", "first")),
    ("header X-Request-Id -2", ("header", "X-Request-Id", "-2")),
    ("location", ("address", "location")),
    ("location host", ("part", "host", "location")),
    ("location fragment", ("part", "fragment", "location")),
    ("location decoded path", ("decoded", "path", "location")),
    ("referer port", ("part", "port", "referer")),
    ("fragment path", ("part", "path", "fragment")),
    ("user_agent", ("column", "user_agent")),
    ("user_agent os_family", ("agent", "os_family")),
    ("geo country_code", ("geo", "country_code")),
    ("event", ("column", "event")),
    ("pixel_ratio", ("column", "pixel_ratio")),
]


@pytest.mark.parametrize(("text", "source"), PLACES)
def test_a_source_is_a_kind_and_a_name(text, source):
    assert parse_source(text) == Source(*source)


@pytest.mark.parametrize("text", [text for text, _ in PLACES])
def test_a_source_is_spelled_in_one_way(text):
    assert source_text(parse_source(text)) == text


def test_the_first_and_the_last_element_have_one_name_each():
    assert parse_source("header X 0") == parse_source("header X first")
    assert parse_source("header X -1") == parse_source("header X last")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "write parameter, query"), ("x", "write parameter, query"), ("Parameter x", "did you mean parameter"),
        ("parameter", "write parameter NAME"), ("parameter ", "write parameter NAME"),
        (" parameter x", "write parameter, query"), ("parameter x y", "write parameter NAME"),
        ("parameter a\nb", "write parameter NAME"), ("parameter a,b", "write parameter NAME"),
        ("parameter \uffff", "write parameter NAME"), ("parameter \ud800", "write parameter NAME"),
        ("cookie a=b", "write cookie NAME"), ("cookie é", "write cookie NAME"), ("header a b", "write header NAME"),
        ("header a:", "write header NAME"), ("location user", "write location with scheme"),
        ("location decoded host", "write location with"), ("location query x", "write location with"),
        ("fragment", "write fragment with"), ("path x", "write a path"), ("path $..x", "write a path"),
        ("path $[?(@.a)]", "write a path"), ("geo town", "write geo with one of city_name"),
        ("user_agent colour", "write user_agent alone"), ("page_url", "write parameter, query"),
        ("view_port_width", "did you mean viewport_width"), ("event x", "did you mean event"),
    ],
)  # fmt: skip
def test_what_names_no_place_is_refused_with_what_would(text, remedy):
    with pytest.raises(ValueError, match=r"is no source|\$") as caught:
        parse_source(text)
    assert str(caught.value).rpartition(": ")[2].startswith(remedy)
