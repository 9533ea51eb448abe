import sys
import time

import crawleruseragents
import polars as pl
import pytest
from enrich_cases import BROWSERS, GOOGLEBOT, HEADLESS

from dkd.enrich.bots import add_bots
from dkd.enrich.patterns import remover, search_set
from dkd.enrich.resources import bot_lists

LISTS = bot_lists()


def _verdict(agent, ip="192.0.2.1", allow=()):
    schema = {"user_agent": pl.String, "ip": pl.String}
    return add_bots(pl.DataFrame({"user_agent": [agent], "ip": [ip]}, schema=schema), LISTS, allow).row(0)[:2]


@pytest.mark.parametrize("name", BROWSERS)
def test_a_current_browser_is_not_flagged(name):
    assert _verdict(BROWSERS[name]) == (False, None)


FLAGGED = {
    GOOGLEBOT: "ua_list",
    HEADLESS: "ua_list,headless",
    BROWSERS["Chrome on Windows"] + " Puppeteer": "ua_list,headless",
    BROWSERS["Chrome on Windows"] + " Selenium/4.20": "ua_list,headless",
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 PhantomJS/2.1.1 Safari/538.1": "ua_list,headless",
    "curl/8.5.0": "ua_list,ua_generic",
    "python-requests/2.32.3": "ua_list,ua_generic",
    "Go-http-client/1.1": "ua_list,ua_generic",
    "okhttp/4.12.0": "ua_list,ua_generic",
    "Mozilla/5.0": "ua_generic",
    "Mozilla/5.0 (compatible)": "ua_generic",
    "": "ua_empty",
    "  ": "ua_empty",
    "-": "ua_empty",
    "undefined": "ua_empty",
    "NULL": "ua_empty",
    None: "ua_empty",
}  # fmt: skip


@pytest.mark.parametrize("agent", FLAGGED)
def test_an_automated_visitor_is_flagged_with_its_reasons_strongest_first(agent):
    assert _verdict(agent) == (True, FLAGGED[agent])


def test_an_event_with_neither_agent_nor_address_is_not_flagged():
    assert _verdict(None, ip=None) == (False, None)


def test_an_allowed_agent_is_not_flagged_in_any_case():
    assert _verdict("Our-Probe/1.0 bot", allow=["our-probe"]) == (False, None)
    assert _verdict("Other/1.0 bot", allow=["our-probe"])[0]


@pytest.mark.parametrize("phone", ["CUBOT_NOTE_S Build/MRA58K", "Panasonic ELUGA Icon Build/KTU84P"])
def test_a_phone_whose_name_looks_like_a_bot_is_not_flagged(phone):
    assert _verdict(f"Mozilla/5.0 (Linux; Android 6.0; {phone}) AppleWebKit/537.36 (KHTML, like Gecko) "
                    "Chrome/52.0.2743.98 Mobile Safari/537.36") == (False, None)  # fmt: skip


def test_samples_of_the_crawler_list_are_flagged_but_for_a_phone_s():
    """One sample is the app of a network on a phone, whose system's build number the list takes for a crawler's."""
    samples = {text for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for text in entry["instances"]}
    schema = {"user_agent": pl.String, "ip": pl.String}
    batch = pl.DataFrame({"user_agent": sorted(samples), "ip": ["192.0.2.1"] * len(samples)}, schema=schema)
    assert batch.filter(~add_bots(batch, LISTS)["is_bot"])["user_agent"].str.contains("AP3A.240617.008").to_list() == [
        True
    ]


def test_python_s_own_engine_finds_what_re2_finds(monkeypatch):
    patterns = ["bot\\b", "^curl", "x{2,3}$", "[^ü]é"]
    texts = ["Robot", "a CURL", "curl/1", "yxxx", "aÉ", ""]
    fast = [list(search_set(patterns)(text)) for text in texts], [remover(patterns)(text) for text in texts]
    monkeypatch.setitem(sys.modules, "re2", None)
    slow = [list(search_set(patterns)(text)) for text in texts], [remover(patterns)(text) for text in texts]
    assert slow == fast


@pytest.mark.parametrize("filler", ["bot", "a", "(((", "cubot ", "ü", "x/1.0 "])
def test_an_agent_of_1_mb_is_answered_at_once(filler):
    started = time.process_time()
    _verdict(filler * (1_000_000 // len(filler)))
    assert time.process_time() - started < 0.5
