"""What tests in a browser can ask for: a campaign in the stack, and pages that may not err nor call away."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy
from urllib.parse import urlsplit

import pytest
from campaign import BOT, MARK, event, send
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from real_stack import Stack

from dkd.settings import Ports

expect.set_options(timeout=30_000)
_FAULTS = "async () => (await axe.run()).violations.map(one => [one.id, one.nodes[0].html, one.help])"


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Stack:
    """The stack with a campaign of 92 events: people of three countries, two of them buying, and a bot."""
    events = [event(country, seq) for country, count in (("NL", 40), ("DE", 30), ("GB", 15)) for seq in range(count)]
    events += [event("NL", seq, event="purchase", order_id=f"{MARK}{seq}", revenue=12.5 + seq) for seq in range(4)]
    events += [event("GB", seq, party_id=f"{MARK}-bot", user_agent=BOT) for seq in range(3)]
    send(stack, *events)
    query = f"SELECT COUNT(*) FROM shop_events WHERE utm_campaign = '{MARK}'"
    assert stack.wait_for(query, len(events)) == len(events)
    return stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not for the whole run: while it lives no other test of the process can run an event loop, nor a second browser.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, stack: Stack) -> Iterator[Callable[..., Page]]:
    """Open a view in a browser without a past; nothing may reach the console, nor leave this machine."""
    contexts: list[BrowserContext] = []
    said: list[str] = []
    here = f"http://127.0.0.1:{Ports.at(stack.base_port).explorer}/"

    def opens(link: str = "", url: str = here, width: int = 1400, **more: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, locale="en-GB", **more)  # type: ignore[arg-type]
        context.set_default_timeout(60_000)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda one: said.append(one.url) if is_away(one.url) else None)
        page.goto(url + (f"?v={link}" if link else ""))
        return page

    yield opens
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page], None]:
    """Fails with what axe-core finds on a page as it is; of the version and with the checksum that axe/ names."""
    folder = tmp_path_factory.mktemp("axe")
    for file in Path(__file__).with_name("axe").iterdir():
        copy(file, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=120)
    script = (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")

    def checked(page: Page) -> None:
        page.evaluate(script)
        assert page.evaluate(_FAULTS) == []

    return checked


def is_away(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"
