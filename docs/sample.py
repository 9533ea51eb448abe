"""A seed → one believable day of a small shop, 2026-11-20: the events of ``docs/sample.ndjson.gz``.

``python docs/sample.py`` writes the file anew. All of it is made up; the addresses are of real countries so that the
country database has something to find. Some visitors are bots, some lines come twice, and some are broken on purpose.
"""

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

Event = dict[str, object]

SEED = 20
VISITORS = 400
BOTS = 16
REPEATS = 25
START_MS = round(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000
SITE = "https://shop.example"
# Visits by hour, UTC: people sleep, buy at lunch and in the evening.
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 13, 14, 12, 11, 11, 12, 13, 15, 18, 19, 16, 10, 5)
PRODUCTS = {
    "shoes": {"runner-2": 89.95, "trail-9": 129.0, "court-1": 74.5, "sandal-4": 39.95, "boot-7": 159.0},
    "bags": {"tote-3": 49.0, "pack-20l": 79.95, "sling-1": 34.5, "duffel-45l": 99.0},
    "jackets": {"rain-shell": 119.0, "down-lite": 189.0, "wind-vest": 64.95, "fleece-2": 59.0},
    "bottles": {"steel-750": 24.95, "flask-1l": 32.0, "kids-350": 17.5},
}
SEARCHES = ("running shoes", "rain jacket", "bag", "waterproof boots", "bottle", "gift", "größe 43", "sandals", "vest")
# How a visit starts: weight, query of the landing page, referrer.
ARRIVALS = (
    (32, "", "https://www.google.com/"),
    (22, "", None),
    (9, "utm_source=google&utm_medium=cpc&utm_campaign=autumn_shoes&utm_term=running+shoes", "https://www.google.com/"),
    (5, "utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=Cj0KCQ", "https://www.google.com/"),
    (9, "utm_source=newsletter&utm_medium=email&utm_campaign=november_news&utm_content=header", None),
    (6, "utm_source=instagram&utm_medium=paid_social&utm_campaign=black_week", "https://l.instagram.com/"),
    (4, "", "https://www.facebook.com/"),
    (4, "", "https://www.bing.com/"),
    (3, "", "https://duckduckgo.com/"),
    (3, "utm_source=runners-weekly&utm_medium=affiliate&utm_campaign=autumn_shoes", "https://runners-weekly.example/test"),
    (3, "", "https://www.reddit.com/r/running/"),
)  # fmt: skip
NETWORKS = {
    "145.53.0": 22, "84.80.1": 16, "77.250.3": 12, "91.20.1": 14, "84.130.1": 8, "81.2.69": 9, "86.10.1": 6,
    "90.40.1": 7, "81.240.1": 8, "71.192.1": 7, "73.10.1": 5, "24.5.1": 3, "81.32.1": 4, "2.36.1": 3, "83.24.1": 3,
    "81.224.1": 3, "177.32.1": 2, "49.36.1": 3, "126.1.1": 2, "1.120.1": 1, "99.224.1": 2,
}  # fmt: skip
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
# Weight, viewport, screen, user agent.
BROWSERS = (
    (24, (390, 664), (390, 844), f"{IPHONE} Version/26.6 Mobile/15E148 Safari/604.1"),
    (22, (384, 726), (384, 854), f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/154.0.0.0 Mobile Safari/537.36"),
    (18, (1536, 730), (1536, 864), f"{WINDOWS} {WEBKIT} Chrome/154.0.0.0 Safari/537.36"),
    (8, (1440, 764), (1440, 900), f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Safari/605.1.15"),
    (8, (1728, 971), (1728, 1117), f"{MAC} {WEBKIT} Chrome/154.0.0.0 Safari/537.36"),
    (6, (1920, 945), (1920, 1080), f"{WINDOWS} {WEBKIT} Chrome/154.0.0.0 Safari/537.36 Edg/154.0.0.0"),
    (5, (1920, 927), (1920, 1080), "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0"),
    (3, (412, 780), (412, 915),
     f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} SamsungBrowser/29.0 Chrome/148.0.0.0 Mobile Safari/537.36"),
    (2, (1920, 937), (1920, 1080), "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"),
    (2, (390, 655), (390, 844), f"{IPHONE} CriOS/154.0.8037.55 Mobile/15E148 Safari/604.1"),
)  # fmt: skip
CRAWLERS = (
    ("66.249.66", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ("157.55.39", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    ("20.171.207", "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"),
    ("73.10.1", f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/154.0.0.0 Safari/537.36"),
    ("49.36.1", "python-requests/2.34.2"),
)
BROKEN = (
    '{"event":"page_view","timestamp_ms":%d,"party_id":"cut-off","page_url":"https://shop.exa',
    '"page_view"',
    "page_view;2026-11-20;no JSON at all",
    '{"event":"page_veiw","timestamp_ms":%d,"party_id":"misspelt","page_url":"https://shop.example/"}',
    '{"event":"page_view","timestamp_ms":%d,"page_url":"https://shop.example/no-visitor"}',
    '{"event":"purchase","timestamp_ms":%d,"party_id":"no-order","revenue":12.5}',
    '{"event":"purchase","timestamp_ms":%d,"party_id":"price-as-text","order_id":"o-1","revenue":"12,50 EUR"}',
    '{"event":"add_to_cart","timestamp_ms":%d,"party_id":"no-product","price":9.95}',
    '{"timestamp_ms":%d,"party_id":"no-event","page_url":"https://shop.example/"}',
)


def sample(seed: int = SEED) -> list[str]:
    """The lines of the day, by event time; the same for the same *seed*."""
    dice = random.Random(seed)  # noqa: S311  # made-up visitors, not secrets
    events = [event for number in range(VISITORS) for event in _visitor(dice, number)]
    events = [event for event in events if int(str(event["timestamp_ms"])) < START_MS + DAY_MS]
    events.sort(key=lambda event: int(str(event["timestamp_ms"])))
    for number, event in enumerate(events, start=1):
        event["event_id"] = f"e{number:05d}{dice.getrandbits(32):08x}"
    lines = [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in events]
    for _ in range(REPEATS):
        place = dice.randrange(len(lines) - 30)
        lines.insert(place + dice.randint(1, 20), lines[place])
    for number in range(2 * len(BROKEN)):
        template = BROKEN[number % len(BROKEN)]
        lines.insert(
            dice.randrange(len(lines)),
            template % dice.randrange(START_MS, START_MS + DAY_MS) if "%" in template else template,
        )
    return lines


def _visitor(dice: random.Random, number: int) -> Iterator[Event]:
    party = f"0:mi{dice.getrandbits(30):06x}:{dice.getrandbits(64):016x}"
    if number < BOTS:
        network, agent = CRAWLERS[number % len(CRAWLERS)]
        known: Event = {"party_id": party, "ip": f"{network}.{dice.randint(1, 254)}", "user_agent": agent}
        yield from _crawl(dice, known, dice.randrange(DAY_MS // 2))
        return
    network = dice.choices(tuple(NETWORKS), tuple(NETWORKS.values()))[0]
    _, viewport, screen, agent = dice.choices(BROWSERS, [row[0] for row in BROWSERS])[0]
    known = {
        "party_id": party, "ip": f"{network}.{dice.randint(1, 254)}", "user_agent": agent,
        "viewport_width": viewport[0], "viewport_height": viewport[1],
        "screen_width": screen[0], "screen_height": screen[1],
    }  # fmt: skip
    for _ in range(dice.choices((1, 2, 3), (68, 24, 8))[0]):
        hour = dice.choices(range(24), HOURS)[0]
        yield from _Visit(
            dice, known, START_MS + hour * 3_600_000 + dice.randrange(3_600_000), f"u{number:04d}"
        ).events()


def _crawl(dice: random.Random, known: Event, start_ms: int) -> Iterator[Event]:
    time_ms = START_MS + start_ms
    for category, products in PRODUCTS.items():
        for path in (category, *(f"{category}/{product}" for product in products)):
            time_ms += dice.randint(800, 90_000)
            yield {"event": "page_view", "timestamp_ms": time_ms, **known, "page_url": f"{SITE}/{path}"}


class _Visit:
    """One walk through the shop: pages in turn, each with the one before as its referrer."""

    def __init__(self, dice: random.Random, known: Event, time_ms: int, user: str) -> None:
        _, query, before = dice.choices(ARRIVALS, [row[0] for row in ARRIVALS])[0]
        self.dice, self.known, self.time_ms, self.user = dice, known, time_ms, user
        self.before: str | None = before
        self.query = f"?{query}" if query else ""
        self.cart: list[float] = []
        self.made: list[Event] = []

    def events(self) -> list[Event]:
        """The events of the visit, by time."""
        steps = (self._home, self._category, self._search)
        self.dice.choices(steps, (50, 40, 10))[0]()
        while self.dice.random() < 0.81:
            self.dice.choices((self._category, self._product, self._search), (30, 55, 15))[0]()
        if self.cart and self.dice.random() < 0.5:
            self._buy()
        return self.made

    def _emit(self, event: str, **values: object) -> None:
        self.time_ms += self.dice.randint(150, 900)
        page = {"page_url": self.page, **({"referrer_url": self.before} if self.before else {})}
        self.made.append({"event": event, "timestamp_ms": self.time_ms, **self.known, **page, **values})

    def _open(self, path: str) -> None:
        if self.made:
            self.before, self.query = str(self.made[-1]["page_url"]), ""
            self.time_ms += round(self.dice.lognormvariate(10, 0.8))
        joined = self.query.replace("?", "&") if "?" in path else self.query
        self.page = f"{SITE}/{path}{joined}"
        self._emit("page_view")

    def _home(self) -> None:
        self._open("")

    def _category(self) -> None:
        self._open(self.dice.choice(tuple(PRODUCTS)))

    def _search(self) -> None:
        words = self.dice.choice(SEARCHES)
        self._open(f"search?q={words.replace(' ', '+').replace('ö', '%C3%B6').replace('ß', '%C3%9F')}")
        self._emit("search", query=words)

    def _product(self) -> None:
        category = self.dice.choices(tuple(PRODUCTS), (45, 20, 25, 10))[0]
        product, price = self.dice.choice(tuple(PRODUCTS[category].items()))
        self._open(f"{category}/{product}")
        self._emit("product_view", product_id=product)
        if self.dice.random() < 0.22:
            self.time_ms += self.dice.randint(2_000, 40_000)
            quantity = self.dice.choices((1, 2), (9, 1))[0]
            self.cart.append(price * quantity)
            self._emit("add_to_cart", product_id=product, price=price, quantity=quantity)

    def _buy(self) -> None:
        self._open("checkout")
        self._open("thanks")
        order = f"o-{self.dice.randrange(10**6):06d}"
        self._emit("purchase", order_id=order, revenue=round(sum(self.cart), 2), user_id=self.user)


if __name__ == "__main__":
    text = "".join(f"{line}\n" for line in sample())
    # No time in the archive's header, so that the same lines give the same file.
    Path(__file__).with_suffix(".ndjson.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
