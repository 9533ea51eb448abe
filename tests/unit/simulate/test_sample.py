"""The sample of the README is a small day of the simulator."""

import gzip
import json
from pathlib import Path

from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.simulate.traffic import traffic

DAY_MS = 86_400_000
SAMPLE = Path(__file__).parents[3] / "docs" / "sample.ndjson.gz"
SHOP = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")


def test_the_sample_file_is_what_the_simulator_makes():
    """``dkd simulate --seed 20 --rate 0.045/s --from 2026-11-20 --out - | gzip -9n``, with the shop preset's model."""
    start_ms = 20_777 * DAY_MS
    lines = [sent.body for sent in traffic(20, start_ms, start_ms + DAY_MS, 0.045, SHOP)]
    packed = SAMPLE.read_bytes()
    assert gzip.decompress(packed).splitlines() == lines
    assert len(packed) < 300_000


def test_the_sample_has_every_event_and_known_keys_only():
    events = []
    for line in gzip.decompress(SAMPLE.read_bytes()).decode().splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("event") in SHOP.events:
            events.append(found)
    assert {event["event"] for event in events} == set(SHOP.events)
    standard = {"event", "event_id", "timestamp_ms", "party_id", "ip", "user_agent", "page_url", "referrer_url",
                "viewport_width", "viewport_height", "screen_width", "screen_height", "pageview_id"}  # fmt: skip
    assert {key for event in events for key in event} <= standard | set(SHOP.all_fields)
    assert len({event.get("party_id") for event in events}) >= 400
