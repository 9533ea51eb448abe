"""What somebody wants to know of a shop, found by roles and visible names; answers are held against ``dkd sql``.

By hand, in a project whose stack runs with two weeks of simulated traffic:

    dkd simulate --days 15 --visitors 250
    python REPOSITORY/tests/browser/user_tasks.py http://127.0.0.1:28209

Prints a table: clicks (a choice in a menu is two, a field is one and its letters), keys, seconds from the loaded page.
"""

import csv
import io
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from typer.testing import CliRunner

from dkd.cli import app

expect.set_options(timeout=30_000)
Rows = list[dict[str, object]]
ASKED_S = [0.0]
"""Seconds that ``dkd sql`` took so far, which are no user's."""


def ask(sql: str) -> Rows:
    """The answer of ``dkd sql`` in this directory; what it takes is no user's time."""
    began = time.monotonic()
    done = CliRunner().invoke(app, ["sql", sql, "--format", "json"])
    ASKED_S[0] += time.monotonic() - began
    assert done.exit_code == 0, (sql, done.output, done.exception)
    found: Rows = json.loads(done.stdout)
    return found


@dataclass(frozen=True)
class Days:
    """The stretches that tasks are about, as conditions on time."""

    newest: datetime

    @property
    def day(self) -> datetime:
        return self.newest.replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def monday(self) -> datetime:
        """When last week began."""
        return self.day - timedelta(days=self.day.weekday() + 7)

    def within(self, start: datetime, end: datetime) -> str:
        return (
            f"is_bot = FALSE AND __time >= TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}'"
            f" AND __time < TIMESTAMP '{end:%Y-%m-%d %H:%M:%S}'"
        )

    @property
    def last_day(self) -> str:
        """What *Last day* shows: whole quarters of an hour, the newest event in the last of them."""
        quarter = timedelta(minutes=15)
        end = self.day + (self.newest - self.day) // quarter * quarter + quarter
        return self.within(end - timedelta(days=1), end)


class User:
    """Somebody at the page, whose clicks and keys are counted.

    Attributes:
        page: The page.
        clicks: How many so far.
        keys: How many so far, without those that fields were filled with.
    """

    def __init__(self, browser: Browser, address: str, days: Days, width: int = 1400) -> None:
        self.address, self.days = address, days
        self.context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page: Page = self.context.new_page()
        self.page.goto(address)
        expect(self.card("Pageviews")).to_contain_text(re.compile(r"\d"))
        self.settle()
        self.clicks = self.keys = 0
        self.began = time.monotonic()

    def settle(self) -> None:
        """Until nothing is being counted any more."""
        self.page.wait_for_timeout(60)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def tap(self, at: Locator) -> None:
        at.first.click()
        self.clicks += 1
        self.settle()

    def button(self, name: str, within: Locator | None = None, exact: bool = True) -> None:
        self.tap((within or self.page).get_by_role("button", name=name, exact=exact).locator("visible=true"))

    def summary(self, name: str) -> None:
        self.tap(self.page.get_by_text(name, exact=True).locator("visible=true"))

    def choose(self, label: str, option: str) -> None:
        menu = self.page.get_by_role("combobox", name=label, exact=True).locator("visible=true").first
        menu.select_option(label=option)
        self.clicks += 2
        self.settle()

    def fill(self, label: str, text: str, nth: int = 0) -> None:
        self.page.get_by_label(label, exact=True).locator("visible=true").nth(nth).fill(text)
        self.clicks += 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1
        self.settle()

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    # What is on the page.

    def card(self, measure: str) -> Locator:
        return self.page.get_by_role("region", name="Measures", exact=True).get_by_role(
            "button", name=re.compile(f"^{measure} ")
        )

    def shows(self, measure: str, value: object) -> None:
        expect(self.card(measure)).to_have_accessible_name(
            re.compile(f"^{measure} {re.escape(said(value))}(?![\\d,.])")
        )

    @property
    def picture(self) -> Locator:
        return self.page.get_by_role("region", name="Picture", exact=True)

    def drawing(self) -> Locator:
        return self.picture.get_by_role("group", name=re.compile("Arrow keys move"))

    def highest(self, name: str, value: object) -> None:
        text = f"Highest: {name}, {said(value)}"
        expect(self.drawing()).to_have_accessible_name(re.compile(re.escape(text)))

    def panel(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=re.compile(f" by {name}$"))

    # What somebody does again and again.

    def between(self, begin: datetime, end: datetime) -> None:
        self.summary("Custom")
        self.fill("From", f"{begin:%Y-%m-%dT00:00}")
        self.fill("To", f"{end:%Y-%m-%dT00:00}")
        self.button("Show")

    def item(self, name: str) -> Locator:
        return self.page.get_by_role("complementary").get_by_role("button", name=name, exact=True)

    def dimension(self, name: str, entry: str) -> None:
        groups = self.page.get_by_role("complementary").locator(".dimensions")
        self.tap(groups.get_by_role("button", name=re.compile(f"^{name}( pinned| split| filter| ·)*$")))
        self.tap(self.page.get_by_role("menuitem", name=entry, exact=True))

    def kind(self, name: str) -> None:
        """Another picture, repaired where the menu says that it has to be."""
        self.tap(self.page.locator("summary[aria-label^='Picture: ']").locator("visible=true"))
        choice = self.page.get_by_role("button", name=re.compile(f"^{name}")).locator("visible=true")
        self.tap(choice)

    def only(self, measure: str) -> None:
        """No other measure."""
        at = self.page.locator(".measures").get_by_role("button", name=measure, exact=True)
        at.first.click(modifiers=["Shift"])
        self.clicks += 1
        self.settle()

    def condition(self, how: str) -> None:
        self.choose("Condition", how)

    def download(self, label: str) -> bytes:
        self.summary("Export")
        with self.page.expect_download() as download:
            self.tap(self.page.get_by_text(label, exact=True))
        return Path(download.value.path()).read_bytes()


def said(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def number(sql: str) -> object:
    (row,) = ask(sql)
    return next(iter(row.values()))


def top(by: str, what: str, where: str, source: str = "shop_events") -> dict[str, object]:
    return ask(f"SELECT {by} AS k, {what} AS n FROM {source} WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1")[0]


VISITORS = "COUNT(DISTINCT party_id)"
PAGEVIEWS = "COUNT(*) FILTER (WHERE event = 'page_view')"
COUNTRIES = {
    "NL": "Netherlands",
    "DE": "Germany",
    "GB": "United Kingdom",
    "BE": "Belgium",
    "US": "United States",
    "FR": "France",
}


def landing(user: User, begin: datetime | None = None, end: datetime | None = None) -> None:
    begin, end = begin or user.days.monday, end or user.days.monday + timedelta(days=7)
    user.between(begin, end)
    user.button("Germany", user.panel("Country"), exact=False)
    user.button("mobile", user.panel("Device type"))
    user.dimension("Entry page", "Split, counting sessions")
    where = user.days.within(begin, end) + " AND country = 'DE' AND device_type = 'mobile'"
    found = top("entry_page", "COUNT(*)", where, "shop_sessions")
    user.highest(str(found["k"]), found["n"])


def week_before(user: User) -> None:
    # This week against the one before: the data begins within the one before that, and is not compared with then.
    begin = user.days.monday + timedelta(days=7)
    landing(user, begin, user.days.day)
    user.choose("Compare with", "the same weekday before")
    week = timedelta(days=7)
    where = user.days.within(begin - week, user.days.day - week) + " AND country = 'DE' AND device_type = 'mobile'"
    before = number(f"SELECT COUNT(*) FROM shop_sessions WHERE {where}")
    expect(user.card("Sessions")).to_have_accessible_name(re.compile(f"from {said(before)}$"))


def same_weekday(user: User) -> None:
    user.choose("Saved view", "Visitors against last week")
    shown = user.card("Visitors")
    expect(shown).to_have_accessible_name(re.compile("from "))
    trust = user.page.get_by_role("paragraph").filter(has_text="compared with").inner_text()
    start, end = compared(trust)
    before = number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.within(start, end)}")
    expect(shown).to_have_accessible_name(re.compile(f"from {said(before)}$"))


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d %b %Y %H:%M").replace(tzinfo=UTC)


def compared(text: str) -> tuple[datetime, datetime]:
    """The stretch that the page says it compares with."""
    found = re.search(
        r"compared with (\d+ \w+)(?: (\d{4}))?, (\d\d:\d\d) – (?:(\d+ \w+) )?(?:(\d{4}), )?(\d\d:\d\d)", text
    )
    found = found or re.search(r"compared with (\d+ \w+)()?, (\d\d:\d\d) – (\d+ \w+) (\d{4}), (\d\d:\d\d)", text)
    assert found, text
    day, _, at, other, year, till = found.groups()
    return moment(f"{day} {year} {at}"), moment(f"{other or day} {year} {till}")


def save(user: User) -> None:
    user.button("Germany", user.panel("Country"), exact=False)
    user.summary("Save")
    user.fill("Title", "Task of a user")
    user.button("Save view")
    expect(user.page.get_by_text("saved as dashboards/task-of-a-user.yaml").first).to_be_visible()
    file = Path("dashboards/task-of-a-user.yaml")
    assert "DE" in file.read_text("utf-8")
    file.unlink()


def share(user: User) -> None:
    user.button("Germany", user.panel("Country"), exact=False)
    user.summary("Share")
    user.button("Copy link")
    link = user.page.evaluate("() => navigator.clipboard.readText()")
    browser = user.context.browser
    assert browser
    other = browser.new_context(locale="en-GB").new_page()
    other.goto(link)
    wanted = number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.last_day} AND country = 'DE'")
    expect(other.get_by_role("button", name=re.compile(f"^Visitors {said(wanted)}$"))).to_be_visible()
    other.context.close()


def drill(user: User) -> None:
    user.dimension("Channel", "Split")
    user.button("Organic Search", user.picture)
    user.button("Show sessions")
    table = user.page.get_by_role("table", name="Sessions, newest first")
    first = table.get_by_role("button", name="Events of session", exact=False).first
    expect(first).to_be_visible()
    session = first.get_attribute("title")
    user.tap(first)
    wanted = ask(f"SELECT event FROM shop_events WHERE session_id = '{session}'")
    rows = user.page.get_by_role("region", name=re.compile("[Ss]ession")).get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(len(wanted) + 1)
    names = [text.split("\t")[2].strip().lower().replace(" ", "_") for text in rows.all_inner_texts()[1:]]
    assert sorted(names) == sorted(str(row["event"]) for row in wanted), (session, names, wanted)


STEPS = ("product_view", "add_to_cart", "purchase")


def chains(user: User, where: str) -> list[int]:
    """How many visitors did the first steps in their order, counted from the raw events."""
    rows = ask(
        f"SELECT party_id, event, TIMESTAMP_TO_MILLIS(__time) AS t FROM shop_events WHERE {user.days.last_day}{where}"
        " AND event IN ('product_view', 'add_to_cart', 'purchase') LIMIT 100000"
    )
    events: dict[object, list[tuple[int, int]]] = {}
    for row in rows:
        events.setdefault(row["party_id"], []).append((int(str(row["t"])), STEPS.index(str(row["event"]))))
    reached = [0, 0, 0]
    for found in events.values():
        step = 0
        for _, which in sorted(found):
            step += step < len(STEPS) and which == step
        for n in range(step):
            reached[n] += 1
    return reached


def built(user: User, where: str = "") -> list[int]:
    user.button("Funnel")
    user.button("Remove step 4")
    user.button("Remove step 1")
    user.choose("Event of step 3", "Purchase")
    wanted = chains(user, where)
    for n, name in enumerate(("Product view", "Add to cart", "Purchase")):
        bar = user.page.get_by_role("button", name=re.compile(f"^Step {n + 1}, {name}: {said(wanted[n])}\\b"))
        expect(bar).to_be_visible()
    return wanted


def funnel(user: User) -> None:
    built(user)


def drop_off(user: User) -> None:
    # Of one country: a segment names its visitors, and at most 25.
    user.button("Germany", user.panel("Country"), exact=False)
    wanted = built(user, " AND country = 'DE'")
    user.tap(user.page.get_by_role("button", name=re.compile("did not go on")).nth(1))
    user.button("Keep only", exact=False)
    user.shows("Visitors", wanted[1] - wanted[2])


def retention(user: User) -> None:
    user.button("30 days")
    user.button("Retention")
    user.choose("First seen by", "the first event of all")
    rows = ask(
        "SELECT FLOOR(f TO DAY) AS d, COUNT(*) AS n FROM (SELECT party_id, MIN(__time) AS f FROM shop_events"
        " WHERE is_bot = FALSE GROUP BY 1) GROUP BY 1 ORDER BY 1 DESC LIMIT 5"
    )
    table = user.page.get_by_role("table").locator("visible=true").first
    for row in rows[1:]:
        day = datetime.fromisoformat(str(row["d"]).replace("Z", "+00:00"))
        line = table.get_by_role("row", name=re.compile(rf"\b{day.day} {day:%b}"))
        expect(line.get_by_role("cell").first).to_have_text(said(row["n"]))


def paths(user: User) -> None:
    user.button("Paths")
    user.choose("Steps are", "Page path")
    user.tap(user.page.get_by_role("button", name=re.compile("^.bags: .*Begin the paths here")))
    heading = user.page.get_by_role("heading", name=re.compile("^.bags · "))
    expect(heading).to_be_visible()
    wanted = number(
        f"SELECT COUNT(DISTINCT session_id) FROM shop_events WHERE {user.days.last_day} AND page_path = '/bags'"
    )
    expect(heading).to_have_text(re.compile(f"· {said(wanted)}$"))


def by_country(user: User) -> dict[object, object]:
    rows = ask(
        f"SELECT country, {VISITORS} AS n FROM shop_events WHERE {user.days.last_day}"
        " GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
    )
    return {row["country"] or "": row["n"] for row in rows}


def export_csv(user: User) -> None:
    user.dimension("Country", "Split")
    text = user.download("Numbers as CSV").decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = {
        row["country"]: int(row["visitors"]) for row in csv.DictReader(lines) if row["country"] in by_country(user)
    }
    assert {key: found.get(str(key)) for key in found} == {key: by_country(user)[key] for key in found}
    assert len(found) > 2


def export_parquet(user: User) -> None:
    frame = pl.read_parquet(io.BytesIO(user.download("All rows as Parquet")))
    assert frame.height == number(f"SELECT COUNT(*) FROM shop_events WHERE {user.days.last_day}")


def export_png(user: User) -> None:
    assert user.download("The picture as PNG").startswith(b"\x89PNG")


def export_sql(user: User) -> None:
    user.dimension("Country", "Split")
    statement = user.download("The SQL").decode().split("-- rows\n")[1].partition(";")[0]
    # A number of visitors comes with its bounds; the row of all others is no country's.
    found = {
        row["country"] or "": json.loads(str(row["visitors"]))["estimate"]
        for row in ask(statement)
        if not row["country.others"]
    }
    wanted = by_country(user)
    common = found.keys() & wanted.keys()
    assert len(common) > 2
    assert {key: found[key] for key in common} == {key: wanted[key] for key in common}


def pivot(user: User) -> None:
    user.only("Pageviews")
    user.dimension("Channel", "Split")
    user.dimension("Device type", "Split")
    user.kind("Pivot")
    where = user.days.last_day + " AND channel = 'Organic Search' AND device_type = 'mobile'"
    wanted = number(f"SELECT {PAGEVIEWS} FROM shop_events WHERE {where}")
    row = user.picture.get_by_role("row", name=re.compile("^Organic Search"))
    heads = user.picture.get_by_role("columnheader").all_inner_texts()
    at = next(n for n, text in enumerate(heads) if text.startswith("mobile"))
    expect(row.locator("th, td").nth(at)).to_have_text(re.compile(f"^{said(wanted)}"))


def nested(user: User) -> None:
    user.dimension("Country", "Split")
    user.dimension("Page path", "Split")
    user.tap(user.page.get_by_role("button", name=re.compile("^Edit split: Page path")))
    user.choose("Rows", "5")
    user.tap(user.page.get_by_label("Rank within each value of the split before"))
    user.button("Apply")
    country = top("country", VISITORS, user.days.last_day)
    child = top("page_path", VISITORS, user.days.last_day + f" AND country = '{country['k']}'")
    rows = user.picture.get_by_role("row")
    expect(rows.nth(2)).to_have_accessible_name(re.compile(COUNTRIES[str(country["k"])]))
    expect(rows.nth(3)).to_have_accessible_name(re.compile(f"{re.escape(str(child['k']))} {said(child['n'])}\\b"))


def heat(user: User) -> None:
    user.only("Pageviews")
    user.dimension("Weekday", "Split")
    user.dimension("Hour", "Split")
    user.kind("Heat map")
    rows = ask(
        f"SELECT TIME_EXTRACT(__time, 'DOW') AS d, TIME_EXTRACT(__time, 'HOUR') AS h, {PAGEVIEWS} AS n FROM shop_events"
        f" WHERE {user.days.last_day} GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1"
    )
    expect(user.drawing()).to_have_accessible_name(re.compile(f"Highest: .*, {said(rows[0]['n'])}\\."))


def country_map(user: User) -> None:
    user.dimension("Country", "Split")
    user.kind("Map")
    found = top("country", VISITORS, user.days.last_day)
    user.highest(COUNTRIES[str(found["k"])], found["n"])


def campaign_line(user: User) -> None:
    user.only("Pageviews")
    user.dimension("UTM campaign", "Split")
    user.kind("Lines")
    where = user.days.last_day + " AND utm_campaign IS NOT NULL"
    found = top("utm_campaign", PAGEVIEWS, where)
    legend = user.picture.get_by_role("group", name="Values").get_by_role("button", name=str(found["k"]), exact=False)
    expect(legend.first).to_be_visible()
    user.button("Table", user.picture)
    expect(user.picture.get_by_role("columnheader", name=str(found["k"]))).to_be_visible()


def filtered(user: User, name: str, how: str, fill: Callable[[], None], where: str, measure: str = "Pageviews") -> None:
    if measure != "Pageviews":
        user.only(measure)
    user.dimension(name, "Filter…")
    if how:
        user.condition(how)
    fill()
    user.button("Apply")
    wanted = number(
        f"SELECT {PAGEVIEWS if measure == 'Pageviews' else 'COUNT(*)'} FROM shop_events"
        f" WHERE {user.days.last_day} AND {where}"
    )
    user.shows(measure, wanted)


def contains(user: User) -> None:
    filtered(user, "Page path", "contains", lambda: user.fill("Text", "bag"), "LOWER(page_path) LIKE '%bag%'")


def regex(user: User) -> None:
    filtered(user, "Page path", "matches the expression", lambda: user.fill("Text", "^/(bags|shoes)"),
             "(page_path LIKE '/bags%' OR page_path LIKE '/shoes%')")  # fmt: skip


def number_range(user: User) -> None:
    def fill() -> None:
        user.fill("From", "100")
        user.fill("To below", "300")

    filtered(
        user, "Revenue", "is in the range", fill, "event = 'purchase' AND revenue >= 100 AND revenue < 300", "Orders"
    )


def measure_condition(user: User) -> None:
    user.dimension("Page path", "Split")
    user.button("+ Filter")
    user.fill("Search", "pageviews")
    user.press("Enter")
    user.fill("From", "50")
    user.button("Apply")
    rows = ask(
        f"SELECT page_path, {PAGEVIEWS} AS n FROM shop_events WHERE {user.days.last_day}"
        f" GROUP BY 1 HAVING {PAGEVIEWS} >= 50"
    )
    # Besides those that fit, the total, and all others, so that the parts add up to it.
    names = user.picture.get_by_role("rowheader")
    expect(names).to_have_count(len(rows) + 2)
    found = {text.strip() for text in names.all_inner_texts()}
    assert found == {"Total", "Others", *(str(row["page_path"]) for row in rows)}, (found, rows)


def several(user: User) -> None:
    def fill() -> None:
        for text in ("Belgium", "Germany"):
            user.fill("Search values", text)
            user.tap(user.page.get_by_role("checkbox", name=text, exact=False))

    filtered(user, "Country", "", fill, "country IN ('BE', 'DE')")


def exclude(user: User) -> None:
    row = user.panel("Country").get_by_role("row", name=re.compile("Netherlands"))
    row.hover()
    user.button("Leave out Netherlands")
    user.shows(
        "Pageviews",
        number(f"SELECT {PAGEVIEWS} FROM shop_events WHERE {user.days.last_day} AND country IS DISTINCT FROM 'NL'"),
    )


def pin(user: User) -> None:
    user.dimension("OS", "Pin")
    found = top("os", VISITORS, user.days.last_day)
    row = user.panel("OS").get_by_role("row").nth(1)
    expect(row).to_have_accessible_name(re.compile(f"{found['k']}.* {said(found['n'])}\\b"))


def grain_and_zone(user: User) -> None:
    user.choose("Time step", "by day")
    user.choose("Time zone", "Europe/Amsterdam")
    chart = user.page.get_by_role("region", name="Over time")
    user.button("Table", chart)
    # The last day by days is the newest one, from its midnight in Amsterdam.
    day = (user.days.newest + timedelta(hours=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    start = day - timedelta(hours=1)
    wanted = number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.within(start, start + timedelta(days=1))}")
    row = chart.get_by_role("row", name=re.compile(rf"\b{day.day} {day:%b}"))
    expect(row).to_have_accessible_name(re.compile(f" {said(wanted)}\\b"))


def brush(user: User) -> None:
    before = user.card("Visitors").get_attribute("aria-label") or user.card("Visitors").inner_text()
    plot = user.page.get_by_role("group", name=re.compile("^Visitors by "))
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    user.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    user.page.mouse.down()
    user.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    user.page.mouse.up()
    user.clicks += 1
    user.button("Zoom")
    expect(user.card("Visitors")).not_to_have_text(before)
    # What the page says it shows is what it counts.
    text = user.page.get_by_role("paragraph").filter(has_text="newest event").inner_text()
    found = re.search(r"(\d+ \w+), (\d\d:\d\d) – (?:(\d+ \w+) )?(\d{4})?,? ?(\d\d:\d\d)", text)
    assert found, text
    day, at, other, year, till = found.groups()
    user.shows(
        "Visitors",
        number(
            f"SELECT {VISITORS} FROM shop_events"
            f" WHERE {user.days.within(moment(f'{day} {year} {at}'), moment(f'{other or day} {year} {till}'))}"
        ),
    )


def undo(user: User) -> None:
    user.button("Germany", user.panel("Country"), exact=False)
    user.button("Undo")
    user.shows("Visitors", number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.last_day}"))
    user.button("Redo")
    user.shows("Visitors", number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.last_day} AND country = 'DE'"))


def dashboard(user: User) -> None:
    user.choose("Saved view", "Today")
    tile = user.page.get_by_role("region", name="Overview", exact=True)
    wanted = number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.last_day}")
    expect(tile).to_contain_text(said(wanted))
    user.button("Open Overview")
    user.shows("Visitors", wanted)


def campaign_now(user: User) -> None:
    user.choose("Saved view", "Campaign now")
    text = user.page.get_by_role("paragraph").filter(has_text="newest event").inner_text()
    found = re.search(r"(\d+ \w+)(?: \d{4})?, (\d\d:\d\d) – (\d\d:\d\d)", text)
    assert found, text
    day, at, till = found.groups()
    year = user.days.newest.year
    where = (
        user.days.within(moment(f"{day} {year} {at}"), moment(f"{day} {year} {till}")) + " AND utm_campaign IS NOT NULL"
    )
    user.shows("Visitors", number(f"SELECT {VISITORS} FROM shop_events WHERE {where}"))


def publishing(user: User) -> None:
    user.choose("Saved view", "Publishing times")
    start = user.days.day - timedelta(days=6, hours=1)
    rows = ask(
        "SELECT TIME_EXTRACT(__time, 'DOW', 'Europe/Amsterdam') AS d,"
        f" TIME_EXTRACT(__time, 'HOUR', 'Europe/Amsterdam') AS h, {PAGEVIEWS} AS n FROM shop_events"
        f" WHERE {user.days.within(start, user.days.day + timedelta(days=1))}"
        " AND country = 'NL' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1"
    )
    expect(user.drawing()).to_have_accessible_name(re.compile(f"Highest: .*{rows[0]['h']}.*, {said(rows[0]['n'])}\\."))


def referrers(user: User) -> None:
    user.choose("Saved view", "Referrers")
    start = user.days.day - timedelta(days=6)
    found = top("referrer_source", VISITORS, user.days.within(start, user.days.newest))
    row = user.picture.get_by_role("row").nth(2)
    expect(row).to_have_accessible_name(re.compile(f"{found['k'] or 'none'}.* {said(found['n'])}\\b"))


def effect(user: User) -> None:
    user.choose("Saved view", "Effect of a change")
    user.shows(
        "Sessions",
        number(
            "SELECT COUNT(*) FROM shop_sessions"
            f" WHERE {user.days.within(user.days.day - timedelta(days=6), user.days.newest)}"
        ),
    )


def new_browser(user: User) -> None:
    user.choose("Saved view", "New browser release")
    found = top("browser", "COUNT(*)", "is_bot = FALSE", "shop_sessions")
    version = top("browser_version", "COUNT(*)", f"is_bot = FALSE AND browser = '{found['k']}'", "shop_sessions")
    rows = user.picture.get_by_role("row")
    expect(rows.nth(2)).to_have_accessible_name(re.compile(f"{found['k']} {said(found['n'])}\\b"))
    expect(rows.nth(3)).to_have_accessible_name(re.compile(f"{re.escape(str(version['k']))} {said(version['n'])}\\b"))


def definition(user: User) -> None:
    user.button("Definition and SQL of Pageviews")
    dialog = user.page.get_by_role("dialog")
    expect(dialog).to_contain_text("number of events where event = 'page_view'")
    found = re.search(r"specs/shop\.yaml:(\d+)", dialog.inner_text())
    assert found
    assert "pageviews" in Path("specs/shop.yaml").read_text("utf-8").splitlines()[int(found[1]) - 1]
    statement = dialog.locator("pre").first.inner_text()
    rows = ask(statement)
    assert sum(int(str(row.get("pageviews") or 0)) for row in rows) >= 1


# By keys alone.


def keys_filter(user: User) -> None:
    user.press("f")
    user.type("country")
    user.press("Enter")
    expect(user.page.get_by_role("dialog", name="Country").get_by_role("checkbox").first).to_be_visible()
    user.type("germ")
    expect(user.page.get_by_role("checkbox", name="Germany").first).to_be_visible()
    user.press("Enter", "ArrowDown", "Enter")
    expect(user.page.get_by_role("button", name="Edit filter: Country is DE")).to_be_visible()


def keys_split(user: User) -> None:
    user.press("s")
    user.type("channel")
    user.press("Enter")
    expect(user.page.get_by_role("button", name=re.compile("Edit split: Channel"))).to_be_visible()
    expect(user.picture.get_by_role("row").nth(2)).to_be_visible()


def keys_undo(user: User) -> None:
    keys_split(user)
    user.press("u")
    expect(user.page.get_by_role("button", name=re.compile("Edit split"))).to_have_count(0)
    user.press("Shift+U")
    expect(user.page.get_by_role("button", name=re.compile("Edit split: Channel"))).to_be_visible()


# On a phone.


def phone_filter(user: User) -> None:
    user.button("Germany", user.panel("Country"), exact=False)
    user.shows("Visitors", number(f"SELECT {VISITORS} FROM shop_events WHERE {user.days.last_day} AND country = 'DE'"))


def phone_split(user: User) -> None:
    user.button("Lists")
    user.dimension("Channel", "Split")
    found = top("channel", VISITORS, user.days.last_day)
    expect(user.picture.get_by_role("row").nth(2)).to_have_accessible_name(
        re.compile(f"{found['k'] or 'none'}.* {said(found['n'])}\\b")
    )


def phone_dashboard(user: User) -> None:
    dashboard(user)


TASKS: dict[str, tuple[Callable[[User], None], int]] = {
    "Top landing page, mobile, Germany, last week": (landing, 1400),
    "… compared with the week before": (week_before, 1400),
    "Visitors of the newest day against the same weekday": (same_weekday, 1400),
    "Save a view": (save, 1400),
    "Share it, reopen it in a new browser": (share, 1400),
    "From a number to its sessions and one's events": (drill, 1400),
    "Funnel of 3 steps": (funnel, 1400),
    "… its drop-off as a segment": (drop_off, 1400),
    "Retention grid": (retention, 1400),
    "Paths from a page": (paths, 1400),
    "Export numbers as CSV": (export_csv, 1400),
    "Export rows as Parquet": (export_parquet, 1400),
    "Export the picture as PNG": (export_png, 1400),
    "Export the SQL and run it": (export_sql, 1400),
    "Pivot channel × device": (pivot, 1400),
    "Top 5 pages within each country": (nested, 1400),
    "Heat map weekday × hour": (heat, 1400),
    "Country map": (country_map, 1400),
    "Line for each campaign": (campaign_line, 1400),
    "Filter: contains": (contains, 1400),
    "Filter: regular expression": (regex, 1400),
    "Filter: range of numbers": (number_range, 1400),
    "Filter: condition on a measure": (measure_condition, 1400),
    "Filter: several values by search": (several, 1400),
    "Leave a value out": (exclude, 1400),
    "Pin a dimension": (pin, 1400),
    "Another step of time and zone": (grain_and_zone, 1400),
    "Brush the chart and zoom": (brush, 1400),
    "Undo and redo": (undo, 1400),
    "Dashboard, and one of its tiles": (dashboard, 1400),
    "Question: is the campaign working now?": (campaign_now, 1400),
    "Question: when to publish for a country?": (publishing, 1400),
    "Question: who refers?": (referrers, 1400),
    "Question: what did a change do?": (effect, 1400),
    "Question: how does a new browser do?": (new_browser, 1400),
    "Definition, SQL and model line of a number": (definition, 1400),
    "Keys alone: filter by a country": (keys_filter, 1400),
    "Keys alone: split": (keys_split, 1400),
    "Keys alone: undo and redo": (keys_undo, 1400),
    "Phone: filter by a country": (phone_filter, 390),
    "Phone: split": (phone_split, 390),
    "Phone: dashboard": (phone_dashboard, 390),
}


def newest() -> datetime:
    text = str(number("SELECT MAX(__time) FROM shop_events WHERE __time > TIMESTAMP '2000-01-01'"))
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def main(address: str, names: list[str]) -> int:
    """Do the tasks and print the table; the number of those that failed."""
    days, failed = Days(newest()), 0
    print(f"| task | clicks | keys | s | answer |\n|---|---|---|---|---|  (newest event {days.newest})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for name, (task, width) in TASKS.items():
            if names and task.__name__ not in names:
                continue
            user = User(browser, address, days, width)
            answer = "as dkd sql"
            asking_s = ASKED_S[0]
            try:
                task(user)
            except Exception as error:  # noqa: BLE001  # the table says which of them
                answer, failed = f"FAILED {task.__name__}: {' '.join(str(error).split())[:400]}", failed + 1
                user.page.screenshot(path=f"/tmp/task-{task.__name__}.png")
            taken_s = time.monotonic() - user.began - (ASKED_S[0] - asking_s)
            print(f"| {name} | {user.clicks} | {user.keys} | {taken_s:.1f} | {answer} |", flush=True)
            user.context.close()
        browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1], sys.argv[2:]), 99))
