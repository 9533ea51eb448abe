"""The explorer's main picture in a real Chromium on the real stack: numbers as Druid's, marks, the menu, keys."""

import re

import pytest
from campaign import MARK
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.stack]

EVENTS = f"utm_campaign = '{MARK}' AND is_bot = FALSE"


def link(splits: str, measures: str = "pageviews", more: str = "") -> str:
    return f"1~m.{measures}~t.2h{splits}~f.utm_campaign.{MARK}{more}"


def drawn(page: Page, kind: str) -> object:
    """The picture, once it is drawn as *kind*."""
    picture = page.locator(f'.picture[data-kind="{kind}"]:not([hidden])')
    expect(picture.locator("h2")).not_to_be_empty()
    return picture


def values(page: Page, selector: str) -> list[float]:
    found = page.locator(f".picture {selector}")
    expect(found.first).to_be_attached()
    return [float(one) for one in found.evaluate_all("all => all.map((one) => one.dataset.value)") if one]


def counts(shop, by: str, what: str = "COUNT(*) FILTER (WHERE event = 'page_view')") -> dict[str, int]:
    rows = shop.rows(f"SELECT {by} AS k, {what} AS n FROM shop_events WHERE {EVENTS} GROUP BY 1 ORDER BY 2 DESC, 1")
    return {row["k"]: row["n"] for row in rows}


def test_bars_are_drawn_for_a_split_and_a_mark_becomes_a_filter(shop, opened):
    page = opened(link("~s.country"))
    page.locator(".kinds:visible summary").click()
    page.locator('.kinds:visible [data-kind="bar"] button').click()
    drawn(page, "bar")
    wanted = counts(shop, "country")
    assert values(page, ".bar") == list(wanted.values())
    canvas = page.locator(".picture .canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("Highest: Netherlands"))
    canvas.focus()
    for key in ("Home", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    acts = page.get_by_role("toolbar", name="What to do with what is chosen")
    expect(acts).to_contain_text("Germany")
    expect(acts.get_by_role("button", name="Filter")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "country.DE" in url)
    expect(page.locator('.card[data-measure="pageviews"] .num')).to_have_text(str(wanted["DE"]))


def test_a_table_nests_sums_asks_and_sorts(shop, opened):
    page = opened(link("~s.country~s.page_path", "visitors.pageviews", "~V.table"))
    table = drawn(page, "table").locator("table")
    visitors = counts(shop, "country", "COUNT(DISTINCT party_id)")
    parents = table.locator("tr.parent")
    expect(parents).to_have_count(len(visitors))
    # A visitor of two pages is one visitor of the country.
    assert [int(parents.nth(n).locator("td.n").first.inner_text()) for n in range(3)] == list(visitors.values())
    total = table.locator("tr.total td.n").all_inner_texts()
    whole = shop.rows(f"SELECT COUNT(DISTINCT party_id) AS n FROM shop_events WHERE {EVENTS}")[0]["n"]
    assert total == [str(whole), str(sum(counts(shop, "country").values()))]
    expect(table.locator('th[data-measure="visitors"]')).to_have_attribute("aria-sort", "descending")
    table.get_by_role("button", name="Sort by Pageviews").click()
    page.wait_for_url(lambda url: "pageviews" in url.split("~s.", 1)[1])
    expect(table.locator('th[data-measure="pageviews"]')).to_have_attribute("aria-sort", "descending")
    parents.first.locator(".fold").click()
    expect(parents.first.locator(".fold")).to_have_attribute("aria-expanded", "false")
    expect(table.locator("tbody tr")).to_have_count(1 + 3 + 2 * 2)


@pytest.mark.parametrize("kind", ["stacked", "heat", "pivot", "sankey"])
def test_each_picture_of_two_splits_has_all_numbers(shop, opened, kind):
    page = opened(link("~s.country~s.page_path", "pageviews", f"~V.{kind}"))
    drawn(page, kind)
    cells = {
        "stacked": ".layer",
        "heat": ".cell-heat",
        "pivot": "tbody tr:not(.total) td.n:not(.sum)",
        "sankey": ".ribbon",
    }
    wanted = counts(shop, "country || ' ' || page_path")
    assert sorted(one for one in values(page, cells[kind]) if one) == sorted(wanted.values())


def test_lines_over_time_add_up_to_the_cards(shop, opened):
    page = opened(link("~s.country", "pageviews", "~V.line"))
    drawn(page, "line")
    assert values(page, ".legend button") == list(counts(shop, "country").values())
    page.locator(".picture .twin").click()
    expect(page.locator(".picture .grid thead th")).to_have_text(["Time", "Netherlands", "Germany", "United Kingdom"])
    canvas = page.locator(".picture .canvas")
    canvas.focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    acts = page.get_by_role("toolbar", name="What to do with what is chosen")
    before = page.url
    acts.get_by_role("button", name="Zoom").click()
    page.wait_for_url(lambda url: url != before and "t.2h" not in url)


def test_a_map_colours_countries_and_splits_one_further(shop, opened):
    page = opened(link("~s.country"))
    drawn(page, "map")
    assert sorted(values(page, ".country[data-at]")) == sorted(counts(shop, "country").values())
    page.locator(".picture .canvas").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.get_by_label("Split Netherlands by").select_option("page_path")
    page.wait_for_url(lambda url: "country.NL" in url and "s.page_path" in url)
    drawn(page, "bar")
    wanted = shop.rows(
        f"SELECT COUNT(*) AS n FROM shop_events WHERE {EVENTS} AND country = 'NL' AND event = 'page_view'"
        " GROUP BY page_path ORDER BY 1 DESC"
    )
    assert values(page, ".bar") == [row["n"] for row in wanted]
    page.go_back()
    drawn(page, "map")


def test_the_menu_says_why_a_picture_does_not_fit_and_repairs_it(shop, opened):
    page = opened(link("~s.country~s.browser", "visitors"))
    drawn(page, "heat")
    page.locator(".kinds:visible summary").click()
    menu = page.locator(".kinds[open]")
    expect(menu.locator('[data-kind="stacked"]')).to_contain_text("do not add up")
    expect(menu.locator('[data-kind="stacked"] button')).to_have_count(0)
    menu.get_by_role("button", name="Lines: Keep only country").click()
    drawn(page, "line")
    assert "s.browser" not in page.url
