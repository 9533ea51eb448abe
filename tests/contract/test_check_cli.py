"""``dkd check`` as a user and a CI job run it: forms, exit codes, explanations, and parts in other files."""

import json
from xml.etree import ElementTree as Xml

import pytest
from jsonschema import Draft7Validator
from repositories import FILE, MODEL, git
from sarif import SARIF

from dkd.cli import run

PERSONAL = MODEL.replace("name: string", "email: string, title: strin")
ADVISED = MODEL.replace("name: string", "email: string")


def printed(capsys, *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["check", *words]) == code
    return capsys.readouterr().out


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 3)])
def test_advice_ends_well_unless_it_is_taken_strictly(repository, capsys, words, code):
    FILE.write_text(ADVISED)
    first, second = printed(capsys, *words, code=code).splitlines()
    assert first.startswith("advice: specs/shop.yaml:5:25: 'email' sounds personal")
    assert first.endswith("[DKD280 at fields.email]")
    assert second == "specs/shop.yaml: site shop, 1 event, 2 fields, 0 measures, 0 views: no mistakes"


def test_the_last_line_counts_dimensions_where_there_are_any(repository, capsys):
    FILE.write_text(f"{MODEL}dimensions: {{hour: {{part: hour}}}}\n")
    assert ", 2 fields, 1 dimension, 0 measures, " in printed(capsys)


def test_a_mistake_comes_before_advice_in_every_form(repository, capsys):
    FILE.write_text(PERSONAL)
    assert "DKD204" in printed(capsys, code=3)
    (one,) = json.loads(printed(capsys, "--json", code=3))
    assert (one["where"], one["code"], one["level"]) == ("specs/shop.yaml:5:47", "DKD204", "mistake")
    found = json.loads(printed(capsys, "--format", "sarif", code=3))
    assert list(Draft7Validator(SARIF).iter_errors(found)) == []
    (result,) = found["runs"][0]["results"]
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 5
    suites = Xml.fromstring(printed(capsys, "--format", "junit", code=3))
    assert (suites.get("tests"), suites.get("failures")) == ("1", "1")
    assert printed(capsys, "--format", "github", code=3).startswith(
        "::error file=specs/shop.yaml,line=5,col=47,title=DKD204::"
    )


def test_advice_is_a_warning_to_programs_and_a_waived_one_is_none(repository, capsys):
    FILE.write_text(ADVISED)
    (result,) = json.loads(printed(capsys, "--format", "sarif"))["runs"][0]["results"]
    assert result["level"] == "warning"
    assert printed(capsys, "--format", "github").startswith("::warning ")
    until = "2999-01-01"
    FILE.write_text(f"{ADVISED}waivers: [{{rule: DKD280, address: fields.email, reason: agreed, until: {until}}}]\n")
    assert "(waived: agreed" in printed(capsys, "--strict")
    (result,) = json.loads(printed(capsys, "--format", "sarif"))["runs"][0]["results"]
    assert result["suppressions"][0]["justification"].startswith("agreed")
    assert Xml.fromstring(printed(capsys, "--format", "junit")).get("skipped") == "1"
    assert printed(capsys, "--format", "github") == ""
    assert run(["diff", "HEAD", "--fail-on", "breaking"]) == 3  # the field is new and personal; that is another rule


def test_nothing_found_is_said_in_every_form(repository, capsys):
    assert json.loads(printed(capsys, "--json")) == []
    assert json.loads(printed(capsys, "--format", "sarif"))["runs"][0]["results"] == []
    assert Xml.fromstring(printed(capsys, "--format", "junit")).get("tests") == "1"


def test_an_annotation_cannot_be_broken_out_of(repository, capsys):
    FILE.write_text(MODEL + '"a\\n::error::b%": 1\n')
    (line,) = printed(capsys, "--format", "github", code=3).splitlines()
    assert line.count("::error") == 2  # one of them inside the message, on the same line
    assert "b%25" in line


def test_a_code_is_explained(repository, capsys):
    assert "### DKD280:" in printed(capsys, "--explain", "dkd280")
    assert printed(capsys, "--explain", "all").count("\n### DKD") > 30
    assert run(["check", "--explain", "DKD28"]) == 64
    assert "did you mean DKD28" in capsys.readouterr().err


def test_a_version_in_git_has_the_parts_of_its_own_time(repository, capsys):
    (FILE.parent / "parts").mkdir()
    part = FILE.parent / "parts" / "buy.yaml"
    FILE.write_text(MODEL + "include: [parts/buy.yaml]\n")
    part.write_text("events:\n  buy: {fields: {sku: string}}\n")
    git("add", "-A")
    git("commit", "-qm", "parts")
    part.write_text("events:\n  buy: {fields: {sku: string, size: string}}\n")
    capsys.readouterr()
    assert run(["diff", "HEAD", "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    (field,) = [one for one in changes if one["address"] == "model/shop/field/size"]
    assert "specs/parts/buy.yaml" in json.dumps(field)
    assert all("/sku" not in one["address"] for one in changes)
