"""Artefacts become files: only what is due, nothing half-way, and never over another meaning of an id."""

from pathlib import Path

import pytest

from dkd.errors import DkdError, RefusedError
from dkd.jobs.render import Finding, compared, keep_schema, render
from dkd.model.load import load
from dkd.systems.avro.render import raw_schema, schema_id
from dkd.systems.table import artefacts

TEXT = "dkd: 1\nsite: shop\nevents: {page_view: {}}\nfields: {a: int}\n"
MODEL = load(TEXT, "model")
WIDER = load(TEXT.replace("a: int", "a: int, b: int"), "model")


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def own_schema(model) -> str:
    return f"specs/shop/schemas/{schema_id(raw_schema(model))}.avsc"


def test_a_first_render_writes_every_artefact(tmp_path: Path):
    assert render(tmp_path, MODEL) == list(artefacts(MODEL))
    assert tree(tmp_path) == artefacts(MODEL)
    assert compared(tmp_path, MODEL) == []


def test_a_second_render_touches_nothing(tmp_path: Path):
    render(tmp_path, MODEL)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert render(tmp_path, MODEL) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_only_what_changed_is_written_and_the_old_schema_stays(tmp_path: Path):
    render(tmp_path, MODEL)
    written = render(tmp_path, WIDER)
    assert "compose/shop.yml" not in written
    assert own_schema(WIDER) in written
    assert tree(tmp_path) == artefacts(WIDER) | {own_schema(MODEL): artefacts(MODEL)[own_schema(MODEL)]}
    assert compared(tmp_path, WIDER) == []


def test_line_ends_of_another_system_are_stale(tmp_path: Path):
    render(tmp_path, MODEL)
    file = tmp_path / "specs/shop/divolte/mapping.groovy"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert compared(tmp_path, MODEL) == [Finding("specs/shop/divolte/mapping.groovy", "stale")]
    render(tmp_path, MODEL)
    assert compared(tmp_path, MODEL) == []


def test_every_file_that_is_not_as_the_model_says_is_named(tmp_path: Path):
    render(tmp_path, MODEL)
    (tmp_path / "compose/shop.yml").unlink()
    (tmp_path / "specs/shop/kafka/topics.yaml").write_text("x")
    (tmp_path / "specs/shop/druid/other.json").write_text("{}")
    (tmp_path / "specs/shop/schemas/7.avsc").write_text('{"type": "record", "name": "E", "fields": []}')
    (tmp_path / "specs/shop/schemas/8.avsc").write_text("no json")
    assert compared(tmp_path, MODEL) == [
        Finding("compose/shop.yml", "missing"),
        Finding("specs/shop/druid/other.json", "extra"),
        Finding("specs/shop/kafka/topics.yaml", "stale"),
        Finding("specs/shop/schemas/7.avsc", "broken"),
        Finding("specs/shop/schemas/8.avsc", "broken"),
    ]


def test_files_of_other_sites_are_nobodys_business(tmp_path: Path):
    render(tmp_path, MODEL)
    render(tmp_path, load(TEXT.replace("shop", "web"), "model"))
    assert compared(tmp_path, MODEL) == []


def test_what_is_not_an_artefact_is_left_alone(tmp_path: Path):
    note = tmp_path / "specs/shop/notes.txt"
    note.parent.mkdir(parents=True)
    note.write_text("mine")
    render(tmp_path, MODEL)
    assert note.read_text() == "mine"


@pytest.mark.parametrize("kept", [artefacts(WIDER)[own_schema(WIDER)], "no json"])
def test_a_collision_of_ids_is_refused_and_nothing_is_written(tmp_path: Path, kept: str):
    taken = tmp_path / own_schema(MODEL)
    taken.parent.mkdir(parents=True)
    taken.write_text(kept)
    with pytest.raises(RefusedError, match="DKD251"):
        render(tmp_path, MODEL)
    assert tree(tmp_path) == {own_schema(MODEL): kept}


def test_the_same_schema_in_another_form_is_no_collision(tmp_path: Path):
    taken = tmp_path / own_schema(MODEL)
    taken.parent.mkdir(parents=True)
    taken.write_text(artefacts(MODEL)[own_schema(MODEL)].replace("\n", "").replace("  ", ""))
    assert own_schema(MODEL) in render(tmp_path, MODEL)


def test_a_path_that_is_taken_by_a_folder_changes_no_file(tmp_path: Path):
    render(tmp_path, MODEL)
    before = tree(tmp_path)
    (tmp_path / "specs/shop/divolte/event.avsc").unlink()
    (tmp_path / "specs/shop/divolte/event.avsc").mkdir()
    with pytest.raises(DkdError, match=r"event\.avsc.*DKD252"):
        render(tmp_path, WIDER)
    del before["specs/shop/divolte/event.avsc"]
    assert tree(tmp_path) == before


def test_leftovers_of_a_killed_render_do_not_matter(tmp_path: Path):
    render(tmp_path, MODEL)
    (tmp_path / "specs/shop/kafka/topics.yaml.dkd-unfinished").write_text("half")
    assert compared(tmp_path, MODEL) == []
    render(tmp_path, load(TEXT + "topics: {partitions: 9}\n", "model"))
    assert "specs/shop/kafka/topics.yaml.dkd-unfinished" not in tree(tmp_path)


def test_a_schema_is_kept_without_a_render(tmp_path: Path):
    assert keep_schema(tmp_path, MODEL) == [own_schema(MODEL)]
    assert keep_schema(tmp_path, MODEL) == []
    assert keep_schema(tmp_path, WIDER) == [own_schema(WIDER)]
    assert tree(tmp_path) == {own_schema(model): artefacts(model)[own_schema(model)] for model in (MODEL, WIDER)}
