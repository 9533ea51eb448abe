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
from playwright.sync_api import Browser, BrowserContext, Page

from dkd.collect.base36 import write
from dkd.collect.message import Message
from dkd.collect.produce import MemorySink
from dkd.model.load import load
from dkd.model.preset import preset_files
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
SHOP = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
CAPTURING = """
<!doctype html><meta charset="utf-8"><title>capturing</title>
<script src="{collector}/dkd.js" data-capture="{kinds}"></script>
<body style="height: 4000px">
<a id="first" class="teaser big" href="two.html?q=1">  Shoes <b>and
  more</b> {long} </a>
<button id="named" aria-label="Close"><span>×</span></button>
<button id="filled">Pay <input name="amount" value="typed 1"></button>
<a id="mail" href="mailto:somebody@mail.example">Write</a>
<p id="nothing">Just text</p>
<div data-private><a id="hidden" href="#x">typed 2</a></div>
<div contenteditable><a id="edited" href="#x">typed 3</a></div>
<div id="host"></div>
<form id="order" name="checkout" onsubmit="event.preventDefault()">
  <input name="email" value="typed@mail.example"><input name="pass" type="password" value="typed 4">
  <input name="card" autocomplete="cc-number" value="typed 5"><input name="token" type="hidden" value="typed 6">
  <textarea name="note">typed 7</textarea><select name="size"><option>typed 8</option></select>
  <input name="size" value="typed 9"><input value="typed 10"><span data-private><input name="doctor"></span>
  <input type="submit" id="send" value="typed 11">
</form>
<script>
  host.attachShadow({{mode: "open"}}).innerHTML = "<button class=deep>Deep</button>";
  addEventListener("click", (one) => one.stopImmediatePropagation(), true); // as some pages do
</script>
"""
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


def events(collector: Running, schema: dict[str, Any] = SCHEMA) -> list[dict[str, Any]]:
    return [decoded(one.value, schema) for one in collector.messages if one.topic == "shop.raw"]


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


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    """The collector of the shop preset, whose events the tag must fit."""
    with running(SHOP) as found:
        yield found


@contextmanager
def capturing(shop: Running, folder: Path, visitor: BrowserContext, kinds: str) -> Iterator[tuple[Page, Callable]]:
    """A page whose tag captures *kinds*; and what gives all its events as name and the model's own values."""
    shop.messages.clear()
    schema = raw_schema(SHOP)
    with site(folder, shop.url) as origin:
        page = CAPTURING.format(collector=shop.url, kinds=kinds, long="x" * 300)
        (folder / "capturing.html").write_text(page, "utf-8")

        def told() -> list[tuple[str, dict[str, Any]]]:
            # A tag whose answer is lost with its page sends once more; the id of the event tells.
            found = list({one["eventId"]: one for one in events(shop, schema)}.values())
            # This browser is driven by a program, and says so with each event.
            assert all(one["automated"] is True for one in found)
            names = [name for name in SHOP.all_fields if name != "automated"]
            return [
                (one["eventType"], {name: one[name] for name in names if one.get(name) is not None}) for one in found
            ]

        yield opened(visitor, f"{origin}/capturing.html"), told


def test_without_being_asked_the_tag_tells_of_page_views_alone(visitor: BrowserContext, shop: Running, tmp_path: Path):
    with capturing(shop, tmp_path, visitor, "") as (page, told):
        page.click("#named")
        page.click("#send")
        page.mouse.wheel(0, 4000)
        page.evaluate("history.pushState({}, '', '/basket')")
        wait_for(page, lambda: len(told()) == 2)
        page.wait_for_timeout(1200)
        assert told() == [("page_view", {}), ("page_view", {})]


def test_clicks_are_told_with_text_place_and_target(visitor: BrowserContext, shop: Running, tmp_path: Path):
    with capturing(shop, tmp_path, visitor, "click") as (page, told):
        for one in ("#named", "#filled", "#nothing", "#hidden", "#edited", ".deep"):
            page.click(one, position={"x": 3, "y": 3})
        page.evaluate("document.querySelector('#named').click()")
        page.click("#mail")
        page.click("#first")
        page.wait_for_url("**/two.html?q=1")
        wait_for(page, lambda: any(values.get("element_id") == "first" for _, values in told()))
        clicks = [values for name, values in told() if name == "click"]
        assert clicks == [
            {"element_tag": "button", "element_text": "Close", "element_id": "named"},
            {"element_tag": "button", "element_id": "filled"},
            {"element_tag": "button", "element_text": "Deep", "element_class": "deep"},
            {"element_tag": "a", "element_text": "Write", "element_id": "mail"},
            {"element_tag": "a", "element_text": f"Shoes and more {'x' * 85}", "element_id": "first",
             "element_class": "teaser big", "target_url": page.url},
        ]  # fmt: skip


def test_forms_are_told_by_the_names_of_their_fields_and_nothing_typed_ever_leaves(
    visitor: BrowserContext, shop: Running, tmp_path: Path
):
    with capturing(shop, tmp_path, visitor, "click,form") as (page, told):
        page.click("#send")
        wait_for(page, lambda: len(told()) == 3)
        assert told()[1:] == [
            ("click", {"element_tag": "input", "element_id": "send"}),
            ("form_submit", {"form_id": "order", "form_name": "checkout", "form_fields": ["email", "note", "size"]}),
        ]
        page.click("#filled", position={"x": 3, "y": 3})
        wait_for(page, lambda: len(told()) == 4)
        assert not any(b"typed" in one.value or b"doctor" in one.value for one in shop.messages)


def test_moves_inside_a_page_and_its_depth_are_told(visitor: BrowserContext, shop: Running, tmp_path: Path):
    with capturing(shop, tmp_path, visitor, "navigation scroll") as (page, told):
        page.evaluate("scrollTo(0, 2400)")
        page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
        page.evaluate("scrollTo(0, 100)")
        page.evaluate("history.pushState({}, '', '/basket?x=1')")
        page.evaluate("history.back()")
        wait_for(page, lambda: len(told()) == 8)
        assert told() == [
            ("page_view", {}),
            *(("scroll", {"scroll_depth": depth}) for depth in (25, 50, 75)),
            ("page_view", {}),
            ("navigation", {"from_path": "/capturing.html", "to_path": "/basket", "navigation_type": "navigate"}),
            ("page_view", {}),
            ("navigation", {"from_path": "/basket", "to_path": "/capturing.html", "navigation_type": "back_forward"}),
        ]


def test_a_heartbeat_tells_of_ten_seconds_in_which_the_visitor_did_something(
    visitor: BrowserContext, shop: Running, tmp_path: Path
):
    clock = visitor.new_page().clock
    clock.install()
    clock.pause_at(time.time() + 3600)
    with capturing(shop, tmp_path, visitor, "heartbeat") as (page, told):
        page.mouse.move(50, 50)
        page.clock.run_for(30_000)

        def came() -> bool:
            # An answer that comes in real time starts the next wait of the page, whose clock stands still.
            page.clock.run_for(500)
            return len(told()) >= 2

        wait_for(page, came)
        assert told() == [("page_view", {}), ("heartbeat", {})]


def wishing(options: str) -> Any:
    return load(f"dkd: 1\nsite: shop\ncollector: {{ip: full, {options}}}\nevents: {{page_view: {{}}}}\n", "shop.yaml")


@contextmanager
def page_of(model: Any, folder: Path, attributes: str = "") -> Iterator[tuple[Running, str]]:
    """A collector of *model*, and the address of a page whose tag has *attributes*."""
    with running(model) as collector, site(folder, collector.url) as origin:
        tag = f'<script src="{collector.url}/dkd.js" {attributes}></script>'
        (folder / "wish.html").write_text(f"<!doctype html><title>wish</title>{tag}")
        yield collector, f"{origin}/wish.html"


def cookies_of(visitor: BrowserContext) -> dict[str, Any]:
    return {cookie["name"]: cookie for cookie in visitor.cookies()}


def test_before_consent_nothing_happens_and_afterwards_it_can_be_taken_back(visitor: BrowserContext, tmp_path: Path):
    with page_of(MODEL, tmp_path, "data-consent") as (collector, address):
        page = visitor.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/collect" in request.url else None)
        page.goto(address)
        assert page.evaluate("dkd.signal('add_to_cart', {product_id: 'before'})") is None
        page.wait_for_timeout(1300)
        assert (asked, cookies_of(visitor), collector.messages) == ([], {}, [])
        page.evaluate("dkd.consent()")
        wait_for(page, lambda: len(events(collector)) == 1)
        assert set(cookies_of(visitor)) == {"_dvp", "_dvs"}
        assert page.evaluate("dkd.partyId") == events(collector)[0]["partyId"]
        page.evaluate("() => { dkd.signal('add_to_cart', {product_id: 'queued'}); dkd.forget(); }")
        assert page.evaluate("dkd.signal('add_to_cart', {product_id: 'after'})") is None
        page.wait_for_timeout(1300)
        assert cookies_of(visitor) == {}
        assert [event["eventType"] for event in events(collector)] == ["page_view"]
        assert page.evaluate("[dkd.partyId, dkd.sessionId, dkd.pageViewId]") == [None, None, None]
        page.evaluate("dkd.consent()")
        wait_for(page, lambda: len(events(collector)) == 2)
        assert len({event["partyId"] for event in events(collector)}) == 2, "who is forgotten is somebody else"


@pytest.mark.parametrize(
    "says", ["Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})",
             "Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})"],
)  # fmt: skip
def test_who_opts_out_is_not_followed_as_the_model_says(chromium: Browser, tmp_path: Path, says: str):
    for options, count in (("opt_out: drop", 0), ("opt_out: anonymous", 2), ("opt_out: ignore", 2)):
        visitor = chromium.new_context(extra_http_headers={"Sec-GPC": "1"})
        visitor.add_init_script(says)
        with page_of(wishing(options), tmp_path) as (collector, address):
            page = visitor.new_page()
            for _ in range(2):
                page.goto(address)
                page.wait_for_function("window.dkd")
                page.evaluate("() => new Promise((done) => dkd.whenCommitted(done, 3000))")
            stored = events(collector, raw_schema(wishing(options)))
            assert len(stored) == count
            assert len({event["partyId"] for event in stored}) == min(count, 1)
            assert set(cookies_of(visitor)) == ({"_dvp", "_dvs"} if "ignore" in options else set())
        visitor.close()


def test_the_collector_keeps_the_visitors_cookie_alive(visitor: BrowserContext, tmp_path: Path):
    with page_of(wishing("cookie: server"), tmp_path) as (collector, address):
        page = opened(visitor, address)
        with page.expect_response("**/collect*") as answered:
            pass
        assert answered.value.header_value("set-cookie") is not None
        wait_for(page, lambda: bool(collector.messages))
        party = page.evaluate("dkd.partyId")
        assert cookies_of(visitor)["_dvp"]["value"] == party
        assert f"_dvp={party}" in (answered.value.header_value("set-cookie") or "")
