"""``dkd simulate`` as it is typed: the same bytes twice, and errors of one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dkd.model.preset import preset_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "shop.yaml").write_text(preset_files("shop", "shop")["specs/shop.yaml"])
    return tmp_path


def run(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "dkd", "simulate", *arguments]
    env = {**os.environ, "DKD_BASE_PORT": "1030", **environment}
    return subprocess.run(command, cwd=project, env=env, capture_output=True, timeout=120)


def test_the_same_seed_writes_the_same_bytes(project: Path):
    wanted = ("--seed", "7", "--rate", "0.05/s", "--out")
    said = json.loads(run(project, *wanted, "one.ndjson", "--json", PYTHONHASHSEED="1").stdout)
    piped = run(project, *wanted, "-", PYTHONHASHSEED="2")
    written = (project / "one.ndjson").read_bytes()
    assert written == piped.stdout
    assert written.count(b"\n") == said["lines"] > 2000
    assert b"lines sent" in piped.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ((), 1, "DKD810"),
        (("--from", "2100-01-02"), 64, "DKD843"),
        (("--from", "2090-01-01"), 5, "DKD844"),
        (("--from", "2001-01-01"), 5, "DKD845"),
        (("--rate", "fast"), 64, "DKD843"),
        (("--to", "2026-01-01"), 64, "DKD843"),
        (("--out", "no/such/folder/file"), 64, "DKD847"),
        (("missing.yaml",), 64, "DKD110"),
    ],
)
def test_an_error_is_one_line(project: Path, arguments: tuple[str, ...], code: int, problem: str):
    done = run(project, *arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    assert len(done.stderr.splitlines()) == 1
    assert problem.encode() in done.stderr
