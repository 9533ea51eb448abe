"""What Kafka and Druid are told: loopback only, the ports of the table, and the settings that keep counts exact."""

import json
import re
from pathlib import Path

import pytest

from dkd.local import druid, kafka
from dkd.local.layout import Layout
from dkd.settings import Ports

LAYOUT = Layout(Path("/home/me/my shop"))
PORTS = Ports.at(28300)
SERVICES = ("coordinator", "broker", "historical", "indexer")


def every_setting() -> list[tuple[str, str]]:
    services = [druid.service(name, LAYOUT, PORTS) for name in SERVICES]
    return [
        pair
        for made in (kafka.server(LAYOUT, PORTS), druid.common(LAYOUT, PORTS, 1024), *services)
        for pair in made.items()
    ]


def test_nothing_listens_beyond_this_machine():
    for name, value in every_setting():
        if re.search(r"(listeners|voters|\.host)$|URI$", name):
            assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", value)) == {"127.0.0.1"}
        assert "localhost" not in value
        assert "0.0.0.0" not in value


def test_every_file_lies_in_the_projects_own_folder():
    for name, value in every_setting():
        for path in re.findall(r"/home[^;\"]*", value):
            assert path.startswith("/home/me/my shop/.dkd/"), name


def test_each_service_has_its_own_port():
    ports = {name: druid.service(name, LAYOUT, PORTS)["druid.plaintextPort"] for name in SERVICES}
    assert ports == {"coordinator": "28302", "broker": "28303", "historical": "28304", "indexer": "28305"}
    assert kafka.server(LAYOUT, PORTS)["advertised.listeners"] == "PLAINTEXT://127.0.0.1:28306"


def test_a_restarted_task_reads_again_instead_of_twice():
    assert druid.service("indexer", LAYOUT, PORTS)["druid.indexer.task.restoreTasksOnRestart"] == "false"


def test_a_mistyped_topic_is_not_made():
    assert kafka.server(LAYOUT, PORTS)["auto.create.topics.enable"] == "false"


def test_the_segment_cache_is_json():
    (one,) = json.loads(druid.service("historical", LAYOUT, PORTS)["druid.segmentCache.locations"])
    assert one["path"] == "/home/me/my shop/.dkd/data/segment-cache"


def test_what_is_dropped_is_in_no_cache_and_no_folder_when_a_segment_of_the_same_name_comes():
    assert druid.common(LAYOUT, PORTS, 1024)["druid.cache.evictOnClose"] == "true"
    broker, historical = (druid.service(name, LAYOUT, PORTS) for name in ("broker", "historical"))
    assert not [
        name for name in (*broker, *historical) if "ResultLevelCache" in name or name.startswith("druid.histor")
    ]
    assert historical["druid.segmentCache.dropSegmentDelayMillis"] == "0"


@pytest.mark.parametrize(("heap_mb", "buffer_mb"), [(384, 20), (1024, 32), (3072, 96), (16384, 100)])
def test_buffers_grow_with_the_heap(heap_mb, buffer_mb):
    assert druid.buffer_mb(heap_mb) == buffer_mb


def test_the_default_fits_beside_dkds_own_processes_into_two_and_a_half_gigabytes():
    assert kafka.RESIDENT_MB + druid.resident_mb(1024) < 2_500 - 200


def test_the_files_are_written_whole(tmp_path):
    layout = Layout(tmp_path)
    layout.prepare()
    kafka.write_conf(layout, PORTS, tmp_path / "jars")
    druid.write_conf(layout, PORTS, tmp_path / "jars", 768)
    written = {path.name for path in layout.conf.iterdir()}
    assert written == {
        "server.properties", "kafka.args", "zoo.cfg", "druid.args", "druid.js",
        *(f"{name}.properties" for name in SERVICES)
    }  # fmt: skip
    assert "-Xmx768m" in (layout.conf / "druid.args").read_text()
