"""A small shop, its raw batches as the decoder hands them over, and ten current browsers."""

import functools

import polars as pl

from dkd.enrich.chain import Setup, prepare
from dkd.enrich.resources import open_resources
from dkd.model.schema import Model

NOW_MS = 1_780_000_000_000
"""2026-05-28; every batch is received about then."""

BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X)"

BROWSERS = {
    "Chrome on Windows": f"{WINDOWS} {BLINK} Chrome/142.0.0.0 Safari/537.36",
    "Chrome on Android": f"{ANDROID} {BLINK} Chrome/142.0.0.0 Mobile Safari/537.36",
    "Safari on macOS": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.6 Safari/605.1.15",
    "Safari on iPhone": f"{IPHONE} {WEBKIT} Version/18.6 Mobile/15E148 Safari/604.1",
    "Safari on iPad": f"{IPAD} {WEBKIT} Version/17.7 Mobile/15E148 Safari/604.1",
    "Firefox on Linux": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    "Edge on Windows": f"{WINDOWS} {BLINK} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Opera on Windows": f"{WINDOWS} {BLINK} Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
    "Samsung Internet": f"{ANDROID} {BLINK} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
}  # fmt: skip

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

HEADLESS = f"Mozilla/5.0 (X11; Linux x86_64) {BLINK} HeadlessChrome/142.0.0.0 Safari/537.36"


def shop(**changes: object) -> Model:
    """The shop's model; *changes* replace its top-level keys."""
    model = {
        "dkd": 1,
        "site": "shop",
        "events": {
            "page_view": {},
            "search": {"fields": {"query": {}}},
            "purchase": {
                "fields": {"order_id": {"required": True}, "revenue": {"type": "double"},
                           "payment": {"type": "enum", "values": ["card", "cash"]}}
            },
        },
        "fields": {"user_id": {"privacy": "pseudonymise"}, "tags": {"type": "list"}},
        "enrich": {
            "url": {}, "campaign": {}, "referrer": {}, "agent": {}, "geo": {}, "bots": {},
            "sessions": {"conversions": [{"event": "purchase", "value": "revenue"}]},
        },
    }  # fmt: skip
    return Model.model_validate({**model, **changes})


@functools.cache
def shop_setup() -> Setup:
    """The shop, ready to enrich."""
    return ready(shop())


def ready(model: Model, key: bytes | None = b"secret") -> Setup:
    """*model*, ready to enrich with the real lists and databases."""
    return prepare(model, open_resources(model), key)


def raw(setup: Setup, *records: dict[str, object]) -> pl.DataFrame:
    """Records as the decoder hands them over; each is a page view of its own unless it says otherwise."""
    rows = []
    for offset, record in enumerate(records):
        usual = {"offset": offset, "event": "page_view", "party_id": "p", "event_id": f"e{offset}",
                 "received_ms": NOW_MS, "client_ms": NOW_MS}  # fmt: skip
        rows.append({**usual, **record})
    return pl.DataFrame(rows, schema=setup.raw_schema)
