import time

import polars as pl
import pytest
from enrich_cases import BLINK, BROWSERS, GOOGLEBOT, WEBKIT

from dkd.enrich.agent import Agent, add_agent
from dkd.enrich.resources import agent_finder

FIND = agent_finder()

EXPECTED = {
    "Chrome on Windows": ("Chrome", "142.0.0", "Windows", "10", "desktop"),
    "Chrome on Android": ("Chrome Mobile", "142.0.0", "Android", "10", "mobile"),
    "Safari on macOS": ("Safari", "18.6", "Mac OS X", "10.15.7", "desktop"),
    "Safari on iPhone": ("Mobile Safari", "18.6", "iOS", "18.6", "mobile"),
    "Safari on iPad": ("Mobile Safari", "17.7", "iOS", "17.7", "tablet"),
    "Firefox on Linux": ("Firefox", "145.0", "Linux", None, "desktop"),
    "Firefox on Android": ("Firefox Mobile", "145.0", "Android", "15", "mobile"),
    "Edge on Windows": ("Edge", "142.0.0", "Windows", "10", "desktop"),
    "Opera on Windows": ("Opera", "125.0.0", "Windows", "10", "desktop"),
    "Samsung Internet": ("Samsung Internet", "28.0", "Android", "10", "mobile"),
}


def _agent(text):
    return Agent(*add_agent(pl.DataFrame({"user_agent": [text]}, schema={"user_agent": pl.String}), FIND).row(0))


@pytest.mark.parametrize("name", BROWSERS)
def test_a_current_browser_is_read_as_what_it_is(name):
    assert _agent(BROWSERS[name]) == EXPECTED[name]


DEVICES = {
    f"Mozilla/5.0 (Linux; Android 14; SM-X710) {BLINK} Chrome/142.0.0.0 Safari/537.36": "tablet",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0; Tablet PC 2.0)": "desktop",
    f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {BLINK} Version/6.0 TV Safari/537.36": "other",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {BLINK} Chrome/142.0.0.0 Safari/537.36": "desktop",
    f"Mozilla/5.0 (PlayStation; PlayStation 5/6.00) {WEBKIT}": "other",
    GOOGLEBOT: "bot",
    "something else entirely": "other",
}  # fmt: skip


@pytest.mark.parametrize("text", DEVICES)
def test_an_agent_is_this_kind_of_device(text):
    assert _agent(text).device_type == DEVICES[text]


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_agent_says_nothing(text):
    assert _agent(text) == (None,) * 5


@pytest.mark.parametrize("filler", ["a", "android ", "Mozilla/5.0 (", "silk/", ")(*&^%", "ü"])
def test_an_agent_of_1_mb_is_answered_at_once(filler):
    started = time.process_time()
    _agent(filler * (1_000_000 // len(filler)))
    assert time.process_time() - started < 0.5
