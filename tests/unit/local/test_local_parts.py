"""Which parts are meant, in which order they start and stop, and how much memory and disk they ask for."""

from pathlib import Path

import pytest

from dkd.errors import DkdError, UsageError
from dkd.local import room
from dkd.local.parts import PARTS, STOP_ORDER, chosen
from dkd.settings import Ports


def test_without_a_choice_every_part_is_meant():
    assert chosen(None) == ("kafka", "druid", "collector", "enricher", "explorer")


def test_a_choice_keeps_the_order_of_the_start():
    assert chosen("enricher, kafka") == ("kafka", "enricher")


@pytest.mark.parametrize("wrong", ["", ",", "kafak", "kafka,zookeeper"])
def test_a_wrong_part_is_named_with_the_right_ones(wrong):
    with pytest.raises(UsageError, match=r"kafka, druid, collector, enricher, explorer.*DKD115"):
        chosen(wrong)


def test_every_part_is_stopped_once_and_kafka_last():
    order = [name for group in STOP_ORDER for name in group]
    assert sorted(order) == sorted(one.name for one in PARTS)
    assert order[-1] == "kafka"


def test_no_port_belongs_to_two_parts():
    listed = [port for one in PARTS for port in one.ports]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(Ports._fields)


@pytest.mark.parametrize(("text", "mb"), [("1g", 1024), ("768m", 768), ("1.5G", 1536), ("2GiB", 2048), ("512MB", 512)])
def test_a_size_is_read(text, mb):
    assert room.heap_mb(text) == mb


@pytest.mark.parametrize("text", ["", "1", "g", "1t", "-1g", "100m", "1 g b"])
def test_a_wrong_size_is_a_usage_error(text):
    with pytest.raises(UsageError, match=r"--memory.*DKD116"):
        room.heap_mb(text)


def test_too_little_memory_is_said_before_anything_starts(tmp_path):
    with pytest.raises(DkdError, match=r"kafka and druid may come to need .*--memory.*DKD606"):
        room.require(tmp_path, ["kafka", "druid"], 100_000_000)


def test_nothing_to_start_needs_no_room(tmp_path):
    room.require(tmp_path, [], 100_000_000)


def test_a_containers_limit_counts(tmp_path):
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 300\n")
    assert room.container_left(tmp_path) == 400


@pytest.mark.parametrize("limit", ["max\n", None])
def test_without_a_containers_limit_the_machine_decides(tmp_path: Path, limit):
    if limit:
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text("900\n")
        (tmp_path / "memory.stat").write_text("")
    assert room.container_left(tmp_path) > 1 << 60
