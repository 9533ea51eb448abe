"""The loop takes partitions over, waits for a state that is still to be seen, and reads nothing twice."""

from collections.abc import Collection, Iterator

import pytest
from stream_site import loop_on, memory, raw, run_out, shop, work, written

from dkd.enrich.state import Books
from dkd.errors import DkdError, RefusedError
from dkd.stream.loop import Loop, Settling
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Batch
from dkd.stream.source import Changed, Limits, Owner
from dkd.stream.store import ALL, StoreSink, StoreSource

MODEL = shop(partitions=2)
RECORDS = raw(MODEL, 60)


class Slow(StoreSource):
    """A source that does not show the state topic at first, as while a broker still ends a transaction."""

    def __init__(self, store: MemoryStore, hidden: int) -> None:
        super().__init__(store)
        self.hidden = hidden

    def changelog(self, partitions: Collection[int]) -> Iterator[Changed]:
        self.hidden -= 1
        return iter(()) if self.hidden >= 0 else super().changelog(partitions)


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, wait_s: float) -> None:
        self.now_s += wait_s

    def settling(self) -> Settling:
        return Settling(limit_s=30, sleep=self.sleep, clock=lambda: self.now_s)


def half_done() -> MemoryStore:
    """A store whose raw is enriched to about the half."""
    store = memory(MODEL, RECORDS)
    loop_on(store, work()).step(Limits(events=len(RECORDS) // 2))
    return store


def whole() -> dict[tuple[str, int], list[object]]:
    store = memory(MODEL, RECORDS)
    run_out(loop_on(store, work()), store, Limits())
    return written(store)


def test_a_state_that_is_behind_the_offsets_is_waited_for():
    store, clock = half_done(), Clock()
    loop = Loop(Slow(store, hidden=2), StoreSink(store), work(), settling=clock.settling())
    run_out(loop, store, Limits())
    assert 0 < clock.now_s < 30
    assert written(store) == whole()


def test_a_state_that_stays_behind_is_an_error_and_nothing_is_written():
    store, clock = half_done(), Clock()
    before = written(store)
    with pytest.raises(DkdError, match="is committed, but the state topic knows no offset") as raised:
        Loop(Slow(store, hidden=10**6), StoreSink(store), work(), settling=clock.settling()).step(Limits())
    assert raised.value.problems[0].code == "DKD504"
    assert written(store) == before


def test_partitions_that_were_added_while_it_ran_are_refused():
    """They have no state, and those that have one were made of fewer: none of them alone shows it."""
    store = memory(MODEL, RECORDS)
    loop = Loop(StoreSource(store), StoreSink(store), work(), partitions=1)
    with pytest.raises(RefusedError) as caught:
        loop.step(Limits())
    assert caught.value.problems[0].code == "DKD503"
    assert not any(written(store).values())


def test_offsets_that_the_group_forgot_do_not_make_it_read_again():
    """Kafka drops the offsets of a group that was away for a week; the state knows where it was."""
    store, clock = half_done(), Clock()
    store._positions.clear()  # what the broker did
    loop = Loop(StoreSource(store), StoreSink(store), work(), settling=clock.settling())
    while loop.step(Limits()).consumed:
        pass
    assert written(store) == whole()


class Repeating(StoreSource):
    """A source that hands out what it gave before once more, and records of a partition that is not ours."""

    def poll(self, owner: Owner, limits: Limits) -> list[Batch]:
        batches = super().poll(owner, limits)
        again = [Batch.of(one.partition, self._store.read("raw", one.partition, 0, ALL)) for one in batches]
        return [*again, *(Batch(9, one.offsets, one.keys, one.values, one.timestamps_ms) for one in batches)]


def test_records_that_are_done_or_not_ours_are_passed_by():
    store = half_done()
    run_out(Loop(Repeating(store), StoreSink(store), work()), store, Limits(events=7))
    assert written(store) == whole()


def test_a_step_counts_what_it_did():
    store = memory(MODEL, RECORDS)
    loop = loop_on(store, work())
    counted = Books()
    while (books := loop.step(Limits(events=9))).consumed:
        counted += books
    assert counted == sum((loop.live[one].state.books for one in (0, 1)), Books())
    assert counted.closed
    assert loop.step(Limits()) == Books()


def test_a_lost_partition_is_forgotten_and_taken_over_from_its_topic():
    store = memory(MODEL, RECORDS)
    first, second = loop_on(store, work()), loop_on(store, work())
    first.step(Limits(events=20))
    first.lost([0, 1])
    assert first.live == {}
    run_out(second, store, Limits())
    assert written(store) == whole()
