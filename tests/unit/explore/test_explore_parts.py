"""The page's script and style are fetched once, by names that change with them."""

import asyncio
import re

import pytest
from starlette.requests import Request

from dkd.explore.parts_route import html, part, parts, script, style


def asked(name):
    return asyncio.run(parts(Request({"type": "http", "path_params": {"name": name}})))


def named(text):
    return re.search(r'"parts/([0-9a-f]{16}\.(?:js|css))"', text)[1]


def test_what_goes_out_with_each_answer_is_little_and_names_the_files():
    assert len(script()) + len(style()) < 400
    assert asked(named(script())).body.decode() == part("js")
    sheet = asked(named(html())).body.decode()
    assert sheet.startswith(part("css"))
    # The frame is hidden until its style is there.
    assert "hidden" in style()
    assert ".root.root { visibility: visible; }" in sheet


@pytest.mark.parametrize(
    ("name", "status", "kept"), [("own", 200, True), ("0123456789abcdef.js", 200, False), ("page.html", 404, False)]
)
def test_only_a_text_of_that_name_is_kept_for_ever(name, status, kept):
    found = asked(named(script()) if name == "own" else name)
    assert found.status_code == status
    assert ("immutable" in found.headers.get("cache-control", "")) is kept
