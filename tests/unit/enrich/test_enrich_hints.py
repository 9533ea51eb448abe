import itertools
import json

import pytest
from enrich_cases import ANDROID, BLINK, BROWSERS, GOOGLEBOT, raw, ready, shop

from dkd.enrich.agent import Agent
from dkd.enrich.chain import enrich
from dkd.enrich.encode import encode
from dkd.enrich.hints import hinted
from dkd.enrich.state import State
from dkd.errors import ModelError
from dkd.model.load import load

HINTS = ("brands", "mobile", "platform", "platform_version")
MODEL = shop(
    fields={f"ch_{name}": {} for name in HINTS},
    enrich={"agent": {"hints": {name: f"ch_{name}" for name in HINTS}}},
)
WINDOWS, PHONE, MAC = BROWSERS["Chrome on Windows"], BROWSERS["Chrome on Android"], BROWSERS["Safari on macOS"]
CHROME = '"Chromium";v="142.0.7444.60", "Google Chrome";v="142.0.7444.60", "Not_A Brand";v="99.0.0.0"'

# What came, and browser, its version, system, its version and device.
CASES = {
    "Windows 11": (WINDOWS, {"platform": '"Windows"', "platform_version": '"15.0.0"'},
                   ("Chrome", "142.0.0", "Windows", "11", "desktop")),
    "Windows 10": (WINDOWS, {"platform": '"Windows"', "platform_version": '"10.0.0"'},
                   ("Chrome", "142.0.0", "Windows", "10", "desktop")),
    "Windows 8.1": (WINDOWS, {"platform": '"Windows"', "platform_version": '"0.3.0"'},
                    ("Chrome", "142.0.0", "Windows", "8.1", "desktop")),
    "a version alone": (WINDOWS, {"platform_version": '"13.0.0"'}, ("Chrome", "142.0.0", "Windows", "11", "desktop")),
    "a whole version": (WINDOWS, {"brands": CHROME}, ("Chrome", "142.0.7444", "Windows", "10", "desktop")),
    "a major version": (WINDOWS, {"brands": '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'},
                        ("Chrome", "142.0.0", "Windows", "10", "desktop")),
    "one brand on a phone": (PHONE, {"brands": CHROME, "mobile": "?1", "platform": '"Android"',
                                     "platform_version": '"16.0.0"'},
                             ("Chrome Mobile", "142.0.7444", "Android", "16", "mobile")),
    "a brand that the agent hides": (WINDOWS, {"brands": '"Not;A=Brand";v="8.0.0.0", "Brave";v="142.0.0.0"'},
                                     ("Brave", "142.0.0", "Windows", "10", "desktop")),
    "a tablet": (f"{ANDROID} {BLINK} Chrome/142.0.0.0 Mobile Safari/537.36", {"mobile": "?0"},
                 ("Chrome Mobile", "142.0.0", "Android", "10", "tablet")),
    "a phone that asks for the desktop's page": (
        BROWSERS["Chrome on Windows"].replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64"),
        {"mobile": "?1", "platform": '"Android"'}, ("Chrome", "142.0.0", "Android", None, "mobile")),
    "macOS": (WINDOWS.replace("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"),
              {"platform": '"macOS"', "platform_version": '"26.1.0"'},
              ("Chrome", "142.0.0", "Mac OS X", "26.1", "desktop")),
    "none": (MAC, {}, ("Safari", "18.6", "Mac OS X", "10.15.7", "desktop")),
    "empty ones": (MAC, dict.fromkeys(HINTS, " "), ("Safari", "18.6", "Mac OS X", "10.15.7", "desktop")),
    "nonsense": (MAC, {"brands": '"x' * 9_999, "mobile": "yes", "platform_version": '"1.' * 9_999},
                 ("Safari", "18.6", "Mac OS X", "10.15.7", "desktop")),
    "a bot": (GOOGLEBOT, {"brands": CHROME, "mobile": "?1"}, ("Googlebot", "2.1", None, None, "bot")),
    "no agent": (None, {"platform": '"Windows"'}, (None,) * 5),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_hints_know_what_a_frozen_agent_does_not(name):
    agent, hints, wanted = CASES[name]
    setup = ready(MODEL)
    event = {"user_agent": agent, **{f"ch_{hint}": text for hint, text in hints.items()}}
    # The same agent without hints, and before: an answer that is kept must not be taken for the other's.
    outcome = enrich(raw(setup, {"user_agent": agent}, event, {"user_agent": agent}), State(), setup)
    assert outcome.values == encode(outcome.clean)
    before, row, after = map(json.loads, outcome.values)
    names = ("browser", "browser_version", "os", "os_version", "device_type")
    assert tuple(row.get(one) for one in names) == wanted
    assert [before.get(one) for one in names] == [after.get(one) for one in names]


@pytest.mark.parametrize("first", " (:-./);=?_")
def test_the_brand_that_is_none_is_none_wherever_it_stands(first):
    agent = Agent("Chrome", "142.0.0", "Windows", "10", "desktop")
    for second in " (:-./);=?_":
        brands = [f'"Not{first}A{second}Brand";v="8"', '"Chromium";v="142"', '"Brave";v="142"']
        for order in itertools.permutations(brands):
            assert hinted(agent, {"brands": ", ".join(order)}).browser == "Brave"


@pytest.mark.parametrize("text", ["joe@shop.example", "<b>", "x" * 41, "a\nb", "a/b?c=d", ""])
def test_what_can_be_no_name_is_none(text):
    agent = Agent("Chrome", "142.0.0", "Windows", "10", "desktop")
    assert hinted(agent, {"brands": f'"{text}";v="1"', "platform": f'"{text}"'}) == agent


def test_a_field_may_be_named_for_two_hints():
    enrich_by = {"agent": {"hints": {"platform": "ch_platform", "mobile": "ch_platform"}}}
    setup = ready(shop(fields={"ch_platform": {}}, enrich=enrich_by))
    outcome = enrich(raw(setup, {"user_agent": WINDOWS, "ch_platform": '"Linux"'}), State(), setup)
    assert outcome.clean["os"].to_list() == ["Linux"]


@pytest.mark.parametrize("every", [{}, {"privacy": {"rotate": "24h"}}])
def test_a_hint_that_is_shown_as_a_pseudonym_is_still_read(every):
    fields = {"ch_platform": {"privacy": "pseudonymise"}}
    model = shop(fields=fields, enrich={"agent": {"hints": {"platform": "ch_platform"}}, **every})
    setup = ready(model)
    outcome = enrich(raw(setup, {"user_agent": WINDOWS, "ch_platform": '"Linux"'}), State(), setup)
    assert outcome.values == encode(outcome.clean)
    (row,) = map(json.loads, outcome.values)
    assert row["os"] == "Linux"
    assert len(row["ch_platform"]) == 32


@pytest.mark.parametrize(("field", "code"), [("nothing", "DKD213"), ("number", "DKD214")])
def test_a_hint_is_a_text_of_the_model(field, code):
    head = "dkd: 1\nsite: a\nevents: {x: {fields: {number: long}}}\n"
    with pytest.raises(ModelError, match=code):
        load(f"{head}enrich: [{{agent: {{hints: {{platform: {field}}}}}}}]\n", "m")
