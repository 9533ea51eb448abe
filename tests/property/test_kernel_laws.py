"""Laws of the compiled kernel: it gives what the plain form gives, on anything, and never leaves what it was given."""

import io
import json
import random
from pathlib import Path

import fastavro
import numpy as np
import polars as pl
import pytest
from avro_values import VALUES
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_site import Writer, events, loop_on, memory, raw, run_out, shop, written

from dkd import kernel
from dkd.enrich.answers import Table
from dkd.enrich.chain import prepare
from dkd.enrich.encode import encode
from dkd.enrich.lines import lines, parts_of, shared
from dkd.enrich.resources import open_resources
from dkd.stream.blocks import FRAME_BYTES, Reader, reader
from dkd.stream.blocks import Table as Read
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.source import Limits
from dkd.stream.work import Work

if kernel.IS_COMPILED:
    from dkd.kernel.index import Index
    from dkd.kernel.rows import KINDS as KINDS_OF_PARTS

pytestmark = pytest.mark.skipif(not kernel.IS_COMPILED, reason="there was no C compiler when dkd was installed")

FRAME = b"frame"
SHOP = Writer(shop())
KINDS = ("null", "boolean", "int", "long", "float", "double", "string", "bytes")
UNIONS = [*KINDS, *(["null", kind] for kind in KINDS[1:]), *([kind, "null"] for kind in KINDS[1:]), ["null"], ["long"]]
# Nulls take no bytes: six bytes tell of two thousand million, and the reader of single records makes them all.
LISTS = [{"type": "array", "items": kind} for kind in UNIONS if kind not in ("null", ["null"])]


def record(kinds) -> dict:
    return {"type": "record", "name": "r", "fields": [{"name": f"f{seq}", "type": k} for seq, k in enumerate(kinds)]}


schemas = st.lists(st.sampled_from([*UNIONS, *LISTS, *(["null", one] for one in LISTS)]), min_size=1, max_size=6).map(
    record
)
TEXTS = st.text(max_size=20) | st.sampled_from(["", "x" * 12, "x" * 13, "ü" * 6, "\U0010ffff", '\x00\x1f"\\'])
VALUES_OF = {
    **VALUES,
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
    return VALUES_OF[kind]


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


def both(read: Reader, bodies: list[bytes], monkeypatch) -> tuple[Read, Read]:
    framed = [FRAME + body for body in bodies]
    monkeypatch.setattr(kernel, "IS_COMPILED", True)
    compiled = read.read(framed)
    monkeypatch.setattr(kernel, "IS_COMPILED", False)
    return compiled, read.read(framed)


def assert_same(compiled: Read, plain: Read) -> None:
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


# ---- JSON -----------------------------------------------------------------------------------------------------------

COLUMNS = {
    "s": (pl.String, st.none() | TEXTS),
    "i": (pl.Int64, st.none() | st.integers(-(2**63), 2**63 - 1)),
    "n": (pl.Int32, st.none() | st.integers(-(2**31), 2**31 - 1)),
    "u": (pl.UInt64, st.none() | st.integers(0, 2**64 - 1)),
    "b": (pl.Boolean, st.none() | st.booleans()),
    "f": (pl.Float64, st.none() | st.floats()),
    "l": (pl.List(pl.String), st.none() | st.lists(st.none() | TEXTS, max_size=3)),
    "x_1": (pl.String, st.none() | TEXTS),
}


@st.composite
def frames(draw) -> pl.DataFrame:
    """Some columns of any values; a slice, in several chunks."""
    height = draw(st.integers(1, 20))
    names = draw(st.lists(st.sampled_from(list(COLUMNS)), unique=True))
    values = {name: draw(st.lists(COLUMNS[name][1], min_size=height, max_size=height)) for name in names}
    events = draw(st.lists(TEXTS, min_size=height, max_size=height))
    frame = pl.DataFrame(
        {"event": events, **values}, {"event": pl.String, **{name: COLUMNS[name][0] for name in names}}
    )
    start, cut = draw(st.integers(0, height - 1)), draw(st.integers(0, height))
    return pl.concat([frame[:cut], frame[cut:]], rechunk=False)[start:]


@settings(max_examples=150, deadline=None)
@given(frames())
def test_rows_are_written_as_the_plain_form_writes_them(frame):
    assert lines(parts_of(frame.get_columns()), frame.height) == encode(frame)


@given(st.lists(st.tuples(st.sampled_from(["", ',"a":1', ',"ü":"😀"']), TEXTS), min_size=1))
def test_what_rows_share_stands_between_their_own_members(rows):
    texts = list(dict.fromkeys(text for text, _ in rows))
    own = pl.Series("own", [text for _, text in rows])
    places = np.array([texts.index(text) for text, _ in rows], np.intp)
    found = lines([shared(places, texts), *parts_of([own]), shared(places, texts)], len(rows))
    wanted = [f'{text},"own":{json.dumps(value, ensure_ascii=False)}{text}'[1:] for text, value in rows]
    assert [json.loads(one) for one in found] == [json.loads(f"{{{text}}}") for text in wanted]


@pytest.mark.parametrize("place", [-1, 1, 2**40])
def test_a_text_that_is_not_there_is_refused(place):
    with pytest.raises(ValueError, match="shares no such text"):
        lines([shared(np.array([place]), [',"a":1'])], 1)


def test_a_view_that_leaves_its_column_is_refused():
    long = np.array([20, 0, 0, 0], np.uint32)
    for view, text in (
        (long, b"x" * 19),
        (long + np.array([0, 0, 1, 0]), b"x" * 20),
        (long + np.array([0, 0, 0, 1]), b"x" * 20),
    ):
        with pytest.raises(ValueError, match="leaves its column"):
            lines([(KINDS_OF_PARTS.index("quoted"), b"", None, view.astype(np.uint32), 0, [text])], 1)
    with pytest.raises(ValueError, match="bytes, and not"):
        lines([(KINDS_OF_PARTS.index("quoted"), b"", None, long, 0, [b"x" * 20])], 2)


# ---- numbers by hash ------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 1024, 2048, 2**64 - 1]), max_size=40), max_size=9
    )
)
def test_keys_are_numbered_as_the_plain_table_numbers_them(batches):
    compiled, plain = Index(), Table()
    for keys in batches:
        found = [
            (table.number(np.array(keys, np.uint64), *(room := np.zeros((2, len(keys)), np.int64))), room)
            for table in (compiled, plain)
        ]
        (new, room), (other, wanted) = found
        assert (new, room[0].tolist(), room[1][:new].tolist()) == (other, wanted[0].tolist(), wanted[1][:new].tolist())


def test_many_keys_keep_their_numbers():
    index, keys = Index(), np.random.default_rng(3).integers(0, 2**64, 300_000, np.uint64)
    first, again, room = (np.empty(len(keys), np.int64) for _ in range(3))
    for start in range(0, len(keys), 7_000):
        index.number(keys[start : start + 7_000], first[start : start + 7_000], room)
    assert index.number(keys, again, room) == 0
    assert len(index) == len(keys)
    assert first.tolist() == again.tolist() == list(range(len(keys)))


# ---- memory ---------------------------------------------------------------------------------------------------------


def walk(kind: str, bodies: list[bytes], rows: int | None = None, width: int = 16) -> tuple[list[int], bytes]:
    """The verdicts on bodies of one field that may be null, and its column."""
    from dkd.kernel import avro

    count = len(bodies) if rows is None else rows
    kinds, verdicts = np.array([avro.KINDS.index(kind), 2, 1, 0, 0, 0], np.int32), np.zeros(count, np.uint8)
    values, live = np.zeros(width * count, np.uint8), np.zeros((count + 7) // 8, np.uint8)
    avro.walk([FRAME + body for body in bodies], FRAME_BYTES, kinds, [(values, live)], verdicts)
    return verdicts.tolist(), values.tobytes()


def test_nothing_is_left_of_a_body_that_is_broken():
    """Each stands alone at the end of the memory, as hostile lengths must not reach beyond it."""
    for body in (b"", b"\x02", b"\x02\xff", b"\x02\x02", *(b"\x02" + one for one in HOSTILE)):
        if body != b"\x02\x00":
            assert walk("string", [body]) == ([1], bytes(16))


def test_large_bodies_are_walked_in_several_pieces():
    texts = ["x" * size for size in (1, 700_000, 500_000, 20, 3_000_000, 13)]
    read = reader(record([["null", "string"]]), {})
    bodies = [FRAME + b"\x02" + fastavro_long(len(text)) + text.encode() for text in texts]
    assert read.read(bodies).frame["f0"].to_list() == texts


def fastavro_long(number: int) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, "long", number)
    return stream.getvalue()


@pytest.mark.parametrize(("rows", "width"), [(1, 16), (2, 15)])
def test_too_little_room_is_refused(rows, width):
    with pytest.raises(ValueError, match="bytes, and not"):
        walk("string", [b"\x00", b"\x00"], rows, width)


def test_what_is_no_bytes_is_refused():
    from dkd.kernel import avro

    for values in ([b"frame\0", None], [bytearray(b"frame\0")], [b"frame\0", "frame\0"]):
        with pytest.raises(TypeError):
            avro.walk(values, FRAME_BYTES, np.empty(0, np.int32), [], np.zeros(2, np.uint8))


def test_kinds_and_sizes_that_there_are_none_of_are_refused():
    """A column's room is chosen by its kind; a body that begins before itself would be read there."""
    from dkd.kernel import avro

    def walked(kind: int, frame_bytes: int) -> None:
        room = [(np.zeros(16, np.uint8), np.zeros(1, np.uint8))]
        avro.walk(
            [FRAME + b"\x02"], frame_bytes, np.array([kind, 0, 0, 0, 0, 0], np.int32), room, np.zeros(1, np.uint8)
        )

    walked(avro.KINDS.index("long"), FRAME_BYTES)
    for kind in (-1, len(avro.KINDS)):
        with pytest.raises(ValueError, match="no kind has the number"):
            walked(kind, FRAME_BYTES)
    with pytest.raises(OverflowError):
        walked(avro.KINDS.index("long"), -1)
    with pytest.raises(OverflowError):
        avro.one_head([FRAME], -1)


@pytest.mark.parametrize(
    ("values", "head"),
    [([], None), ([b"abcde"], b"abcde"), ([b"abcdef", b"abcde"], b"abcde"), ([b"abcde", b"abcd"], None),
     ([b"abcde", None], None), ([None], None), ([b"abcd"], None), ([b"abcdef", b"abxdef"], None)],
)  # fmt: skip
def test_values_that_begin_alike_have_one_head(values, head):
    from dkd.kernel import avro

    assert avro.one_head(values, FRAME_BYTES) == head


# ---- all of it ------------------------------------------------------------------------------------------------------


def test_the_whole_enricher_writes_the_same_bytes_without_the_kernel(patch):
    model, found = shop(partitions=2), []
    for is_compiled in (True, False):
        patch.setattr(kernel, "IS_COMPILED", is_compiled)
        setup = prepare(model, open_resources(model), b"a key of tests")
        doing = Work("raw", decoder(known_schemas(model, Path("no such folder")), setup.raw_schema), setup)
        store = memory(model, raw(model, 3_000, span_ms=10 * 3_600_000))
        run_out(loop_on(store, doing), store, Limits(events=700, value_bytes=1 << 30))
        found.append(written(store, ("clean", "sessions", "rejects", "state")))
    assert found[0] == found[1]
    assert all(found[0].values())
