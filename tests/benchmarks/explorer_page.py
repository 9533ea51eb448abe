"""A browser at the explorer → seconds by the page's own clock, from a gesture until its answer was drawn."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
_FIND = """
const find = (at = document) => {
  const found = at.querySelector(".root");
  if (found?.app) return found;
  for (const one of at.querySelectorAll("*")) {
    const inside = one.shadowRoot && find(one.shadowRoot);
    if (inside) return inside;
  }
  return null;
};
"""
_READY = f"""() => {{ {_FIND}
  const root = find();
  return root?.dataset.pending === "false" && root.querySelector(".card") ? performance.now() : false;
}}"""
_GESTURE = f"""(gesture) => new Promise((done, failed) => {{ {_FIND}
  const root = find(), was = root.dataset.seq, began = performance.now();
  const frames = (then) => requestAnimationFrame(() => requestAnimationFrame(() => then(performance.now() - began)));
  let first = null, own = null, state = "";
  const look = () => {{
    if (root.dataset.seq === was) return;
    const drawn = new Promise(frames);
    first ??= drawn;
    if (![...root.querySelectorAll(".pending")].some((at) => at.checkVisibility())) own ??= drawn;
    if (root.dataset.pending !== "false") return;
    watch.disconnect();
    state = root.querySelector(".state")?.textContent.trim() ?? "";
    Promise.all([first, own ?? drawn, drawn]).then(([drawn, own, whole]) => done({{ drawn, own, whole, state }}));
  }};
  const watch = new MutationObserver(look);
  watch.observe(root, {{ attributes: true }});
  setTimeout(() => failed("no answer within 120 s"), 120000);
  root.app.send(gesture);
}})"""
SEND = f"""(gesture) => {{ {_FIND} find().app.send(gesture); }}"""
SAYS = f"""() => {{ {_FIND}
  const root = find(), text = (name) => root.querySelector(name)?.textContent.replace(/\\s+/g, " ").trim() ?? "";
  if (!root || root.classList.contains("busy") || root.dataset.pending === "true") return "busy";
  const number = root.querySelector('.card[data-measure="visitors"]')?.dataset.value;
  return [text(".state"), text(".notices"), number ? `visitors ${{number}}` : ""].filter(Boolean).join(" | ");
}}"""
_FLOOR = """() => new Promise((done) => {
  const at = [...document.querySelectorAll("p")].find((one) => one.textContent.startsWith("pressed"));
  const was = at.textContent, began = performance.now();
  const watch = new MutationObserver(() => {
    if (at.textContent === was) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  });
  watch.observe(at, { characterData: true, childList: true, subtree: true });
  document.querySelector('[data-testid="stButton"] button').click();
})"""
_PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime || false"""


@dataclass(frozen=True)
class Opening:
    """Seconds from the request until something, and everything, was seen."""

    paint_s: float
    usable_s: float


@dataclass(frozen=True)
class Answer:
    """Seconds from a gesture until its first numbers, all but those of the others, and its last ones were drawn."""

    drawn_s: float
    own_s: float
    whole_s: float


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found
        found.close()


def context(of: Browser) -> BrowserContext:
    """A browser that has seen nothing yet."""
    found = of.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    found.set_default_timeout(180_000)
    return found


def opened(within: BrowserContext, url: str, ready: str = _READY) -> tuple[Page, Opening]:
    """The page, once all of its numbers are there."""
    page = within.new_page()
    return page, open_in(page, url, ready)


def open_in(page: Page, url: str, ready: str = _READY) -> Opening:
    """Go to an address, and wait until all numbers are there."""
    page.goto(url, wait_until="commit")
    usable_ms = page.wait_for_function(ready, polling="raf").json_value()
    paint_ms = page.wait_for_function(_PAINT, polling="raf").json_value()
    return Opening(paint_ms / 1000, usable_ms / 1000)


def openings(of: Browser, url: str, count: int, ready: str = _READY) -> tuple[list[Opening], list[Opening]]:
    """How long it takes browsers that were never there, and the same tab when it comes back from elsewhere.

    A new tab of a browser that was there starts a process first, which costs any page half a second here.
    """
    cold, warm = [], []
    for _ in range(count):
        within = context(of)
        page, opening = opened(within, url, ready)
        cold.append(opening)
        page.goto("about:blank")
        warm.append(open_in(page, url, ready))
        within.close()
    return cold, warm


def asked(page: Page, link: str) -> Answer:
    """Open another view by a gesture; what is not answered takes for ever."""
    found = page.evaluate(_GESTURE, {"kind": "open", "link": link})
    time.sleep(0.25)
    if found["state"]:
        print(f"the page says: {found['state']}", file=sys.stderr, flush=True)
        return Answer(math.inf, math.inf, math.inf)
    return Answer(found["drawn"] / 1000, found["own"] / 1000, found["whole"] / 1000)


def floor(of: Browser, url: str, count: int) -> tuple[list[Opening], list[Opening], list[float]]:
    """The same of a page that has a button and a text alone."""
    ready = """() => document.querySelector('[data-testid="stButton"] button') ? performance.now() : false"""
    cold, warm = openings(of, url, 3, ready)
    page, _ = opened(context(of), url, ready)
    pressed = []
    for _ in range(count):
        pressed.append(page.evaluate(_FLOOR) / 1000)
        time.sleep(0.1)
    return cold, warm, pressed
