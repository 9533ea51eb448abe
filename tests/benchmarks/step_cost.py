"""What each enricher alone costs for an event, in microseconds of CPU.

    python tests/benchmarks/step_cost.py

runs batches of 10,000 events of 800 pages, 54 referrers, about 2,000 agents and 4,000 networks through each step, the
first batch unmeasured, and prints the median; ``docs/enrichers.md`` holds such figures.
"""

import random
import statistics
import sys
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "enrich"))
from enrich_cases import BROWSERS, NOW_MS, ready, shop

from dkd.enrich.privacy import protect

EVENTS, BATCHES = 10_000, 6
TAGS = "&utm_source=google&utm_medium=cpc"
PAGES = [f"https://shop.example/p/{page}?a={page}{TAGS if page % 10 == 0 else ''}" for page in range(800)]
KNOWN = [None, "https://www.google.com/", "https://shop.example/", "https://t.co/x"]
REFERRERS = [*KNOWN, *(f"https://blog{seq}.example/" for seq in range(50))]


def batch(seed: int) -> pl.DataFrame:
    """Events with the columns that steps need."""
    draw = random.Random(seed)
    agents = list(BROWSERS.values())
    columns = {
        "page_url": [draw.choice(PAGES) for _ in range(EVENTS)],
        "referrer_url": [draw.choice(REFERRERS) for _ in range(EVENTS)],
        "user_agent": [f"{draw.choice(agents)} x{draw.randrange(200)}" for _ in range(EVENTS)],
        "ip": [f"8.{draw.randrange(200)}.{draw.randrange(20)}.0" for _ in range(EVENTS)],
    }
    return pl.DataFrame(columns).with_columns(timestamp_ms=pl.lit(NOW_MS), user_id=pl.lit(None, pl.String))


def main() -> None:
    """Print a line for each step."""
    setup, spent = ready(shop()), dict[str, list[float]]()
    for seed in range(BATCHES):
        events = batch(seed)
        for name, step in setup.steps:
            if step and name != "sessions":
                started = time.process_time()
                added = step(events)
                spent.setdefault(name, []).append(time.process_time() - started)
                events = events.hstack(added)
        started = time.process_time()
        protect(events, setup.model, setup.key)
        spent.setdefault("privacy", []).append(time.process_time() - started)
    for name, times in spent.items():
        print(f"{name:10} {1e6 * statistics.median(times[1:]) / EVENTS:6.2f} us per event")


if __name__ == "__main__":
    main()
