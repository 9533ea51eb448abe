"""Kafka and the spool as one: what Kafka does not take is on the disk, and comes to Kafka when it is back."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dkd.collect.breaker import Breaker, Durable
from dkd.collect.commit import GroupCommit
from dkd.collect.message import Message
from dkd.collect.produce import KafkaSink, MemorySink
from dkd.collect.replay import Replay
from dkd.collect.segment import Claimed
from dkd.collect.spool import Spool
from dkd.collect.unkept import RejectsTopic
from dkd.errors import DkdError
from dkd.settings import KafkaSettings


class Broker:
    """A log in memory that can be away; what it has once is there for good."""

    def __init__(self) -> None:
        self.log: list[Message] = []
        self.is_away = False
        self.topics = {"shop.raw", "shop.rejects"}
        self.lock = threading.Lock()


class Client(MemorySink):
    """One connection to the broker; what it cannot deliver fails a little later."""

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self.broker, self.lost, self.settles_s = broker, [], 0.0
        self.problem, self.is_down = "", False
        self.sent = 0

    def send(self, messages: Sequence[Message]) -> None:
        self.sent += 1
        if self.broker.is_away:
            self.lost, self.problem, self.settles_s = list(messages), "timed out", time.monotonic() + 0.02
            return
        self.lost = [one for one in messages if one.topic not in self.broker.topics]
        if self.lost:
            self.problem, self.settles_s = "unknown topic", time.monotonic() + 0.02
        with self.broker.lock:
            self.broker.log.extend(one for one in messages if one.topic in self.broker.topics)

    def pending(self) -> int:
        return len(self.lost) if time.monotonic() < self.settles_s else 0

    def failed(self) -> Sequence[Message]:
        lost, self.lost = self.lost, []
        return lost

    def topics(self, timeout_s: float) -> set[str] | None:
        return None if self.broker.is_away else self.broker.topics


class Site:
    """A breaker with all around it."""

    def __init__(self, folder: Path, most_bytes: int = 10**9) -> None:
        self.said: list[str] = []
        self.broker = Broker()
        self.client = Client(self.broker)
        self.spool = Spool(folder, most_bytes)
        self.breaker = Breaker("kafka:9092", self.said.append)
        self.rejects = RejectsTopic("shop.rejects", self.said.append)
        self.durable = Durable(self.client, self.spool, self.breaker, self.rejects, self.said.append)
        self.replay = Replay(self.spool, self.breaker, self.rejects, lambda: Client(self.broker), self.said.append)


@contextmanager
def site(folder: Path, most_bytes: int = 10**9) -> Iterator[Site]:
    made = Site(folder, most_bytes)
    yield made
    made.replay.stop()
    made.durable.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dkd.collect.replay.PROBE_S", 0.02)
    monkeypatch.setattr("dkd.collect.replay.LOOK_S", 0.02)
    monkeypatch.setattr("dkd.collect.spool._LOOK_S", 0)


def message(number: int) -> Message:
    return Message("shop.raw", b"p", b"%d" % number, number)


async def until(condition: Callable[[], object]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never happened")


async def added(commit: GroupCommit, numbers: Sequence[int]) -> list[bool]:
    told: list[bool] = []
    for number in numbers:
        commit.add([message(number)], told.append)
    await until(lambda: len(told) == len(numbers))
    return told


def test_a_missing_topic_of_rejects_holds_up_no_event(tmp_path: Path):
    reject = Message("shop.rejects", b"p", b"refused", 1, (("dkd-reason", b"not_json"),))

    async def run() -> None:
        with site(tmp_path) as found:
            found.broker.topics.discard("shop.rejects")
            found.replay.start()
            commit, told = GroupCommit(found.durable), []
            commit.add([message(1), reject, message(2)], told.append)
            await until(lambda: told)
            await until(lambda: not found.breaker.is_open and found.rejects.is_missing)
            assert found.replay.replayed == 0, "what was thrown away is not in Kafka"
            assert await added(commit, range(3, 6)) == [True] * 3
            commit.add([reject, message(6)], told.append)
            commit.add([reject], told.append)
            await until(lambda: len(told) == 3)
            assert told == [True] * 3
            assert not found.breaker.is_open, "it is known now"
            assert sorted(one.timestamp_ms for one in found.broker.log) == [*range(1, 7)]
            assert found.rejects.unkept == 3
            assert sum("shop.rejects is missing" in line for line in found.said) == 1
            found.broker.topics.add("shop.rejects")
            await until(lambda: not found.rejects.is_missing)
            commit.add([reject], told.append)
            await until(lambda: reject in found.broker.log)
            assert found.rejects.unkept == 3

    asyncio.run(run())


def test_a_missing_raw_topic_holds_up_what_follows_until_it_is_there(tmp_path: Path):
    async def run() -> None:
        with site(tmp_path) as found:
            found.broker.topics.discard("shop.raw")
            found.replay.start()
            commit = GroupCommit(found.durable)
            assert await added(commit, range(5)) == [True] * 5
            await asyncio.sleep(0.1)
            assert found.broker.log == []
            found.broker.topics.add("shop.raw")
            await until(lambda: len(found.broker.log) >= 5)
            assert {one.timestamp_ms for one in found.broker.log} == set(range(5))
            assert found.rejects.unkept == 0

    asyncio.run(run())


def test_an_outage_costs_nothing_and_all_comes_to_kafka(tmp_path: Path):
    async def run() -> None:
        with site(tmp_path) as found:
            found.replay.start()
            commit = GroupCommit(found.durable)
            assert all(await added(commit, range(10)))
            found.broker.is_away = True
            assert all(await added(commit, range(10, 20)))
            assert found.breaker.is_open
            sent = found.client.sent
            assert all(await added(commit, range(20, 30)))
            assert found.client.sent == sent, "an open breaker asks Kafka for nothing"
            assert found.durable.is_safe
            found.broker.is_away = False
            await until(lambda: not found.breaker.is_open)
            assert all(await added(commit, range(30, 40)))
            await until(lambda: len(found.broker.log) == 40)
            await until(lambda: found.spool.held().oldest_ms is None)
            assert [one.timestamp_ms for one in found.broker.log if one.timestamp_ms < 30] == list(range(30))
            assert sorted(found.broker.log) == [message(number) for number in sorted(range(40), key=str)]
            await until(lambda: len(found.said) == 3)
            assert [text.split()[0] for text in found.said] == ["Kafka", "Kafka", "replayed"]

    asyncio.run(run())


def test_it_closes_without_any_event_to_try(tmp_path: Path):
    async def run() -> None:
        with site(tmp_path) as found:
            found.replay.start()
            GroupCommit(found.durable)
            found.broker.is_away, found.client.is_down, found.client.problem = True, True, "all brokers are down"
            await until(lambda: found.breaker.is_open)
            await asyncio.sleep(0.1)
            assert found.breaker.is_open
            found.broker.is_away = False
            await until(lambda: not found.breaker.is_open)

    asyncio.run(run())


def test_a_full_spool_refuses_until_there_is_room_again(tmp_path: Path):
    async def run() -> None:
        with site(tmp_path, most_bytes=600) as found:
            commit = GroupCommit(found.durable)
            found.broker.is_away = True
            told: list[bool] = []
            while all(told):
                told += await added(commit, [len(told)])
            assert len(told) > 2
            assert await added(commit, [100]) == [False]
            assert not found.durable.is_safe
            assert sum("is full" in text for text in found.said) == 1
            found.replay.start()
            found.broker.is_away = False
            await until(lambda: found.durable.is_safe)
            await until(lambda: found.spool.held().oldest_ms is None)
            assert all(await added(commit, [200]))
            assert {one.timestamp_ms for one in found.broker.log} >= set(range(len(told) - 1)) | {200}

    asyncio.run(run())


def test_the_replay_outlives_what_goes_wrong_with_it_and_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        with site(tmp_path) as found:
            found.broker.is_away = True
            assert all(await added(GroupCommit(found.durable), range(10)))
            found.broker.is_away = False
            done, failures = Claimed.done, []

            def failing(claimed: Claimed, end: int) -> None:
                if len(failures) < 3:
                    failures.append(end)
                    raise RuntimeError("the disk is gone")
                done(claimed, end)

            monkeypatch.setattr(Claimed, "done", failing)
            found.replay.start()
            await until(lambda: found.spool.held().oldest_ms is None)
            assert {one.timestamp_ms for one in found.broker.log} == set(range(10))
            assert sum("the disk is gone" in text for text in found.said) == 1

    asyncio.run(run())


def test_what_a_process_left_is_replayed_at_the_next_start(tmp_path: Path):
    async def run(broker_is_away: bool, numbers: range) -> list[int]:
        with site(tmp_path) as found:
            found.broker.is_away = broker_is_away
            commit = GroupCommit(found.durable)
            assert all(await added(commit, numbers))
            if not broker_is_away:
                found.replay.start()
                await until(lambda: found.spool.held().oldest_ms is None)
            return [one.timestamp_ms for one in found.broker.log]

    assert asyncio.run(run(True, range(10))) == []
    assert asyncio.run(run(False, range(10, 20))) == [*range(10, 20), *range(10)]


def test_a_disk_that_hangs_is_answered_with_a_refusal_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dkd.collect.commit._WAIT_S", 0.05)

    class Hanging(MemorySink):
        waits = 1

        def pending(self) -> int:
            return self.waits

    async def run() -> None:
        sink = Hanging()
        commit = GroupCommit(sink)
        assert await added(commit, [1, 2]) == [False, False]
        assert await added(commit, [3]) == [False]
        sink.waits = 0
        await until(lambda: commit._settled.is_set())
        assert await added(commit, [4]) == [True]

    asyncio.run(run())


def test_kafka_is_believed_by_the_targets_own_authority(tmp_path: Path):
    missing = tmp_path / "ca.pem"
    with pytest.raises(DkdError, match=r"DKD463") as found:
        KafkaSink(KafkaSettings("k:9092", security="SASL_SSL", user="me", password="s3cret", ca=str(missing)))
    assert "ssl.ca.location" in str(found.value)
    assert "s3cret" not in str(found.value)
