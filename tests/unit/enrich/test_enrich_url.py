import time

import polars as pl
import pytest

from dkd.enrich.url import add_url, parts, routes_of

CASES = {
    "https://shop.example/p/1?a=b&c=d#top": ("shop.example", "/p/1", "a=b&c=d"),
    "HTTPS://User:pw@Shop.Example:8443/P/1": ("shop.example", "/P/1", None),
    "https://shop.example": ("shop.example", "/", None),
    "https://shop.example?q=1": ("shop.example", "/", "q=1"),
    "https://shop.example/?": ("shop.example", "/", None),
    "https://shop.example/a?b=c?d=/e#f?g": ("shop.example", "/a", "b=c?d=/e"),
    "https://shop.example/#/route?x=1": ("shop.example", "/", None),
    "https://a:b@c@shop.example/x": ("shop.example", "/x", None),
    "http://[2001:db8::1]:80/x": ("[2001:db8::1]", "/x", None),
    "https://xn--bcher-kva.example/ü?q=ü": ("xn--bcher-kva.example", "/ü", "q=ü"),
    "//cdn.example/lib.js": ("cdn.example", "/lib.js", None),
    "/only/path?q=1": (None, "/only/path", "q=1"),
    "?q=1": (None, None, "q=1"),
    "android-app://com.google.android.gm/": ("com.google.android.gm", "/", None),
    "file:///etc/hosts": (None, "/etc/hosts", None),
    "  https://shop.example/x \n": ("shop.example", "/x", None),
    "https://shop.example/a\nb?c\nd": ("shop.example", "/ab", "cd"),
    "https://Bücher.example/x": ("xn--bcher-kva.example", "/x", None),
    "https://straße.example/": ("xn--strae-oqa.example", "/", None),
    "https://b%C3%BCcher.example/": ("xn--bcher-kva.example", "/", None),
    "https://b%FFcher.example/x?y": (None, None, None),
    "https://\u202eshop.example/x": (None, None, None),
    "https://a..ü/x": (None, None, None),
    "https:\\\\shop.example\\a\\b?c\\d": (None, None, None),
    "https://shop.example\\a\\b?c\\d": ("shop.example", "/a/b", "c\\d"),
    "https://shop.example/a/./b/../c/%2E%2e/d/..": ("shop.example", "/a/", None),
    "https://shop.example/../../x/.": ("shop.example", "/x/", None),
    "https://shop.example/.well-known/..x/a..": ("shop.example", "/.well-known/..x/a..", None),
    "https://not a host/x?y=1": (None, None, None),
    "https://<script>/x": (None, None, None),
    "about:blank": (None, None, None),
    "mailto:a@b.example": (None, None, None),
    "hello?utm_source=x": (None, None, None),
    "": (None, None, None),
    "\x00\ufffd": (None, None, None),
}


@pytest.mark.parametrize("address", CASES)
def test_an_address_has_these_parts(address):
    assert parts(pl.Series([address])).row(0) == CASES[address]


def test_parts_keep_the_order_and_null_has_none():
    assert parts(pl.Series([*CASES, None], dtype=pl.String)).rows() == [*CASES.values(), (None, None, None)]


def test_columns_carry_the_names_of_the_page():
    added = add_url(pl.DataFrame({"page_url": ["https://a.example/b?c"]}))
    assert added.to_dicts() == [{"page_host": "a.example", "page_path": "/b", "page_query": "c"}]


@pytest.mark.parametrize("filler", ["a", "?", "/", "@", ":", "%zz&", "\\", "[", "ü"])
def test_an_address_of_100_kb_is_answered_at_once(filler):
    started = time.process_time()
    found = parts(pl.Series(["https://shop.example/" + filler * (100_000 // len(filler))]))
    assert found["host"].to_list() == ["shop.example"]
    assert time.process_time() - started < 0.5


ROUTES = ("/product/{id}", "/product/new", "/p-{id}.html", "/{lang}/blog/*", "/a+b/{x}", "/")
FITTING = {
    "/product/7": "/product/{id}",
    "/product/7/": "/product/{id}",
    "/product/new": "/product/{id}",
    "/product/": None,
    "/product/7/reviews": None,
    "/p-42.html": "/p-{id}.html",
    "/p-42xhtml": None,
    "/en/blog/": "/{lang}/blog/*",
    "/en/blog/2026/11/x\ny": "/{lang}/blog/*",
    "/en/blog": None,
    "/a+b/c": "/a+b/{x}",
    "/aab/c": None,
    "/": "/",
    "/%FF/ü": None,
}


@pytest.mark.parametrize("path", FITTING)
def test_the_first_template_that_a_path_fits_is_its_route(path):
    found = add_url(pl.DataFrame({"page_url": [f"https://shop.example{path}", None]}), routes_of(ROUTES))
    assert found["page_route"].to_list() == [FITTING[path], None]


SEARCHED = {
    "q=red+shoes": "red shoes",
    "page=2&q=%C3%BCber&q=x": "über",
    "search=b&q=a": "a",
    "search=b&q=%20": "b",
    "q=%FF%GG": "\ufffd%GG",
    "Q=a&qq=b": None,
    "q": None,
}


@pytest.mark.parametrize("query", SEARCHED)
def test_what_was_searched_on_the_site_is_the_first_parameter_with_a_value(query):
    found = add_url(pl.DataFrame({"page_url": [f"/find?{query}", None]}), search=("q", "search"))
    assert found["search_term"].to_list() == [SEARCHED[query], None]


@pytest.mark.parametrize("host", ["ü" * 100_000, "%C3%BC" * 16_000, "ü." * 50_000, "a" * 990 + "ü"])
def test_a_host_that_no_name_can_have_spoils_its_address_at_once(host):
    started = time.process_time()
    assert parts(pl.Series([f"https://{host}/x?y=1"])).row(0) == (None, None, None)
    assert parts(pl.Series(["https://s.example" + "/a/.." * 25_000]))["path"].to_list() == ["/"]
    assert time.process_time() - started < 1


def test_routes_and_terms_of_hostile_addresses_are_answered_at_once():
    hostile = routes_of(("/{a}-{b}-{c}-{d}-{e}-{f}.html", "/{a}{b}{c}*"))
    addresses = ["https://s.example/" + "-" * 100_000, "https://s.example/x?" + "&" * 100_000, "/x?" + "q=&" * 33_000]
    started = time.process_time()
    found = add_url(pl.DataFrame({"page_url": addresses}), hostile, ("q",))
    assert found["page_route"].to_list() == ["/{a}{b}{c}*", None, None]
    assert time.process_time() - started < 1
