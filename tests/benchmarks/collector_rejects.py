"""What 1 % of invalid events costs a batch, and what events cost by the way they come: ``python … [RUNS]``.

Processor time of the routes alone, without HTTP and Kafka, which are the same for both.
"""

import json
import sys
import time

from dkd.collect.message import Outcome, Request
from dkd.collect.routes import routes
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.settings import settings

EVENTS, BODIES = 50, 200
MODEL = load(preset_files("shop", "shop")["specs/shop.yaml"].replace("collector:\n", "collector:\n  rate: 0\n"), "shop")
BROWSER = b"/collect?p=0:k0abc123:partyA&s=0:k0abc123:s&sent=1790000000000"


def event(number: int, is_valid: bool) -> bytes:
    made = {
        "event": "add_to_cart" if is_valid else "add_to_crat", "event_id": f"0:abcdefghijklmnop{number:x}",
        "timestamp_ms": 1_790_000_000_000 + number, "pageview_id": "0:Abcdefghijklmnopqrstuvwxyz012345",
        "page_url": f"https://shop.example/product/{number}?utm_source=x", "referrer_url": "https://ref.example/",
        "viewport_width": 1024, "viewport_height": 700, "screen_width": 1920, "screen_height": 1080,
        "first_in_session": False, "product_id": f"A-{number}", "price": 9.5,
    }  # fmt: skip
    return json.dumps(made).encode()


def bodies(wrong_of_hundred: int) -> list[bytes]:
    """Bodies of which so many events of a hundred are not of the model."""
    numbers = range(EVENTS * BODIES)
    events = [event(number, number % 100 >= wrong_of_hundred) for number in numbers]
    return [b"\n".join(events[at : at + EVENTS]) for at in range(0, len(events), EVENTS)]


def cost_us(collector: object, sent: list[bytes], rejects: int) -> float:
    """Processor microseconds for an event."""
    headers = [(b"content-type", b"text/plain"), (b"user-agent", b"Mozilla/5.0")]
    found, began = 0, time.process_time()
    for body in sent:
        outcome = collector(Request("POST", BROWSER, headers, body, "203.0.113.9", 1_790_000_000_000))
        assert isinstance(outcome, Outcome)
        found += sum(message.topic == "shop.rejects" for message in outcome.messages)
    took = time.process_time() - began
    assert found == rejects
    return took / EVENTS / len(sent) * 1e6


def main() -> None:
    collector = routes(MODEL, settings(MODEL, "local", {}))
    good, mixed = bodies(0), bodies(1)
    cost_us(collector, good, 0)
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    pairs = [(cost_us(collector, good, 0), cost_us(collector, mixed, EVENTS * BODIES // 100)) for _ in range(runs)]
    best_good, best_mixed = (min(times) for times in zip(*pairs, strict=True))
    print(f"all valid {best_good:.2f} us/event, 1 % invalid {best_mixed:.2f} us/event: x {best_mixed / best_good:.2f}")
    assert best_mixed <= 1.2 * best_good, "1 % of invalid events cost more than a fifth"


if __name__ == "__main__":
    main()
