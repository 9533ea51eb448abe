"""The stack's commands where there is no stack: one clear line each, the right exit code, and nothing left behind."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dkd.settings import Ports

MODEL = Path(__file__).parent.parent.parent / "specs" / "shop.yaml"


@pytest.fixture
def project(tmp_path):
    made = tmp_path / "my shop"
    (made / "specs").mkdir(parents=True)
    shutil.copy(MODEL, made / "specs")
    return made


def dkd(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DKD_")}
    done = subprocess.run(
        [sys.executable, "-m", "dkd", *arguments],
        cwd=project,
        env={**kept, "DKD_STORE": str(project / "jars"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


def free_base() -> int:
    """A base port whose twelve ports are free, below the ephemeral range."""
    for base in range(27_000, 20_000, -100):
        sockets = []
        try:
            for port in Ports.at(base):
                sockets.append(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        else:
            return base
        finally:
            for one in sockets:
                one.close()
    pytest.fail("no free ports")


def test_status_says_that_nothing_runs(project):
    done = dkd(project, "status")
    assert done.returncode == 1
    assert [line.split() for line in done.stdout.splitlines()[:5]] == [
        [name, "stopped"] for name in ("kafka", "druid", "collector", "enricher", "explorer")
    ]
    assert not (project / ".dkd").exists()


def test_down_without_a_stack_is_done(project):
    done = dkd(project, "down")
    assert (done.returncode, done.stderr) == (0, "nothing was running\n")
    assert not (project / ".dkd").exists()


def test_data_is_not_wiped_unasked(project):
    (project / ".dkd" / "data").mkdir(parents=True)
    done = dkd(project, "down", "--wipe")
    assert done.returncode == 5
    assert "--yes" in done.stderr
    assert (project / ".dkd" / "data").exists()
    assert dkd(project, "down", "--wipe", "--yes").returncode == 0
    assert not (project / ".dkd" / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["up", "--only", "zookeeper"], 64, "kafka, druid, collector, enricher"),
        (["up", "--memory", "lots"], 64, "--memory"),
        (["up", "--base-port", "80"], 64, "base-port"),
        (["up", "specs/none.yaml"], 64, "specs/none.yaml"),
        (["logs", "kafak"], 64, "kafka, druid, collector, enricher"),
        (["logs"], 64, "run dkd up"),
    ],
)
def test_wrong_usage_is_said(project, arguments, code, said):
    done = dkd(project, *arguments)
    assert done.returncode == code
    assert said in done.stderr


def test_a_taken_port_is_said_before_anything_starts(project):
    base = free_base()
    with socket.create_server(("127.0.0.1", base + 3)), socket.create_server(("127.0.0.1", base + 6)):
        done = dkd(project, "up", "--detach", "--base-port", str(base))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"{base + 3} (broker) by pid {os.getpid()}" in done.stderr
    assert f"{base + 6} (kafka) by pid {os.getpid()}" in done.stderr
    assert "--base-port" in done.stderr
    assert not (project / ".dkd" / "state.json").exists()


def test_offline_without_jars_is_said_before_anything_starts(project):
    done = dkd(project, "up", "--detach", "--offline", "--base-port", str(free_base()))
    assert done.returncode == 1
    assert "DKD602" in done.stderr
    assert not (project / ".dkd" / "state.json").exists()


def test_a_service_without_its_server_is_said(project):
    done = dkd(project, "up", "--only", "collector", "--detach", "--base-port", str(free_base()))
    assert done.returncode == 1
    assert "kafka is not running" in done.stderr


def test_without_an_engine_docker_is_one_line(project):
    for command in ("up", "down", "status"):
        done = dkd(project, command, "--runtime", "docker", DOCKER_HOST="unix:///nowhere/docker.sock")
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            "docker: no Docker engine answers; start Docker, or leave --runtime docker out: dkd up needs none [DKD630]"
        ]
