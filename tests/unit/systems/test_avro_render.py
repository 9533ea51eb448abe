"""Models become raw schemas that old Avro takes, and ids that follow what a schema means."""

import io

import fastavro
import pytest

from dkd.errors import ModelError
from dkd.model.load import load
from dkd.model.schema import Event, Field, Model
from dkd.systems.avro.render import frame, raw_schema, schema_id, semantic_json

HEAD = "dkd: 1\nsite: shop\nevents: {page_view: {}}\n"


def schema_of(fields: str = "{}"):
    return raw_schema(load(f"{HEAD}fields: {fields}\n", "model"))


def test_the_record_is_divoltes_own_and_then_the_models():
    names = [field["name"] for field in schema_of("{a: int, b: list}")["fields"]]
    assert names[:3] == ["detectedDuplicate", "detectedCorruption", "firstInSession"]
    assert names[-3:] == ["given", "a", "b"]


def test_every_field_but_the_event_is_nullable_with_default_null():
    for field in schema_of("{a: int, b: list, c: {type: enum, values: [x]}, d: timestamp, e: boolean}")["fields"]:
        if field["name"] == "eventType":
            assert (field["type"], field["default"]) == ("string", "unknown")
        else:
            assert field["type"][0] == "null"
            assert field["default"] is None


def test_types_of_the_model_become_types_of_avro():
    fields = "{s: string, b: boolean, i: int, l: long, f: float, d: double, t: timestamp, e: {type: enum, values: [x]}}"
    types = {field["name"]: field["type"] for field in schema_of(fields)["fields"]}
    assert {name: types[name][1] for name in "sbilfdte"} == {
        "s": "string", "b": "boolean", "i": "int", "l": "long", "f": "float", "d": "double", "t": "long", "e": "string",
    }  # fmt: skip


def test_a_dropped_field_is_not_even_in_raw():
    assert "secret" not in {field["name"] for field in schema_of("{secret: {privacy: drop}}")["fields"]}


def test_a_field_of_one_event_is_there_once_and_not_required():
    model = load("dkd: 1\nsite: s\nevents: {a: {fields: {x: {required: true}}}, b: {fields: {x: {}}}}\n", "m")
    found = [field for field in raw_schema(model)["fields"] if field["name"] == "x"]
    assert found == [{"name": "x", "type": ["null", "string"], "default": None}]


def test_a_field_named_like_one_of_divoltes_is_refused():
    model = Model(dkd=1, site="s", events={"e": Event(fields={"location": Field()})})
    with pytest.raises(ModelError, match=r"location.*DKD250"):
        raw_schema(model)


def test_the_id_is_the_same_when_only_documentation_differs():
    assert schema_id(schema_of("{a: int}")) == schema_id(schema_of("{a: {type: int, description: x, unit: m}}"))


@pytest.mark.parametrize(
    "change",
    [
        lambda field: field.update(default=1, type=["int", "null"]),
        lambda field: field.update(name="b"),
        lambda field: field.update(type=["null", "long"]),
        lambda field: field.update(aliases=["b"]),
        lambda field: field.update(type=["null", {"type": "int", "logicalType": "date"}]),
    ],
)
def test_the_id_changes_with_whatever_changes_a_decoded_value(change):
    schema = schema_of("{a: int}")
    change(schema["fields"][-1])
    assert schema_id(schema) != schema_id(schema_of("{a: int}"))


def test_the_order_of_keys_does_not_count_and_the_order_of_fields_does():
    schema = schema_of("{a: int, b: int}")
    turned = {key: schema[key] for key in reversed(schema)}
    assert semantic_json(turned) == semantic_json(schema)
    assert schema_id(schema_of("{b: int, a: int}")) != schema_id(schema)


def test_the_site_is_in_the_id_so_that_two_sites_never_share_one():
    other = load(HEAD.replace("shop", "shop2"), "m")
    assert schema_id(raw_schema(other)) != schema_id(schema_of())


def test_the_frame_is_confluents():
    assert frame(0x00010203) == bytes.fromhex("0000010203")
    assert len(frame(0x7FFFFFFF)) == 5


def test_nulls_in_a_list_are_written():
    schema = fastavro.parse_schema(schema_of("{tags: list}"))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, {"tags": ["a", None]}, strict_allow_default=True)
    out.seek(0)
    assert fastavro.schemaless_reader(out, schema, None)["tags"] == ["a", None]
