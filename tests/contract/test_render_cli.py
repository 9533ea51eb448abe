"""``dkd render`` and ``dkd diff`` as a user runs them: output, exit codes, files and git refs."""

import json
import subprocess
from pathlib import Path

import pytest

from dkd.cli import run

MODEL = """
dkd: 1
site: shop
events: {page_view: {}}
fields: {price: double}
topics: {retention: {clean: 3d}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "shop.yaml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True, capture_output=True)


@pytest.fixture
def repository(project: Path) -> Path:
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "first")
    return project


def change(project: Path, old: str, new: str) -> None:
    file = project / "specs" / "shop.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_check_fails_before_and_passes_after_a_render(project, capsys):
    assert run(["render", "--check"]) == 3
    assert "missing specs/shop/kafka/topics.yaml\n" in capsys.readouterr().out
    assert run(["render"]) == 0
    assert "wrote specs/shop/kafka/topics.yaml\n" in capsys.readouterr().out
    assert run(["render", "--check"]) == 0
    assert capsys.readouterr().out == "shop: every artefact is as the model says\n"


def test_render_says_what_it_wrote_as_json(project, capsys):
    assert run(["render", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["site"] == "shop"
    assert found["findings"] == []
    assert all((project / path).is_file() for path in found["written"])


def test_check_writes_nothing(project):
    run(["render", "--check"])
    assert [path.name for path in project.rglob("*") if path.is_file()] == ["shop.yaml"]


def test_a_model_elsewhere_is_rendered_beside_it(project, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert run(["render", str(project / "specs" / "shop.yaml")]) == 0
    assert (project / "compose" / "shop.yml").is_file()


def test_a_file_is_compared_with_the_model_in_specs(project, capsys):
    (project / "old.yaml").write_text(MODEL.replace("clean: 3d", "clean: 2d"))
    assert run(["diff", "old.yaml"]) == 0
    assert "~ kafka/topic/shop.clean/retention.ms  172800000 -> 259200000\n    safe  DKD938 " in capsys.readouterr().out


def test_a_git_ref_is_compared_with_the_working_tree(repository, capsys):
    assert run(["diff", "main"]) == 0
    assert capsys.readouterr().out == "Nothing changes.\n"
    change(repository, "price: double", "price: double, coupon: string")
    assert run(["diff", "HEAD", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["changes"]
    assert {"druid/supervisor/shop_events/dimension/coupon", "divolte/shop/mapping/coupon"} <= {
        one["address"] for one in found
    }


def test_two_refs_and_directories_are_compared(repository, capsys):
    change(repository, "clean: 3d", "clean: 4d")
    git("commit", "-qam", "second")
    assert run(["diff", "HEAD~1", "HEAD"]) == 0
    by_refs = capsys.readouterr().out
    old = repository / "old"
    (old / "specs").mkdir(parents=True)
    (old / "specs" / "shop.yaml").write_text(MODEL)
    assert run(["diff", "old", "."]) == 0
    assert capsys.readouterr().out == by_refs.replace("HEAD:specs/", "specs/")
    assert "259200000 -> 345600000" in by_refs


def test_a_new_site_is_seen(repository, capsys):
    (repository / "specs" / "web.yaml").write_text(MODEL.replace("shop", "web"))
    assert run(["diff", "HEAD", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["changes"]
    assert {one["action"] for one in found} == {"create"}
    assert {one["range"]["file"] for one in found} == {"specs/web.yaml"}


@pytest.mark.parametrize(
    ("fail_on", "code"), [("", 0), ("safe", 0), ("breaking", 3), ("any", 3), ("blocked, destructive", 3)]
)
def test_diff_fails_only_on_what_was_asked(repository, fail_on, code):
    change(repository, "clean: 3d", "clean: 2d")
    assert run(["diff", "HEAD", "--fail-on", fail_on]) == code


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["diff", "nosuch"], 64, "nosuch"),
        (["diff", "--", "-x"], 64, "-x"),
        (["diff", "HEAD", "--fail-on", "nosuch"], 64, "nosuch"),
        (["diff", "empty"], 64, "empty"),
        (["diff", "HEAD", "nosuch.yaml"], 64, "nosuch.yaml"),
        (["render", "nosuch.yaml"], 64, "nosuch.yaml"),
    ],
)
def test_what_is_not_there_is_one_line(repository, capsys, words, code, named):
    (repository / "empty").mkdir()
    assert run(words) == code
    error = capsys.readouterr().err.strip()
    assert named in error
    assert len(error.splitlines()) == 1


def test_mistakes_of_an_old_model_are_told_at_their_place(repository, capsys):
    change(repository, "price: double", "price: dubble")
    git("commit", "-qam", "wrong")
    change(repository, "price: dubble", "price: double")
    assert run(["diff", "HEAD"]) == 3
    assert capsys.readouterr().err.startswith("HEAD:specs/shop.yaml:5:")


def test_no_git_is_said(project, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(project))
    assert run(["diff", "HEAD"]) == 64
    assert "git is not installed" in capsys.readouterr().err
