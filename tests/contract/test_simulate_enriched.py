"""A simulated day through the real collector and the whole enricher, in memory: what comes out is what was told."""

from dataclasses import replace

import pytest
from collector_server import running
from stream_site import enriched

from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.settings import settings
from dkd.simulate.live import Live
from dkd.simulate.traffic import traffic
from dkd.simulate.truth import Truth

DAY_MS = 86_400_000
DAY = 20_700 * DAY_MS
SHOP = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")


class Quiet:
    """A listener that listens to nothing."""

    def progress(self, text: str) -> None:
        pass

    note = progress


def test_the_enricher_finds_what_the_simulator_tells():
    truth = Truth(SHOP, 7)
    with running(SHOP) as server:
        where = replace(settings(SHOP, "local", {}), collector=server.url)
        Live(where, None, truth).send(traffic(7, DAY, DAY + DAY_MS, 0.1, SHOP), DAY, None, Quiet())
        clean = enriched(SHOP, server.messages)
    told = truth.as_dict()
    assert len(clean) == told["events"] > 5000
    assert sum(event["is_late"] for event in clean) == told["late"] > 10
    # Hidden robots show by behaviour alone, and no sooner than after a dozen pages; nobody else does.
    hidden = told["bot_events_by_kind"]["hidden"]
    behaved = sum(event.get("bot_reason") == "no_variance" for event in clean)
    assert hidden / 3 < behaved < hidden
    assert sum(event["is_bot"] for event in clean) == told["bot_events"] - hidden + behaved
    assert sum(bool(event["is_conversion"]) for event in clean) == told["conversions"] > 20
    assert sum(event.get("revenue", 0) for event in clean) == pytest.approx(told["conversion_value"])
    assert len({event["session_id"] for event in clean if event.get("session_id")}) == told["sessions"] > 500
