"""The CI job that ``dkd init`` writes, run as a shell runs it: one comment for each pull request, and a verdict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dkd.model.preset import preset_files

ROOT = Path(__file__).parents[2]

GH = """\
#!{python}
# GitHub's command line, with one file for all comments.
import json, pathlib, sys
store = pathlib.Path({store!r})
comments = json.loads(store.read_text())
words = sys.argv[1:]
path = next(word for word in words if word.startswith("repos/"))
body = next((pathlib.Path(word[6:]).read_text() for word in words if word.startswith("body=@")), None)
if "PATCH" in words:
    next(one for one in comments if one["id"] == int(path.rpartition("/")[2]))["body"] = body
elif "POST" in words:
    comments.append({{"id": len(comments) + 1, "body": body}})
else:
    assert words[words.index("--jq") + 1] == '.[] | select(.body | startswith("<!-- dkd diff -->")) | .id'
    print(*[one["id"] for one in comments if one["body"].startswith("<!-- dkd diff -->")], sep="\\n")
store.write_text(json.dumps(comments))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the files of ``dkd init``, rendered; its tools are ours."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "comments.json").write_text('[{"id": 1, "body": "looks good"}]')
    tools = {
        "gh": GH.format(python=sys.executable, store=str(tmp_path / "comments.json")),
        "dkd": f'#!/bin/sh\nexec {sys.executable} -m dkd "$@"\n',
    }
    for name, text in tools.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    for name, text in preset_files("shop", "shop").items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for words in (["dkd", "render"], ["git", "init", "-qb", "main"]):
        shell(tmp_path, " ".join(words))
    commit(tmp_path)
    shell(tmp_path, "git update-ref refs/remotes/origin/main HEAD")
    return tmp_path


def shell(project: Path, script: str) -> int:
    env = {
        **os.environ, "PATH": f"{project / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "PULL": "7",
        "GITHUB_BASE_REF": "main", "GITHUB_REPOSITORY": "me/site", "HOME": str(project),
    }  # fmt: skip
    # How GitHub runs a step: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
    done = subprocess.run(["bash", "-e", "-c", script], cwd=project / "site", env=env, capture_output=True, check=False)
    return done.returncode


def commit(project: Path) -> None:
    assert shell(project, "git add -A && git -c user.name=t -c user.email=t@t commit -qm x") == 0


def job(project: Path) -> list[int]:
    """Exit codes of the steps; a step after one that failed runs only where it says so."""
    whole = yaml.safe_load((project / "site" / ".github" / "workflows" / "dkd.yml").read_text())
    steps = [step for step in whole["jobs"]["dkd"]["steps"] if "run" in step and "pip" not in step["run"]]
    codes: list[int] = []
    for step in steps:
        if any(codes) and "cancelled()" not in step.get("if", ""):
            break
        codes.append(shell(project, step["run"]))
    return codes


def comments(project: Path) -> list[str]:
    return [one["body"] for one in json.loads((project / "comments.json").read_text())]


def test_each_run_replaces_the_one_comment_and_fails_on_what_breaks(project):
    model = project / "site" / "specs" / "shop.yaml"
    text = model.read_text()
    model.write_text(text.replace("quantity: int", "quantity: int\n      coupon: string"))
    shell(project, "dkd render")
    assert job(project) == [0, 0, 0, 0, 0]
    assert [body.splitlines()[0] for body in comments(project)] == ["looks good", "<!-- dkd diff -->"]
    assert "nothing breaks" in comments(project)[1]
    model.write_text(text.replace("clean: 3d", "clean: 1d"))
    shell(project, "dkd render")
    assert job(project) == [0, 0, 0, 0, 3]
    assert len(comments(project)) == 2
    assert "1 of 1 change to decide on" in comments(project)[1]


def test_a_stale_file_fails_after_the_comment(project):
    model = project / "site" / "specs" / "shop.yaml"
    model.write_text(model.read_text().replace("clean: 3d", "clean: 4d"))
    assert job(project) == [0, 0, 0, 3]
    assert len(comments(project)) == 2


def test_a_wrong_model_fails_and_leaves_the_comment_alone(project):
    model = project / "site" / "specs" / "shop.yaml"
    model.write_text(model.read_text().replace("quantity: int", "quantity: whole"))
    assert job(project)[0] == 3
    assert comments(project)[0] == "looks good"
