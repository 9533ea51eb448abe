"""Several processes at one address: each takes connections, one that dies is replaced, and all end with the first."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

WORK = """
import os, socket, sys, time
from dkd.local.crew import crew
def work(port):
    from dkd.explore.serve import _listening
    with _listening(port) as listening:
        while True:
            one, _ = listening.accept()
            with one: one.sendall(str(os.getpid()).encode())
if __name__ == "__main__":
    crew(2, work, int(sys.argv[1]))
"""


def pid(port: int) -> int | None:
    """Which process answers; None where none does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as one:
            return int(one.recv(20) or 0) or None
    except OSError:
        return None


def until(port: int, count: int, without: int = 0) -> set[int]:
    found: set[int] = set()
    end = time.monotonic() + 60
    while len(found) < count and time.monotonic() < end:
        found |= {one for one in [pid(port)] if one and one != without}
        time.sleep(0.01)
    return found


@pytest.fixture
def crew(tmp_path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    (tmp_path / "work.py").write_text(WORK)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, tmp_path / "work.py", str(port)], stderr=subprocess.PIPE)
    yield process, port
    process.kill()
    process.communicate()


def test_both_take_connections_and_a_dead_one_is_replaced(crew):
    process, port = crew
    first = until(port, 2)
    assert len(first) == 2
    killed = min(first)
    os.kill(killed, signal.SIGKILL)
    after = until(port, 2, without=killed)
    assert len(after) == 2
    assert killed not in after
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert b"ended with -9 and is replaced" in process.stderr.read()
    assert pid(port) is None
