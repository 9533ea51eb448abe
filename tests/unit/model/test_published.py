"""The published JSON Schema, judged by a peer: what dkd takes, it takes; a mistake of form is one to both."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from random_models import models

from dkd.errors import ModelError
from dkd.model.enrichers import CATALOGUE, Enrichers
from dkd.model.enrichers_page import enrichers_page
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.model.published import json_schema, schema_text
from dkd.model.reference import page

ROOT = Path(__file__).parents[3]
SCHEMA = json_schema()
EXAMPLES = {
    **{str(path.relative_to(ROOT)): path.read_text("utf-8") for path in ROOT.glob("specs/*.yaml")},
    **{str(path.relative_to(ROOT)): path.read_text("utf-8") for path in ROOT.glob("tests/golden/*/model.yaml")},
    **{path.stem: preset_files(path.stem, "a")["specs/a.yaml"] for path in ROOT.glob("dkd/model/presets/*.yaml")},
}


def mistakes(root: object) -> list[str]:
    # Editors read a date as text.
    plain = json.loads(json.dumps(root, default=str))
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(plain)]


def test_it_is_a_schema_and_the_one_beside_the_first_model():
    Draft202012Validator.check_schema(SCHEMA)
    assert (ROOT / "specs" / "dkd.schema.json").read_text("utf-8") == schema_text(), (
        "dkd schema > specs/dkd.schema.json"
    )


def test_every_key_is_described_and_on_the_page():
    kept = (ROOT / "docs" / "model-keys.md").read_text("utf-8")
    assert kept == page(), "run: dkd schema --format markdown > docs/model-keys.md"
    for name, kind in [("", SCHEMA), *SCHEMA["$defs"].items()]:
        for key, one in kind.get("properties", {}).items():
            assert one.get("description"), f"{name}.{key}"
            assert f"| `{key}` |" in kept


def test_every_enricher_has_a_chapter_with_its_columns_and_options():
    kept = (ROOT / "docs" / "enrichers.md").read_text("utf-8")
    assert kept == enrichers_page(), "run: dkd schema --format enrichers > docs/enrichers.md"
    chapters = dict(part.split("\n", 1) for part in kept.split("\n## ")[1:])
    assert list(chapters) == [*(entry.name for entry in CATALOGUE), "privacy"]
    assert chapters.keys() == Enrichers.model_fields.keys()
    for entry in CATALOGUE:
        told = chapters[entry.name]
        assert all(f"`{column}`" in told for column in (*entry.needs, *entry.adds, *entry.extra))
        option = getattr(
            Enrichers.model_validate({entry.name: {"file": "x", "fields": ["y"]} if entry.name == "profile" else {}}),
            entry.name,
        )
        assert all(f"* `{key}`: " in told for key in type(option).model_fields)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_valid(name):
    assert mistakes(yaml.safe_load(EXAMPLES[name])) == []


@given(root=models())
@settings(max_examples=50)
def test_every_random_model_is_valid(root):
    assert mistakes(root) == []


BASE = yaml.safe_load(preset_files("shop", "shop")["specs/shop.yaml"])


@given(data=st.data())
@settings(max_examples=100)
def test_an_unknown_key_is_a_mistake_wherever_it_stands(data):
    root = json.loads(json.dumps(BASE))
    place = data.draw(st.sampled_from(list(_mappings(root, ()))))
    inner = root
    for part in place:
        inner = inner[part]
    inner["Unknown"] = 1
    assert mistakes(root)
    with pytest.raises(ModelError):
        load(yaml.dump(root), "m.yaml")


def _mappings(value, path):
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from _mappings(inner, (*path, key))
    elif isinstance(value, list):
        for seq, inner in enumerate(value):
            yield from _mappings(inner, (*path, seq))


@pytest.mark.parametrize(
    "text",
    [
        "topics: {partitions: 0}",
        "topics: {retention: {raw: 7 days}}",
        "fields: {a: strin}",
        "enrich: [geoo]",
        "enrich: [{bots: {action: keep}}]",
        "measures: {m: {ratio: [a]}}",
        "targets: {p: {kafka: {}}}",
        "conventions: [ga5]",
    ],
)
def test_a_wrong_value_is_a_mistake(text):
    root = yaml.safe_load("dkd: 1\nsite: a\nevents: {x: }\n" + text)
    assert mistakes(root)
    with pytest.raises(ModelError):
        load(yaml.dump(root), "m.yaml")


@pytest.mark.parametrize(
    "text", ["enrich: [url, {bots: }]", "enrich: {url: {}}", "fields:", "fields: {a: , b: int}", "events: {x: {}}"]
)
def test_a_short_form_is_valid(text):
    root = {"dkd": 1, "site": "a", "events": {"x": None}, **yaml.safe_load(text)}
    assert mistakes(root) == []
    load(yaml.dump(root), "m.yaml")
