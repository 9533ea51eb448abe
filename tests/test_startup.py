"""Commands answer at once: start-up against a bare Typer program of the same run, and what they must not import."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dkd.model.preset import preset_files

BARE = "import typer\napp = typer.Typer()\n@app.command()\ndef main() -> None: print('1')\napp()"
HEAVY = ("polars", "kafka", "confluent_kafka", "streamlit", "numpy", "granian", "requests")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in preset_files("shop", "shop").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def seconds(arguments: list[str], where: Path) -> float:
    """CPU seconds of the quickest of five runs: noise only ever adds, and other work on the machine is not ours."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], cwd=where, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


def test_version_costs_little_more_than_a_bare_typer_program(tmp_path: Path):
    ratio = seconds(["-m", "dkd", "--version"], tmp_path) / seconds(["-c", BARE], tmp_path)
    print(f"dkd --version / bare typer: {ratio:.2f}")
    assert ratio <= 1.5


@pytest.mark.parametrize("command", ["check", "render"])
def test_check_and_render_are_quick(command: str, project: Path):
    took_s = seconds(["-m", "dkd", command], project)
    print(f"dkd {command}: {took_s:.2f} s")
    assert took_s <= 0.8


def large(coupon: str) -> str:
    """A model of 50 events with 20 fields each."""
    kinds = ("string", "int", "long", "double", "boolean", "timestamp", "list")
    events = "".join(
        f"  event_{event}:\n    fields:\n"
        + "".join(f"      f_{event}_{seq}: {{type: {kinds[seq % 7]}, description: d}}\n" for seq in range(20))
        for event in range(50)
    )
    return f"dkd: 1\nsite: shop\nevents:\n{events}  page_view: {{{coupon}}}\nenrich: [url, sessions: {{gap: 30m}}]\n"


def test_a_large_model_is_compared_with_a_git_ref_within_a_second(tmp_path: Path):
    model = tmp_path / "specs" / "shop.yaml"
    model.parent.mkdir()
    model.write_text(large(""))
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    model.write_text(large("fields: {coupon: string}").replace("f_7_1: {type: int", "f_7_1: {type: long"))
    took_s = seconds(["-m", "dkd", "diff", "HEAD"], tmp_path)
    print(f"dkd diff HEAD, 50 x 20: {took_s:.2f} s")
    assert took_s <= 1.0


@pytest.mark.parametrize("command", [["--help"], ["check"], ["render"], ["diff", "specs/shop.yaml"]])
def test_the_core_commands_import_nothing_heavy(command: list[str], project: Path):
    code = (
        "import sys\nfrom dkd.cli import run\n"
        f"code = run({command!r})\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'imported {found}' if found or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
