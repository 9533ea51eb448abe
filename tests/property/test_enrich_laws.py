"""Laws of the enrichment chain, against plain loops that decide one event after the other."""

import dataclasses
import functools
import itertools
import json

import msgspec
import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dkd.enrich import answers
from dkd.enrich.chain import Lane, Setup, enrich, enrich_lanes, prepare
from dkd.enrich.dedup import Entries, Seen, fresh
from dkd.enrich.encode import encode
from dkd.enrich.resources import open_resources
from dkd.enrich.state import Books, State
from dkd.model.enrichers import CATALOGUE
from dkd.model.schema import Model

NOW_MS = 1_780_000_000_000
MINUTE_MS = 60_000
GRACE_MS, LATE_AFTER_MS, AHEAD_MS = 5 * MINUTE_MS, 60 * MINUTE_MS, 5 * MINUTE_MS
BOT, PERSON = "curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@functools.cache
def setup_of(action: str) -> Setup:
    model = Model.model_validate({
        "dkd": 1, "site": "shop",
        "events": {"page_view": {}, "purchase": {"fields": {
            "order_id": {"required": True}, "revenue": {"type": "double"}, "tags": {"type": "list"},
            "payment": {"type": "enum", "values": ["card", "cash"]}}}},
        "fields": {"user_id": {"privacy": "pseudonymise"}},
        "enrich": {"url": {}, "campaign": {}, "referrer": {}, "agent": {}, "geo": {}, "bots": {"action": action},
                   "sessions": {"conversions": [{"event": "purchase"}]}},
    })  # fmt: skip
    return prepare(model, open_resources(model), b"key")


EDGES_MS = [edge + by for edge in (0, GRACE_MS, LATE_AFTER_MS, 2 * LATE_AFTER_MS) for by in (-1, 0, 1)]

records = st.fixed_dictionaries({
    "event": st.sampled_from(["page_view", "pageView", "page_view", "purchase", "nope", None]),
    "party_id": st.sampled_from(["a", "b", "", None]),
    "event_id": st.sampled_from(["1", "2", "3", None]),
    "received_ms": st.sampled_from([NOW_MS, NOW_MS + LATE_AFTER_MS, NOW_MS + 3 * LATE_AFTER_MS]),
    "client_ms": st.one_of(st.none(), st.just(5), st.sampled_from(EDGES_MS).map(lambda by: NOW_MS + by),
                           st.sampled_from(EDGES_MS).map(lambda by: NOW_MS + 2 * LATE_AFTER_MS - by)),
    "order_id": st.sampled_from(["o", None]),
    "payment": st.sampled_from([None, "card", "gold"]),
    "user_agent": st.sampled_from([BOT, PERSON]),
    "user_id": st.sampled_from([None, "jane"]),
    "page_url": st.sampled_from([None, "https://shop.example/a?utm_source=google"]),
    "ip": st.sampled_from([None, "8.8.8.8"]),
})  # fmt: skip


def raw(setup, stream):
    return pl.DataFrame([{"offset": offset, **one} for offset, one in enumerate(stream)], schema=setup.raw_schema)


def run(setup, batches):
    """Clean bytes, rejects and the last state of *batches*, one after the other."""
    state, clean, rejects = State(), [], []
    for batch in batches:
        outcome = enrich(batch, state, setup)
        state = state.applied(outcome.delta)
        clean += outcome.values
        # What is put together from what events share is what all enrichers say of all rows.
        assert outcome.values == encode(outcome.clean)
        assert outcome.keys == outcome.clean["party_id"].cast(pl.Binary).to_list()
        rejects += outcome.rejects.rows()
    return clean, rejects, state


def decided(stream, drops_bots):
    """What becomes of each event, and the watermark, by the rules taken one at a time."""
    watermark, seen, outcomes = None, {}, []
    for one in stream:
        outcome, watermark = _decide(one, watermark, seen, drops_bots)
        outcomes.append(outcome)
    return outcomes, watermark


def _refusal(one):
    event = {"pageView": "page_view"}.get(one["event"], one["event"])
    if not one["party_id"]:
        return "missing_party"
    if event not in ("page_view", "purchase"):
        return "unknown_event"
    if one["client_ms"] == 5:
        return "bad_time"
    if event == "purchase" and one["order_id"] is None:
        return "missing_field"
    return "bad_enum" if event == "purchase" and one["payment"] == "gold" else None


def _decide(one, watermark, seen, drops_bots):
    refusal = _refusal(one)
    if refusal:
        return refusal, watermark
    time = one["received_ms"] if one["client_ms"] is None else one["client_ms"]
    if time > one["received_ms"] + AHEAD_MS:
        time = one["received_ms"]
    watermark = time if watermark is None else max(watermark, time)
    if time < watermark - LATE_AFTER_MS:
        return "late", watermark
    key = (one["party_id"], one["event_id"])
    if one["event_id"] and seen.get(key, -1) >= watermark - LATE_AFTER_MS:
        return "duplicate", watermark
    if one["event_id"]:
        seen[key] = time
    if drops_bots and one["user_agent"] == BOT:
        return "bot", watermark
    return ("clean", time, time < watermark - GRACE_MS), watermark


@settings(max_examples=60, deadline=None)
@given(stream=st.lists(records, max_size=25), action=st.sampled_from(["flag", "drop"]))
def test_every_event_has_the_one_outcome_that_the_rules_say(stream, action):
    setup = setup_of(action)
    outcome = enrich(raw(setup, stream), State(), setup)
    expected, watermark = decided(stream, action == "drop")
    clean = outcome.clean.select("timestamp_ms", "is_late").rows()
    assert clean == [one[1:] for one in expected if isinstance(one, tuple)]
    refused = [
        (offset, one) for offset, one in enumerate(expected) if isinstance(one, str) and one not in ("duplicate", "bot")
    ]
    assert outcome.rejects.select("offset", "reason").rows() == refused
    assert outcome.delta.watermark_ms == watermark
    assert outcome.delta.books == Books(
        consumed=len(stream), clean=len(clean), dropped_bots=expected.count("bot"),
        duplicates=expected.count("duplicate"), rejects=len(refused), late=sum(late for _, late in clean),
        sessions=len(outcome.finished),
    )  # fmt: skip
    assert outcome.delta.books.closed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stream=st.lists(records, min_size=1, max_size=20), cuts=st.sets(st.integers(1, 19), max_size=6), data=st.data())
def test_the_cut_into_batches_changes_no_byte_and_no_state(stream, cuts, data):
    setup = setup_of(data.draw(st.sampled_from(["flag", "drop"])))
    whole = raw(setup, stream)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    parts = [whole[start:end] for start, end in itertools.pairwise(edges)]
    clean, rejects, state = run(setup, [whole])
    cut_clean, cut_rejects, cut_state = run(setup, parts)
    assert cut_clean == clean
    assert cut_rejects == rejects
    assert (cut_state.watermark_ms, cut_state.books) == (state.watermark_ms, state.books)
    live = [one.seen.since((one.watermark_ms or 0) - LATE_AFTER_MS) for one in (state, cut_state)]
    assert [entries.keys.tolist() for entries in live] == [live[0].keys.tolist()] * 2
    assert [entries.times.tolist() for entries in live] == [live[0].times.tolist()] * 2


def test_batches_of_one_and_of_many_give_the_same_bytes_on_a_long_stream():
    rng = np.random.default_rng(11)
    stream = [
        {"event": "page_view", "party_id": f"p{rng.integers(5)}", "event_id": f"e{rng.integers(30)}",
         "received_ms": NOW_MS + n * 20_000, "client_ms": NOW_MS + n * 20_000 - int(rng.integers(0, 2 * LATE_AFTER_MS)),
         "page_url": f"https://shop.example/{rng.integers(9)}", "user_agent": PERSON}
        for n in range(600)
    ]  # fmt: skip
    setup = setup_of("flag")
    whole = raw(setup, stream)
    results = [run(setup, [whole[at : at + size] for at in range(0, 600, size)]) for size in (7, 100, 600)]
    assert [result[:2] for result in results] == [results[0][:2]] * 3
    assert len({(result[2].watermark_ms, result[2].books) for result in results}) == 1
    assert results[0][2].books.duplicates > 20
    assert results[0][2].books.rejects > 20


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    streams=st.lists(st.lists(records, max_size=12), min_size=1, max_size=4), action=st.sampled_from(["flag", "drop"])
)
def test_partitions_enriched_together_give_what_each_gives_alone(streams, action):
    setup = setup_of(action)
    befores = [enrich(raw(setup, stream), State(), setup) for stream in reversed(streams)]
    states = [State().applied(before.delta) for before in befores]
    alone = [enrich(raw(setup, stream), state, setup) for stream, state in zip(streams, states, strict=True)]
    whole = raw(setup, [one for stream in streams for one in stream])
    lanes = [Lane(state, np.arange(len(stream))) for stream, state in zip(streams, states, strict=True)]
    together = enrich_lanes(whole, lanes, setup)
    for one, other in zip(together, alone, strict=True):
        assert (one.values, one.keys, one.received_ms) == (other.values, other.keys, other.received_ms)
        assert one.finished == other.finished
        assert one.rejects.equals(other.rejects)
        assert (one.delta.watermark_ms, one.delta.books) == (other.delta.watermark_ms, other.delta.books)
        assert one.delta.seen.keys.tolist() == other.delta.seen.keys.tolist()


def test_what_is_kept_between_batches_changes_no_byte_however_little_it_is(monkeypatch):
    events = [{**one, "received_ms": NOW_MS, "client_ms": None, "party_id": "p", "event": "page_view"} for one in (
        {"event_id": f"{seq}", "page_url": f"https://shop.example/{seq % 7}?utm_source=a{seq % 3}",
         "referrer_url": ("https://google.com/", None)[seq % 2], "user_agent": (BOT, PERSON)[seq % 2],
         "given": ('{"city":"Ulm","channel":"x"}', None)[seq % 5 > 0]} for seq in range(60))]  # fmt: skip
    setup = setup_of("flag")
    (known,) = {tuple(run(setup, [raw(setup, events)])[0]) for _ in range(2)}
    monkeypatch.setattr(answers, "_KEPT_BYTES", 1)
    forgetful = dataclasses.replace(setup)
    parts = [raw(setup, events)[at : at + 7] for at in range(0, 60, 7)]
    assert tuple(run(forgetful, parts)[0]) == known


junk = st.one_of(
    st.none(), st.text(max_size=40),
    st.sampled_from(["http://[::1", "https://a b/?utm_source=%FF%", "null", "\x00", "%", "https://x/?&&=&utm_source",
                     "{", "x" * 5_000, "1.2.3", "\u202e", '{"country":1}', "//", "?", "@", "[" * 500]),
)  # fmt: skip
numbers = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(NOW_MS - 1000, NOW_MS + 1000))
TEXTS = ("event", "party_id", "event_id", "page_url", "referrer_url", "user_agent", "ip", "given", "order_id",
         "payment", "user_id")  # fmt: skip
junk_records = st.fixed_dictionaries({
    **dict.fromkeys(TEXTS, junk), "received_ms": numbers, "client_ms": numbers,
    "revenue": st.none() | st.floats(), "tags": st.none() | st.lists(st.none() | st.text()),
})  # fmt: skip
plain = st.fixed_dictionaries({"event": st.just("page_view"), "party_id": st.just("p"), "received_ms": st.just(NOW_MS)})


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(junk_records, st.builds(lambda a, b: {**a, **b}, junk_records, plain)), max_size=6))
def test_no_value_whatever_raises_and_the_books_close(stream):
    setup = setup_of("flag")
    outcome = enrich(raw(setup, stream), State(), setup)
    assert outcome.delta.books.closed
    assert outcome.delta.books.consumed == len(stream)
    for value in encode(outcome.clean):
        assert json.loads(value)["event"] in setup.model.events


@settings(max_examples=30, deadline=None)
@given(st.lists(junk_records, min_size=1, max_size=5))
def test_an_enricher_writes_only_the_columns_that_it_declares(stream):
    setup = setup_of("flag")
    added = {name: pl.lit(None, kind).alias(name) for name, kind in setup.clean_schema.items()}
    base = raw(setup, stream)
    batch = base.with_columns(column for name, column in added.items() if name not in base.columns)
    before = batch.clone()
    for entry, (name, step) in zip(CATALOGUE, setup.steps, strict=True):
        assert (step is None) == (getattr(setup.model.enrich, name) is None)
        if step is None:
            continue
        found = step(batch)
        assert (name, tuple(found.columns), found.height) == (entry.name, entry.adds, len(stream))
        assert dict(found.schema) == {column: setup.clean_schema[column] for column in entry.adds}
    assert batch.equals(before)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-30, 30)), max_size=30),
    st.dictionaries(st.integers(1, 4), st.integers(-50, 0)),
    st.integers(0, 25),
)
def test_dedup_decides_like_a_loop_with_a_dictionary(steps, memory, horizon):
    keys, times, watermarks, expected, seen, watermark = [], [], [], [], dict(memory), 0
    for key, by in steps:
        time = watermark + by
        watermark = max(watermark, time)
        if time < watermark - horizon:
            continue
        keys.append(key), times.append(time), watermarks.append(watermark)
        expected.append(key == 0 or seen.get(key, -(10**9)) < watermark - horizon)
        if expected[-1] and key:
            seen[key] = time
    held = Entries.of(np.array(list(memory), np.uint64), np.array(list(memory.values()), np.int64))
    found = fresh(
        np.array(keys, np.uint64), np.array(times, np.int64), np.array(watermarks, np.int64), Seen.of([held]), horizon
    )
    assert found.tolist() == expected


texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [',"b":null', '"', "\\", ',"c":null}', '\\"']
)
rows = st.fixed_dictionaries({
    "event": texts, "b": st.none() | texts, "c": st.none() | st.integers(-(2**63), 2**63 - 1),
    "d": st.none() | st.floats(), "e": st.none() | st.booleans(),
    "f": st.none() | st.lists(st.none() | texts, max_size=3),
})  # fmt: skip
CLEAN = {"event": pl.String, "b": pl.String, "c": pl.Int64, "d": pl.Float64, "e": pl.Boolean, "f": pl.List(pl.String)}


def _finite(row):
    return {name: value for name, value in row.items()
            if value is not None and not (name == "d" and not np.isfinite(value))}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=5))
def test_encoding_is_undone_by_an_independent_reader(events):
    found = [msgspec.json.decode(value) for value in encode(pl.DataFrame(events, schema=CLEAN))]
    assert found == [_finite(row) for row in events]
    assert [list(row) for row in found] == [[name for name in CLEAN if name in _finite(row)] for row in events]
