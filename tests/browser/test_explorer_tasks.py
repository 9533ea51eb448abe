"""Tasks of somebody who looks for an answer, by roles and visible names; user_tasks.py does many more, by hand."""

import re
from collections.abc import Callable

import pytest
from campaign import MARK, VIEW
from playwright.sync_api import Page, expect
from real_stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]

SESSIONS_OF_OTHERS = "only sessions have it"


def pick(page: Page, dimension: str, entry: str) -> None:
    name = re.compile(f"^{dimension}( pinned| split| filter| ·)*$")
    page.get_by_role("complementary").get_by_role("button", name=name).first.click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def test_what_only_sessions_have_is_split_by_two_clicks(shop: Stack, opened: Callable[..., Page]):
    page = opened(VIEW)
    measures = page.get_by_role("region", name="Measures", exact=True)
    expect(measures.get_by_role("button", name=re.compile("^Visitors"))).to_be_visible()
    page.get_by_label("Search dimensions").fill("entry")
    page.get_by_role("complementary").get_by_role("button", name="Entry page", exact=True).click()
    entries = page.get_by_role("menuitem")
    expect(entries.first).to_contain_text(SESSIONS_OF_OTHERS)
    page.get_by_role("menuitem", name="Split, counting sessions", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Edit split: Entry page"))).to_be_visible()
    expect(page.get_by_role("complementary").get_by_role("button", name="Sessions", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_role("button", name="Visitors", exact=True)).to_have_attribute("aria-pressed", "false")


def test_bots_are_asked_for_in_one_place_and_by_a_key(shop: Stack, opened: Callable[..., Page]):
    page = opened(VIEW)
    people = page.get_by_role("button", name="People", exact=True)
    expect(people).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Count bots")).to_have_count(0)
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="People and bots")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(people).to_have_attribute("aria-pressed", "true")


def test_a_long_wait_is_said_to_be_one_while_the_explorer_lives(shop: Stack, opened: Callable[..., Page]):
    page = opened(VIEW)
    expect(page.get_by_role("button", name="People", exact=True)).to_be_visible()
    page.clock.install()
    page.evaluate("() => { WebSocket.prototype.send = () => {}; }")
    page.get_by_role("button", name="Last hour", exact=True).click()
    page.clock.fast_forward(26_000)
    expect(page.get_by_text("Still counting", exact=False)).to_be_visible()


def test_pages_of_a_country_are_found_shared_and_found_again(shop: Stack, opened: Callable[..., Page]):
    page = opened(VIEW)
    page.get_by_role("region", name="Visitors by Country").get_by_role(
        "button", name="Germany", exact=False
    ).first.click()
    pick(page, "Page path", "Split")
    table = page.get_by_role("region", name="Picture", exact=True)
    (count,) = shop.rows(
        f"SELECT COUNT(DISTINCT party_id) AS n FROM shop_events WHERE utm_campaign = '{MARK}' AND is_bot = FALSE"
        " AND country = 'DE' AND page_path = '/shoes'"
    )
    shoes = table.get_by_role("row", name=re.compile(f"^.shoes {count['n']}\\b"))
    expect(shoes).to_be_visible()
    page.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Copy link", exact=True).click()
    other = opened(url=page.evaluate("() => navigator.clipboard.readText()"))
    expect(other.get_by_role("region", name="Picture", exact=True)).to_contain_text("/shoes")
    shoes.get_by_role("button", name="/shoes").click()
    page.get_by_role("button", name="Show sessions").click()
    sessions = page.get_by_role("table", name="Sessions, newest first")
    sessions.get_by_role("button", name="Events of session", exact=False).first.click()
    expect(page.get_by_role("heading", name=re.compile("^Session "))).to_be_visible()
