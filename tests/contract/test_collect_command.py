"""``dkd collect`` as a process, without any Kafka: it starts, answers, says what is wrong in one line, and stops."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

MODEL = "dkd: 1\nsite: shop\nevents: {page_view: {}}\n"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def command(folder: Path, port: int, *options: str, admin_port: int | None = 0) -> subprocess.Popen[str]:
    (folder / "shop.yaml").write_text(MODEL)
    # A base port below all that a test machine uses: nothing answers there.
    environment = {**os.environ, "DKD_BASE_PORT": "1030"}
    arguments = [
        sys.executable,
        "-m",
        "dkd",
        "collect",
        "shop.yaml",
        "--port",
        str(port),
        *([] if admin_port is None else ["--admin-port", str(admin_port)]),
        *options,
    ]
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


def admin(port: int, path: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=5)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError("it never happened")


def value(port: int, name: str) -> float:
    lines = admin(port, "/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"dkd_collect_{name}"))


def test_health_says_where_events_go_and_figures_count_them(tmp_path: Path):
    port, other = free_port(), free_port()
    with command(tmp_path, port, "--admin-port", str(other)) as process:
        wait_for(port)
        assert admin(other, "/live").text == "live\n"
        assert post(f"http://127.0.0.1:{port}").ok
        bad = b'{"event":"page_view","party_id":"me"}\n{"event":"page_veiw","party_id":"me"}'
        requests.post(f"http://127.0.0.1:{port}/collect", data=bad, timeout=20)
        until(lambda: admin(other, "/ready").text == "ready: spool, Kafka does not acknowledge\n")
        until(lambda: value(other, "spooled_total") == 3)
        assert value(other, 'events_total{outcome="accepted"') == 2
        assert value(other, 'events_total{outcome="rejected",reason="unknown_event"}') == 1
        assert value(other, "commit_seconds_count") == 2
        assert value(other, "spool_bytes") > 200
        assert value(other, "breaker_open") == 1
        assert value(other, "refused_requests_total") == 0
        requests.post(f"http://127.0.0.1:{port}/collect", data=b"x", headers={"Content-Type": "a/b"}, timeout=20)
        requests.post(f"http://127.0.0.1:{port}/csc-event", timeout=20)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
        for status in (400, 405, 415):
            until(lambda status=status: value(other, f'refused_requests_total{{status="{status}"}}') == 1)
        process.terminate()
        assert process.wait(10) == 0


def test_a_full_spool_is_not_ready(tmp_path: Path):
    port, other = free_port(), free_port()
    with command(tmp_path, port, "--admin-port", str(other), "--spool-bytes", "1") as process:
        wait_for(port)
        assert post(f"http://127.0.0.1:{port}").status_code == 503
        until(lambda: admin(other, "/ready").status_code == 503)
        assert admin(other, "/live").ok
        until(lambda: value(other, 'events_total{outcome="unsafe"') == 1)
        process.terminate()
        assert process.wait(10) == 0


def test_after_sigterm_it_is_not_ready_and_goes_on_for_the_delay(tmp_path: Path):
    port, other = free_port(), free_port()
    with command(tmp_path, port, "--admin-port", str(other), "--stop-delay", "2.5") as process:
        wait_for(port)
        until(lambda: admin(other, "/ready").ok)
        process.terminate()
        until(lambda: admin(other, "/ready").status_code == 503)
        ping = requests.get(f"http://127.0.0.1:{port}/ping", timeout=5)
        assert (ping.status_code, ping.text) == (503, "No p*ng for you, shutting down")
        last = post(f"http://127.0.0.1:{port}")
        assert (last.status_code, last.headers["Connection"]) == (200, "close")
        assert process.wait(10) == 0


def members(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    alive = [one for one in children if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in alive if "spawn_main" in " ".join(one.cmdline())]


def test_several_processes_share_the_port_and_their_figures_add_up(tmp_path: Path):
    port, other = free_port(), free_port()
    with command(tmp_path, port, "--admin-port", str(other), "--processes", "2") as process:
        wait_for(port)
        until(lambda: admin(other, "/ready").ok and len(members(process)) == 2)

        sent: list[bool] = []

        def accepted() -> float:
            return value(other, 'events_total{outcome="accepted"')

        # Each connection goes to either; both have taken some when both have found out that there is no Kafka.
        until(lambda: value(other, "breaker_open") == 2 or sent.append(post(f"http://127.0.0.1:{port}").ok))
        assert accepted() == len(sent)
        killed = members(process)[0]
        killed.kill()
        until(lambda: len(members(process)) == 2 and killed not in members(process))
        assert accepted() == len(sent), "what a dead one has counted stays"
        sent += [post(f"http://127.0.0.1:{port}").ok for _ in range(5)]
        assert accepted() == len(sent)
        assert all(sent)
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "ended with -9 and is replaced" in err
    found = b"".join(path.read_bytes() for path in (tmp_path / ".dkd" / "spool" / "shop").glob("*.spool"))
    assert found.count(b"page_view") == len(sent)


def test_several_processes_end_after_their_parent_was_killed_and_make_room_for_the_next(tmp_path: Path):
    port = free_port()
    with command(tmp_path, port, "--processes", "2") as process:
        wait_for(port)
        until(lambda: len(members(process)) == 2)
        orphans = members(process)
        process.kill()
        _, alive = psutil.wait_procs(orphans, timeout=20)
        assert alive == []
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))


def test_a_taken_admin_port_is_one_clear_line(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with command(tmp_path, free_port(), "--admin-port", str(taken.getsockname()[1])) as process:
            _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    (line,) = err.splitlines()
    assert "--admin-port" in line
    assert "DKD462" in line


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_spool_that_cannot_be_is_one_clear_line(processes: str, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with command(tmp_path, free_port(), "--processes", processes, "--spool", "file") as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    (line,) = err.splitlines()
    assert "DKD461" in line


def test_no_admin_port_above_the_last_port_is_one_clear_line(tmp_path: Path):
    with command(tmp_path, free_port(), "--port", "65535", admin_port=None) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    (line,) = err.splitlines()
    assert "--admin-port" in line
    assert "DKD462" in line


def test_a_changed_model_is_taken_over_without_dropping_a_request_and_a_broken_one_is_not(
    collector: tuple[subprocess.Popen[str], str], tmp_path: Path
):
    process, url = collector
    body = '{"event":"page_view","party_id":"me"}\n{"event":"search","party_id":"me","query":"shoes"}'
    session, found = requests.Session(), []

    def until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end
            headers = {"Content-Type": "application/x-ndjson"}
            answer = session.post(f"{url}/collect", data=body, headers=headers, timeout=20)
            assert answer.status_code == 200
            found.append(answer.json()["accepted"])

    def health() -> str:
        return requests.get(f"{url}/healthz", timeout=10).text

    told: list[str] = []
    assert process.stderr
    reading = threading.Thread(target=lambda: told.extend(line for line in process.stderr if "model" in line))
    reading.start()
    until(lambda: len(found) > 20)
    first = health()
    more = "dkd: 1\nsite: shop\nevents: {page_view: {}, search: {fields: {query: string}}}\n"
    (tmp_path / "shop.yaml").write_text(more)
    until(lambda: found[-1] == 2)
    second = health()
    assert first != second
    assert sorted(found) == found, "each request is of one model, and the old one never comes back"
    for count, broken in enumerate(("dkd: 1\nsite: shop\nevents: [", more.replace("shop", "other")), 2):
        (tmp_path / "shop.yaml").write_text(broken)
        until(lambda count=count: len(told) == count)
        assert health() == second
    assert found[-1] == 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    reading.join(10)
    assert len(told) == 3, told
    assert "counts from now on" in told[0]
    assert "DKD201" in told[1]
    assert "DKD470" in told[2]
    assert len(list((tmp_path / "specs" / "shop" / "schemas").glob("*.avsc"))) == 2, "of both models, none of the other"
