import subprocess
import sys
import time
from ipaddress import ip_address, ip_network
from pathlib import Path

import crawleruseragents
import polars as pl
import pytest
from enrich_cases import BROWSERS, GOOGLEBOT, HEADLESS
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.enrich.bots import SIGNS, add_bots, bits_of, hinted, texts_of
from dkd.enrich.lists import CRAWLERS
from dkd.enrich.networks import finder, networks_of
from dkd.enrich.patterns import remover, search_set
from dkd.enrich.resources import bot_lists
from dkd.errors import DkdError

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


def _row(**columns):
    schema = {name: pl.Int64 if name.startswith(("viewport", "screen")) else pl.String for name in columns}
    schema |= {"automated": pl.Boolean} if "automated" in columns else {}
    batch = pl.DataFrame({name: [value] for name, value in columns.items()}, schema=schema)
    return add_bots(batch.with_columns(pl.Series(SIGNS, hinted(batch))), LISTS).row(0, named=True)


CHROME = BROWSERS["Chrome on Windows"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("66.249.66.1", "ip_range"),
        ("2001:4860:4801:0010:0000:0000:0000:0001", "ip_range"),
        ("::ffff:66.249.66.1", "ip_range"),
        ("9.9.9.9", None),
        ("2001:db8::1", None),
        ("66.249.66", None),
        ("no address", None),
        ("6" * 1_000_000, None),
        (None, None),
    ],
)
def test_an_address_that_an_operator_publishes_is_a_reason_and_no_text_raises(address, reason):
    assert _row(user_agent=CHROME, ip=address)["bot_reason"] == reason


def test_of_truncated_addresses_only_networks_count_that_hold_all_that_it_may_have_been():
    find = finder(
        {1: networks_of(["192.0.2.0/25", "198.51.100.0/24", "2001:db8::/64", "2001:db9::/48"])}, shortened=True
    )
    assert [find(one) for one in ("192.0.2.0", "198.51.100.0", "2001:db8::", "2001:db9::")] == [0, 1, 0, 1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(20, 32)), max_size=8), st.integers(0, 2**32 - 1))
def test_an_address_is_found_exactly_when_one_of_the_networks_holds_it(found, value):
    networks = [ip_network((start, bits), strict=False) for start, bits in found]
    address = ip_address(value) if not found else ip_address(found[0][0] ^ (value & 0xFFF))
    assert finder({4: networks})(str(address)) == (4 if any(address in one for one in networks) else 0)


def test_a_page_that_says_so_or_a_headless_window_is_a_reason():
    assert _row(user_agent=CHROME, ip=None, automated=True)["bot_reason"] == "headless"
    assert not _row(user_agent=CHROME, ip=None, automated=None)["is_bot"]
    sizes = ("viewport_width", "viewport_height", "screen_width", "screen_height")

    def verdict(*found):
        return _row(user_agent=CHROME, ip=None, **dict(zip(sizes, found, strict=True)))["bot_reason"]

    assert verdict(800, 600, 800, 600) == verdict(-1, 600, 1920, 1080) == verdict(100, 100, 0, 0) == "viewport"
    assert verdict(800, 600, 1920, 1080) is verdict(0, 0, 1920, 1080) is verdict(None, None, None, None) is None


def test_reasons_together_are_surer_than_each_and_a_data_centre_alone_is_none(tmp_path):
    (tmp_path / "own.toml").write_text("data_centres = ['9.9.9.0/24']\nua_list = ['our-friend']")
    lists = bot_lists(tmp_path)

    def verdict(agent, ip):
        schema = {"user_agent": pl.String, "ip": pl.String}
        return add_bots(pl.DataFrame({"user_agent": [agent], "ip": [ip]}, schema=schema), lists).row(0)[1:3]

    assert verdict(CHROME, "9.9.9.9") == (None, None)
    assert verdict(f"{CHROME} our-friend", "8.8.8.8") == ("ua_list", 0.98)
    assert verdict(f"{CHROME} our-friend", "9.9.9.9") == ("ua_list,asn", 0.986)


def test_a_file_takes_the_place_of_dkd_s_of_its_name_and_changes_the_version(tmp_path):
    assert bot_lists(tmp_path / "none").version == LISTS.version == bot_lists(tmp_path).version
    (tmp_path / CRAWLERS).write_text('[{"pattern": "our-friend"}]')
    (tmp_path / "isbot.toml").write_text("")
    (tmp_path / "notes.txt").write_text("no list")
    own = bot_lists(tmp_path)
    assert own.version != LISTS.version
    assert own.match("Mozilla/5.0 our-friend")
    assert not own.match("Mozilla/5.0 (X11) sogou.example")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.toml", "ua_list = [", "no list of bots"),
        ("a.toml", "ua_lists = []", "no list 'ua_lists'"),
        ("a.toml", "ua_list = 'x'", "no list of texts"),
        ("a.toml", "ua_list = ['x(?=y)']", "look-around"),
        ("a.toml", "ip_range = ['1.2.3.4/40']", "1.2.3.4/40"),
        (CRAWLERS, '{"a": 1}', "no list of bots"),
    ],
)
def test_a_file_that_is_no_list_is_named(tmp_path, name, text, problem):
    (tmp_path / name).write_text(text)
    with pytest.raises(DkdError, match=problem) as raised:
        bot_lists(tmp_path)
    assert raised.value.problems[0].code == "DKD670"


@pytest.mark.parametrize("reasons", ["ua_list", "ua_list,asn", "ip_range,no_variance,viewport"])
def test_reasons_are_read_as_they_were_written(reasons):
    assert texts_of(bits_of(reasons)) == reasons


def test_the_accuracy_script_keeps_its_bars_on_what_is_installed():
    script = Path(__file__).parents[2] / "benchmarks" / "bots_accuracy.py"
    done = subprocess.run([sys.executable, str(script), "--short"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all bars kept" in done.stdout
