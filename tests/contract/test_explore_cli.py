"""``dkd check`` and ``dkd init`` with views, and ``dkd explore`` where it cannot run: one clear line each."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dkd.cli import run

WITHOUT_STREAMLIT = "import sys; sys.modules['streamlit'] = None; from dkd.cli import run; sys.exit(run({arguments!r}))"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--preset", "shop", "--site", "shop"]) == 0
    return tmp_path


def without_streamlit(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_STREAMLIT.format(arguments=list(arguments))]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("preset", ["shop", "web"])
def test_a_new_project_has_views_that_are_right(preset, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--preset", preset, "--site", "mine"]) == 0
    assert "dashboards/1-overview.yaml" in capsys.readouterr().out
    assert run(["check"]) == 0
    assert "10 views: no mistakes" in capsys.readouterr().out


def test_every_view_is_checked_against_the_model(project, capsys):
    (project / "dashboards" / "mine.yaml").write_text(
        "view: 1\ntitle: Mine\nmeasures: [visitor]\ninterval: {last: 7d}\n"
    )
    (project / "dashboards" / "other.yml").write_text("measures: [visitors\n")
    capsys.readouterr()
    assert run(["check"]) == 3
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("dashboards/mine.yaml:3:12: there is no measure 'visitor'; did you mean visitors or")
    assert second.startswith("dashboards/other.yml:2:1: this is not YAML")
    assert run(["check", "--json"]) == 3
    assert [one["code"] for one in json.loads(capsys.readouterr().out)] == ["DKD310", "DKD201"]


def test_without_streamlit_explore_says_what_to_install(project):
    done = without_streamlit(project, "explore")
    assert done.returncode == 64
    assert done.stderr.splitlines() == ["dkd explore: streamlit is not installed; pip install 'dkd[explore]' [DKD332]"]


def test_without_streamlit_the_stack_has_four_parts(project):
    done = without_streamlit(project, "status", "--json")
    assert [part["name"] for part in json.loads(done.stdout)["parts"]] == ["kafka", "druid", "collector", "enricher"]
