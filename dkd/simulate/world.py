"""The made-up world that traffic comes from: countries, browsers, campaigns, products, and the people who visit."""

from typing import NamedTuple


class Country(NamedTuple):
    """Where visitors live.

    Attributes:
        code: ISO 3166, two letters.
        share: How many of all visitors.
        zone_h: Hours ahead of UTC.
        networks: Beginnings of addresses that the country database knows.
    """

    code: str
    share: float
    zone_h: int
    networks: tuple[str, ...]


COUNTRIES = (
    Country("NL", 24, 1, ("145.53.0", "84.80.1", "77.250.3", "62.163.1", "80.56.1", "213.46.1")),
    Country("DE", 19, 1, ("91.20.1", "84.130.1", "91.64.1", "79.192.1", "88.64.1", "46.5.1")),
    Country("GB", 11, 0, ("81.2.69", "86.10.1", "92.40.1")),
    Country("BE", 8, 1, ("81.240.1", "109.128.1", "178.116.1")),
    Country("FR", 8, 1, ("90.40.1", "82.64.1")),
    Country("US", 12, -5, ("71.192.1", "73.10.1", "76.100.1", "98.100.1", "68.40.1")),
    Country("US", 4, -8, ("24.5.1",)),
    Country("ES", 3, 1, ("81.32.1", "88.0.1")),
    Country("IT", 2, 1, ("2.36.1",)),
    Country("PL", 2, 1, ("83.24.1", "31.0.1")),
    Country("SE", 2, 1, ("81.224.1", "85.224.1", "80.216.1")),
    Country("CA", 2, -5, ("99.224.1", "70.48.1")),
    Country("IN", 2, 5, ("49.36.1", "106.51.1")),
    Country("BR", 1, -3, ("177.32.1", "189.0.1")),
    Country("JP", 1, 9, ("126.1.1", "60.64.1")),
    Country("AU", 1, 10, ("1.120.1", "49.180.1")),
)
CENTRES = ("3.90.1", "35.190.1", "95.216.1", "51.15.1", "188.40.1")
"""Networks of data centres."""

HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 13, 14, 12, 11, 11, 12, 13, 15, 18, 19, 16, 10, 5)
"""How much is going on by hour of the visitor's own day: people sleep, and buy at lunch and in the evening."""


class Browser(NamedTuple):
    """What visitors use.

    Attributes:
        family: What people call it.
        share: How many of all visitors.
        viewport: Width and height, CSS pixels.
        screen: The same of the screen.
        agent: Its user agent.
    """

    family: str
    share: float
    viewport: tuple[int, int]
    screen: tuple[int, int]
    agent: str


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
BROWSERS = (
    Browser("Safari", 24, (390, 664), (390, 844), f"{_IPHONE} Version/26.6 Mobile/15E148 Safari/604.1"),
    Browser("Chrome", 22, (384, 726), (384, 854), f"{_ANDROID} {_WEBKIT} Chrome/154.0.0.0 Mobile Safari/537.36"),
    Browser("Chrome", 18, (1536, 730), (1536, 864), f"{_WINDOWS} {_WEBKIT} Chrome/154.0.0.0 Safari/537.36"),
    Browser("Safari", 8, (1440, 764), (1440, 900),
            f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Safari/605.1.15"),
    Browser("Chrome", 8, (1728, 971), (1728, 1117), f"{_MAC} {_WEBKIT} Chrome/154.0.0.0 Safari/537.36"),
    Browser("Edge", 6, (1920, 945), (1920, 1080), f"{_WINDOWS} {_WEBKIT} Chrome/154.0.0.0 Safari/537.36 Edg/154.0.0.0"),
    Browser("Firefox", 5, (1920, 927), (1920, 1080),
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0"),
    Browser("Samsung Internet", 4, (412, 780), (412, 915),
            f"{_ANDROID} {_WEBKIT} SamsungBrowser/29.0 Chrome/148.0.0.0 Mobile Safari/537.36"),
    Browser("Firefox", 3, (1920, 937), (1920, 1080),
            "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"),
    Browser("Chrome", 2, (390, 655), (390, 844), f"{_IPHONE} CriOS/154.0.8037.55 Mobile/15E148 Safari/604.1"),
)  # fmt: skip


class Arrival(NamedTuple):
    """How a visit begins: how often, the landing page's query, and the page before."""

    share: float
    query: str
    referrer: str | None


ARRIVALS = (
    Arrival(32, "", "https://www.google.com/"),
    Arrival(21, "", None),
    Arrival(9, "utm_source=google&utm_medium=cpc&utm_campaign=autumn_shoes&utm_term=running+shoes",
            "https://www.google.com/"),
    Arrival(5, "utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=Cj0KCQ", "https://www.google.com/"),
    Arrival(9, "utm_source=newsletter&utm_medium=email&utm_campaign=monthly_news&utm_content=header", None),
    Arrival(2, "", "https://mail.google.com/"),
    Arrival(6, "utm_source=instagram&utm_medium=paid_social&utm_campaign=black_week", "https://l.instagram.com/"),
    Arrival(4, "", "https://www.facebook.com/"),
    Arrival(3, "", "https://www.bing.com/"),
    Arrival(3, "", "https://duckduckgo.com/"),
    Arrival(3, "utm_source=runners-weekly&utm_medium=affiliate&utm_campaign=autumn_shoes",
            "https://runners-weekly.example/test"),
    Arrival(3, "", "https://www.reddit.com/r/running/"),
)  # fmt: skip


class Product(NamedTuple):
    """Something to buy."""

    name: str
    category: str
    price_cents: int


_PRICES = {
    "shoes": {"runner-2": 8995, "trail-9": 12900, "court-1": 7450, "sandal-4": 3995, "boot-7": 15900},
    "bags": {"tote-3": 4900, "pack-20l": 7995, "sling-1": 3450, "duffel-45l": 9900},
    "jackets": {"rain-shell": 11900, "down-lite": 18900, "wind-vest": 6495, "fleece-2": 5900},
    "bottles": {"steel-750": 2495, "flask-1l": 3200, "kids-350": 1750},
}
PRODUCTS = tuple(Product(name, kind, cents) for kind, prices in _PRICES.items() for name, cents in prices.items())
POPULARITY = tuple({"shoes": 9.0, "bags": 5.0, "jackets": 6.0, "bottles": 3.0}[one.category] for one in PRODUCTS)
CATEGORIES = tuple(_PRICES)
SEARCHES = ("running shoes", "rain jacket", "bag", "waterproof boots", "bottle", "gift", "größe 43", "sandals", "vest")


class Persona(NamedTuple):
    """A kind of visitor.

    Attributes:
        name: What people call it.
        share: How many of all new visitors.
        stay: Chance to open one more page.
        steps: How likely each next page is: a category, a product, a search.
        cart: Chance to put a product that is looked at into the cart.
        buy: Chance to reach the goal at the end: to pay for a cart; to sign up where nothing is sold.
        rest: Chance of a pause of over half an hour in a visit.
        back: How readily the visitor comes back, 0 to 1.
    """

    name: str
    share: float
    stay: float
    steps: tuple[float, float, float]
    cart: float
    buy: float
    rest: float
    back: float


PERSONAS = (
    Persona("bouncer", 38, 0.0, (1, 1, 1), 0.0, 0.0, 0.0, 0.1),
    Persona("browser", 31, 0.72, (50, 40, 10), 0.04, 0.08, 0.03, 0.3),
    Persona("searcher", 11, 0.78, (15, 35, 50), 0.1, 0.2, 0.03, 0.3),
    Persona("researcher", 11, 0.87, (20, 65, 15), 0.06, 0.12, 0.25, 0.9),
    Persona("buyer", 6, 0.8, (20, 70, 10), 0.35, 0.5, 0.05, 0.5),
    Persona("customer", 3, 0.82, (25, 65, 10), 0.3, 0.5, 0.08, 1.0),
)


class Robot(NamedTuple):
    """A kind of automated visitor.

    Attributes:
        kind: crawler and tool and headless say so in their agent, no_agent has none; hidden shows by behaviour alone.
        share: How many of all robots.
        agents: One of them; None where nothing is sent.
        networks: Beginnings of their addresses.
        pages: Least and most pages of one run.
        pause_ms: Typical time between two pages.
        is_even: Whether that time never varies.
    """

    kind: str
    share: float
    agents: tuple[str | None, ...]
    networks: tuple[str, ...]
    pages: tuple[int, int]
    pause_ms: int
    is_even: bool = False


ROBOTS = (
    Robot("crawler", 46, (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    ), ("66.249.66", "157.55.39", "20.171.207"), (4, 30), 20_000),
    Robot("headless", 14, (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/154.0.0.0 Safari/537.36",),
          CENTRES, (2, 10), 3_000),
    Robot("tool", 22, ("python-requests/2.34.2", "curl/8.16.0", "Go-http-client/2.0", "okhttp/5.1.0"),
          CENTRES, (1, 20), 1_500),
    Robot("no_agent", 6, (None,), CENTRES, (1, 6), 5_000),
    Robot("hidden", 12, (BROWSERS[2].agent, BROWSERS[4].agent), CENTRES, (20, 60), 4_000, is_even=True),
)  # fmt: skip
ROBOT_SHARE = 0.06
"""Runs of robots for each visit of people."""
