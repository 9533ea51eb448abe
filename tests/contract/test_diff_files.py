"""``dkd diff`` of two schemas or two specs, rendered or written by hand."""

import json
from pathlib import Path

import pytest
from repositories import FILE, MODEL, git

from dkd.cli import run
from dkd.model.load import load
from dkd.systems.druid.normal import normal
from dkd.systems.druid.render import PLACEHOLDER, supervisor

SPEC = supervisor(load(MODEL, "m"), "events", PLACEHOLDER)


def rendered(name: str) -> Path:
    assert run(["render"]) == 0
    # Rules and batches of a datasource bear its name too, in folders of their own.
    return min(Path("specs/shop").rglob(name), key=lambda found: len(found.parts))


def found(capsys, *words: str) -> dict[str, str]:
    capsys.readouterr()
    assert run(["diff", *words, "--json"]) == 0
    return {one["address"]: one["rule"] for one in json.loads(capsys.readouterr().out)["changes"]}


def test_a_spec_edited_by_hand_is_judged_by_druids_rules(repository, capsys):
    file = rendered("shop_events.json")
    edited = json.loads(file.read_text())
    edited["spec"]["dataSchema"]["granularitySpec"]["rollup"] = True
    edited["spec"]["dataSchema"]["metricsSpec"] = [{"type": "count", "name": "n"}]
    Path("edited.json").write_text(json.dumps(edited))
    address = "druid/supervisor/shop_events"
    assert found(capsys, str(file), "edited.json") == {
        f"{address}/dataSchema.granularitySpec.rollup": "DKD959",
        f"{address}/metric/n": "DKD952",
    }
    assert run(["diff", str(file), "edited.json", "--fail-on", "destructive"]) == 3


def test_what_druid_gives_back_is_the_same_spec(repository, capsys):
    whole = normal(SPEC)
    spec = {part: whole[part] for part in ("dataSchema", "ioConfig", "tuningConfig")}
    Path("live.json").write_text(json.dumps({**whole, "spec": spec}))
    assert found(capsys, str(rendered("shop_events.json")), "live.json") == {}


def test_keys_that_dkd_does_not_render_are_seen_and_not_let_through(repository, capsys):
    edited = json.loads(json.dumps(SPEC))
    edited["spec"]["dataSchema"]["dimensionsSpec"]["useSchemaDiscovery"] = True
    edited["suspended"] = True
    for name, spec in (("one.json", SPEC), ("two.json", edited)):
        Path(name).write_text(json.dumps(spec))
    assert found(capsys, "one.json", "two.json") == {
        "druid/supervisor/shop_events/dataSchema.dimensionsSpec.useSchemaDiscovery": "DKD900",
        "druid/supervisor/shop_events/suspended": "DKD975",
    }


def test_a_schema_as_of_a_ref_is_compared_with_one_of_now(repository, capsys):
    file = rendered("event.avsc")
    git("add", "-A")
    git("commit", "-qm", "rendered")
    FILE.write_text(MODEL.replace("price: double", "price: float"))
    rendered("event.avsc")
    assert found(capsys, f"HEAD:{file}", str(file)) == {
        "avro/schema/shop.raw/id": "DKD901", "avro/schema/shop.raw/field/price": "DKD905",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("a.json", b"{", 3, "this is no spec of a supervisor"),
        ("a.json", b"[1]", 3, "this is no spec of a supervisor"),
        ("a.json", b'{"type": "kafka"}', 3, "it has no 'dataSchema'"),
        ("a.json", b"\xff", 3, "a.json:1:1: this is not UTF-8"),
        ("a.avsc", b'"string"', 3, "this is no schema of raw records"),
        ("a.avsc", b'{"type": "record"}', 3, "this is no schema of raw records"),
        ("b.json", b"", 64, "there is no such file"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_one_line(repository, capsys, name, content, code, said):
    Path(name.replace("b.", "a.")).write_bytes(content)
    assert run(["diff", name, name]) == code
    error = capsys.readouterr().err.strip()
    assert said in error
    assert len(error.splitlines()) == 1


def test_two_kinds_of_files_are_not_compared(repository, capsys):
    Path("a.json").write_text("{}")
    assert run(["diff", "a.json", "a.avsc"]) == 64
    assert run(["diff", "a.json"]) == 64
    assert "is not of the same kind" in capsys.readouterr().err
