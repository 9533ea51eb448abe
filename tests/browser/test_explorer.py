"""The explorer in a real Chromium on the real stack: numbers, filters, links, live mode, words in trouble."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from campaign import MARK, VIEW, event, send
from playwright.sync_api import Page, expect
from real_stack import Stack

from dkd.settings import Ports

pytestmark = [pytest.mark.browser, pytest.mark.stack]


CUSTOM = """\
  gift_wrapped:
    fields:
      product_id: {type: string, required: true}
      paper: string
"""
FOCUSED = (
    """() => [...document.querySelectorAll("*")].map(one => one.shadowRoot?.activeElement).find(Boolean)?.textContent"""
)


def card(page: Page, measure: str) -> object:
    """The number on a card, as it is written."""
    return page.locator(f'.card[data-measure="{measure}"] .num').evaluate("one => one.firstChild.textContent")


def numbers(page: Page) -> list[object]:
    return [card(page, name) for name in ("visitors", "pageviews", "orders", "revenue")]


def asked(stack: Stack, where: str = "TRUE") -> list[str]:
    """The same numbers by ``dkd sql``, as they should be written."""
    (row,) = stack.rows(
        "SELECT COUNT(DISTINCT party_id) AS visitors, COUNT(*) FILTER (WHERE event = 'page_view') AS pageviews,"
        " COUNT(*) FILTER (WHERE event = 'purchase') AS orders, SUM(revenue) AS revenue"
        f" FROM shop_events WHERE utm_campaign = '{MARK}' AND is_bot = FALSE AND {where}"
    )
    revenue = row["revenue"] or 0
    assert isinstance(revenue, int | float)
    return [*(f"{row[name]:,}" for name in ("visitors", "pageviews", "orders")), f"{revenue:,.2f}"]


def value(page: Page, dimension: str, label: str) -> object:
    return page.locator(f'.panel[data-dimension="{dimension}"]').get_by_role("button", name=label, exact=False).first


def test_numbers_equal_sql_and_bots_are_hidden_until_asked_for(shop, opened):
    page = opened(VIEW)
    expect(page.locator(".card")).to_have_count(4)
    assert numbers(page) == asked(shop)
    rows = shop.rows(
        f"SELECT country, COUNT(DISTINCT party_id) AS n FROM shop_events WHERE utm_campaign = '{MARK}'"
        " AND is_bot = FALSE GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    shown = page.locator('.panel[data-dimension="country"] tbody tr').evaluate_all(
        "rows => rows.map(row => [row.querySelector('small').textContent, row.cells[1].textContent])"
    )
    assert shown == [[row["country"], str(row["n"])] for row in rows]
    expect(page.locator(".trust")).to_contain_text("3 bot events hidden")
    expect(page.locator(".trust")).to_contain_text("all numbers exact")
    visitors, pageviews = (int(str(card(page, name))) for name in ("visitors", "pageviews"))
    page.get_by_role("button", name="People and bots").click()
    expect(page.locator(".trust")).to_contain_text("3 bot events counted too")
    assert [card(page, "visitors"), card(page, "pageviews")] == [str(visitors + 1), str(pageviews + 3)]


def test_a_click_on_a_country_filters_and_focus_stays(shop, opened):
    page = opened(VIEW)
    germany = value(page, "country", "Germany")
    germany.click()
    expect(page.locator(".of-filters")).to_contain_text("Country is DE")
    expect(germany).to_have_attribute("aria-pressed", "true")
    assert numbers(page) == asked(shop, "country = 'DE'")
    assert page.evaluate(FOCUSED) == "GermanyDE"
    page.keyboard.press("Enter")
    expect(page.locator(".of-filters")).not_to_contain_text("Country")
    assert numbers(page) == asked(shop)
    page.go_back()
    expect(page.locator(".of-filters")).to_contain_text("Country is DE")
    page.get_by_role("button", name="Remove filter: Country is DE").click()
    value(page, "country", "Netherlands").hover()
    page.get_by_role("button", name="Leave out Netherlands").click()
    expect(page.locator(".of-filters")).to_contain_text("Country is not NL")
    assert numbers(page) == asked(shop, "country IS DISTINCT FROM 'NL'")


def test_the_copied_link_opens_the_same_view_in_a_new_browser(shop, opened):
    page = opened(VIEW)
    value(page, "country", "Netherlands").click()
    expect(page.locator(".of-filters")).to_contain_text("Country is NL")
    page.locator('.card[data-measure="revenue"] .pick').click()
    expect(page.locator(".chart h2")).to_contain_text("Revenue by")
    page.locator(".share summary").click()
    page.get_by_role("button", name="Copy link", exact=True).click()
    expect(page.locator(".share summary")).to_have_text("Link copied")
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert len(link) < 400
    other = opened(url=link)
    expect(other.locator(".of-filters")).to_contain_text("Country is NL")
    expect(other.locator(".chart h2")).to_contain_text("Revenue by")
    assert numbers(other) == numbers(page) == asked(shop, "country = 'NL'")
    sql = other.locator(".chart .source")
    sql.click()
    expect(other.get_by_role("dialog")).to_contain_text(MARK)
    expect(other.get_by_role("dialog")).to_contain_text("sum of revenue in EUR")
    expect(other.get_by_role("dialog")).to_contain_text("Numbers of each row, whose sums are the totals")
    query = other.locator("dialog pre").first.text_content()
    assert f"{sum(row['revenue'] for row in shop.rows(query)):,.2f}" == card(other, "revenue")


def test_live_shows_an_event_within_five_seconds(shop, opened):
    page = opened(VIEW)
    expect(page.locator(".card")).to_have_count(4)
    page.get_by_label("Live").check()
    page.wait_for_url("**~L")
    waits_s = [60.0]
    # A machine that is busy with other things is slow now and then: one of some tries shows what it can.
    while min(waits_s) > 5 and len(waits_s) < 8:
        before = int(str(card(page, "pageviews")))
        send(shop, event("NL", 0))
        began = time.monotonic()
        expect(page.locator('.card[data-measure="pageviews"] .num')).to_have_text(str(before + 1))
        waits_s.append(time.monotonic() - began)
    print("event to page:", *(f"{wait_s:.1f}" for wait_s in waits_s[1:]), "s")
    assert min(waits_s) <= 5


def test_the_chart_zooms_by_mouse_and_by_keys(shop, opened):
    page = opened(VIEW)
    plot = page.locator(".plot")
    expect(plot).to_have_attribute("aria-label", re.compile("Visitors by 5 minutes, [0-9]+ steps"))
    before = page.url
    plot.focus()
    for key in ("End", "Shift+ArrowLeft", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator(".said")).to_contain_text(":")
    page.keyboard.press("Enter")
    expect(page.locator(".chart .acts").get_by_role("button", name="Zoom")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    expect(page.locator(".custom")).to_have_class("pop custom on")
    page.go_back()
    page.get_by_role("button", name="Last hour").click()
    page.wait_for_url(lambda url: "t.1h" in url)
    expect(page.get_by_role("button", name="Last hour")).to_have_attribute("aria-pressed", "true")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 80, steps=4)
    page.mouse.up()
    page.locator(".chart .acts").get_by_role("button", name="Compare with before").click()
    page.wait_for_url(lambda url: "t.1h" not in url)
    expect(page.locator(".compare select")).to_have_value("previous")


@pytest.mark.parametrize(
    ("link", "said", "also"),
    [
        (VIEW.replace(MARK, "nobody"), "Nothing was counted", "fits these filters"),
        (VIEW.replace(MARK, "-27-20OR-201-3D1-20-2D-2D"), "Nothing was counted", "' OR 1=1 --"),
        (VIEW + "~f.colour.red", "measure", "filter on colour was left out"),
        (VIEW.replace("visitors", "happiness"), "measure", "measure happiness was left out"),
        ("9~what", "measure", "it does not begin with 1~"),
        (VIEW.replace("t.2h", "t.20200101T000000000.20200102T000000000"), "Nothing was counted", ""),
    ],
    ids=["no such value", "injection", "unknown filter", "unknown measure", "no link", "another year"],
)
def test_trouble_is_a_helpful_state(shop, opened, link, said, also):
    page = opened(link)
    if said == "measure":
        expect(page.locator(".notices")).to_contain_text(also)
        expect(page.locator(".card").first).to_be_visible()
    else:
        expect(page.locator(".state")).to_contain_text(said)
        expect(page.locator(".root")).to_contain_text(also)
        expect(page.locator(".state").get_by_role("button")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


@contextmanager
def exploring(project: Path, base_port: int, port: int) -> Iterator[str]:
    """``dkd explore`` on a port of its own, until it answers; Ctrl-C ends it."""
    command = [sys.executable, "-m", "dkd", "explore", "--port", str(port)]
    env = {**os.environ, "DKD_BASE_PORT": str(base_port)}
    process = subprocess.Popen(command, cwd=project, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                urlopen(f"{url}/_stcore/health", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        yield f"{url}/"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_without_druid_or_without_an_event_the_page_says_so(shop, opened, tmp_path):
    model = (shop.project / "specs" / "shop.yaml").read_text()
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "empty.yaml").write_text(model.replace("site: shop", "site: nothing_yet"))
    free = shop.base_port + 20
    with exploring(tmp_path, shop.base_port, free) as url:
        page = opened(url=url)
        expect(page.locator(".state")).to_contain_text("There is no event yet")
        expect(page.locator(".state")).to_contain_text("dkd replay")
        page.close()
    with exploring(tmp_path, free + 10, free) as url:
        page = opened(url=url)
        expect(page.locator(".state")).to_contain_text("Druid does not answer")
        expect(page.locator(".state")).to_contain_text("run dkd up")
        page.close()


@pytest.mark.parametrize("path", ["", "values?dimension=country", "export?form=csv", "_stcore/health"])
def test_a_page_of_another_name_that_leads_here_reads_nothing(shop, path):
    url = f"http://127.0.0.1:{Ports.at(shop.base_port).explorer}/{path}"
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(url, headers={"Host": "rebound.example"}), timeout=30)
    assert refused.value.code == 400
    assert b"Invalid host header" in refused.value.read()
    refused.value.close()


def test_a_taken_port_is_one_clear_line(shop):
    done = shop.run("explore", check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"127.0.0.1: port {Ports.at(shop.base_port).explorer} is taken; choose another: --port N [DKD331]"
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_sticks_out(shop, opened, tmp_path_factory, width, scheme):
    page = opened(VIEW, width=width, color_scheme=scheme)
    expect(page.locator(".panel")).to_have_count(3)
    wide = page.locator(".root *").evaluate_all(
        "(all) => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.className)"
    )
    assert wide == []
    path = tmp_path_factory.getbasetemp() / f"explorer-{width}-{scheme}.png"
    page.screenshot(path=path)
    print(path)


def test_a_custom_event_is_in_mapping_topic_druid_and_on_the_page_after_one_deploy(shop, opened):
    file = shop.project / "specs" / "shop.yaml"
    before, folder = file.read_text(), shop.project / "specs" / "shop" / "divolte"
    file.write_text(before.replace("  page_view: {}\n", f"  page_view: {{}}\n{CUSTOM}"))
    assert len(CUSTOM.splitlines()) <= 5
    began_s = time.monotonic()
    try:
        shop.run("deploy", "--yes")
        deployed_s = time.monotonic()
        print(f"deployed after {deployed_s - began_s:.1f} s")
        one = event("NL", 0, event="gift_wrapped", product_id="A-1", paper=f"stars {MARK}")
        send(shop, one)
        sql = f"SELECT COUNT(*) FROM shop_events WHERE event = 'gift_wrapped' AND paper = 'stars {MARK}'"
        assert shop.wait_for(sql, 1, 60) == 1
        page = opened("1~m.visitors~t.2h~f.event.gift_wrapped~P.event")
        expect(value(page, "event", "gift_wrapped")).to_be_visible()
        page.locator(".add select").select_option("paper")
        expect(value(page, "paper", f"stars {MARK}")).to_be_visible()
        took_s = time.monotonic() - deployed_s
        page.context.close()
        print(f"on the page {took_s:.1f} s later")
        assert took_s < 60
        clean = shop.run("tail", "clean", "--json", "--no-follow", "--lines", "200").stdout
        found = [line for line in map(json.loads, clean.splitlines()) if line.get("event_id") == one["event_id"]]
        assert [line["paper"] for line in found] == [f"stars {MARK}"]
        shop.run("render")
        assert "onto 'paper'" in (folder / "mapping.groovy").read_text()
        assert "paper" in [field["name"] for field in json.loads((folder / "event.avsc").read_text())["fields"]]
    finally:
        file.write_text(before)
        shop.run("deploy", "--yes")
