"""``dkd plan``, ``deploy`` and ``destroy`` without a system that answers: one line each, and the right exit code."""

import json
import socket

import pytest

from dkd.cli import run
from dkd.errors import ExitCode
from dkd.model.load import load
from dkd.plan.order import Plan
from dkd.plan.saved import saved

MODEL = """\
dkd: 1
site: tiny
events: {page_view: {}}
targets:
  prod:
    kafka: {servers: "127.0.0.1:PORT", security: SASL_PLAINTEXT, user: me, password: "${KAFKA_PASSWORD}"}
    druid: {router: "http://127.0.0.1:PORT", user: me, password: "${KAFKA_PASSWORD}"}
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A project whose target's port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAFKA_PASSWORD", "canary")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/tiny.yaml").write_text(MODEL.replace("PORT", str(port)))
    return tmp_path


def ended(capfd, *arguments):
    code = run(list(arguments))
    said = capfd.readouterr()
    assert "canary" not in said.out + said.err
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) == 1, said.err
    return code, said.err


@pytest.mark.parametrize("command", [("plan",), ("deploy", "--yes"), ("destroy", "--confirm", "prod")])
def test_a_system_out_of_reach_is_a_failure(capfd, command):
    code, said = ended(capfd, *command, "--target", "prod")
    assert code == ExitCode.failed
    assert "no broker can be reached" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--nope"),
        ("plan", "--target", "moon"),
        ("deploy", "nosuch.json"),
        ("deploy", "plan.json"),
        ("destroy", "--target", "moon"),
    ],
)
def test_wrong_usage_is_64(project, capfd, arguments):
    (project / "plan.json").write_text('{"dkd_plan": 99}')
    assert ended(capfd, *arguments)[0] == ExitCode.usage


def test_an_unset_variable_is_named_and_its_value_is_not(capfd, monkeypatch):
    monkeypatch.delenv("KAFKA_PASSWORD")
    code, said = ended(capfd, "plan", "--target", "prod")
    assert (code, "KAFKA_PASSWORD is not set" in said) == (ExitCode.usage, True)


def test_a_saved_plan_needs_no_model_beside_it(project, capfd):
    """It goes as far as the systems, which do not answer here."""
    model = load((project / "specs/tiny.yaml").read_text(), "tiny.yaml")
    text = saved(Plan("tiny", "prod", (), ()), model, "specs/tiny.yaml", None)
    (project / "specs/tiny.yaml").unlink()
    (project / "plan.json").write_text(text)
    assert "canary" not in text
    assert json.loads(text)["source"]["targets"]["prod"]["kafka"]["password"] == "${KAFKA_PASSWORD}"
    code, said = ended(capfd, "deploy", "plan.json", "--yes")
    assert (code, "no broker can be reached" in said) == (ExitCode.failed, True)


def test_a_broken_model_is_a_finding(project, capfd):
    (project / "specs/tiny.yaml").write_text("dkd: 1\nsite: tiny\nevnts: {}\n")
    assert run(["plan"]) == ExitCode.findings
    assert "specs/tiny.yaml:3:1" in capfd.readouterr().err


@pytest.mark.parametrize("out", ["nosuch/plan.json", "specs"])
def test_a_plan_that_could_not_be_saved_is_not_made(capfd, out):
    code, said = ended(capfd, "plan", "--target", "prod", "--out", out)
    assert (code, said.startswith(f"--out {out}: ")) == (ExitCode.usage, True)


def test_the_status_of_a_target_that_is_not_in_the_model_is_wrong_usage(capfd):
    code, said = ended(capfd, "status", "--target", "moon")
    assert (code, "choose one of" in said) == (ExitCode.usage, True)


def test_the_status_of_a_target_that_does_not_answer_is_not_well(capfd):
    assert run(["status", "--target", "prod"]) == ExitCode.failed
    assert "deploy: not known" in capfd.readouterr().out
