"""When a partition of a real Kafka is silent and since when, and what the ticker writes then."""

import os
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import NamedTuple

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import loop_on, memory, run_out, shop, work
from stream_site import raw as raw_records

from dkd.enrich.state import State
from dkd.settings import KafkaSettings, Ports
from dkd.stream import clients
from dkd.stream.clients import Names
from dkd.stream.kafka import KafkaSource
from dkd.stream.loop import Live
from dkd.stream.records import Batch, Positions
from dkd.stream.source import Limits
from dkd.stream.ticker import Ticker, tick_writer

pytestmark = pytest.mark.stack

PARTITIONS = 2


class Owner:
    """An owner that begins at the offsets it is given."""

    def __init__(self, begin: Mapping[int, int]) -> None:
        self._begin = begin

    def gained(self, committed: Positions) -> Mapping[int, int | None]:
        return {one: self._begin.get(one) for one in committed}

    def lost(self, partitions: Collection[int]) -> None:
        pass


class Raw(NamedTuple):
    """A raw topic as ``dkd deploy`` makes it."""

    kafka: KafkaSettings
    names: Names

    def add(self, partition: int, *values: str, transactional: bool = False) -> None:
        more = {"transactional.id": self.names.raw} if transactional else {}
        producer = Producer({"bootstrap.servers": self.kafka.servers, **more})
        if transactional:
            producer.init_transactions(30)
            producer.begin_transaction()
        for value in values:
            producer.produce(self.names.raw, value, "k", partition, timestamp=1)
        if transactional:
            producer.commit_transaction(30)
            self._until_marked(partition, len(values) + 1)
        assert producer.flush(30) == 0

    def _until_marked(self, partition: int, end: int) -> None:
        """Wait until readers of committed records see *end*: a commit returns before its end is marked."""
        until_s = time.monotonic() + 30
        with closing(Consumer({"bootstrap.servers": self.kafka.servers, "group.id": "test"})) as reader:
            place = TopicPartition(self.names.raw, partition)
            while reader.get_watermark_offsets(place, 5)[1] < end:
                assert time.monotonic() < until_s
                time.sleep(0.02)

    def source(self, stack: ExitStack, begin: Mapping[int, int] | None = None) -> tuple[KafkaSource, list[Batch]]:
        """A source that has read both partitions from *begin* to their ends, and what it gave."""
        member = clients.member(self.kafka, self.names._replace(instance=uuid.uuid4().hex), lambda _: None)
        found = stack.enter_context(closing(KafkaSource(member, self.kafka, self.names, lambda _: None)))
        owner, batches, until_s = Owner(begin or {}), list[Batch](), time.monotonic() + 60
        while not all(map(found.is_at_end, range(PARTITIONS))) and time.monotonic() < until_s:
            batches += found.poll(owner, Limits(wait_s=0.2))
        return found, batches

    def ticks(self, partition: int) -> list[tuple[int, bytes]]:
        """Offset and header of each record without value."""
        more = {"bootstrap.servers": self.kafka.servers, "group.id": "test", "enable.partition.eof": True}
        found = []
        with closing(Consumer(more)) as reader:
            reader.assign([TopicPartition(self.names.raw, partition, OFFSET_BEGINNING)])
            while (message := reader.poll(30)) is not None and message.error() is None:
                if message.value() is None:
                    assert message.key() is None
                    found.append((message.offset(), dict(message.headers())["dkd-tick"]))
        return found


@pytest.fixture
def raw(request: pytest.FixtureRequest) -> Iterator[Raw]:
    named = os.environ.get("DKD_TEST_KAFKA")
    servers = named or f"127.0.0.1:{Ports.at(request.getfixturevalue('stack').base_port).kafka}"
    names = Names.of(work().setup.model)
    made = Raw(KafkaSettings(servers), names._replace(raw=f"t{uuid.uuid4().hex[:8]}.raw", group=uuid.uuid4().hex))
    admin = AdminClient({"bootstrap.servers": servers})
    wanted = NewTopic(made.names.raw, PARTITIONS, 1, config={"message.timestamp.type": "LogAppendTime"})
    admin.create_topics([wanted])[made.names.raw].result()
    yield made
    admin.delete_topics([made.names.raw])[made.names.raw].result()


def now_ms() -> int:
    return int(time.time() * 1_000)


def test_silence_lasts_since_the_broker_took_the_last_record(raw: Raw):
    before_ms = now_ms()
    raw.add(0, "a", "b")
    with ExitStack() as stack:
        source, batches = raw.source(stack)
        assert [len(batch) for batch in batches] == [2]
        silent = source.silent()
        assert silent[0].next_offset == 2
        assert before_ms - 1_000 <= silent[0].time_ms <= now_ms() + 1_000, "not the time that the producer gave"
        assert source.ends() == {0: 2, 1: 0}
        raw.add(0, "c")
        assert not source.is_at_end(0)
        assert source.is_at_end(1)


def test_after_a_restart_silence_lasts_since_the_same_record_which_is_not_read_again(raw: Raw):
    raw.add(0, "a", "b")
    with ExitStack() as stack:
        first = raw.source(stack)[0].silent()[0]
    with ExitStack() as stack:
        source, batches = raw.source(stack, {0: 2})
        assert batches == []
        assert source.silent()[0] == first


def test_where_the_last_record_was_deleted_silence_lasts_since_the_start(raw: Raw):
    raw.add(0, "a", "b")
    place, admin = TopicPartition(raw.names.raw, 0, 2), AdminClient({"bootstrap.servers": raw.kafka.servers})
    admin.delete_records([place])[place].result(60)
    before_ms = now_ms()
    with ExitStack() as stack:
        source, _ = raw.source(stack, {0: 2})
        assert before_ms <= source.silent()[0].time_ms <= now_ms()


def test_the_end_mark_of_a_transaction_is_no_record_to_wait_for(raw: Raw):
    raw.add(0, "a", transactional=True)
    with ExitStack() as stack:
        source, _ = raw.source(stack)
        assert source.silent()[0].next_offset == 1
        assert source.is_at_end(0)


def busy() -> Live:
    """A partition after some events, with open sessions."""
    store = memory(shop(), raw_records(shop(), 60)[:-1])
    loop = loop_on(store, work())
    run_out(loop, store, Limits())
    assert len(loop.live[0].state.sessions) > 0
    return loop.live[0]


def test_the_ticker_writes_one_tick_at_the_end_of_the_log_of_a_partition_with_open_sessions(raw: Raw):
    raw.add(0, "a")
    raw.add(1, "a")
    live, now_s = busy(), [0.0]
    idle = replace(live, state=State(live.state.watermark_ms))
    with ExitStack() as stack:
        source, _ = raw.source(stack)
        setup, writer = work().setup, tick_writer(raw.kafka)
        ticker = stack.enter_context(closing(Ticker(source, writer, raw.names.raw, setup, lambda: now_s[0])))
        last_ms = source.silent()[0].time_ms
        now_s[0] = last_ms / 1_000 + 1
        assert ticker.write({0: live}) == 0, "too early"
        now_s[0] += 3 * 3_600
        assert ticker.write({0: idle, 1: idle}) == 0, "nobody is there"
        now_s[0] += 1
        assert ticker.write({0: live, 1: idle}) == 1
        assert writer.flush(30) == 0
        now_s[0] += 1
        assert ticker.write({0: live, 1: idle}) == 0, "there is something to read"
    wanted_ms = int(live.state.watermark_ms or 0) + round((now_s[0] - 1) * 1_000) - last_ms
    [(offset, header)] = raw.ticks(0)
    assert offset == 1
    assert abs(int(header) - wanted_ms) <= 1
    assert raw.ticks(1) == []
