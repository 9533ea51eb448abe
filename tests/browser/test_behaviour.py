"""Funnels, paths, retention and sessions by clicks, in a real Chromium on the real stack."""

from collections.abc import Callable

import pytest
from campaign import MARK
from playwright.sync_api import Page, expect
from real_stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]

VIEW = f"1~m.visitors~t.2h~f.utm_campaign.{MARK}"


def test_a_funnel_is_built_by_clicks_and_leads_to_one_visit_and_back(shop: Stack, opened: Callable[..., Page]):
    page = opened(VIEW)
    page.get_by_role("button", name="Funnel", exact=True).click()
    for _ in range(3):
        page.get_by_role("button", name="Remove step 2").click()
        expect(page.locator(".root.busy")).to_have_count(0)
    expect(page.locator(".steps .bar")).to_have_count(2)
    first, second = page.locator(".steps .bar").all()
    # Only people of the campaign, of whom four bought something, after a page or in the very moment of one.
    expect(first).to_have_attribute("data-value", "21")
    bought = int(second.get_attribute("data-value") or 0)
    assert 0 < bought <= 4
    expect(page.locator(".behaviour .how")).to_contain_text("Exact")
    second.click()
    expect(page.locator(".behaviour .behind")).to_contain_text("did all up to step 2 (Purchase)")
    rows = page.locator(".behaviour tbody tr")
    expect(rows).to_have_count(bought)
    rows.first.get_by_role("button").click()
    expect(page.locator(".behaviour h2")).to_contain_text("Session ")
    expect(page.locator(".behaviour tbody")).to_contain_text("Purchase")
    page.get_by_role("button", name="Back to the list").click()
    expect(rows).to_have_count(bought)
    page.get_by_role("button", name="Back to the funnel").click()
    expect(page.locator(".steps .bar")).to_have_count(2)
    page.get_by_role("button", name="did not go on").click()
    did = page.get_by_role("table", name="What those that did not go on did next")
    expect(did).to_be_visible()
    assert sum(int(count) for count in did.locator("tbody td:nth-child(2)").all_inner_texts()) == 21 - bought


def test_paths_and_retention_are_a_click_away(shop: Stack, opened: Callable[..., Page]):
    page = opened(VIEW + "~W.event..0.2.3")
    expect(page.locator(".columns > li h3").first).to_contain_text("First · ")
    place = page.locator(".columns button.place", has_text="purchase").first
    place.click()
    expect(page.locator(".columns > li h3").first).to_contain_text("purchase · ")
    page.get_by_role("button", name="Retention", exact=True).click()
    # These senders made their ids up, so nothing says when they came up: they are shown as just that.
    expect(page.locator(".behaviour tbody tr").last).to_contain_text("unknown")
    page.locator(".set-born select").select_option("visit")
    expect(page.locator(".behaviour, .state").filter(visible=True).first).to_be_visible()
    page.get_by_role("button", name="Explore", exact=True).first.click()
    expect(page.locator(".cards .card").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
@pytest.mark.parametrize("name", ["Funnel", "Retention", "Paths"])
def test_axe_finds_nothing_in_a_behaviour(shop, opened, axe, name, width, scheme):
    page = opened("1~m.visitors~t.14d~W.event..0.2.3", width=width, color_scheme=scheme)
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".behaviour tbody tr, .behaviour .steps .bar, .behaviour .columns").first).to_be_visible()
    expect(page.locator(".root.busy")).to_have_count(0)
    axe(page)
