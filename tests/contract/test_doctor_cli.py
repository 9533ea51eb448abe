"""``dkd doctor`` and ``dkd init --from`` as a user runs them: output, files and exit codes."""

import json
from pathlib import Path

import pytest

from dkd.cli import run
from dkd.systems.faults import FAULTS, page

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests" / "doctor" / "fixtures"
BROKEN = str(FIXTURES / "unknown_key.json")


def test_findings_end_with_3_and_one_line_each(capsys):
    assert run(["doctor", BROKEN]) == 3
    out, err = capsys.readouterr()
    assert all(line.startswith(f"{BROKEN}:") and line.endswith("]") for line in out.splitlines())
    assert err == f"{len(out.splitlines())} findings\n"
    assert "ioConfig has no key 'taskCout'; did you mean taskCount" in out


def test_a_right_file_ends_with_0(capsys):
    assert run(["doctor", str(ROOT / "specs" / "shop" / "druid" / "shop_events.json")]) == 0
    assert capsys.readouterr() == ("", "nothing is wrong\n")


@pytest.mark.parametrize("files", [["absent.json"], [str(ROOT / "LICENSE")], [BROKEN, "absent.json"], []])
def test_what_is_no_such_file_ends_with_64(files, capsys):
    assert run(["doctor", *files]) == 64
    assert "[DKD640]" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github"])
def test_programs_read_the_same_findings(form, capsys):
    assert run(["doctor", BROKEN, "--format", form]) == 3
    text = capsys.readouterr().out
    assert all(code in text for code in ("DKD644", "DKD645"))
    if form == "json":
        assert {"where", "code", "problem", "remedy"} <= json.loads(text)[0].keys()


def test_write_gives_right_files_and_overwrites_nothing(tmp_path, capsys):
    assert run(["doctor", BROKEN, "--write", str(tmp_path), "--site", "mine"]) == 3
    out = capsys.readouterr().out
    spec = tmp_path / "druid" / "old_searches.json"
    assert f"wrote {spec}" in out
    assert "not in them, or changed:" in out
    assert run(["doctor", str(spec)]) == 0
    assert run(["check", str(tmp_path / "specs" / "mine.yaml")]) == 0
    spec.write_text("mine")
    run(["doctor", BROKEN, "--write", str(tmp_path), "--site", "mine"])
    assert f"kept  {spec}" in capsys.readouterr().out
    assert spec.read_text() == "mine"


def test_a_site_that_is_none_is_refused(tmp_path, capsys):
    assert run(["doctor", BROKEN, "--write", str(tmp_path), "--site", "Mine"]) == 64
    assert "[DKD112]" in capsys.readouterr().err


def test_init_makes_a_project_of_old_files(tmp_path, capsys):
    names = ("ShopRecord.avsc", "mapping.groovy", "divolte-collector.conf")
    files = [word for name in names for word in ("--from", str(FIXTURES / name))]
    assert run(["init", str(tmp_path), *files, "--site", "shop"]) == 0
    out = capsys.readouterr().out
    assert "onto 'partyHash': the model cannot say it" in out
    assert run(["check", str(tmp_path / "specs" / "shop.yaml")]) == 0
    assert run(["render", str(tmp_path / "specs" / "shop.yaml")]) == 0


def test_each_code_is_explained_and_the_page_is_fresh(capsys):
    assert run(["doctor", "--explain", "dkd646"]) == 0
    assert capsys.readouterr().out.startswith("### DKD646: one name for two columns\n")
    assert run(["check", "--explain", "DKD646"]) == 0
    assert run(["doctor", "--explain", "DKD999"]) == 64
    kept = (ROOT / "docs" / "faults.md").read_text("utf-8")
    assert kept == page(FAULTS.values()), "run: dkd doctor --explain all > docs/faults.md"
