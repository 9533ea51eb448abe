"""Views saved from the page open again, dashboards show their tiles, and files hold what ``dkd sql`` answers."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from campaign import MARK, VIEW
from playwright.sync_api import Page, expect
from real_stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def downloaded(page: Page, label: str) -> tuple[str, bytes]:
    page.locator(".export summary").click()
    with page.expect_download() as download:
        page.locator(".export").get_by_text(label, exact=True).click()
    page.keyboard.press("Escape")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def asked(stack: Stack, select: str) -> list[dict[str, object]]:
    return stack.rows(f"{select} FROM shop_events WHERE utm_campaign = '{MARK}' AND is_bot = FALSE")


def test_a_view_is_saved_not_overwritten_and_opens_again(shop: Stack, opened):
    page = opened(VIEW)
    title = f"Kept {MARK}"
    file = shop.project / "dashboards" / f"kept-{MARK.replace('_', '-')}.yaml"
    page.locator(".keep summary").click()
    page.locator(".keep input").fill(title)
    page.locator(".keep").get_by_role("button", name="Save view").click()
    expect(page.locator(".keep .outcome")).to_have_text(f"saved as dashboards/{file.name}")
    before = file.read_bytes()
    page.locator(".keep").get_by_role("button", name="Save view").click()
    expect(page.locator(".keep .outcome")).to_contain_text("already")
    assert file.read_bytes() == before
    page.locator(".keep .replace").click()
    expect(page.locator(".keep .outcome")).to_have_text(f"saved as dashboards/{file.name}")
    assert shop.run("check").returncode == 0
    again = opened("1~m.orders~t.1h")
    again.locator(".saved select").select_option(label=title)
    expect(again.locator('.card[data-measure="pageviews"]')).to_be_visible()
    assert f"f.utm_campaign.{MARK}" in again.url
    file.unlink()


def test_files_hold_what_sql_answers(shop: Stack, opened):
    page = opened(VIEW.replace("~P", "~s.country.5~P"))
    expect(page.locator(".cards .card")).to_have_count(4)
    name, text = downloaded(page, "Numbers as CSV")
    assert name.startswith("shop_view_")
    assert name.endswith("_UTC.csv")
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    found = {row["country"]: int(row["pageviews"]) for row in csv.DictReader(lines)}
    rows = shop.rows(
        "SELECT country, COUNT(*) FILTER (WHERE event = 'page_view') AS n FROM shop_events"
        f" WHERE utm_campaign = '{MARK}' AND is_bot = FALSE GROUP BY 1"
    )
    assert found == {row["country"]: row["n"] for row in rows}
    _, whole = downloaded(page, "All rows as Parquet")
    (count,) = asked(shop, "SELECT COUNT(*) AS n, SUM(revenue) AS revenue")
    frame = pl.read_parquet(io.BytesIO(whole))
    assert (frame.height, frame["revenue"].sum()) == (count["n"], count["revenue"])
    _, query = downloaded(page, "The SQL")
    statement = query.decode().split("-- rows\n")[1].partition(";")[0]
    assert {row["country"] for row in shop.rows(statement)} == found.keys()


def test_the_picture_becomes_a_png(shop: Stack, opened):
    page = opened(VIEW)
    expect(page.locator(".plot svg .line").first).to_be_attached()
    name, image = downloaded(page, "The picture as PNG")
    assert name.endswith(".png")
    assert image.startswith(b"\x89PNG")
    assert len(image) > 3_000


def test_a_dashboard_shows_its_tiles_in_the_bars_filters(shop: Stack, opened):
    page = opened(f"1~m.visitors~t.2h~f.utm_campaign.{MARK}~D.today")
    tile = page.locator('.tile[aria-label="Overview"]')
    (count,) = asked(shop, "SELECT COUNT(*) FILTER (WHERE event = 'page_view') AS n")
    expect(tile.locator('.figure[data-measure="pageviews"]')).to_have_attribute("data-value", str(count["n"]))
    expect(page.locator(".tile")).to_have_count(5)
    expect(page.locator(".cards")).to_be_hidden()
    tile.get_by_role("button", name="Open Overview").click()
    expect(page.locator('.card[data-measure="pageviews"]')).to_be_visible()
    expect(page.locator(".dashboard")).to_be_hidden()


def test_the_line_of_trust_tells_bots_deploys_and_books(shop: Stack, opened):
    page = opened(VIEW)
    expect(page.locator(".trust")).to_contain_text("3 bot events hidden")
    page.locator(".trust").get_by_role("button", name="Bots", exact=True).click()
    expect(page.locator('.card[data-measure="pageviews"]')).to_have_attribute("data-value", "3")
    page.locator(".trust .more").click()
    said = page.locator("dialog.sources dl")
    expect(said).to_contain_text("none: every event is counted")
    page.keyboard.press("Escape")
    page.locator(".trust").get_by_role("button", name="People", exact=True).click()
    expect(page.locator(".trust")).to_contain_text("3 bot events hidden")
    page.locator('.card[data-measure="pageviews"] .info').click()
    expect(page.locator("dialog.sources")).to_contain_text("specs/shop.yaml:")
