"""A seed → a file of shop events with repeats, broken lines and bounded disorder, and what must become of them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

NETWORKS = {
    "145.53.0": "NL", "91.20.1": "DE", "81.2.69": "GB", "90.40.1": "FR", "71.192.1": "US", "177.32.1": "BR",
    "126.1.1": "JP",
}  # fmt: skip
CAMPAIGNS = (None, None, None, "autumn", "spring", "größe 43")
EVENTS = ("page_view", "page_view", "page_view", "search", "product_view", "add_to_cart", "purchase")
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36"
)
DISORDER_MS = 120_000


@dataclass(frozen=True)
class Crowd:
    """What was written.

    Attributes:
        file: NDJSON.
        lines: All of them.
        repeats: Those that are there a second time.
        broken: Each broken line, with the reason to reject it for.
    """

    file: Path
    lines: int
    repeats: int
    broken: list[tuple[str, str]]

    def counts(self) -> set[tuple[object, ...]]:
        """Events and visitors by event, country, campaign and hour, as DuckDB counts them in the file itself."""
        duckdb.sql("SET TimeZone = 'UTC'")
        networks = ", ".join(f"('{network}', '{country}')" for network, country in NETWORKS.items())
        broken = {line for line, _ in self.broken}
        good = self.file.with_suffix(".good.ndjson")
        text = self.file.read_text(encoding="utf-8").splitlines()
        good.write_text("\n".join(line for line in text if line not in broken), encoding="utf-8")
        campaign = "replace(nullif(regexp_extract(page_url, 'utm_campaign=([^&]*)', 1), ''), '+', ' ')"
        rows = duckdb.sql(f"""
            WITH once AS (SELECT DISTINCT * FROM read_json('{good}', format = 'newline_delimited', columns = {{
                event: 'VARCHAR', event_id: 'VARCHAR', party_id: 'VARCHAR', timestamp_ms: 'BIGINT', ip: 'VARCHAR',
                page_url: 'VARCHAR'}}))
            SELECT event, country, url_decode({campaign}) AS campaign,
                strftime(make_timestamp(timestamp_ms * 1000), '%Y-%m-%dT%H:00:00.000Z') AS hour,
                count(*), count(DISTINCT party_id)
            FROM once JOIN (VALUES {networks}) AS n(network, country) ON starts_with(ip, network || '.')
            GROUP BY ALL""").fetchall()
        return set(rows)


SQL = """
    SELECT event, country, utm_campaign, TIME_FLOOR(__time, 'PT1H') AS h, COUNT(*) AS events,
        COUNT(DISTINCT party_id) AS visitors
    FROM shop_events WHERE __time >= MILLIS_TO_TIMESTAMP({start_ms}) AND __time < MILLIS_TO_TIMESTAMP({end_ms})
    GROUP BY 1, 2, 3, 4"""


def crowd(file: Path, start_ms: int, span_ms: int, events: int, visitors: int, seed: int = 1) -> Crowd:
    """Write a crowd to *file*: 1 % of the lines come twice, 1 % are broken, and all are shuffled within two minutes."""
    dice = random.Random(seed)
    parties = [(f"{seed}-{n:05d}", f"{dice.choice(list(NETWORKS))}.{n % 250}") for n in range(visitors)]
    placed, taken = [], set[tuple[str, int]]()
    for number in range(events):
        party, ip = parties[number] if number < visitors else dice.choice(parties)
        time_ms = start_ms + dice.randrange(span_ms)
        # The order of a visitor's events of one time would be anybody's.
        while (party, time_ms) in taken:
            time_ms = start_ms + dice.randrange(span_ms)
        taken.add((party, time_ms))
        line = json.dumps(_event(dice, number, party, ip, time_ms), ensure_ascii=False)
        placed.append((time_ms + dice.randrange(DISORDER_MS), line))
    repeats = [(at_ms + dice.randrange(5_000), line) for at_ms, line in dice.sample(placed, events // 100)]
    broken = list(_broken(dice, events // 100, start_ms, span_ms))
    placed += repeats + [(start_ms + dice.randrange(span_ms), line) for line, _ in broken]
    placed.sort()
    file.write_text("\n".join(line for _, line in placed) + "\n", encoding="utf-8")
    return Crowd(file, len(placed), len(repeats), broken)


def _event(dice: random.Random, number: int, party: str, ip: str, time_ms: int) -> dict[str, object]:
    event = dice.choice(EVENTS)
    campaign = dice.choice(CAMPAIGNS)
    query = (
        f"?utm_source=test&utm_campaign={campaign.replace(' ', '+').replace('ö', '%C3%B6').replace('ß', '%C3%9F')}"
        if campaign
        else ""
    )
    own: dict[str, object] = {
        "page_view": {}, "search": {"query": "shoes"}, "product_view": {"product_id": f"p{number % 40}"},
        "add_to_cart": {"product_id": f"p{number % 40}", "price": 9.5, "quantity": 2},
        "purchase": {"order_id": f"o{number}", "revenue": 19.95},
    }[event]  # fmt: skip
    url = f"https://shop.example/p/{number % 300}{query}"
    known = {"event": event, "timestamp_ms": time_ms, "party_id": party, "ip": ip, "user_agent": AGENT, "page_url": url}
    # Every second one relies on the hash of its line, so the number must be in it.
    return {
        **known,
        **own,
        **({"event_id": f"e{number}"} if number % 2 else {"referrer_url": f"https://a.example/{number}"}),
    }


def _broken(dice: random.Random, count: int, start_ms: int, span_ms: int) -> Iterator[tuple[str, str]]:
    for number in range(count):
        whole: dict[str, object] = {
            "event": "purchase", "timestamp_ms": start_ms + dice.randrange(span_ms), "party_id": f"broken-{number}",
            "order_id": "o", "revenue": 1.5, "event_id": f"broken-{number}",
        }  # fmt: skip
        kinds = (
            (json.dumps(whole)[:-5], "not_json"),
            (f'"text {number}"', "not_an_object"),
            (json.dumps({**whole, "party_id": None}), "missing_party"),
            (json.dumps({**whole, "event": "purchas"}), "unknown_event"),
            (json.dumps({**whole, "order_id": None}), "missing_field"),
            (json.dumps({**whole, "revenue": "1,50"}), "bad_type"),
            (json.dumps({**whole, "timestamp_ms": "today"}), "bad_time"),
            (json.dumps({**whole, "timestamp_ms": None}), "bad_time"),
        )
        yield kinds[number % len(kinds)]
