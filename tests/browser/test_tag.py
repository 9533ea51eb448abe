"""dkd's tag in a real Chromium, on a page of another origin, with the real collector."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from collector_server import Running, running
from divolte_vectors import decoded
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dkd.collect.base36 import write
from dkd.collect.message import Message
from dkd.collect.produce import MemorySink
from dkd.model.load import load
from dkd.systems.avro.render import raw_schema

pytestmark = pytest.mark.browser

MODEL = load(
    """
dkd: 1
site: shop
collector: {ip: full}
events:
  page_view: {}
  add_to_cart: {fields: {product_id: {type: string, required: true}, price: double}}
""",
    "shop.yaml",
)
SCHEMA = raw_schema(MODEL)
TAG_ID = r"0:[0-9a-z]+:[A-Za-z0-9~_]{32}"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site(folder: Path, collector: str) -> Iterator[str]:
    """Two pages with the tag, on an origin of their own."""
    for name in ("one", "two"):
        tag = f'<script src="{collector}/dkd.js" async></script>'
        (folder / f"{name}.html").write_text(f'<!doctype html><title>{name}</title>{tag}<a href="two.html">on</a>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser without a past."""
    context = chromium.new_context(viewport={"width": 1024, "height": 700})
    yield context
    context.close()


@pytest.fixture
def collector() -> Iterator[Running]:
    with running(MODEL) as found:
        yield found


@pytest.fixture
def origin(tmp_path: Path, collector: Running) -> Iterator[str]:
    with site(tmp_path, collector.url) as found:
        yield found


def events(collector: Running) -> list[dict[str, Any]]:
    return [decoded(one.value, SCHEMA) for one in collector.messages if one.topic == "shop.raw"]


def wait_for(page: Page, condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never came"
        page.wait_for_timeout(50)


def opened(visitor: BrowserContext, address: str, **options: Any) -> Page:
    page = visitor.new_page()
    page.goto(address, **options)
    page.wait_for_function("window.dkd && dkd.pageViewId")
    return page


def test_a_page_view_by_the_tag_and_by_divoltes_request_give_equal_columns(
    visitor: BrowserContext, collector: Running, origin: str
):
    page = opened(visitor, f"{origin}/one.html?utm_source=x#top", referer="https://search.example/?q=1")
    wait_for(page, lambda: len(events(collector)) == 1)
    seen = page.evaluate(
        """() => ({p: dkd.partyId, s: dkd.sessionId, v: dkd.pageViewId, l: location.href, r: document.referrer,
                   w: innerWidth, h: innerHeight, i: screen.availWidth, j: screen.availHeight,
                   a: navigator.userAgent})"""
    )
    asked = {name: seen[name] for name in "psvlr"} | {name: write(seen[name]) for name in "whij"}
    asked |= {"e": seen["v"] + "0", "c": write(int(time.time() * 1000)), "n": "t", "f": "t", "t": "pageView"}
    # As the browser would: an opener with the page's own user agent.
    from urllib.request import Request

    with urlopen(Request(f"{collector.url}/csc-event?{urlencode(asked)}", headers={"User-Agent": seen["a"]})) as got:
        assert got.status == 200
    by_tag, by_divolte = events(collector)
    assert by_tag["location"].endswith("/one.html?utm_source=x#top")
    assert by_tag["referer"] == "https://search.example/?q=1"
    assert (by_tag["viewportPixelWidth"], by_tag["viewportPixelHeight"]) == (1024, 700)
    assert abs(by_tag["clientTimestamp"] - by_divolte["clientTimestamp"]) < 5000
    assert (by_tag["eventType"], by_divolte["eventType"]) == ("page_view", "pageView")
    differ = {"clientTimestamp", "timestamp", "eventType", "detectedDuplicate", "detectedCorruption"}
    assert {k: v for k, v in by_tag.items() if k not in differ} == {
        k: v for k, v in by_divolte.items() if k not in differ
    }
    assert by_divolte["detectedDuplicate"], "the same party, session and event id"


def test_a_signal_is_an_event_of_the_page_view(visitor: BrowserContext, collector: Running, origin: str):
    page = opened(visitor, f"{origin}/one.html")
    given = page.evaluate(
        "divolte.signal('addToCart', {productId: 1, product_id: 42, price: 9.5, event: 'no', when: new Date(0)})"
    )
    wait_for(page, lambda: len(events(collector)) == 2)
    view, cart = events(collector)
    assert given == cart["eventId"] == view["pageViewId"] + "1"
    assert view["eventId"] == view["pageViewId"] + "0"
    assert (cart["eventType"], cart["product_id"], cart["price"]) == ("addToCart", "42", 9.5)
    assert (view["firstInSession"], cart["firstInSession"]) == (True, False)
    for name in ("partyId", "sessionId", "pageViewId", "location"):
        assert view[name] == cart[name]


def test_a_visitor_is_known_on_the_next_page(visitor: BrowserContext, collector: Running, origin: str):
    page = opened(visitor, f"{origin}/one.html")
    wait_for(page, lambda: len(events(collector)) == 1)
    page.click("a")
    wait_for(page, lambda: len(events(collector)) == 2)
    one, two = events(collector)
    assert (one["partyId"], one["sessionId"]) == (two["partyId"], two["sessionId"])
    assert one["pageViewId"] != two["pageViewId"]
    assert (one["firstInSession"], two["firstInSession"]) == (True, False)
    assert two["referer"] == f"{origin}/one.html"
    cookies = {cookie["name"]: cookie for cookie in visitor.cookies()}
    assert (cookies["_dvp"]["value"], cookies["_dvs"]["value"]) == (one["partyId"], one["sessionId"])
    # The tag asks for 730 days, Chromium grants at most 400.
    assert cookies["_dvp"]["expires"] - time.time() > 399 * 86400
    assert abs(cookies["_dvs"]["expires"] - time.time() - 1800) < 60


def test_an_event_just_before_the_page_goes_is_not_lost(visitor: BrowserContext, collector: Running, origin: str):
    page = opened(visitor, f"{origin}/one.html")
    page.evaluate("() => { dkd.signal('add_to_cart', {product_id: 'last'}); location.href = 'about:blank'; }")
    wait_for(page, lambda: any(event["product_id"] == "last" for event in events(collector)))


def test_a_page_that_becomes_another_without_loading_is_another_page_view(
    visitor: BrowserContext, collector: Running, origin: str
):
    page = opened(visitor, f"{origin}/one.html")
    page.evaluate("() => { history.pushState({}, '', '/basket'); history.pushState({}, '', '/basket#items'); }")
    page.evaluate("dkd.signal('add_to_cart', {product_id: 'x'})")
    page.evaluate("history.go(-2)")
    wait_for(page, lambda: len(events(collector)) == 4)
    one, basket, cart, back = events(collector)
    assert [event["location"].removeprefix(origin) for event in (one, basket, cart, back)] == [
        "/one.html", "/basket", "/basket#items", "/one.html",
    ]  # fmt: skip
    assert basket["referer"] == f"{origin}/one.html"
    assert len({one["pageViewId"], basket["pageViewId"], back["pageViewId"]}) == 3
    assert cart["pageViewId"] == basket["pageViewId"]


def test_a_session_ends_on_a_page_that_stays_open(visitor: BrowserContext, collector: Running, origin: str):
    page = visitor.new_page()
    page.clock.install()
    page.goto(f"{origin}/one.html")
    page.wait_for_function("window.dkd && dkd.pageViewId")
    page.clock.run_for(2000)
    wait_for(page, lambda: len(events(collector)) == 1)
    # The browser's own clock does not follow the page's: what it would have forgotten is taken away.
    visitor.clear_cookies(name="_dvs")
    page.clock.fast_forward("31:00")
    page.evaluate("dkd.signal('add_to_cart', {product_id: 'later'})")
    page.clock.run_for(2000)
    wait_for(page, lambda: len(events(collector)) == 2)
    one, later = events(collector)
    assert one["partyId"] == later["partyId"]
    assert one["sessionId"] != later["sessionId"]
    assert (one["firstInSession"], later["firstInSession"]) == (True, True)
    assert one["pageViewId"] == later["pageViewId"]


def test_the_clock_of_a_device_is_corrected(visitor: BrowserContext, collector: Running, origin: str):
    page = visitor.new_page()
    page.clock.install(time=1_000_000_000)
    page.goto(f"{origin}/one.html")
    page.wait_for_function("window.dkd && dkd.pageViewId")
    page.clock.run_for(2000)
    wait_for(page, lambda: len(events(collector)) == 1)
    (view,) = events(collector)
    assert abs(view["clientTimestamp"] - time.time() * 1000) < 10_000


class Unsafe(MemorySink):
    """Loses the first groups, as Kafka does while it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.losses = 2
        self.lost: Sequence[Message] = ()

    def send(self, messages: Sequence[Message]) -> None:
        if self.losses:
            self.losses -= 1
            self.lost = messages
        else:
            super().send(messages)

    def failed(self) -> Sequence[Message]:
        lost, self.lost = self.lost, ()
        return lost


def test_what_the_collector_could_not_make_safe_is_sent_again_once(visitor: BrowserContext, tmp_path: Path):
    with running(MODEL, make_sink=Unsafe) as collector, site(tmp_path, collector.url) as origin:
        page = opened(visitor, f"{origin}/one.html")
        page.evaluate("dkd.signal('add_to_cart', {product_id: 'x'})")
        wait_for(page, lambda: len(events(collector)) == 2, 20)
        page.wait_for_timeout(1500)
        assert [event["eventType"] for event in events(collector)] == ["page_view", "add_to_cart"]


def test_a_collector_that_is_away_breaks_no_page_and_loses_no_event(visitor: BrowserContext, tmp_path: Path):
    with running(MODEL) as collector, site(tmp_path, collector.url) as origin:
        page = visitor.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{origin}/one.html")
        page.wait_for_function("window.dkd && dkd.pageViewId")
        wait_for(page, lambda: len(events(collector)) == 1)
        port = collector.port
        collector.stop()
        page.evaluate("dkd.signal('add_to_cart', {product_id: 'while away'})")
        page.wait_for_timeout(2500)
        with running(MODEL, port=port) as again:
            wait_for(page, lambda: len(events(again)) == 1, 20)
            assert events(again)[0]["product_id"] == "while away"
        assert errors == []


def test_a_refused_event_is_told_on_the_console(visitor: BrowserContext, collector: Running, origin: str):
    page = visitor.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{origin}/one.html")
    page.wait_for_function("window.dkd && dkd.pageViewId")
    page.evaluate("dkd.signal('add_to_cart', {price: 1})")
    wait_for(page, lambda: any("product_id" in text for text in said))
    assert any(one.topic == "shop.rejects" for one in collector.messages)


def test_a_page_may_wait_until_its_events_are_safe(visitor: BrowserContext, collector: Running, origin: str):
    page = opened(visitor, f"{origin}/one.html")
    page.evaluate(
        "() => new Promise((done) => { dkd.signal('add_to_cart', {product_id: 'x'}); dkd.whenCommitted(done, 5000); })"
    )
    assert [event["eventType"] for event in events(collector)] == ["page_view", "add_to_cart"]


def test_many_events_go_in_few_requests_and_keep_their_order(visitor: BrowserContext, collector: Running, origin: str):
    page = visitor.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/collect" in request.url else None)
    page.goto(f"{origin}/one.html")
    page.wait_for_function("window.dkd && dkd.pageViewId")
    page.evaluate("() => { for (let n = 0; n < 100; n++) dkd.signal('add_to_cart', {product_id: '' + n}); }")
    wait_for(page, lambda: len(events(collector)) == 101)
    assert [event["product_id"] for event in events(collector)][1:] == [str(n) for n in range(100)]
    assert len(requests) <= 8
