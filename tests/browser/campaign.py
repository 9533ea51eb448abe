"""A campaign of a shop: events that pages in a browser can be asked about, and the view of them."""

import json
import time
import uuid
from urllib.request import Request, urlopen

from real_stack import Stack

from dkd.settings import Ports

MARK = f"autumn_{uuid.uuid4().hex[:8]}"
NETWORKS = {"NL": "145.53.0.7", "DE": "91.20.1.7", "GB": "81.2.69.7"}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
VIEW = f"1~m.visitors.pageviews.orders.revenue~t.2h~f.utm_campaign.{MARK}~P.country.page_path.browser"


def event(country: str, seq: int, **values: object) -> dict[str, object]:
    return {
        "event": "page_view",
        "event_id": uuid.uuid4().hex,
        "party_id": f"{MARK}-{country}-{seq % 7}",
        "timestamp_ms": round(time.time() * 1000) - seq * 7_000,
        "ip": NETWORKS[country],
        "user_agent": AGENT,
        "page_url": f"https://shop.example/{'shoes' if seq % 3 else 'bags'}?utm_campaign={MARK}",
    } | values


def send(stack: Stack, *events: dict[str, object]) -> None:
    url = f"http://127.0.0.1:{Ports.at(stack.base_port).collector}/collect"
    request = Request(url, json.dumps(events).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        assert json.load(answer)["accepted"] == len(events)
