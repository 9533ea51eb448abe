"""What the loop may rely on, whichever ends it runs on: memory, files or Kafka."""

import os
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from stream_site import loop_on, memory, raw, run_out, shop, work, written

from dkd.settings import KafkaSettings, Ports
from dkd.stream import clients
from dkd.stream.clients import Names
from dkd.stream.commit import KafkaSink, insist
from dkd.stream.file import FileStore
from dkd.stream.kafka import KafkaSource, read_to_end, state_reader
from dkd.stream.loop import Loop
from dkd.stream.memory import MemoryStore
from dkd.stream.records import Batch, Positions, Record, Result, Rows, tick_record
from dkd.stream.sink import Sink
from dkd.stream.source import Limits, Source
from dkd.stream.store import ALL, StoreSink, StoreSource

PARTITIONS = 2
LIMITS = Limits(wait_s=1.0)


class Ends(NamedTuple):
    """One kind of ends.

    Attributes:
        open: A source and a sink as a new process opens them; closed at the end of the block.
        add: Put records at the end of a raw partition.
        read: What readers of committed records see of one topic, by partition.
    """

    open: Callable[[], "contextmanager[tuple[Source, Sink]]"]
    add: Callable[[int, list[Record]], None]
    read: Callable[[str], dict[int, list[Record]]]


class Place:
    """An owner that begins where it is told."""

    def __init__(self) -> None:
        self.committed: dict[int, int | None] = {}

    def gained(self, committed: Positions) -> Mapping[int, int | None]:
        self.committed |= committed
        return committed

    def lost(self, partitions: Collection[int]) -> None:
        for partition in partitions:
            self.committed.pop(partition, None)


def of_store(store_of: Callable[[], object]) -> Ends:
    """Ends on a store; *store_of* opens it anew each time, as a new process would."""

    @contextmanager
    def opened() -> Iterator[tuple[Source, Sink]]:
        store = store_of()
        yield StoreSource(store), StoreSink(store)

    return Ends(
        opened,
        lambda partition, records: store_of().append({("raw", partition): records}, {}),
        lambda kind: {one: [r for _, r in store_of().read(kind, one, 0, ALL)] for one in range(PARTITIONS)},
    )


@contextmanager
def of_kafka(servers: str) -> Iterator[Ends]:
    """Ends on topics of their own."""
    names = Names.of(shop(f"t{uuid.uuid4().hex[:8]}"))
    kafka, admin = KafkaSettings(servers), AdminClient({"bootstrap.servers": servers})
    topics = (names.raw, *names.written)
    # Kept whatever their time: the records of these tests are older than what a broker keeps by default.
    wanted = [NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"}) for name in topics]
    for made in admin.create_topics(wanted).values():
        made.result()

    @contextmanager
    def opened() -> Iterator[tuple[Source, Sink]]:
        member = clients.member(kafka, names, lambda _: None)
        writer = clients.producer(kafka, names, lambda _: None)
        insist(lambda: writer.init_transactions(5), lambda passed_s: passed_s < 30)
        sink = KafkaSink(writer, member, names, lambda passed_s: passed_s < 30)
        source = KafkaSource(member, kafka, names, lambda _: None)
        with closing(source), closing(sink):
            yield source, sink

    def add(partition: int, records: list[Record]) -> None:
        producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
        for record in records:
            headers = list(record.headers) or None
            producer.produce(
                names.raw, record.value, record.key, partition, timestamp=record.timestamp_ms, headers=headers
            )
        assert producer.flush(30) == 0

    def read(kind: str) -> dict[int, list[Record]]:
        topic = getattr(names, kind)
        found: dict[int, list[Record]] = {one: [] for one in range(PARTITIONS)}
        with closing(state_reader(kafka, names)) as reader:
            _until_stable(reader, servers, topic)
            for one in read_to_end(reader, topic, dict.fromkeys(range(PARTITIONS), OFFSET_BEGINNING)):
                found[one.partition].append(Record(one.key or None, one.value, 0))
        return found

    yield Ends(opened, add, read)
    for gone in admin.delete_topics(list(topics)).values():
        gone.result()


def _until_stable(reader: Consumer, servers: str, topic: str) -> None:
    """Wait until no transaction is open: a commit returns before its end is marked in every partition."""
    more = {"bootstrap.servers": servers, "group.id": "test", "isolation.level": "read_uncommitted"}
    with closing(Consumer(more)) as anybody:
        for partition in range(PARTITIONS):
            place, until_s = TopicPartition(topic, partition), time.monotonic() + 30
            while reader.get_watermark_offsets(place, 5)[1] < anybody.get_watermark_offsets(place, 5)[1]:
                assert time.monotonic() < until_s, f"a transaction stays open in {topic} {partition}"
                time.sleep(0.02)


@pytest.fixture(params=["memory", "file", pytest.param("kafka", marks=pytest.mark.stack)])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    if request.param == "memory":
        store = MemoryStore(PARTITIONS)
        yield of_store(lambda: store)
    elif request.param == "file":
        yield of_store(lambda: FileStore(tmp_path / "topics", PARTITIONS))
    else:
        with of_kafka(kafka_servers(request)) as found:
            yield found


def kafka_servers(request: pytest.FixtureRequest) -> str:
    """A running Kafka: of the run's stack, or the one that ``DKD_TEST_KAFKA`` names."""
    named = os.environ.get("DKD_TEST_KAFKA")
    return named or f"127.0.0.1:{Ports.at(request.getfixturevalue('stack').base_port).kafka}"


def record(text: str, time_ms: int = 1_780_000_000_000) -> Record:
    return Record(text.encode(), text.upper().encode(), time_ms)


def polled(source: Source, owner: Place, limits: Limits = LIMITS, until: int = 1) -> list[Batch]:
    """Batches of at least *until* records, if there are so many within a while."""
    found: list[Batch] = []
    for _ in range(20):
        found += source.poll(owner, limits)
        if sum(map(len, found)) >= until:
            break
    return found


def seen(batches: list[Batch]) -> dict[int, list[tuple[int, bytes | None]]]:
    found: dict[int, list[tuple[int, bytes | None]]] = {}
    for batch in batches:
        found.setdefault(batch.partition, []).extend(zip(batch.offsets, batch.values, strict=True))
    return found


def bare(found: dict[int, list[Record]]) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
    return {one: [(record.key, record.value) for record in records] for one, records in found.items()}


def result(partition: int, next_offset: int, *texts: str) -> Result:
    records = [record(text) for text in texts]
    state = Rows.of("state", [Record(b"d1", text.encode(), 1) for text in texts])
    rejects = Rows.of("rejects", [Record(None, b"bytes", 1, (("dkd-reason", b"late"),))])
    return Result(partition, next_offset, [Rows.of("clean", records), state, rejects])


def test_records_come_with_key_value_offset_and_time_in_order(ends: Ends):
    ends.add(0, [record("a", 5), Record(None, None, 6), record("b", 7)])
    ends.add(1, [record("c", 8)])
    with ends.open() as (source, _):
        owner = Place()
        batches = polled(source, owner, until=4)
    assert owner.committed == {0: None, 1: None}
    first = [batch for batch in batches if batch.partition == 0]
    assert [key for batch in first for key in batch.keys] == [b"a", None, b"b"]
    assert [time_ms for batch in first for time_ms in batch.timestamps_ms] == [5, 6, 7]
    assert seen(batches) == {0: [(0, b"A"), (1, None), (2, b"B")], 1: [(0, b"C")]}


def test_ticks_come_with_their_time_and_other_empty_records_as_nothing(ends: Ends):
    time_ms = 1_780_000_000_000
    other = [
        Record(None, None, 6, (("dkd-tick", b"soon"),)),
        Record(None, None, 7),
        Record(None, None, 8, (("x", b"1"),)),
    ]
    ends.add(0, [tick_record(time_ms, 5), *other, record("a"), tick_record(time_ms + 1, 9)])
    with ends.open() as (source, _):
        batches = polled(source, Place(), until=6)
    assert [tick for batch in batches for tick in batch.ticks] == [(0, time_ms), (5, time_ms + 1)]
    assert sum(map(len, batches)) == 6


def test_a_commit_is_seen_whole_and_the_next_process_begins_behind_it(ends: Ends):
    ends.add(0, [record(text) for text in "abcd"])
    with ends.open() as (source, sink):
        polled(source, Place(), until=4)
        sink.commit([result(0, 3, "x", "y")])
        assert bare(ends.read("clean")) == {0: [(b"x", b"X"), (b"y", b"Y")], 1: []}
        assert bare(ends.read("rejects"))[0] == [(None, b"bytes")]
    with ends.open() as (source, _):
        owner = Place()
        assert seen(polled(source, owner)) == {0: [(3, b"D")]}
        assert owner.committed == {0: 3, 1: None}


def test_what_was_read_and_not_committed_is_read_again(ends: Ends):
    ends.add(1, [record(text) for text in "abc"])
    for _ in range(2):
        with ends.open() as (source, _):
            assert seen(polled(source, Place(), until=3)) == {1: [(0, b"A"), (1, b"B"), (2, b"C")]}


def test_the_changelog_gives_each_partition_in_order_and_only_what_was_asked_for(ends: Ends):
    ends.add(0, [record("a")])
    with ends.open() as (source, sink):
        polled(source, Place())
        sink.commit([result(0, 1, "x", "y"), result(1, 0, "z")])
        sink.commit([result(0, 1, "w")])
        assert [one.value for one in source.changelog([0])] == [b"x", b"y", b"w"]
        assert {one.partition for one in source.changelog([0, 1])} == {0, 1}
        assert list(source.changelog([])) == []


def test_limits_hold(ends: Ends):
    ends.add(0, [record(f"{seq:04}") for seq in range(50)])
    with ends.open() as (source, _):
        owner = Place()
        polled_once = polled(source, owner, Limits(events=7, wait_s=30.0))
        assert sum(map(len, polled_once)) == 7
        rest = polled(source, owner, until=43)
        assert [offset for offset, _ in seen(polled_once + rest)[0]] == list(range(50))


def test_an_empty_topic_gives_nothing(ends: Ends):
    with ends.open() as (source, _):
        assert source.poll(Place(), Limits(wait_s=0.2)) == []


def test_the_whole_loop_gives_the_same_bytes_as_in_memory(ends: Ends):
    """Two processes, one after the other, with another cut each."""
    model = shop(partitions=PARTITIONS)
    calm = memory(model, raw(model, 120))
    for partition in range(PARTITIONS):
        ends.add(partition, [found for _, found in calm.read("raw", partition, 0, ALL)])
    run_out(loop_on(calm, work()), calm, Limits())
    with ExitStack() as stack:
        source, sink = stack.enter_context(ends.open())
        Loop(source, sink, work()).step(Limits(events=50, wait_s=3.0))
    with ends.open() as (source, sink):
        loop = Loop(source, sink, work())
        for _ in range(100):
            loop.step(Limits(events=70, wait_s=0.5))
            if all(ended(loop, calm, one) for one in range(PARTITIONS)):
                break
    for kind in ("clean", "sessions", "rejects"):
        wanted = {one: records for (topic, one), records in written(calm).items() if topic == kind}
        assert bare(ends.read(kind)) == bare(wanted)


def ended(loop: Loop, store: MemoryStore, partition: int) -> bool:
    live = loop.live.get(partition)
    return live is not None and live.next_offset == len(store.read("raw", partition, 0, ALL))


def test_a_file_end_passes_by_what_a_killed_process_left_behind(tmp_path: Path):
    ends = of_store(lambda: FileStore(tmp_path, PARTITIONS))
    with ends.open() as (_, sink):
        sink.commit([result(0, 1, "x")])
    for log in tmp_path.rglob("*.log"):
        with log.open("ab") as file:
            file.write(b"half a rec")
    (tmp_path / "committed.new").write_text("{half")
    assert bare(ends.read("clean"))[0] == [(b"x", b"X")]
    with ends.open() as (_, sink):
        sink.commit([result(0, 2, "y")])
    assert bare(ends.read("clean"))[0] == [(b"x", b"X"), (b"y", b"Y")]
    assert ends.read("rejects")[0][0].headers == (("dkd-reason", b"late"),)
