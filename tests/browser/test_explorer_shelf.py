"""The lists and the shelf in a real Chromium: clicks, drags and keys do the same; editors, undo, phones, axe."""

import re

import pytest
from campaign import MARK, VIEW, event, send
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.stack]

HOSTILE = ["' OR 1=1 --", "<img src=x onerror=alert(1)>", "\u202e\u05e9\u05dc\u05d5\u05dd", "🛒" * 20, "long " * 60]
FOCUSED = """() => {
  const one = [...document.querySelectorAll("*")].map(host => host.shadowRoot?.activeElement).find(Boolean);
  return one && (one.getAttribute("aria-label") || one.textContent);
}"""


def item(page: Page, dimension: str):
    return page.locator(f'.item[data-dimension="{dimension}"]')


def chips(page: Page, of: str):
    return page.locator(f".of-{of} .chip .edit")


def menu(page: Page, dimension: str, entry: str) -> None:
    item(page, dimension).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def drop(page: Page, source, place, x: int) -> None:
    source.drag_to(place, target_position={"x": x, "y": 12})


def test_a_click_a_drag_and_keys_split_filter_and_pin_alike(shop, opened):
    page = opened(VIEW)
    menu(page, "os", "Split")
    expect(chips(page, "splits")).to_have_text(["OStop 10"])
    page.wait_for_url("**~s.os.10~**")
    drop(page, item(page, "country"), chips(page, "splits").first, 3)
    expect(chips(page, "splits")).to_have_text(["Countrytop 10", "OStop 10"])
    drop(page, item(page, "channel"), chips(page, "splits").nth(1), 30)
    expect(chips(page, "splits")).to_have_text(["Countrytop 10", "Channeltop 10"])
    drop(page, page.locator(".of-splits .chip").nth(1), chips(page, "splits").first, 3)
    expect(chips(page, "splits")).to_have_text(["Channeltop 10", "Countrytop 10"])
    # By keys: the chip moves on, the next one goes, and undo brings it back.
    chips(page, "splits").first.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(chips(page, "splits")).to_have_text(["Countrytop 10", "Channeltop 10"])
    expect(chips(page, "splits").nth(1)).to_be_focused()
    page.keyboard.press("Delete")
    expect(chips(page, "splits")).to_have_text(["Countrytop 10"])
    expect(chips(page, "splits").first).to_be_focused()
    page.keyboard.press("u")
    expect(chips(page, "splits")).to_have_count(2)
    page.get_by_label("Search dimensions").fill("devi")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Pin", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator('.panel[data-dimension="device_type"]')).to_be_visible()
    assert "Device type" in page.evaluate(FOCUSED)


def test_measures_are_toggled_and_undo_agrees_with_the_browsers_back(shop, opened):
    page = opened(VIEW)
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("aria-disabled", "true")
    clicks = page.locator('.item[data-measure="clicks"]')
    clicks.click()
    expect(page.locator(".card")).to_have_count(5)
    expect(clicks).to_have_attribute("aria-pressed", "true")
    page.locator('.item[data-measure="orders"]').click()
    expect(page.locator(".card")).to_have_count(4)
    page.go_back()
    expect(page.locator(".card")).to_have_count(5)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card")).to_have_count(4)
    expect(clicks).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".card")).to_have_count(5)
    page.keyboard.press("Shift+U")
    expect(page.locator('.item[data-measure="orders"]')).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Redo")).to_have_attribute("aria-disabled", "true")


def test_gestures_of_one_moment_all_count(shop, opened):
    page = opened(VIEW)
    expect(page.locator(".card")).to_have_count(4)
    # Faster than any answer, as on a slow line: a measure, three splits, and one of them taken back.
    page.locator(".root").evaluate(
        """({app}) => {
          app.send({kind: "measures", name: "clicks", only: false});
          for (const dimension of ["os", "country", "channel"]) app.send({kind: "split", dimension});
          app.send({kind: "undo"});
        }"""
    )
    expect(chips(page, "splits")).to_have_text(["OStop 10", "Countrytop 10"])
    expect(page.locator(".card")).to_have_count(5)
    page.get_by_role("button", name="Undo").click()
    expect(chips(page, "splits")).to_have_text(["OStop 10"])


def test_values_are_searched_and_anybodys_values_stay_inert(shop, opened):
    send(shop, *(event("NL", 1, page_url=f"https://shop.example/{MARK}", event="purchase", order_id=one, revenue=1)
                 for one in HOSTILE))  # fmt: skip
    query = f"SELECT COUNT(*) FROM shop_events WHERE utm_campaign IS NULL AND page_path = '/{MARK}'"
    assert shop.wait_for(query, len(HOSTILE)) == len(HOSTILE)
    page = opened(f"1~m.orders.visitors~t.2h~f.page_path.-2F{MARK}~P.order_id")
    menu(page, "order_id", "Filter…")
    editor = page.get_by_role("dialog", name="Order ID")
    expect(editor.locator(".option")).to_have_count(len(HOSTILE))
    for one in HOSTILE:
        expect(editor.get_by_text(one.strip(), exact=True).first).to_be_visible()
    page.get_by_label("Search values").fill("OR 1")
    expect(editor.locator(".option")).to_have_text(["' OR 1=1 --1", "OR 1as typed"])
    editor.locator(".option").first.click()
    page.get_by_label("Search values").fill("")
    for one in HOSTILE[1:]:
        editor.get_by_role("checkbox", name=one.strip()[:20]).check()
    editor.get_by_role("button", name="Apply").click()
    expect(chips(page, "filters")).to_have_count(2)
    expect(page.locator('.card[data-measure="orders"] .num')).to_have_text(str(len(HOSTILE)))
    chips(page, "filters").nth(1).click()
    page.get_by_label("Condition").select_option("is not")
    editor.get_by_role("button", name="Apply").click()
    expect(page.locator(".state")).to_contain_text("Nothing was counted")
    chips(page, "filters").nth(1).click()
    page.get_by_label("Condition").select_option("contains")
    page.get_by_label("Text", exact=True).fill("OR 1=1")
    page.keyboard.press("Enter")
    expect(page.locator('.card[data-measure="orders"] .num')).to_have_text("1")
    expect(page.locator(".said")).to_contain_text("2 filters")
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_ranges_conditions_and_the_menu_of_a_split(shop, opened):
    page = opened(VIEW)
    menu(page, "revenue", "Filter…")
    editor = page.get_by_role("dialog")
    editor.get_by_label("Condition").select_option("is in the range")
    editor.get_by_label("From").fill("13")
    editor.get_by_label("To below").fill("14")
    editor.get_by_role("button", name="+ Another range").click()
    editor.get_by_label("From").nth(1).fill("15")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator('.card[data-measure="orders"] .num')).to_have_text("2")
    expect(chips(page, "filters").nth(1)).to_have_text("Revenue is 13 to below 14 or 15 or more")
    page.get_by_role("button", name="Remove filter: Revenue is 13").click()
    expect(chips(page, "filters")).to_have_count(1)
    menu(page, "country", "Split")
    chips(page, "splits").first.click()
    page.get_by_label("Rows", exact=True).select_option("50")
    page.get_by_label("Sort by", exact=True).select_option("Pageviews")
    page.get_by_label("Order", exact=True).select_option("smallest first")
    page.get_by_role("button", name="Apply").click()
    expect(chips(page, "splits").first).to_have_text("Countrylowest 50, by pageviews")
    page.keyboard.press("f")
    page.get_by_role("dialog", name="Filter by").get_by_label("Search").fill("pageviews")
    page.keyboard.press("Enter")
    editor.get_by_label("From").fill("1")
    page.keyboard.press("Enter")
    expect(chips(page, "filters").nth(1)).to_have_text("Pageviews is 1 or more")
    page.wait_for_url(re.compile("pageviews"))
    page.get_by_label("Compare with").select_option("another segment")
    page.get_by_role("button", name="+ Segment filter").click()
    page.keyboard.type("browser")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Browser", exact=True).get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Apply").click()
    expect(chips(page, "against")).to_have_text(["Browser is Firefox"])
    page.reload()
    expect(chips(page, "against")).to_have_text(["Browser is Firefox"])
    expect(chips(page, "filters")).to_have_count(2)


def test_letters_act_unless_somebody_types(shop, opened):
    page = opened(VIEW)
    expect(page.locator(".card")).to_have_count(4)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Search dimensions")).to_be_focused()
    page.keyboard.type("fsx?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_label("Search dimensions")).to_have_value("fsx?")
    expect(chips(page, "filters")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing(shop, opened, axe, tmp_path_factory, width, scheme):
    page = opened(VIEW + "~s.country.10~s.browser.10", width=width, color_scheme=scheme)
    expect(chips(page, "splits")).to_have_count(2)
    axe(page)
    if width < 760:
        page.get_by_role("button", name="Lists").click()
    item(page, "city").click()
    expect(page.get_by_role("menu", name="City")).to_be_visible()
    axe(page)
    page.get_by_role("menuitem", name="Filter…").click()
    expect(page.get_by_role("dialog", name="City").locator(".hint").first).not_to_have_text("Looking…")
    axe(page)
    page.screenshot(path=tmp_path_factory.getbasetemp() / f"shelf-{width}-{scheme}.png")
    page.keyboard.press("Escape")
    chips(page, "splits").first.click()
    axe(page)
