"""State records: what they tell, what they refuse, how large they get."""

import json

import numpy as np
import pytest
from stream_site import loop_on, memory, raw, run_out, shop, work

from dkd.enrich.contexts import unpacked
from dkd.enrich.dedup import Entries
from dkd.enrich.state import Books, State, StateDelta
from dkd.errors import DkdError, RefusedError
from dkd.stream.changelog import Changelog, recovered
from dkd.stream.source import Limits
from dkd.stream.state import Shape, newest, read
from dkd.stream.store import ALL

SHAPE = Shape(ring=8, buckets=2, part_bytes=1600)


def entries(count: int, time_ms: int = 1_000) -> Entries:
    keys = np.sort(np.random.default_rng(count).integers(1, 2**63, count, np.uint64))
    return Entries(keys, np.full(count, time_ms, np.int64))


def changelog(*sizes: int, shape: Shape = SHAPE) -> list[tuple[bytes, bytes]]:
    """The records of a partition after a batch of each of *sizes*."""
    state, log, found = State(), Changelog.new(shape), list[tuple[bytes, bytes]]()
    for seq, size in enumerate(sizes, 1):
        delta = StateDelta(1_000, Books(consumed=size, clean=size), entries(size), 0)
        state = state.applied(delta)
        log, records = log.after(state, delta, next_offset=100 * seq)
        found += records
    return found


def head_of(value: bytes) -> dict[str, object]:
    return json.loads(value[4 : 4 + int.from_bytes(value[:4], "little")])


def test_a_record_is_cut_to_the_size_that_the_topic_takes_and_read_back_whole():
    records = changelog(1_234)
    assert max(len(value) for _, value in records) < 100 * 16 + 500
    assert {key for key, _ in records if key.startswith(b"d")} == {b"d1", *(b"d1.%d" % part for part in range(1, 13))}
    found = recovered(records, SHAPE)
    assert found.state.seen.since(0).keys.tolist() == entries(1_234).keys.tolist()


def test_parts_left_over_from_a_larger_record_under_the_same_key_do_not_count():
    records = changelog(250, *[1] * 20)
    last = dict(records)
    assert b"d1.2" in last  # only delta 1 had a third part, and delta 17 has its key now
    found = recovered(last.items(), SHAPE)
    assert found.next_offset == 2_100
    live = set(entries(250).keys.tolist()) | set(entries(1).keys.tolist())
    assert set(found.state.seen.since(0).keys.tolist()) == live


def test_the_head_is_the_same_in_each_record_and_readable_by_people():
    records = changelog(3, 5)
    head = newest(value for _, value in records)
    assert head is not None
    assert (head.seq, head.next_offset, head.watermark_ms, head.books) == (2, 200, 1_000, Books(consumed=8, clean=8))
    assert head_of(records[-1][1])["books"]["clean"] == 8
    assert newest([]) is None


def test_entries_lie_where_numbers_may_lie_however_long_the_head_is():
    *_, (_, value) = changelog(3)
    end = 4 + int.from_bytes(value[:4], "little")
    for more in range(8):
        head = value[4:end] + b" " * more
        found = read(len(head).to_bytes(4, "little") + head + value[end:]).entries
        assert found.keys.flags.aligned
        assert found.times.flags.aligned
        assert found.keys.tolist() == entries(3).keys.tolist()


def test_the_head_counts_open_sessions():
    store = memory(shop(), raw(shop(), 200)[:100])
    loop = loop_on(store, work())
    run_out(loop, store, Limits())
    value = store.read("state", 0, 0, ALL)[-1][1].value
    head = newest([value])
    assert head is not None
    assert head.open_sessions == len(loop.live[0].state.sessions) > 10


def test_no_records_are_a_new_partition():
    found = recovered([], SHAPE)
    assert (found.next_offset, found.state.seq, found.changelog) == (None, 0, Changelog.new(SHAPE))


def test_a_layout_once_chosen_is_kept():
    assert recovered(changelog(3, 4), Shape()).changelog.shape == SHAPE


@pytest.mark.parametrize("value", [b"", b"\x05\x00\x00\x00hello", b"\x02\x00\x00\x00{}", b"\xff" * 40])
def test_what_no_enricher_wrote_is_named(value: bytes):
    with pytest.raises(DkdError, match="no state of an enricher") as raised:
        recovered([(b"d1", value)], SHAPE)
    assert raised.value.problems[0].code == "DKD508"


@pytest.mark.parametrize("what", ["cut off", "longer", "a column too wide"])
def test_a_damaged_record_is_named(what: str):
    store = memory(shop(), raw(shop(), 200)[:100])
    run_out(loop_on(store, work()), store, Limits())
    value = store.read("state", 0, 0, ALL)[-1][1].value or b""
    head = read(value).head
    start = 4 + int.from_bytes(value[:4], "little") + 16 * int(str(head_of(value)["entries"]))
    damaged = {
        "cut off": [value[:end] for end in range(start, len(value), 97)],
        "longer": [value + b"x"],
        "a column too wide": [value[:start] + b"\xff" + value[start + 1 :]],
    }[what]
    assert head.open_sessions
    for one in damaged:
        with pytest.raises(DkdError, match=r"no state of an enricher.*DKD508"):
            read(one)


def test_a_newer_version_is_named():
    key, value = changelog(2)[0]
    with pytest.raises(DkdError, match="version 6, and this dkd knows version 5"):
        recovered([(key, value.replace(b'"version":5', b'"version":6'))], SHAPE)


def test_the_version_before_is_read_still():
    key, value = changelog(2)[0]
    older = value.replace(b'"version":5', b'"version":4')
    assert older != value
    found, same = (recovered([(key, one)], SHAPE).state for one in (older, value))
    assert (found.books, found.watermark_ms) == (same.books, same.watermark_ms) == (Books(consumed=2, clean=2), 1000)
    assert unpacked(b'[null,null,null,"a",null]') == unpacked(b'[3,"a",1]') == [None, None, None, "a", None]


def test_a_missing_delta_is_a_hole_and_no_smaller_state():
    records = [one for one in changelog(*[50] * 5) if one[1] is not None]
    deltas = [record for record in records if record[0].startswith(b"d")]
    without = [record for record in records if record[0] != deltas[-2][0]]
    with pytest.raises(DkdError, match="delta 4 is missing"):
        recovered([record for record in without if not record[0].startswith(b"b")], SHAPE)


def test_a_tombstone_removes_its_record():
    records = changelog(3)
    assert recovered([*records, *((key, None) for key, _ in records)], SHAPE).next_offset is None


def test_a_read_record_gives_the_entries_back():
    assert read(changelog(7)[0][1]).entries.keys.tolist() == entries(7).keys.tolist()


def test_a_state_of_another_number_of_partitions_is_refused_with_what_to_do():
    log, records = Changelog.new(SHAPE, 2), []
    delta = StateDelta(1_000, Books(consumed=1, clean=1), entries(1), 0)
    records += log.after(State().applied(delta), delta, next_offset=1)[1]
    assert recovered(records, SHAPE, 2).next_offset == 1
    assert recovered(records, SHAPE).changelog.partitions == 2
    with pytest.raises(RefusedError, match="written for 2 partitions of raw, and it has 3") as raised:
        recovered(records, SHAPE, 3)
    assert "dkd destroy and dkd deploy" in raised.value.problems[0].remedy


def test_deltas_and_parts_that_nothing_needs_any_more_are_taken_out():
    records = changelog(*[250, 3] * 20)
    left: dict[bytes, bytes] = {}
    for key, value in records:
        left.pop(key, None) if value is None else left.update({key: value})
    found = recovered(left.items(), SHAPE)
    kept = {key.partition(b".")[0] for key in left if key.startswith(b"d")}
    assert kept == {b"d%d" % (seq % SHAPE.ring) for seq, _ in found.changelog.deltas}
    assert len(kept) < SHAPE.ring
    whole = {key for key, _ in records}
    assert len(left) < len(whole)
    assert recovered(records, SHAPE).state.seen.since(0).keys.tolist() == found.state.seen.since(0).keys.tolist()
