"""The locks are whole, and a store never holds anything but the bytes that a lock names."""

import hashlib
from pathlib import Path

import pytest

from dkd.errors import DkdError
from dkd.local import jars
from dkd.local.jars import Jar, class_path, fetch, locked, parse
from dkd.local.progress import Silent


def jar(name: str, content: bytes) -> Jar:
    return Jar("org.example.deep", name, "1.0", hashlib.sha256(content).hexdigest(), len(content))


def put(store: Path, one: Jar, content: bytes) -> Path:
    path = store / one.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_locks_hold_what_was_measured():
    kafka, druid = locked("kafka"), locked("druid")
    assert (len(kafka), len(druid), len({*kafka, *druid})) == (40, 170, 208)
    assert sum(one.size for one in {*kafka, *druid}) == pytest.approx(153.5e6, abs=0.1e6)
    assert all(len(bytes.fromhex(one.sha256)) == 32 for one in (*kafka, *druid))


def test_the_locks_pin_kafka_4_1_0_and_druid_33():
    assert {one.version for one in locked("kafka") if one.group == "org.apache.kafka"} == {"4.1.0"}
    assert {one.version for one in locked("druid") if one.group == "org.apache.druid"} == {"33.0.0"}


def test_a_line_becomes_a_place_in_mavens_layout():
    (one,) = parse("org.apache.kafka:kafka_2.13:4.1.0 " + "ab" * 32 + " 17\n")
    assert one.path == Path("org/apache/kafka/kafka_2.13/4.1.0/kafka_2.13-4.1.0.jar")
    assert one.size == 17


def test_the_class_path_keeps_the_locks_order(tmp_path):
    assert class_path("kafka", tmp_path) == tuple(tmp_path / one.path for one in locked("kafka"))


def test_a_filled_store_needs_no_network(tmp_path):
    one = jar("a", b"jar a")
    put(tmp_path, one, b"jar a")
    assert fetch(tmp_path, Silent(), offline=True, wanted=[one]) == 0
    assert list(tmp_path.glob("*.ok"))


def test_offline_with_a_missing_jar_names_it(tmp_path):
    one, other = jar("a", b"jar a"), jar("b", b"jar b is longer")
    put(tmp_path, one, b"jar a")
    with pytest.raises(DkdError, match=r"org\.example\.deep:b:1\.0.*--offline.*DKD602"):
        fetch(tmp_path, Silent(), offline=True, wanted=[one, other])
    assert not list(tmp_path.glob("*.ok"))


def test_a_damaged_jar_of_the_right_size_is_not_trusted(tmp_path):
    one = jar("a", b"jar a")
    path = put(tmp_path, one, b"JAR A")
    with pytest.raises(DkdError, match="DKD602"):
        fetch(tmp_path, Silent(), offline=True, wanted=[one])
    assert not path.exists()


def test_a_jar_cut_short_after_the_stamp_is_noticed(tmp_path):
    one = jar("a", b"jar a")
    path = put(tmp_path, one, b"jar a")
    fetch(tmp_path, Silent(), offline=True, wanted=[one])
    path.write_bytes(b"jar")
    with pytest.raises(DkdError, match="DKD602"):
        fetch(tmp_path, Silent(), offline=True, wanted=[one])


def test_the_store_is_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.setenv("DKD_STORE", str(tmp_path / "my jars"))
    assert jars.store_dir() == tmp_path / "my jars"
    monkeypatch.delenv("DKD_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert jars.store_dir().name == "jars"
