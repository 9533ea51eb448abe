"""A simulated day through the real collector and the whole enricher, in memory: what comes out is what was told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from collector_server import running
from stream_site import loop_on, run_out, written

from dkd.enrich.chain import prepare
from dkd.enrich.resources import open_resources
from dkd.jobs.lanes import partition
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.settings import settings
from dkd.simulate.live import Live
from dkd.simulate.traffic import traffic
from dkd.simulate.truth import Truth
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Record
from dkd.stream.source import Limits
from dkd.stream.work import Work

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
        sent = [one for one in server.messages if one.topic == SHOP.topic("raw")]
    setup = prepare(SHOP, open_resources(SHOP), b"a key of tests")
    work = Work(SHOP.topic("raw"), decoder(known_schemas(SHOP, Path("no such folder")), setup.raw_schema), setup)
    store, rows = MemoryStore(4), {}
    for one in sent:
        place = ("raw", partition(one.key or b"", 4))
        rows.setdefault(place, []).append(Record(one.key, one.value, one.timestamp_ms))
    store.append(rows, {})
    run_out(loop_on(store, work), store, Limits(5_000, 5_000_000))
    records = [one for found in written(store, ("clean",)).values() for one in found]
    clean = [json.loads(one.value or b"") for one in records]
    told = truth.as_dict()
    assert written(store, ("rejects",)) == {("rejects", one): [] for one in range(4)}
    assert len(clean) == told["events"] > 5000
    assert sum(event["is_late"] for event in clean) == told["late"] > 10
    hidden = told["bot_events_by_kind"]["hidden"]
    assert sum(event["is_bot"] for event in clean) == told["bot_events"] - hidden
    assert sum(bool(event["is_conversion"]) for event in clean) == told["conversions"] > 20
    assert sum(event.get("revenue", 0) for event in clean) == pytest.approx(told["conversion_value"])
    assert len({event["session_id"] for event in clean if event.get("session_id")}) == told["sessions"] > 500
