"""Groups of fields and included files → one model in which each part still knows its place."""

import time
from pathlib import Path

import pytest

from dkd.errors import ModelError
from dkd.model.load import load, load_placed, read_model

HEAD = "dkd: 1\nsite: a\n"
GROUPED = HEAD + (
    "events:\n  view: {use: [product]}\n  buy: {use: [product], fields: {price: double}}\n"
    "groups:\n  product: {sku: {required: true}, brand: string}\n"
)


def problems(text: str, files: dict[str, str] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(ModelError) as caught:
        load(text, "specs/m.yaml", (files or {}).get)
    return [(problem.where.removeprefix("specs/"), problem.code) for problem in caught.value.problems]


def test_a_group_s_fields_are_those_of_each_event_that_uses_it():
    model, tree = load_placed(GROUPED, "m.yaml")
    plain = load(
        HEAD + "events:\n  view: {fields: {sku: {required: true}, brand: string}}\n"
        "  buy: {fields: {price: double, sku: {required: true}, brand: string}}\n",
        "m.yaml",
    )
    assert {name: event.fields for name, event in model.events.items()} == {
        name: event.fields for name, event in plain.events.items()
    }
    assert list(model.events["buy"].fields) == ["price", "sku", "brand"]
    assert model.required_of("view") == ("sku",)
    assert str(tree.spot(("events", "buy", "fields", "brand"))) == "m.yaml:7:36"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("view: {use: [product]}", "view: {use: [produkt]}", [("m.yaml:4:16", "DKD227")]),
        ("price: double", "sku: string", [("m.yaml:5:15", "DKD227")]),
        ("brand: string", "brand: strin", [("m.yaml:7:43", "DKD204")]),
        ("brand: string", "party_id: string", [("m.yaml:7:36", "DKD210")]),
        ("brand: string}", "brand: string}\n  Other: {}", [("m.yaml:8:3", "DKD206")]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_group_is_told_once_and_at_its_place(old, new, expected):
    assert problems(GROUPED.replace(old, new)) == expected


def test_groups_and_parts_are_put_together_in_one_pass():
    """Five hundred events with the twenty fields of one group, from another file."""
    fields = ", ".join(f"f{n}: {{type: string, from: query q{n}}}" for n in range(20))
    events = "".join(f"  e{n}: {{use: [g]}}\n" for n in range(500))
    part = f"groups: {{g: {{{fields}}}}}\nevents:\n{events}"
    begin_s = time.process_time()
    model = load(HEAD + "include: [parts/p.yaml]\n", "m.yaml", {"parts/p.yaml": part}.get)
    assert sum(len(event.fields) for event in model.events.values()) == 10_000
    assert time.process_time() - begin_s < 5


PARTS = {
    "parts/shop.yaml": "events:\n  buy: {fields: {price: double}}\nmeasures:\n  sales: {sum: price}\n",
    "parts/user.yaml": "fields: {plan: string}\ngroups: {g: {x: int}}\n",
}
INCLUDING = HEAD + "include: [parts/shop.yaml, parts/user.yaml]\nevents: {view: {use: [g]}}\n"


def test_included_files_are_one_model_and_keep_their_places():
    model, tree = load_placed(INCLUDING, "specs/m.yaml", PARTS.get)
    assert list(model.events) == ["view", "buy"]
    assert list(model.all_fields) == ["plan", "x", "price"]
    assert str(tree.spot(("events", "buy", "fields", "price"))) == "specs/parts/shop.yaml:2:18"
    assert str(tree.spot(("events", "view", "fields", "x"))) == "specs/parts/user.yaml:2:14"
    assert str(tree.spot(("measures", "sales"))) == "specs/parts/shop.yaml:4:3"
    assert str(tree.spot(("site",))) == "specs/m.yaml:2:1"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("parts/shop.yaml", "events:\n  view: {}\n", [("parts/shop.yaml:2:3", "DKD202")]),
        ("parts/shop.yaml", "events:\n  Buy: {}\n", [("parts/shop.yaml:2:3", "DKD206")]),
        ("parts/shop.yaml", "site: b\n", [("parts/shop.yaml:1:1", "DKD228")]),
        ("parts/shop.yaml", "measures: {m: {sum: q}}\n", [("parts/shop.yaml:1:21", "DKD213")]),
        ("parts/shop.yaml", "- a\n", [("parts/shop.yaml:1:1", "DKD228")]),
        ("parts/shop.yaml", "events: {\n", [("parts/shop.yaml:2:1", "DKD201")]),
        ("parts/shop.yaml", "events: 3\n", [("parts/shop.yaml:1:9", "DKD204")]),
        ("parts/user.yaml", "fields: {plan: strin}\n", [("m.yaml:4:23", "DKD227"), ("parts/user.yaml:1:16", "DKD204")]),
    ],
)
def test_a_mistake_in_an_included_file_is_told_at_its_place(name, text, expected):
    assert problems(INCLUDING, {**PARTS, name: text}) == expected


@pytest.mark.parametrize("name", ["none/x.yaml", "../x.yaml", "/etc/passwd", "x.yaml", "a/../../x.yaml"])
def test_a_file_that_may_not_or_cannot_be_included_is_a_mistake(name):
    text = HEAD + f"include: [{name}]\nevents: {{view: }}\n"
    assert problems(text, {"../x.yaml": "", "/etc/passwd": "", "x.yaml": ""}) == [("m.yaml:3:11", "DKD228")]


def test_a_model_s_parts_are_read_from_its_folder(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    for name, text in {**PARTS, "m.yaml": INCLUDING}.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert list(read_model(tmp_path / "m.yaml").events) == ["view", "buy"]
    (tmp_path / "parts" / "user.yaml").write_bytes(b"\xff")
    with pytest.raises(ModelError) as caught:
        read_model(tmp_path / "m.yaml")
    assert caught.value.problems[0].where == f"{tmp_path}/parts/user.yaml:1:1"


def test_an_included_file_that_is_no_text_hides_no_mistake_and_one_twice_is_one_mistake(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.yaml").write_bytes("events: {}".encode("utf-16"))
    (tmp_path / "parts" / "b.yaml").write_text("events: {B: }\n")
    file = tmp_path / "m.yaml"
    file.write_text(HEAD + "include: [parts/a.yaml, parts/b.yaml, parts/b.yaml]\nevents: {x: }\n")
    with pytest.raises(ModelError) as caught:
        read_model(file)
    found = [(one.where.removeprefix(f"{tmp_path}/"), one.code) for one in caught.value.problems]
    assert found == [("m.yaml:3:39", "DKD202"), ("parts/a.yaml:1:1", "DKD200"), ("parts/b.yaml:1:10", "DKD206")]
