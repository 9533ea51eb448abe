"""Laws of the stream: what comes out depends on the raw records alone, not on cuts, crashes or the reader of Avro."""

import io
import json
import random
from pathlib import Path

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_site import Writer, events, loop_on, memory, raw, run_out, shop, work, written

from dkd.enrich.dedup import Entries
from dkd.enrich.state import Books, State, StateDelta
from dkd.model.columns import RAW_FIELDS
from dkd.stream.changelog import Changelog, recovered
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.loop import Loop
from dkd.stream.records import Batch, Result
from dkd.stream.source import Limits
from dkd.stream.state import Shape, newest
from dkd.stream.store import StoreSink, StoreSource
from dkd.stream.structure import walked

SMALL = Shape(ring=8, buckets=3, part_bytes=64)


# ---- Avro -----------------------------------------------------------------------------------------------------------


class Cut(Exception):
    """The body is no record."""


def walk_one(body: bytes, schema) -> None:
    """One body by the words of Avro's specification, a byte at a time."""
    place = 0

    def take(count: int) -> bytes:
        nonlocal place
        if count < 0 or place + count > len(body):
            raise Cut
        place += count
        return body[place - count : place]

    def number() -> int:
        value = shift = 0
        while True:
            byte = take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Cut
        if value >= 1 << 64:
            raise Cut
        return (value >> 1) ^ -(value & 1)

    def step(kind) -> None:
        if isinstance(kind, list):
            chosen = number()
            if not 0 <= chosen < len(kind):
                raise Cut
            step(kind[chosen])
        elif isinstance(kind, dict):
            while count := number():
                if count < 0:
                    number()
                if abs(count) > len(body):
                    raise Cut
                for _ in range(abs(count)):
                    step(kind["items"])
        elif kind in ("string", "bytes"):
            take(number())
        elif kind == "int":
            if not -(2**31) <= number() < 2**31:
                raise Cut
        elif kind == "long":
            number()
        elif kind == "boolean":
            if take(1)[0] > 1:
                raise Cut
        elif kind != "null":
            take({"float": 4, "double": 8}[kind])

    for field in schema["fields"]:
        step(field["type"])
    if place != len(body):
        raise Cut


def is_record(body: bytes, schema) -> bool:
    try:
        walk_one(body, schema)
    except Cut:
        return False
    return True


WRITER = Writer(shop())
BODIES = [WRITER.body(event) for event in events(20)]


@st.composite
def spoilt(draw) -> bytes:
    """A sound body with a few bytes changed, taken out or put in."""
    body = bytearray(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(len(body) - 1, 0)))
        kind = draw(st.sampled_from(("change", "take", "put", "cut")))
        byte = draw(st.integers(0, 255))
        if kind == "put":
            body.insert(place, byte)
        elif not body:
            continue
        elif kind == "change":
            body[place] = byte
        elif kind == "take":
            del body[place]
        else:
            del body[place:]
    return bytes(body)


@settings(max_examples=300, deadline=None)
@given(st.lists(spoilt(), min_size=1, max_size=12))
def test_a_body_is_found_sound_exactly_when_the_specification_says_so(bodies):
    verdict = walked(bodies, WRITER.schema)
    wanted = np.array([is_record(body, WRITER.schema) for body in bodies])
    assert not (verdict.sound & verdict.unsure).any()
    assert (verdict.sound[~verdict.unsure] == wanted[~verdict.unsure]).all()


def read_by_fastavro(body: bytes) -> dict[str, object] | None:
    stream = io.BytesIO(body)
    parsed = fastavro.parse_schema(json.loads(json.dumps(WRITER.schema)))
    try:
        found = fastavro.schemaless_reader(stream, parsed, None)
    except (ValueError, IndexError, EOFError):
        return None
    return found if stream.tell() == len(body) and is_record(body, WRITER.schema) else None


@settings(max_examples=100, deadline=None)
@given(st.lists(spoilt(), min_size=1, max_size=12))
def test_a_record_reads_as_fastavro_reads_it_alone_whatever_its_neighbours(bodies):
    schemas = known_schemas(shop(), Path("no such folder"))
    batch = Batch(
        0, range(len(bodies)), [b"k"] * len(bodies), [WRITER.frame + body for body in bodies], [0] * len(bodies)
    )
    alone = {offset: found for offset, body in enumerate(bodies) if (found := read_by_fastavro(body))}
    decoded = decoder(schemas, {}).decode(batch)
    assert decoded.frame["offset"].to_list() == list(alone)
    assert sorted({*alone, *(refusal.offset for refusal in decoded.refusals)}) == list(range(len(bodies)))
    columns = {field.name: field.column for field in RAW_FIELDS}
    for name in (field["name"] for field in WRITER.schema["fields"]):
        found = decoded.frame[columns.get(name, name)].to_list()
        assert repr(found) == repr([found[name] for found in alone.values()])


# ---- state ----------------------------------------------------------------------------------------------------------


@st.composite
def steps(draw):
    """Changes of a partition as batches make them: the watermark never falls, a key may come again later."""
    watermark_ms, found = 0, []
    for _ in range(draw(st.integers(1, 25))):
        watermark_ms += draw(st.integers(0, 20))
        keys = draw(st.lists(st.integers(1, 2**64 - 1) | st.integers(1, 12), max_size=10, unique=True))
        times = [watermark_ms - draw(st.integers(0, 30)) for _ in keys]
        seen = Entries.of(np.array(keys, np.uint64), np.array(times, np.int64))
        found.append(StateDelta(watermark_ms, Books(consumed=len(keys), clean=len(keys)), seen, watermark_ms - 50))
    return found


def compacted(records, chance: random.Random):
    """What a compacted topic may still hold: of each key always the newest record, older ones by chance."""
    last = {key: place for place, (key, _) in enumerate(records)}
    return [record for place, record in enumerate(records) if last[record[0]] == place or chance.random() < 0.3]


@settings(max_examples=300, deadline=None)
@given(steps(), st.integers(0, 25), st.integers(0, 2**32))
def test_a_state_recovered_at_any_point_is_the_live_one(deltas, crash, seed):
    state, changelog, records = State(), Changelog.new(SMALL), []
    chance = random.Random(seed)
    for seq, delta in enumerate(deltas):
        if seq == crash:  # go on from what the topic tells, as a new process does
            again = recovered(compacted(records, chance), SMALL)
            state, changelog = again.state, again.changelog
        state = state.applied(delta)
        changelog, more = changelog.after(state, delta, next_offset=10 * (seq + 1))
        records += more
    found = recovered(compacted(records, chance), SMALL)
    kept = found.state.seen.since(deltas[-1].forget_before_ms)
    live = live_entries(deltas)
    assert (kept.keys.tolist(), kept.times.tolist()) == (sorted(live), [live[key] for key in sorted(live)])
    assert (found.state.watermark_ms, found.state.books) == (
        deltas[-1].watermark_ms,
        sum((d.books for d in deltas), Books()),
    )
    assert (found.state.seq, found.next_offset) == (len(deltas), 10 * len(deltas))
    head = newest(value for _, value in records[-3:] if value)
    assert head is not None
    assert (head.seq, head.books) == (len(deltas), found.state.books)


def live_entries(deltas) -> dict[int, int]:
    """The memory after *deltas*, as a dict keeps it."""
    found: dict[int, int] = {}
    for delta in deltas:
        for key, time_ms in zip(delta.seen.keys.tolist(), delta.seen.times.tolist(), strict=True):
            found[key] = max(time_ms, found.get(key, time_ms))
    return {key: time_ms for key, time_ms in found.items() if time_ms >= deltas[-1].forget_before_ms}


@settings(max_examples=50, deadline=None)
@given(steps())
def test_a_changelog_stays_near_the_size_of_its_state(deltas):
    """However long the stream, no more keys than the shape allows."""
    state, changelog, keys = State(), Changelog.new(SMALL), set()
    for delta in deltas * 3:
        state = state.applied(delta)
        changelog, more = changelog.after(state, delta, 0)
        keys |= {key.partition(b".")[0] for key, _ in more}
    assert len(keys) <= SMALL.ring + SMALL.buckets


# ---- the loop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bots", ["flag", "drop"])
def test_batches_of_1_7_and_500_give_the_same_bytes(bots):
    model = shop(partitions=2, bots=bots)
    records = raw(model, 250, span_ms=3 * 3_600_000)
    outcomes = []
    for cut in (1, 7, 500):
        store = memory(model, records)
        loop = loop_on(store, work(bots=bots))
        run_out(loop, store, Limits(events=cut))
        outcomes.append((written(store), [loop.live[one].state.books for one in range(2)]))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    books = sum(outcomes[0][1], Books())
    assert books.closed
    assert min(books.clean, books.duplicates, books.rejects, books.late) > 0
    assert books.consumed == sum(record.value is not None for record in records)
    assert (books.dropped_bots > 0) == (bots == "drop")


class Killed(Exception):
    """The process ended here."""


class Mortal(StoreSink):
    """A sink whose process is killed at the commits of *deaths*: before it or right after it."""

    def __init__(self, store, deaths: list[tuple[int, bool]]) -> None:
        super().__init__(store)
        self._deaths = deaths
        self._seq = 0

    def commit(self, results: list[Result]) -> None:
        self._seq += 1
        due = self._deaths and self._deaths[0][0] == self._seq
        if due and not self._deaths[0][1]:
            self._deaths.pop(0)
            raise Killed
        super().commit(results)
        if due:
            self._deaths.pop(0)
            raise Killed


@settings(max_examples=15, deadline=None)
@given(
    cuts=st.lists(st.integers(5, 60), min_size=1, max_size=5),
    deaths=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=6),
    seed=st.integers(0, 3),
)
def test_kills_at_any_commit_lose_nothing_and_double_nothing(cuts, deaths, seed):
    model = shop(partitions=2)
    records = raw(model, 90, seed)
    calm, stormy = memory(model, records), memory(model, records)
    run_out(loop_on(calm, work()), calm, Limits())
    for number in range(len(deaths) + 1):
        sink = Mortal(stormy, deaths[number : number + 1])
        loop = Loop(StoreSource(stormy), sink, work(), shape=SMALL)
        try:
            run_out(loop, stormy, Limits(events=cuts[number % len(cuts)]))
        except Killed:
            continue
    assert written(stormy) == written(calm)
