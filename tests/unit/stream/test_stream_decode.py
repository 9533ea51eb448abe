"""Values of the raw topic become columns, and what can't be read is refused alone, with its reason."""

import copy
import io
import json
from pathlib import Path

import fastavro
import pytest
from stream_site import Writer, events, shop, work

from dkd.stream.blocks import reader
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.records import Batch
from dkd.systems.avro.render import frame, schema_id, schema_json

WRITER = Writer(shop())
SOUND = [WRITER.value(event) for event in events(6)]


def batch(*values: bytes | None) -> Batch:
    return Batch(3, range(100, 100 + len(values)), [b"k"] * len(values), values, [0] * len(values))


BROKEN = {
    "a byte behind its end": (SOUND[1] + b"\x00", "unreadable_avro"),
    "many bytes behind its end": (SOUND[1] + b"\x02" * 5_000, "unreadable_avro"),
    "cut off": (SOUND[1][:-1], "unreadable_avro"),
    "only a frame": (SOUND[1][:5], "unreadable_avro"),
    "empty": (b"", "unreadable_avro"),
    "not framed": (b"\x02" + SOUND[1][1:], "unreadable_avro"),
    "half a frame": (SOUND[1][:3], "unreadable_avro"),
    "another schema": (b"\x00\x00\x00\x00\x07" + SOUND[1][5:], "unknown_schema"),
    "not UTF-8": (SOUND[1].replace(b"shop", b"\xff\xffop"), "unreadable_avro"),
    "a length of 2^62": (WRITER.frame + b"\x00" * 5 + b"\x02" + b"\xff" * 8 + b"\x7f", "unreadable_avro"),
}


@pytest.mark.parametrize(("value", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_record_is_refused_and_its_neighbours_are_not(value: bytes, reason: str):
    found = work().decoder.decode(batch(SOUND[0], value, *SOUND[2:]))
    assert [(one.offset, one.stage, one.reason) for one in found.refusals] == [(101, "decode", reason)]
    whole = work().decoder.decode(batch(SOUND[0], None, *SOUND[2:]))
    assert found.frame.equals(whole.frame)
    assert whole.frame["offset"].to_list() == [100, 102, 103, 104, 105]


def test_a_tick_is_neither_a_row_nor_a_refusal():
    found = work().decoder.decode(batch(None, None))
    assert (found.frame.height, found.refusals) == (0, [])


def test_a_long_list_is_read_whole():
    tags = [None if seq % 7 == 0 else f"tag {seq}" for seq in range(1_000)]
    found = work().decoder.decode(batch(WRITER.value({"tags": tags}), *SOUND))
    assert found.frame["tags"][0].to_list() == tags
    assert found.frame.height == 7


def test_a_list_of_the_least_number_of_items_that_there_is_is_none():
    least = b"\xff" * 9 + b"\x01"
    fields = [{"name": "list", "type": {"type": "array", "items": "string"}}]
    found = reader({"type": "record", "name": "r", "fields": fields}, {}).read([b"frame" + least + b"\0", b"frame\0"])
    assert found.places.tolist() == [1]


def written(schema: dict, event: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    empty = {field["name"]: field["default"] for field in schema["fields"]}
    fastavro.schemaless_writer(stream, fastavro.parse_schema(json.loads(json.dumps(schema))), {**empty, **event})
    return frame(schema_id(schema)) + stream.getvalue()


@pytest.fixture
def schemas(tmp_path: Path):
    """Keep a schema beside today's, and decode with both."""

    def keep(schema: dict):
        (tmp_path / f"{schema_id(schema)}.avsc").write_text(schema_json(schema))
        return decoder(known_schemas(shop(), tmp_path), work().setup.raw_schema)

    return keep


def test_records_of_an_earlier_schema_lack_what_it_lacked(schemas):
    earlier = copy.deepcopy(WRITER.schema)
    earlier["fields"] = [field for field in earlier["fields"] if field["name"] != "revenue"]
    found = schemas(earlier).decode(batch(written(earlier, {"partyId": "p", "order_id": "o"}), SOUND[0]))
    assert found.refusals == []
    assert found.frame["party_id"].to_list() == ["p", events(1)[0]["partyId"]]
    assert found.frame["revenue"].to_list() == [None, events(1)[0]["revenue"]]


def test_a_value_of_a_changed_type_is_cast_and_refused_where_it_cannot_be(schemas):
    earlier = copy.deepcopy(WRITER.schema)
    next(field for field in earlier["fields"] if field["name"] == "revenue")["type"] = ["null", "string"]
    values = [written(earlier, {"revenue": text}) for text in ("12.5", "much", None)]
    found = schemas(earlier).decode(batch(*values, SOUND[0]))
    assert [(one.offset, one.reason) for one in found.refusals] == [(101, "bad_type")]
    assert found.frame["offset"].to_list() == [100, 102, 103]
    assert found.frame["revenue"].to_list() == [12.5, None, events(1)[0]["revenue"]]


def test_a_list_in_place_of_a_single_value_is_refused(schemas):
    earlier = copy.deepcopy(WRITER.schema)
    kind = ["null", {"type": "array", "items": "string"}]
    next(field for field in earlier["fields"] if field["name"] == "order_id")["type"] = kind
    values = [written(earlier, {"order_id": ["o1"]}), written(earlier, {"order_id": None})]
    found = schemas(earlier).decode(batch(*values, SOUND[0]))
    assert [(one.offset, one.reason) for one in found.refusals] == [(100, "bad_type")]
    assert found.frame["offset"].to_list() == [101, 102]


def test_records_of_two_schemas_stay_in_the_order_of_the_topic(schemas):
    earlier = copy.deepcopy(WRITER.schema)
    earlier["fields"] = earlier["fields"][:-1]
    values = [written(earlier, {"partyId": f"p{seq}"}) if seq % 2 else SOUND[0] for seq in range(6)]
    found = schemas(earlier).decode(batch(*values))
    assert found.frame["offset"].to_list() == list(range(100, 106))
    assert found.frame["party_id"].to_list()[1::2] == ["p1", "p3", "p5"]


def test_among_many_records_those_that_are_no_utf8_are_refused_alone():
    sound = [WRITER.value(event) for event in events(600)]
    bad = set(range(3, 600, 40))
    values = [value.replace(b"shop", b"\xff\xffop") if place in bad else value for place, value in enumerate(sound)]
    found = work().decoder.decode(batch(*values))
    assert [one.offset - 100 for one in found.refusals] == sorted(bad)
    whole = work().decoder.decode(batch(*(None if place in bad else value for place, value in enumerate(sound))))
    assert found.frame.equals(whole.frame)
    assert found.frame.schema == whole.frame.schema
