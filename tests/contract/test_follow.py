"""``dkd replay --follow``: each line of a growing log is one event, through rotations and restarts of the command."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from collector_server import Running, running
from divolte_vectors import decoded

from dkd.jobs.follow import Growing, Place
from dkd.model.load import load
from dkd.systems.avro.render import raw_schema

TEXT = "dkd: 1\nsite: logs\nevents: {page_view: {fields: {status: int}}}\n"
MODEL = load(TEXT, "logs.yaml")
SCHEMA = raw_schema(MODEL)


def line(number: int) -> str:
    return f'203.0.113.9 - - [10/Oct/2025:13:55:36 +0000] "GET /page/{number} HTTP/1.1" 200 23 "-" "Firefox"\n'


def add(path: Path, *numbers: int, end: str = "") -> None:
    with path.open("a") as file:
        file.write("".join(map(line, numbers)) + end)


def pages(collector: Running) -> list[int]:
    found = [decoded(one.value, SCHEMA)["location"] for one in collector.messages if one.topic == "logs.raw"]
    return [int(url.rpartition("/")[2]) for url in found]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def following(project: Path, log: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    # The collector's port is the ninth of a stack.
    environment = {**os.environ, "DKD_BASE_PORT": str(port - 8)}
    command = [sys.executable, "-m", "dkd", "replay", "--follow", str(log), "--model", "logs.yaml"]
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        try:
            assert process.stderr
            while "following" not in (said := process.stderr.readline()):
                assert said, "it has ended"
            yield process
        finally:
            process.kill()


def test_each_line_is_an_event_through_rotation_and_restart(tmp_path: Path):
    (tmp_path / "logs.yaml").write_text(TEXT)
    log = tmp_path / "access.log"
    add(log, 1, 2)
    port = free_port()
    with running(MODEL, port=port) as collector:
        with following(tmp_path, log, port) as process:
            add(log, 3, 4, end=line(5)[:40])
            until(lambda: pages(collector) == [3, 4])
            log.rename(tmp_path / "access.log.1")
            add(tmp_path / "access.log.1", end=line(5)[40:])
            add(log, 6)
            until(lambda: pages(collector) == [3, 4, 5, 6])
            log.write_text("")
            time.sleep(0.6)
            add(log, 7, 7)
            until(lambda: pages(collector) == [3, 4, 5, 6, 7, 7])
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=20)
            assert out == "6 lines sent: 6 accepted, 0 refused\n"
            assert process.returncode == 0
        add(log, 8)
        with following(tmp_path, log, port) as process:
            add(log, 9)
            until(lambda: pages(collector) == [3, 4, 5, 6, 7, 7, 8, 9])
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        # Cut off while nobody looked, and longer again than what was read.
        log.write_text("".join(map(line, range(10, 16))))
        with following(tmp_path, log, port):
            until(lambda: pages(collector) == [3, 4, 5, 6, 7, 7, 8, 9, *range(10, 16)])
    ids = [decoded(one.value, SCHEMA)["eventId"] for one in collector.messages]
    assert len(set(ids)) == 14, "equal lines are two requests"


def test_a_file_that_was_rotated_while_nobody_looked_is_read_from_its_beginning(tmp_path: Path):
    log = tmp_path / "access.log"
    log.write_text("a\nb\n")
    old = Place(log.stat().st_ino, 2)
    reading = Growing(log, old)
    reading.stop()
    assert list(reading) == [b"b"]
    other = tmp_path / "other"
    other.write_text("new\n")
    reading = Growing(other, old)
    reading.stop()
    assert list(reading) == [b"new"]
    assert reading.place == Place(other.stat().st_ino, 4)


def test_the_rest_of_what_was_rotated_while_nobody_looked_comes_first(tmp_path: Path):
    log, rotated = (
        tmp_path / "access.log",
        [tmp_path / f"access.log{ending}" for ending in (".2", ".1", "-20251010.gz")],
    )
    log.write_text("a\nb\n")
    old = Place(log.stat().st_ino, 2)
    log.rename(rotated[0])
    rotated[1].write_text("c\n")
    rotated[2].write_text("packed\n")
    (tmp_path / "access.logs").write_text("of another\n")
    for seconds, one in enumerate(rotated):
        os.utime(one, (seconds, seconds))
    log.write_text("d\n")
    reading = Growing(log, old)
    reading.stop()
    assert list(reading) == [b"b", b"c", b"d"]
    assert reading.place == Place(log.stat().st_ino, 2)
    # One that is shorter than what was read of it has only the same number.
    reading = Growing(log, Place(old.inode, 99))
    reading.stop()
    assert list(reading) == [b"d"]


def test_a_file_that_was_written_and_renamed_while_nobody_could_look_is_read_too(tmp_path: Path):
    log, rotated = tmp_path / "access.log", [tmp_path / f"access.log.{number}" for number in (2, 1)]
    log.write_text("a\n")
    reading = Growing(log, Place(log.stat().st_ino, 0))
    lines = iter(reading)
    assert next(lines) == b"a"
    for seconds, (one, text) in enumerate(zip(rotated, ("b\n", "c\n"), strict=True)):
        log.rename(one)
        os.utime(one, (seconds, seconds))
        log.write_text(text)
    reading.stop()
    assert list(lines) == [b"b", b"c"]


def test_a_file_that_cannot_be_opened_is_opened_later(tmp_path: Path):
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    log.write_text("a\n")

    class Later(threading.Event):
        def wait(self, _: float | None = None) -> bool:
            if reading.problem:
                assert reading.problem == f"{log}: Is a directory"
                self.set()
                log.rmdir()
                log.write_text("b\n")
            return self.is_set()

    reading = Growing(log, Place(log.stat().st_ino, 0))
    reading._stop = Later()
    lines = iter(reading)
    assert next(lines) == b"a"
    log.rename(old)
    log.mkdir()
    assert list(lines) == [b"b"]
    assert not reading.problem


def test_what_is_written_to_a_file_just_after_it_was_replaced_is_not_lost(tmp_path: Path):
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    log.write_text("a\n")

    class Late(threading.Event):
        def wait(self, _: float | None = None) -> bool:
            if not self.is_set():
                self.set()
                with old.open("a") as file:
                    file.write("b\n")
            return True

    reading = Growing(log, Place(log.stat().st_ino, 0))
    reading._stop = Late()
    lines = iter(reading)
    assert next(lines) == b"a"
    log.rename(old)
    log.write_text("c\n")
    assert list(lines) == [b"b", b"c"]
