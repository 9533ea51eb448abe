"""``dkd diff`` as a user and a CI job run it: what it compares by default, bad refs and files, waivers, exit codes."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from repositories import FILE, MODEL, git

from dkd.cli import run
from dkd.model.preset import preset_files

TODAY = datetime.now(UTC).date()


def change(*replacements: tuple[str, str]) -> None:
    text = FILE.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    FILE.write_text(text)


def found(capsys, *words: str, code: int = 0) -> dict:
    capsys.readouterr()
    assert run(["diff", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_default_is_where_the_work_left_the_main_branch(repository, capsys):
    git("switch", "-qc", "work")
    change(("clean: 3d", "clean: 4d"))
    git("commit", "-qam", "mine")
    git("switch", "-q", "main")
    change(("price: double", "price: double, other: string"))
    git("commit", "-qam", "theirs")
    git("switch", "-q", "work")
    change(("name: string", "name: string, coupon: string"))
    report = found(capsys)
    assert {one["address"] for one in report["changes"] if one["system"] == "kafka"} == {
        "kafka/topic/shop.clean/retention.ms"
    }
    fields = {one["address"] for one in report["changes"] if "/field/" in one["address"]}
    assert fields == {"model/shop/field/coupon", "avro/schema/shop.raw/field/coupon"}
    assert report["old"].endswith("(merge base)")


def test_the_remote_main_branch_counts_before_the_local_one(repository, capsys):
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    change(("clean: 3d", "clean: 4d"))
    git("commit", "-qam", "not pushed yet")
    assert len(found(capsys)["changes"]) == 1


def test_a_first_model_is_all_new_and_breaks_nothing(repository, capsys):
    git("switch", "-q", "--orphan", "empty")
    (repository / "README").write_text("x")
    git("add", "README")
    git("commit", "-qm", "no model")
    git("switch", "-qc", "work")
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(preset_files("shop", "shop")["specs/shop.yaml"])
    assert run(["diff", "empty", "--json"]) == 0
    said = capsys.readouterr()
    assert {one["action"] for one in json.loads(said.out)["changes"]} == {"create"}
    assert said.err == "empty has no model in specs/: everything is new\n"
    assert {one["class"] for one in json.loads(said.out)["changes"]} <= {"safe", "additive"}


def test_a_file_of_a_ref_can_be_named(repository, capsys):
    git("mv", str(FILE), "specs/other.yaml")
    git("commit", "-qm", "moved")
    assert found(capsys, "HEAD~1:specs/shop.yaml", "specs/other.yaml")["changes"] == []


def test_a_folder_below_the_repository_is_a_project_of_its_own(repository, capsys, monkeypatch):
    (repository / "web" / "specs").mkdir(parents=True)
    (repository / "web" / FILE).write_text(MODEL)
    git("add", "-A")
    git("commit", "-qm", "second project")
    monkeypatch.chdir(repository / "web")
    change(("clean: 3d", "clean: 4d"))
    assert [one["range"]["file"] for one in found(capsys, "HEAD")["changes"]] == ["specs/shop.yaml"]


def outside(_folder: Path) -> None:
    subprocess.run(["rm", "-rf", ".git"], check=True)


def unborn(_folder: Path) -> None:
    outside(_folder)
    git("init", "-q", "-b", "main")


def nameless(_folder: Path) -> None:
    git("branch", "-m", "trunk")


def unrelated(_folder: Path) -> None:
    git("switch", "-q", "--orphan", "alone")
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(MODEL)
    git("add", "-A")
    git("commit", "-qm", "alone")


def same(_folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("prepare", "words", "code", "said"),
    [
        (outside, [], 64, "not a git repository"),
        (outside, ["HEAD"], 64, "not a git repository"),
        (unborn, [], 64, "no main branch"),
        (unborn, ["HEAD"], 64, "no such ref"),
        (nameless, [], 64, "no main branch"),
        (unrelated, [], 64, "fetch-depth: 0"),
        (same, ["nosuch"], 64, "no such ref"),
        (same, ["HEAD~7"], 64, "no such ref"),
        (same, ["HEAD:specs/nosuch.yaml"], 64, "has no file specs/nosuch.yaml; it has specs/shop.yaml"),
        (same, ["HEAD:specs"], 64, "has no file specs"),
        (same, ["HEAD:"], 64, "write REF:FILE"),
        (same, ["HEAD", "nosuch"], 64, "nosuch"),
        (same, [""], 64, "the name is empty"),
        (same, ["--format", "pdf"], 64, "pdf"),
        (same, ["--fail-on", "nosuch"], 64, "nosuch"),
        (same, ["--explain", "DKD999"], 64, "DKD99"),
        (same, ["--", "--output=x"], 64, "dash"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_in_one_line(repository, capsys, prepare, words, code, said):
    prepare(repository)
    assert run(["diff", *words]) == code
    error = capsys.readouterr().err.strip()
    assert said in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"dkd: 1\n\tsite: shop\n", "HEAD:specs/shop.yaml:2:1: a tab stands where YAML wants spaces"),
        (b"dkd: 1\nsite: sh\xffop\n", "HEAD:specs/shop.yaml:2:9: this is not UTF-8"),
        (b"\x7fELF\x00\x01\x02", "HEAD:specs/shop.yaml:"),
        (b"", "HEAD:specs/shop.yaml:1:1: the model is empty"),
        (b"x" * 5_000_001, "HEAD:specs/shop.yaml:1:1: 5000001 bytes are more than a model may have"),
        (b"- a\n- list\n", "HEAD:specs/shop.yaml:1:1: the model holds a list"),
    ],
    ids=["tab", "latin", "binary", "empty", "large", "list"],
)
def test_a_broken_model_of_the_past_is_a_finding_at_its_place(repository, capsys, content, said):
    FILE.write_bytes(content)
    git("commit", "-qam", "broken")
    FILE.write_text(MODEL)
    assert run(["diff", "HEAD"]) == 3
    error = capsys.readouterr().err.strip()
    assert error.startswith(said)
    assert len(error.splitlines()) == 1


def test_links_and_other_files_in_specs_are_no_models(repository, capsys):
    (repository / "specs" / "link.yaml").symlink_to("/etc/passwd")
    (repository / "specs" / "notes.txt").write_text("x")
    git("add", "-A")
    git("commit", "-qm", "more files")
    (repository / "specs" / "link.yaml").unlink()
    assert found(capsys, "HEAD")["changes"] == []


def waiver(rule: str, address: str, until: object, reason: str = "agreed with legal") -> str:
    return f"waivers: [{{rule: {rule}, address: {address}, reason: {reason}, owner: jo, until: {until}}}]\n"


CUT = ("DKD937", "kafka/topic/shop.clean/retention.ms")


def test_a_waiver_lets_one_change_pass_until_its_day(repository, capsys):
    change(("clean: 3d", "clean: 2d"))
    assert run(["diff", "HEAD", "--fail-on", "breaking"]) == 3
    assert "1 change of a class in --fail-on breaking" in capsys.readouterr().err
    FILE.write_text(FILE.read_text() + waiver(*CUT, TODAY))
    assert run(["diff", "HEAD", "--fail-on", "breaking"]) == 0
    assert f"    waived: agreed with legal (until {TODAY}, last day, jo)\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (waiver(*CUT, TODAY - timedelta(days=1)), "the waiver of DKD937 ended yesterday"),
        (waiver("DKD000", CUT[1], TODAY), "there is no rule DKD000"),
        (waiver(CUT[0], "kafka/topic/shop.raw/retention.ms", TODAY), "nothing at kafka/topic/shop.raw/retention.ms"),
        (waiver("DKD933", "kafka/topic/shop.raw/partitions", TODAY), "DKD933 is blocked, and no waiver opens it"),
    ],
    ids=["over", "unknown", "unused", "blocked"],
)
def test_a_wrong_waiver_is_a_finding_at_its_line(repository, capsys, text, said):
    change(("clean: 3d", "clean: 2d"))
    FILE.write_text(FILE.read_text() + text)
    assert run(["diff", "HEAD"]) == 3
    shown = capsys.readouterr()
    (line,) = [line for line in shown.out.splitlines() if said in line]
    assert line.startswith("specs/shop.yaml:7:11: ")
    assert "waived" not in shown.out
    assert shown.err == "1 wrong waiver\n"


def test_a_waiver_that_was_there_before_may_be_without_its_change(repository, capsys):
    FILE.write_text(FILE.read_text() + waiver(*CUT, TODAY))
    git("commit", "-qam", "waived")
    assert run(["diff", "HEAD"]) == 0


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{rule: DKD937, address: x, until: 2030-01-01}", "'reason' is missing"),
        ("{rule: DKD937, address: x, reason: y}", "'until' is missing"),
        ("{rule: retention, address: x, reason: y, until: 2030-01-01}", "'retention'"),
        ("{rule: DKD937, address: x, reason: y, until: soon}", "'soon'"),
        ("{rule: DKD937, address: x, reason: '', until: 2030-01-01}", "''"),
    ],
)
def test_a_waiver_that_says_too_little_is_a_mistake_of_the_model(repository, capsys, entry, said):
    FILE.write_text(f"{MODEL}waivers:\n  - {entry}\n")
    assert run(["check"]) == 3
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(("days", "code"), [(0, 0), (-1, 3)])
def test_check_knows_waivers_that_are_over(repository, capsys, days, code):
    FILE.write_text(MODEL + waiver(*CUT, TODAY + timedelta(days=days)))
    assert run(["check"]) == code
    assert ("[DKD265]" in capsys.readouterr().out) == bool(code)


def keep(schema_of: str, day: str) -> None:
    """Render *schema_of* and commit all, on *day*."""
    FILE.write_text(schema_of)
    assert run(["render"]) == 0
    git("add", "-A")
    git("commit", "-qm", "render", day=day)


def moment(days_ago: int) -> str:
    return f"{(datetime.now(UTC) - timedelta(days=days_ago)).isoformat(timespec='seconds')}"


def test_a_name_of_the_past_clashes_while_its_records_are_retained(repository, capsys):
    """Neighbours are compatible twice, and still records of the first kind are in the topic."""
    text, gone = MODEL.replace("price: double", "price: string"), MODEL.replace("price: double, ", "")
    gone += "reserved: [price]\n"
    keep(text, moment(5))
    keep(gone, moment(3))
    FILE.write_text(MODEL)
    changes = found(capsys, "HEAD")["changes"]
    (clash,) = [one for one in changes if one["rule"] == "DKD918"]
    assert (clash["before"], clash["after"], clash["class"]) == ("string", "double", "blocked")
    assert clash["range"]["start"]["line"] == 5


def test_a_version_of_which_no_record_is_left_does_not_count(repository, capsys):
    text, gone = MODEL.replace("price: double", "price: string"), MODEL.replace("price: double, ", "")
    gone += "reserved: [price]\n"
    keep(text, moment(40))
    keep(gone, moment(15))
    FILE.write_text(MODEL)
    assert "DKD918" not in {one["rule"] for one in found(capsys, "HEAD")["changes"]}


def test_a_version_that_came_back_counts_from_its_second_end(repository, capsys):
    text, gone = MODEL.replace("price: double", "price: string"), MODEL.replace("price: double, ", "")
    gone += "reserved: [price]\n"
    for one, days in ((text, 60), (gone, 50), (text, 40), (gone, 3)):
        keep(one, moment(days))
    FILE.write_text(MODEL)
    assert "DKD918" in {one["rule"] for one in found(capsys, "HEAD")["changes"]}


def test_without_git_every_kept_schema_counts(repository, capsys):
    keep(MODEL.replace("price: double", "price: string"), moment(400))
    outside(repository)
    (repository / "old.yaml").write_text(MODEL.replace("price: double, ", ""))
    FILE.write_text(MODEL)
    assert "DKD918" in {one["rule"] for one in found(capsys, "old.yaml")["changes"]}


@pytest.mark.parametrize("content", ["no json", "[]", '{"fields": [1]}', '{"fields": [{}]}'])
def test_a_kept_file_that_is_no_schema_is_a_finding(repository, capsys, content):
    folder = repository / "specs" / "shop" / "schemas"
    folder.mkdir(parents=True)
    (folder / "12.avsc").write_text(content)
    assert run(["diff", "HEAD"]) == 3
    assert capsys.readouterr().err.startswith("specs/shop/schemas/12.avsc: this is no schema of raw records")
    git("add", "-A")
    git("commit", "-qm", "broken")
    assert run(["diff", "HEAD"]) == 3
    assert capsys.readouterr().err.startswith("HEAD:specs/shop/schemas/12.avsc: this is no schema of raw records")


def test_a_rule_explains_itself(repository, capsys):
    assert run(["diff", "--explain", "dkd937"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "DKD937  a topic keeps its records for less long"
    assert "class:  destructive" in lines
    assert "order:  enrichers > Druid > topics" in lines


@pytest.mark.parametrize("words", [(), ("--json",), ("--format", "markdown"), ("--format", "sarif")])
def test_two_runs_print_the_same_bytes(repository, capsys, words):
    change(("clean: 3d", "clean: 2d"), ("name: string", "title: string"))
    assert run(["diff", "HEAD", *words]) == 0
    first = capsys.readouterr().out
    assert run(["diff", "HEAD", *words]) == 0
    assert capsys.readouterr().out == first
