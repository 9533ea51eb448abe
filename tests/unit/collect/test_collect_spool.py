"""The spool in real files: durable, bounded, taken by one process at a time, and resumed where it was left."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dkd.collect.message import Message
from dkd.collect.segment import DAMAGED, SUFFIX, Claimed
from dkd.collect.spool import Spool, SpoolFull
from dkd.errors import DkdError


def message(number: int, size: int = 10) -> Message:
    return Message("shop.raw", b"p%d" % (number % 3), b"%d" % number + bytes(size), number)


def group(first: int, count: int = 5) -> list[Message]:
    return [message(number) for number in range(first, first + count)]


def rest(claimed: Claimed | None) -> list[Message]:
    assert claimed is not None
    return [one for batch, _ in claimed.batches(3, first=1) for one in batch]


def files(folder: Path, suffix: str = SUFFIX) -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))


def test_what_was_written_is_read_in_order_and_the_file_goes_when_all_is_done(tmp_path: Path):
    spool = Spool(tmp_path)
    for first in (0, 5, 10):
        spool.write(group(first)).result()
    assert spool.claim() is None, "it is still written to"
    spool.seal()
    claimed = spool.claim()
    assert rest(claimed) == group(0, 15)
    assert spool.claim() is None, "nobody else may take it"
    assert claimed.finish()
    assert files(tmp_path) == []
    spool.close()


def test_a_file_that_was_begun_by_somebody_who_was_killed_goes_with_the_next_start(tmp_path: Path):
    left, held = (
        tmp_path / "000000000000001-aa-000000000000001.new",
        tmp_path / "000000000000002-bb-000000000000002.new",
    )
    left.write_bytes(bytes(24))
    with held.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Spool(tmp_path).close()
    assert files(tmp_path, ".new") == [held], "what somebody is making just now stays"


def test_nobody_takes_a_file_before_its_maker_holds_it(tmp_path: Path, monkeypatch):
    maker, other, lock = Spool(tmp_path), Spool(tmp_path), fcntl.flock

    def late(file: int, how: int) -> None:
        monkeypatch.undo()
        claimed = other.claim()
        if claimed is not None:
            claimed.finish()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    maker.write(group(0)).result()
    maker.close()
    assert rest(other.claim()) == group(0)
    other.close()


def test_an_unused_spool_leaves_no_file(tmp_path: Path):
    Spool(tmp_path).close()
    assert files(tmp_path) == []


def test_it_is_for_nobody_else(tmp_path: Path):
    spool = Spool(tmp_path / "spool")
    spool.write(group(0)).result()
    (path,) = files(tmp_path / "spool")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    spool.close()


def test_whoever_comes_after_goes_on_where_the_one_before_stopped(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.write(group(0, 10)).result()
    spool.close()
    later = Spool(tmp_path)
    claimed = later.claim()
    batches = claimed.batches(3, first=1)
    sizes = []
    for batch, end in (next(batches), next(batches)):
        sizes.append(len(batch))
        claimed.done(end)
    assert sizes == [1, 3]
    claimed.close()
    again = later.claim()
    assert rest(again) == group(4, 6)
    again.finish()
    later.close()


@pytest.mark.parametrize("tail", [b"\x10", b"\x10\0\0\0abcd" + b"torn", bytes(100)])
def test_a_torn_tail_is_dropped(tmp_path: Path, tail: bytes):
    spool = Spool(tmp_path)
    spool.write(group(0)).result()
    spool.close()
    (path,) = files(tmp_path)
    with path.open("ab") as file:
        file.write(tail)
    later = Spool(tmp_path)
    claimed = later.claim()
    assert rest(claimed) == group(0)
    assert claimed.finish()
    assert list(tmp_path.glob(f"*{DAMAGED}")) == []
    later.close()


def test_a_file_with_damage_gives_what_it_can_and_is_kept(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.write(group(0)).result()
    spool.close()
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"2\0\0\0\0\0\0\0\0\0\0")] ^= 1
    path.write_bytes(content)
    later = Spool(tmp_path)
    claimed = later.claim()
    assert rest(claimed) == group(0, 2) + group(3, 2)
    assert not claimed.finish()
    assert files(tmp_path) == []
    assert files(tmp_path, DAMAGED)[0].read_bytes() == content
    later.close()


def test_another_kind_of_file_is_kept(tmp_path: Path):
    (tmp_path / f"0-0-0{SUFFIX}").write_bytes(b"of a later version" * 10)
    spool = Spool(tmp_path)
    claimed = spool.claim()
    assert rest(claimed) == []
    assert not claimed.finish()
    assert len(files(tmp_path, DAMAGED)) == 1
    spool.close()


def test_files_are_of_bounded_size_and_come_in_order(tmp_path: Path):
    spool = Spool(tmp_path, segment_bytes=300)
    for first in range(0, 40, 5):
        spool.write(group(first)).result()
    spool.close()
    assert len(files(tmp_path)) > 2
    later, found = Spool(tmp_path), []
    while claimed := later.claim():
        found += rest(claimed)
        claimed.finish()
    assert found == group(0, 40)
    later.close()


def test_a_later_file_of_a_series_waits_for_the_first(tmp_path: Path):
    spool = Spool(tmp_path, segment_bytes=100)
    spool.write(group(0)).result()
    spool.write(group(5)).result()
    first = spool.claim()
    assert spool.claim() is None
    first.close()
    spool.close()


def test_beyond_its_bound_it_takes_nothing_and_goes_on_when_there_is_room(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dkd.collect.spool._LOOK_S", 0)
    spool = Spool(tmp_path, most_bytes=1000)
    for first in range(0, 10, 5):
        spool.write(group(first)).result()
    assert spool.has_room()
    with pytest.raises(SpoolFull):
        spool.write([message(9, size=2000)]).result()
    while not isinstance(spool.write(group(0)).exception(), SpoolFull):
        pass
    spool.seal()
    claimed = spool.claim()
    assert rest(claimed)[:10] == group(0, 10)
    claimed.finish()
    spool.write(group(0)).result()
    spool.close()


def test_a_nearly_full_disk_is_left_alone(tmp_path: Path, monkeypatch):
    spool = Spool(tmp_path)
    monkeypatch.setattr("dkd.collect.spool._FREE_PART", 1.0)
    assert not spool.has_room()
    with pytest.raises(SpoolFull):
        spool.write(group(0)).result()
    spool.close()


def test_a_disk_that_fails_refuses_the_group_and_harms_no_other(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.write(group(0)).result()
    # The process may not make a file longer than this.
    import resource
    import signal

    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    (path,) = files(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, before[1]))
    try:
        assert isinstance(spool.write(group(5)).exception(), OSError)
        assert not spool.has_room()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    end_s = time.monotonic() + 10
    while not spool.has_room():
        assert time.monotonic() < end_s, "it is tried again by itself"
    spool.write(group(20)).result()
    spool.close()
    later, found = Spool(tmp_path), []
    while claimed := later.claim():
        found += rest(claimed)
        assert claimed.finish()
    # Of the group that was refused a part may arrive.
    assert [one for one in found if one not in group(5)] == group(0) + group(20)
    later.close()


def test_a_folder_that_somebody_removed_loses_nothing_that_comes_after(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dkd.collect.spool._LOOK_S", 0)
    spool = Spool(tmp_path / "spool")
    spool.write(group(0)).result()
    shutil.rmtree(spool.folder)
    assert spool.held() == (0, None)
    assert spool.has_room()
    # Its file is open, but nobody will ever find it again.
    assert isinstance(spool.write(group(5)).exception(), OSError)
    spool.write(group(10)).result()
    spool.seal()
    assert rest(spool.claim()) == group(10)
    spool.close()


def test_a_message_that_cannot_be_written_harms_none_behind_it(tmp_path: Path):
    spool = Spool(tmp_path)
    # It names the topic, and is never written.
    assert spool.write([message(0)._replace(timestamp_ms=-1)]).exception()
    spool.write(group(5)).result()
    spool.close()
    later = Spool(tmp_path)
    assert rest(later.claim()) == group(5)
    later.close()


def test_what_a_killed_process_wrote_is_taken_by_another(tmp_path: Path):
    script = f"""
import os, sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_collect_spool import group
from dkd.collect.spool import Spool
spool = Spool(Path({str(tmp_path)!r}))
spool.write(group(0)).result()
print("written", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "written\n"
        spool = Spool(tmp_path)
        assert spool.claim() is None, "it lives"
        process.kill()
        process.wait()
        assert rest(spool.claim()) == group(0)
        spool.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(DkdError, match="DKD461"):
        Spool(tmp_path / "spool")


def test_a_file_where_the_folder_should_be_is_one_clear_error(tmp_path: Path):
    (tmp_path / "spool").write_text("")
    with pytest.raises(DkdError, match="--spool"):
        Spool(tmp_path / "spool")
