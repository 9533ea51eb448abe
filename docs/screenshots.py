"""A running demo → the pictures of the docs: ``dkd demo --detach``, then ``python docs/screenshots.py``.

Needs playwright and a Chromium, as the tests do. ``--all DIR`` writes every state of the page there, at both
widths, light and dark; ``--axe node_modules/axe-core/axe.min.js`` checks each of them and prints what axe-core finds.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZES = {"": (1400, 1000), "-phone": (390, 844)}
KEPT = {"explorer", "explorer-phone", "funnel", "retention-dark", "table", "heat-dark", "map-phone", "session-phone"}
"""Those of the pictures that the docs keep."""
_OF = "1~m.pageviews~t.1d"
_FIRST = "1~m.visitors.pageviews.orders.revenue.revenue_per_visitor~t.7d~c.previous~P.page_path.channel.country"
_CHANNELS = "~s.channel.8~s.device_type.5"
_AXE = "async () => (await axe.run()).violations.map((one) => [one.id, one.impact, one.nodes[0].html.slice(0, 200)])"


def press(name: str) -> Callable[[Page], None]:
    """A click on a button."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def lists(page: Page) -> None:
    """The lists, which on a phone are behind a button."""
    if page.viewport_size and page.viewport_size["width"] < 760:
        press("Lists")(page)


def menu(page: Page) -> None:
    """The menu of a dimension."""
    lists(page)
    page.get_by_role("button", name="Browser", exact=True).first.click()


def editor(page: Page) -> None:
    """The editor of a filter."""
    menu(page)
    page.get_by_role("menuitem", name="Filter…").click()


def condition(page: Page) -> None:
    """The editor of a condition on a measure."""
    page.keyboard.press("f")
    page.keyboard.type("pageviews")
    page.keyboard.press("Enter")


def session(page: Page) -> None:
    """One session's events."""
    press("Sessions")(page)
    page.get_by_role("button", name="Events of session").first.click()
    page.get_by_role("button", name="Back to the list").wait_for()


STATES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "explorer": (_FIRST, None),
    "lists": (_OF, lists),
    "menu": (_OF, menu),
    "editor": (_OF, editor),
    "condition": (_OF, condition),
    "splitter": (_OF + _CHANNELS, press("Edit split: Channel, top 8")),
    "help": (_OF, press("Keyboard shortcuts")),
    "save": (_OF, lambda page: page.get_by_text("Save", exact=True).click()),
    "export": (_OF, lambda page: page.get_by_text("Export", exact=True).click()),
    "custom": (_OF, lambda page: page.get_by_text("Custom", exact=True).click()),
    "details": (_OF, press("Details")),
    "definition": (_OF, press("Definition and SQL of Pageviews")),
    "number": (_OF + "~V.number", None),
    "line": (_OF + "~s.channel.8~V.line", None),
    "bar": (_OF + "~s.page_path.20~V.bar", None),
    "stacked": (_OF + _CHANNELS + "~V.stacked", None),
    "table": ("1~m.visitors.pageviews.orders~t.1d" + _CHANNELS + "~V.table", None),
    "compared": ("1~m.visitors.pageviews~t.1d~c.previous~s.channel.8~V.table", None),
    "pivot": (_OF + _CHANNELS + "~V.pivot", None),
    "heat": ("1~m.pageviews~t.14d~s.weekday.7~s.hour.24~V.heat", None),
    "map": (_OF + "~s.country.50~V.map", None),
    "sankey": (_OF + _CHANNELS + "~V.sankey", None),
    "kinds": (_OF + "~s.country.50", lambda page: page.get_by_label("Picture: Map").locator("visible=true").click()),
    "funnel": (_OF, press("Funnel")),
    "retention": ("1~m.visitors~t.14d", press("Retention")),
    "paths": (_OF, press("Paths")),
    "sessions": (_OF, press("Sessions")),
    "session": (_OF, session),
    "dashboard": (_OF + "~D.today", None),
    "nothing": (_OF + "~f.country.AQ", None),
    "no-link": ("9~what", None),
}  # fmt: skip


def settled(page: Page) -> None:
    """Until the page is drawn and nothing is asked any more."""
    page.locator(".cards, .behaviour, .dashboard, .state").locator("visible=true").first.wait_for(timeout=60_000)
    page.wait_for_timeout(400)
    page.locator("[aria-busy=true]").first.wait_for(state="detached", timeout=60_000)
    page.wait_for_timeout(700)


def pictured(browser: Browser, address: str, name: str, width: str, scheme: str) -> Page:
    """The page in a state."""
    link, act = STATES[name]
    size = dict(zip(("width", "height"), SIZES[width], strict=True))
    page = browser.new_page(viewport=size, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
    page.goto(address + (f"?v={link}" if link else ""))
    settled(page)
    if act:
        act(page)
        settled(page)
    return page


def main() -> None:
    """Write the pictures, and what axe-core finds on each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:28209")
    parser.add_argument("--all", type=Path, metavar="DIR")
    parser.add_argument("--axe", type=Path, metavar="FILE")
    parser.add_argument("--only", nargs="*", default=list(STATES), metavar="STATE")
    given = parser.parse_args()
    folder = given.all or IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for state in given.only:
            for width in SIZES:
                for scheme in ("light", "dark"):
                    name = f"{state}{'' if scheme == 'light' else '-dark'}{width}"
                    if given.all or name in KEPT:
                        shoot(browser, given, (state, width, scheme), folder / f"{name}.png")
        browser.close()


def shoot(browser: Browser, given: argparse.Namespace, state: tuple[str, str, str], file: Path) -> None:
    """Write one picture, and print what axe-core finds on it."""
    page = None
    try:
        page = pictured(browser, given.address, *state)
        page.screenshot(path=file)
        if given.axe:
            page.evaluate(given.axe.read_text("utf-8"))
            print(file.stem, page.evaluate(_AXE) or "nothing", "wide" if wide(page) else "", flush=True)  # noqa: T201
    except Exception as error:  # noqa: BLE001  # the others are worth having
        print(file.stem, f"failed: {error}".splitlines()[0], flush=True)  # noqa: T201
    finally:
        for context in browser.contexts:
            context.close()


def wide(page: Page) -> bool:
    """The page scrolls sideways."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


if __name__ == "__main__":
    main()
