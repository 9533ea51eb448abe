"""Laws of comparing: a verdict is never harmless where fastavro, a value, a unit or an instant says otherwise."""

import copy
import io
import json
import os
from datetime import UTC, datetime

import fastavro
from comparing import edited as between
from comparing import versions
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from random_models import edited, models, remove_field, rename_field, yaml_of

from dkd.errors import ModelError
from dkd.jobs.changes import changes
from dkd.systems.avro.render import raw_schema
from dkd.systems.classes import CLASSES
from dkd.systems.rules import UNKNOWN

HARMLESS = ("safe", "additive")
quick = settings(
    max_examples=int(os.environ.get("DKD_TEST_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def worst(changes):
    return max((one.effect for one in changes), key=CLASSES.index, default="safe")


def side_of(root):
    """One side of a comparison; none where the edits made a mistake of it."""
    try:
        return versions(yaml_of(root))
    except ModelError:
        return None


@st.composite
def pairs(draw):
    """A model, and what somebody made of it; sometimes a model that has nothing to do with it."""
    one = draw(models())
    other = draw(edited(one)) if draw(st.integers(0, 9)) else {**draw(models()), "site": one["site"]}
    return one, other


def values_of(avro_type):
    """Values of a type, the large and the odd ones too."""
    if isinstance(avro_type, list):
        return st.one_of(*map(values_of, avro_type))
    kind = avro_type["type"] if isinstance(avro_type, dict) else avro_type
    if kind == "array":
        return st.lists(values_of(avro_type["items"]), max_size=2)
    if kind == "enum":
        return st.sampled_from(avro_type["symbols"])
    if isinstance(avro_type, dict) and "logicalType" in avro_type:
        return st.integers(0, 4_000_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
    return {
        "null": st.none(), "boolean": st.booleans(), "string": st.text(max_size=4),
        "int": st.integers(-(1 << 31), (1 << 31) - 1), "long": st.integers(-(1 << 63), (1 << 63) - 1),
        "float": st.floats(width=32, allow_nan=False), "double": st.floats(allow_nan=False),
    }[kind]  # fmt: skip


def records_of(schema):
    return st.fixed_dictionaries({field["name"]: values_of(field["type"]) for field in schema["fields"]})


def read_again(record, writer, reader):
    """The record as a reader of another schema has it.

    Raises:
        Exception: Whatever fastavro raises.
    """
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(writer))), record)
    out.seek(0)
    one, other = (fastavro.parse_schema(json.loads(json.dumps(schema))) for schema in (writer, reader))
    return fastavro.schemaless_reader(out, one, other)


def assert_same(record, writer, reader):
    """Every value that both sides know comes back as what it was, type and all."""
    itself, found = read_again(record, writer, writer), read_again(record, writer, reader)
    for name in itself.keys() & found.keys():
        assert (type(found[name]), found[name]) == (type(itself[name]), itself[name])


@quick
@given(pairs(), st.data())
def test_a_verdict_is_never_better_than_what_happens(pair, data):
    old, new = map(side_of, pair)
    assume(old and new)
    found = changes(old, new)
    verdict = worst(found)
    event(verdict)
    # Whatever a model can say has a rule and a line.
    assert [one for one in found if one.rule is UNKNOWN or one.spot is None] == []
    ((before,), (after,)) = ([one.model for one in side.values()] for side in (old, new))
    if verdict in HARMLESS:
        writer, reader = raw_schema(before), raw_schema(after)
        assert_same(data.draw(records_of(writer)), writer, reader)
        assert_same(data.draw(records_of(reader)), reader, writer)
    for name in before.all_fields.keys() & after.all_fields.keys():
        one, other = before.all_fields[name], after.all_fields[name]
        if {one.privacy, other.privacy} != {"drop"}:
            # A unit that was not said before may be the one that it always was.
            unit_is_another = one.unit not in (None, other.unit)
            if unit_is_another or (one.type, one.privacy) != (other.type, other.privacy):
                assert verdict not in HARMLESS
            assert one.unit == other.unit or verdict != "safe"
    if before.model_dump() == after.model_dump():
        assert found == []
    elif before.all_fields == after.all_fields:
        # The place of a field's value may be written in two ways; all else that differs is seen.
        assert found


@quick
@given(models(), st.data())
def test_a_name_that_is_gone_is_never_harmless(root, data):
    other = copy.deepcopy(root)
    data.draw(st.sampled_from([remove_field, rename_field]))(data.draw, other)
    old, new = map(side_of, (root, other))
    assume(old and new)
    ((before,), (after,)) = ([one.model for one in side.values()] for side in (old, new))
    stored = {name for name, field in before.all_fields.items() if field.privacy != "drop"}
    assume(stored - after.all_fields.keys())
    assert worst(changes(old, new)) not in HARMLESS


PLAIN = ("null", "boolean", "int", "long", "float", "double", "string")


@st.composite
def avro_types(draw):
    kind = draw(st.sampled_from([*PLAIN[1:], "union", "union", "enum", "array", "time"]))
    if kind == "union":
        return draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=3, unique=True))
    if kind == "enum":
        symbols = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
        return {"type": "enum", "name": "K", "symbols": symbols} | (
            {"default": symbols[0]} if draw(st.booleans()) else {}
        )
    if kind == "array":
        return {"type": "array", "items": draw(st.sampled_from(PLAIN[1:]))}
    if kind == "time":
        return {"type": "long", "logicalType": draw(st.sampled_from(["timestamp-millis", "timestamp-micros"]))}
    return kind


DEFAULTS = {"null": None, "boolean": True, "int": 1, "long": 1, "float": 1.0, "double": 1.0, "string": "x"}


def default_of(avro_type):
    first = avro_type[0] if isinstance(avro_type, list) else avro_type
    if isinstance(first, dict):
        return {"enum": lambda: first["symbols"][0], "array": list, "long": lambda: 0}[first["type"]]()
    return DEFAULTS[first]


@st.composite
def avro_schemas(draw):
    types = draw(st.dictionaries(st.sampled_from(["f", "g"]), avro_types(), min_size=1))
    fields = [{"name": name, "type": kind, "default": default_of(kind)} for name, kind in types.items()]
    kinds = [field for field in fields if isinstance(field["type"], dict) and field["type"].get("name")]
    for seq, field in enumerate(kinds):
        field["type"]["name"] = f"K{seq}" if len(kinds) > 1 else "K"
    return {"type": "record", "name": "Event", "namespace": "dkd.shop", "fields": fields}


@settings(max_examples=200, deadline=None)
@given(avro_schemas(), avro_schemas(), st.data())
def test_any_two_schemas_with_a_harmless_verdict_read_each_other(one, other, data):
    old, new = ({f"schemas/{seq}.avsc": json.dumps(schema)} for seq, schema in enumerate((one, other)))
    found = [change for change in between("avro", old, new) if not change.address.endswith("/id")]
    verdict = worst(found)
    event(verdict)
    if verdict in HARMLESS:
        assert_same(data.draw(records_of(one)), one, other)
        assert_same(data.draw(records_of(other)), other, one)
    if verdict == "needs-order" and not any(change.rule.code in ("DKD910", "DKD912") for change in found):
        # Readers first: a new reader has to read what is there.
        read_again(data.draw(records_of(one)), one, other)
