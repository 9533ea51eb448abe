"""``dkd collect`` as a process, without any Kafka: it starts, answers, says what is wrong in one line, and stops."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

MODEL = "dkd: 1\nsite: shop\nevents: {page_view: {}}\n"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def command(folder: Path, port: int, *options: str) -> subprocess.Popen[str]:
    (folder / "shop.yaml").write_text(MODEL)
    # A base port below all that a test machine uses: nothing answers there.
    environment = {**os.environ, "DKD_BASE_PORT": "1030"}
    arguments = [sys.executable, "-m", "dkd", "collect", "shop.yaml", "--port", str(port), *options]
    return subprocess.Popen(
        arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            assert requests.get(f"http://127.0.0.1:{port}/ping", timeout=5).text == "pong"
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("it never listened")


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    with command(tmp_path, port) as process:
        wait_for(port)
        yield process, f"http://127.0.0.1:{port}"
        process.kill()


def post(url: str) -> requests.Response:
    return requests.post(f"{url}/collect", json={"event": "page_view", "party_id": "me"}, timeout=20)


def test_without_kafka_events_are_safe_in_the_spool_and_it_says_so_once(
    collector: tuple[subprocess.Popen[str], str], tmp_path: Path
):
    process, url = collector
    for _ in range(3):
        assert post(url).json()["accepted"] == 1
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert time.monotonic() - started < 10
    assert out == ""
    assert len(err.splitlines()) == 3, err
    assert "collecting shop on" in err
    assert "does not acknowledge" in err
    found = b"".join(path.read_bytes() for path in (tmp_path / ".dkd" / "spool" / "shop").glob("*.spool"))
    assert found.count(b"page_view") == 3


def test_with_neither_kafka_nor_room_it_answers_503(tmp_path: Path):
    port = free_port()
    with command(tmp_path, port, "--spool-bytes", "1") as process:
        wait_for(port)
        answer = post(f"http://127.0.0.1:{port}")
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["remedy"]
    assert "is full" in err


def test_stopping_answers_the_request_that_waits(collector: tuple[subprocess.Popen[str], str]):
    process, url = collector
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":")[-1])), timeout=20) as client:
        body = b'{"event":"page_view","party_id":"me"}'
        head = b"POST /collect HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        client.sendall(head + body)
        process.send_signal(signal.SIGTERM)
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert process.wait(10) == 0


def test_a_taken_port_is_one_clear_line(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with command(tmp_path, port) as process:
            out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    (line,) = err.splitlines()
    assert f"127.0.0.1:{port}: the port is taken" in line
    assert "--port" in line
    assert "DKD440" in line


def test_a_host_that_is_not_here_is_one_clear_line(tmp_path: Path):
    with command(tmp_path, free_port(), "--host", "203.0.113.1") as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "DKD440" in err
    assert len(err.splitlines()) == 1
