"""The sample of the README is what its script makes, and small."""

import gzip
import json
import runpy
from pathlib import Path

from dkd.model.load import load
from dkd.model.preset import preset_files

DOCS = Path(__file__).parents[3] / "docs"


def test_the_sample_file_is_what_its_script_makes():
    lines = runpy.run_path(str(DOCS / "sample.py"))["sample"]()
    packed = (DOCS / "sample.ndjson.gz").read_bytes()
    assert gzip.decompress(packed).decode().splitlines() == lines
    assert len(packed) < 300_000


def test_the_sample_has_every_event_and_known_keys_only():
    model = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
    events = []
    for line in gzip.decompress((DOCS / "sample.ndjson.gz").read_bytes()).decode().splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("event") in model.events:
            events.append(found)
    assert {event["event"] for event in events} == set(model.events)
    standard = {"event", "event_id", "timestamp_ms", "party_id", "ip", "user_agent", "page_url", "referrer_url",
                "viewport_width", "viewport_height", "screen_width", "screen_height"}  # fmt: skip
    assert {key for event in events for key in event} <= standard | set(model.all_fields)
    assert len({event.get("party_id") for event in events}) >= 400
