"""Four broken specs of the public kind become four that the real Druid accepts and that store a record."""

import json
import shutil
import time
from pathlib import Path

import pytest
import requests
from second_site import SecondSite, running

from dkd.cli import run
from dkd.errors import DkdError
from dkd.systems.change import Change
from dkd.systems.druid.client import Overlord
from dkd.systems.druid.strict import impossible, unknown
from dkd.systems.kafka.client import connected

pytestmark = pytest.mark.stack

FIXTURES = Path(__file__).parent.parent / "doctor" / "fixtures"
BROKEN = ("avro_stream", "wrong_time", "unknown_key", "metric_dimension")
NOW_MS = 1_700_000_000_123

RECORDS = {
    "webshop_clicks": {
        "timestamp_ms": NOW_MS, "event": "add_to_basket", "party_id": "p1", "page_url": "https://shop.example/7",
        "viewport_width": 1280, "os": "Linux", "product_id": "7", "basket_value": 12.5,
    },
    "old_page_views": {"event_time": NOW_MS, "page": "/", "country": "NL", "load_time": 0.25, "party_id": "p"},
    "old_searches": {"sent_ms": NOW_MS, "query": "shoes", "results": 12, "party_id": "p"},
    "old_orders": {
        "ordered_at": "2023-11-14T22:13:20Z", "order_id": "1", "country": "NL", "price": 9.5, "party_id": "p",
    },
}  # fmt: skip
EXPECTED = {
    "webshop_clicks": {
        "eventType": "add_to_basket", "partyId": "p1", "location": "https://shop.example/7",
        "viewportPixelWidth": 1280, "userAgentOsFamily": "Linux", "productId": "7", "basket": 12.5, "count": 1,
    },
    "old_page_views": {"page": "/", "country": "NL", "load_time": 0.25},
    "old_searches": {"query": "shoes", "results": 12, "searches": 1},
    "old_orders": {"order_id": "1", "country": "NL", "price": 9.5, "price_sum": 9.5, "count": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(stack, tmp_path_factory):
    """The specs that the doctor writes, by datasource, and where they are to run; their topics are there."""
    folder = tmp_path_factory.mktemp("doctor")
    site = SecondSite(stack, folder / "site")
    for file in FIXTURES.glob("*.*"):
        shutil.copy(file, folder)
    found = {}
    for name in BROKEN:
        sample = ["--sample", str(folder / f"{name}.ndjson")] if (folder / f"{name}.ndjson").exists() else []
        assert run(["doctor", str(folder / f"{name}.json"), *sample, "--write", str(folder / name)]) == 3
        (written,) = (folder / name / "druid").glob("*.json")
        assert run(["doctor", str(written), *sample]) == 0
        spec = json.loads(written.read_text())
        spec["spec"]["ioConfig"]["consumerProperties"]["bootstrap.servers"] = site.settings.kafka.servers
        found[spec["spec"]["dataSchema"]["dataSource"]] = spec
    with connected(site.settings.kafka) as kafka:
        for spec in found.values():
            wanted = {"partitions": 1, "replication": 1, "config": {}}
            topic = spec["spec"]["ioConfig"]["topic"]
            kafka.apply(Change("kafka", "topic", topic, "create", "a test", wanted=wanted))
    return site, found


def broken(site, name, topic):
    """A broken spec as it was found, but for where Kafka is."""
    spec = json.loads((FIXTURES / f"{name}.json").read_text())
    io_config = spec.get("spec", spec)["ioConfig"]
    io_config["consumerProperties"]["bootstrap.servers"] = site.settings.kafka.servers
    io_config["topic"] = topic
    return spec


def test_druid_takes_the_avro_parser_and_then_every_task_fails(made):
    site, _ = made
    with Overlord(site.settings.druid) as overlord:
        overlord.post(broken(site, "avro_stream", "webshop_clicks.clean"))
        try:
            until_s = time.monotonic() + 60
            while not (failed := [task.error for task in overlord.tasks("webshop_clicks") if task.error]):
                assert time.monotonic() < until_s
                time.sleep(0.25)
        finally:
            overlord.forget("webshop_clicks")
    assert "type 'avro'" in failed[0]


def test_druid_refuses_a_metric_that_is_named_like_a_dimension(made):
    site, _ = made
    spec = broken(site, "metric_dimension", "old_orders")
    del spec["spec"]["dataSchema"]["dimensionsSpec"]["dimensions"][-1]
    with Overlord(site.settings.druid) as overlord, pytest.raises(DkdError, match="more than once"):
        overlord.post(spec)


def test_the_written_ones_are_accepted_and_store_a_record(made):
    site, specs = made
    assert sorted(specs) == sorted(RECORDS)
    assert specs["webshop_clicks"]["spec"]["ioConfig"]["topic"] == "webshop_clicks.clean"
    for name, spec in specs.items():
        site.produce(spec["spec"]["ioConfig"]["topic"], [RECORDS[name]])
    with Overlord(site.settings.druid) as overlord:
        try:
            for name, spec in specs.items():
                assert unknown(spec) == impossible(spec) == ()
                rows = overlord.sample(spec, 1, 2_000)["data"]
                assert [row.get("unparseable") for row in rows] == [None], (name, rows)
                overlord.post(spec)
            assert stored(site, specs) == EXPECTED
            assert all(running(overlord, name) for name in specs)
        finally:
            for name in specs:
                # One that has only just begun would go on without its supervisor, and hold its slot.
                overlord.forget(name)


def stored(site, specs):
    """The one row of each datasource, as far as it is expected; waits until there is one."""
    found = {}
    until_s = time.monotonic() + 90
    while len(found) < len(specs) and time.monotonic() < until_s:
        for name in specs.keys() - found.keys():
            columns = ", ".join(f'"{column}"' for column in EXPECTED[name])
            asked = {"query": f'SELECT {columns} FROM "{name}"'}
            answer = requests.post(f"{site.settings.druid.broker}/druid/v2/sql", json=asked, timeout=30)
            if answer.ok and answer.json():
                (found[name],) = answer.json()
        time.sleep(0.25)
    return found
