"""Closed streams, full disks and broken files around dkd end a command with one line and its exit code."""

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


def shell(project: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run *line* in bash, ``dkd`` in it being the one under test."""
    script = f'dkd() {{ "{sys.executable}" -m dkd "$@"; }}; {line}'
    return subprocess.run(["bash", "-c", script], cwd=project, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        ("dkd sql - <&-", 64, "DKD130"),
        ("dkd sql <&-", 64, "DKD130"),
        ("dkd sql ''", 64, "DKD130"),
        ("dkd sql 'SELECT ?' --param 1 --param 2", 64, "DKD132"),
        ("dkd sql 'SELECT 1' --json --format csv", 64, "DKD132"),
        ("dkd ask visitors --json --format csv", 64, "DKD132"),
        ("dkd sql 'SELECT 1' --timeout 1e99", 64, "--timeout"),
        ("dkd replay - <&-", 64, "DKD801"),
        ("dkd down --wipe <&-", 5, "DKD614"),
        ("dkd check > /dev/full", 1, "no space left"),
        ("touch .dkd; dkd up --only kafka", 1, ".dkd"),
        ("mkdir .dkd; echo '{' > .dkd/state.json; dkd down", 1, "DKD624"),
        ("mkdir .dkd; echo '{' > .dkd/ports.json; dkd down", 0, "nothing was running"),
        ("mkdir .dkd; printf '\\377' > .dkd/pseudonym.key; dkd plan", 1, "DKD122"),
        ("dkd check --nosuch", 64, "No such option: --nosuch; see "),
        ("dkd", 64, "no command is given"),
        ("dkd logs nobody", 64, "PART: there is no part 'nobody'"),
        ("set -o pipefail; dkd --help | head -1", 0, ""),
    ],
)
def test_it_is_one_line_and_the_right_code(project: Path, line: str, code: int, word: str):
    done = shell(project, line)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1 if word else 0), done.stderr
    assert word in done.stderr
