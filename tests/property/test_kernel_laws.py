"""Laws of the compiled kernel: it gives what the plain form gives, on anything, and never leaves what it was given."""

import io
import json
import random

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_site import Writer, events, shop

from dkd import kernel
from dkd.stream.blocks import FRAME_BYTES, Reader, Table, reader
from dkd.stream.structure import SPARE

pytestmark = pytest.mark.skipif(not kernel.IS_COMPILED, reason="there was no C compiler when dkd was installed")

FRAME = b"frame"
SHOP = Writer(shop())
KINDS = ("null", "boolean", "int", "long", "float", "double", "string", "bytes")
UNIONS = [*KINDS, *(["null", kind] for kind in KINDS[1:]), *([kind, "null"] for kind in KINDS[1:]), ["null"], ["long"]]
LISTS = [{"type": "array", "items": kind} for kind in UNIONS]


def record(kinds) -> dict:
    return {"type": "record", "name": "r", "fields": [{"name": f"f{seq}", "type": k} for seq, k in enumerate(kinds)]}


schemas = st.lists(st.sampled_from([*UNIONS, *LISTS, *(["null", one] for one in LISTS)]), min_size=1, max_size=6).map(
    record
)
TEXTS = st.text(max_size=20) | st.sampled_from(["", "x" * 12, "x" * 13, "ü" * 6, "\U0010ffff", '\x00\x1f"\\'])
VALUES = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "string": TEXTS,
    "bytes": st.binary(max_size=20),
}


def values_of(kind):
    if isinstance(kind, list):
        return st.one_of(*map(values_of, kind))
    if isinstance(kind, dict):
        return st.lists(values_of(kind["items"]), max_size=4) | st.lists(
            values_of(kind["items"]), min_size=64, max_size=66
        )
    return VALUES[kind]


HOSTILE = [b"\xff" * 9 + b"\x01", b"\xff" * 12, b"\xfe\xff\xff\xff\x0f", b"\xc0\x80", b"\xed\xa0\x80",
           b"\xf4\x90\x80\x80", b"\x80", b"\x00", b"\x02", b"\x7f", b"\x81\x00", b"\xe2\x82", b"\x01\x00"]  # fmt: skip


def spoilt(body: bytes, chance: random.Random) -> bytes:
    """*body* with some bytes changed, taken out or put in."""
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        start = chance.randrange(len(body) + 1)
        end = min(start + chance.choice((0, 0, 1, 1, 2, 50)), len(body))
        put = chance.choice((b"", bytes((chance.randrange(256),)), chance.choice(HOSTILE), b"\x00" * 20))
        body = body[:start] + put + body[end:]
    return body


def both(read: Reader, bodies: list[bytes], monkeypatch) -> tuple[Table, Table]:
    framed = [FRAME + body for body in bodies]
    monkeypatch.setattr(kernel, "IS_COMPILED", True)
    compiled = read.read(framed)
    monkeypatch.setattr(kernel, "IS_COMPILED", False)
    return compiled, read.read(framed)


def assert_same(compiled: Table, plain: Table) -> None:
    assert compiled.places.tolist() == plain.places.tolist()
    assert compiled.frame.schema == plain.frame.schema
    assert repr(compiled.frame.to_dicts()) == repr(plain.frame.to_dicts())


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as found:
        yield found


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 2**32))
def test_bodies_of_any_schema_read_as_the_plain_walk_reads_them(patch, data, seed):
    schema, chance, bodies = data.draw(schemas), random.Random(seed), []
    parsed = fastavro.parse_schema(json.loads(json.dumps(schema)))
    for _ in range(data.draw(st.integers(1, 5))):
        stream = io.BytesIO()
        event = {field["name"]: data.draw(values_of(field["type"])) for field in schema["fields"]}
        fastavro.schemaless_writer(stream, parsed, event)
        bodies += [stream.getvalue(), spoilt(stream.getvalue(), chance)]
    assert_same(*both(reader(schema, {}), bodies, patch))


def test_a_hundred_thousand_spoilt_bodies_read_as_the_plain_walk_reads_them(patch):
    sound, chance, read = [SHOP.body(event) for event in events(200)], random.Random(5), reader(SHOP.schema, {})
    for _ in range(20):
        bodies = [spoilt(chance.choice(sound), chance) for _ in range(5_000)]
        compiled, plain = both(read, bodies, patch)
        assert compiled.places.tolist() == plain.places.tolist()
        assert compiled.frame.equals(plain.frame, null_equal=True)
        assert 500 < len(compiled.places) < 4_500


def test_a_body_that_ends_with_the_memory_is_not_left():
    """Each body stands alone at the end of the text, so that a step beyond it would be one beyond the memory."""
    from dkd.kernel import avro

    kinds = np.array([avro.KINDS.index("string"), 2, 1, 0, 0, 0], np.int32)
    for body in (b"", b"\x02", b"\x02\xff", b"\x02\x02", *(b"\x02" + one for one in HOSTILE)):
        text, verdicts = FRAME + body, np.zeros(1, np.uint8)
        room = [(np.zeros(16, np.uint8), np.zeros(1, np.uint8))]
        avro.walk(text, np.array([len(text)]), FRAME_BYTES, kinds, room, verdicts)
        assert verdicts[0] == 1 or body == b"\x02\x00"
        assert not room[0][0].any()


@pytest.mark.parametrize("ends", [[9, 4], [99], [-1], [4, 3]])
def test_bodies_that_are_not_in_the_text_are_refused(ends):
    from dkd.kernel import avro

    with pytest.raises(ValueError, match="follow"):
        avro.walk(bytes(10 + SPARE)[:20], np.array(ends), 0, np.empty(0, np.int32), [], np.zeros(len(ends), np.uint8))


def test_too_little_room_is_refused():
    from dkd.kernel import avro

    kinds, verdicts = np.array([avro.KINDS.index("long"), 0, 0, 0, 0, 0], np.int32), np.zeros(2, np.uint8)
    for values, live, ends, known in ((15, 1, 2, 6), (16, 0, 2, 6), (16, 1, 1, 6), (16, 1, 2, 5)):
        room = [(np.zeros(values, np.uint8), np.zeros(live, np.uint8))]
        with pytest.raises(ValueError, match="bytes, and not"):
            avro.walk(b"\x00\x00", np.array([1, 2])[:ends], 0, kinds[:known], room, verdicts)
