import numpy as np
import polars as pl
import pytest
import xxhash

from dkd.enrich.dedup import NEVER, Entries, Seen, fresh, keys_of, united


def _entries(**times):
    return Entries.of(np.array([int(key[1:]) for key in times], np.uint64), np.array(list(times.values()), np.int64))


def test_a_key_is_xxh3_of_party_nul_event_and_zero_without_an_event_id():
    keys = keys_of(pl.Series(["a", "ü", "a"]), pl.Series(["1", "2", None], dtype=pl.String))
    assert keys.tolist() == [xxhash.xxh3_64_intdigest(b"a\x001"), xxhash.xxh3_64_intdigest("ü\x002".encode()), 0]


def test_of_equal_keys_the_latest_time_is_kept():
    found = united([_entries(k5=10, k1=3), Entries.empty(), _entries(k5=7, k9=1), _entries(k5=11)])
    assert (found.keys.tolist(), found.times.tolist()) == ([1, 5, 9], [3, 11, 1])


def test_a_memory_answers_like_a_dictionary_however_it_was_filled():
    rng = np.random.default_rng(7)
    memory, oracle = Seen(), {}
    for time in range(60):
        keys = rng.integers(1, 3_000, rng.integers(0, 200)).astype(np.uint64)
        oracle.update(dict.fromkeys(keys.tolist(), time))
        memory = memory.plus(Entries.of(keys, np.full(len(keys), time, np.int64)), NEVER)
    asked = np.arange(3_100, dtype=np.uint64)
    assert memory.times_of(asked).tolist() == [oracle.get(int(key), NEVER) for key in asked]
    assert len(memory.runs) <= 8


def test_adding_leaves_the_older_memory_as_it_was():
    before = Seen().plus(_entries(k1=1), NEVER)
    after = before.plus(_entries(k1=9, k2=9), NEVER)
    asked = np.array([1, 2], np.uint64)
    assert before.times_of(asked).tolist() == [1, NEVER]
    assert after.times_of(asked).tolist() == [9, 9]


def test_the_memory_does_not_grow_beyond_its_horizon():
    memory = Seen()
    for time in range(500):
        keys = np.arange(time * 100, time * 100 + 100, dtype=np.uint64)
        memory = memory.plus(Entries.of(keys, np.full(100, time, np.int64)), time - 10)
    assert len(memory.since(490)) == 1_000
    assert len(memory) < 10_000


@pytest.mark.parametrize("count", [1, 3, 64])
def test_the_buckets_together_are_the_memory(count):
    rng = np.random.default_rng(1)
    keys = np.concatenate(
        [rng.integers(0, 2**64 - 1, 500, np.uint64, endpoint=True), np.array([1, 2**64 - 1], np.uint64)]
    )
    memory = Seen().plus(Entries.of(keys[:100], np.full(100, 5, np.int64)), NEVER)
    memory = memory.plus(Entries.of(keys, np.full(len(keys), 9, np.int64)), NEVER)
    whole = united(memory.bucket(index, count, NEVER) for index in range(count))
    assert whole.keys.tolist() == sorted(keys.tolist())
    assert sum(len(memory.bucket(index, count, NEVER)) for index in range(count)) == len(whole)
    restored = Seen.of([memory.bucket(index, count, NEVER) for index in reversed(range(count))])
    assert restored.times_of(np.sort(keys)).tolist() == [9] * len(keys)


def test_an_entry_counts_up_to_the_horizon_and_not_beyond():
    seen = Seen.of([_entries(k1=100, k2=99)])
    keys, times = np.array([1, 2], np.uint64), np.array([150, 150], np.int64)
    assert fresh(keys, times, np.array([200, 200], np.int64), seen, 100).tolist() == [False, True]


def test_events_without_id_are_always_fresh():
    keys, times = np.zeros(3, np.uint64), np.full(3, 5, np.int64)
    assert fresh(keys, times, times, Seen(), 100).tolist() == [True] * 3
