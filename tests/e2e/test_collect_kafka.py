"""Events over HTTP become records of the raw topic, as clients of Divolte know them, and rejects beside them."""

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import fastavro
import pytest
import requests
from confluent_kafka import Consumer, Message, TopicPartition
from kafka.partitioner.default import murmur2
from real_stack import Stack

from dkd.model.load import read_model
from dkd.settings import Ports
from dkd.systems.avro.render import frame, raw_schema, schema_id

pytestmark = pytest.mark.stack

PARTITIONS = 4


@pytest.fixture
def consumer(stack: Stack) -> Iterator[Consumer]:
    ports = Ports.at(stack.base_port)
    made = Consumer({"bootstrap.servers": f"127.0.0.1:{ports.kafka}", "group.id": uuid.uuid4().hex})
    yield made
    made.close()


def url(stack: Stack) -> str:
    return f"http://127.0.0.1:{Ports.at(stack.base_port).collector}"


def records_of(consumer: Consumer, topic: str, produce: Callable[[], None], keys: set[bytes]) -> list[Message]:
    """The records with one of *keys* that *produce* adds to *topic*, one of each."""
    wanted = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(
        [TopicPartition(one.topic, one.partition, consumer.get_watermark_offsets(one)[1]) for one in wanted]
    )
    produce()
    found: list[Message] = []
    end = time.monotonic() + 30
    while len(found) < len(keys) and time.monotonic() < end:
        message = consumer.poll(1)
        # The enricher's ticks come between, whenever a session is about to end, and so do rejects of earlier tests.
        if message is not None and message.error() is None and message.key() in keys and message.value() is not None:
            found.append(message)
    return found


def test_a_divolte_request_and_a_batch_become_framed_avro_keyed_by_party(stack: Stack, consumer: Consumer):
    schema = raw_schema(read_model(stack.project / "specs" / "shop.yaml"))
    run = uuid.uuid4().hex
    parties = [f"{run}-{number}" for number in range(8)]
    pixel = {
        "p": f"0:k0:{run}",
        "s": "0:k0:s",
        "v": "0:v",
        "e": f"0:{run}",
        "c": "k0abc123",
        "n": "t",
        "f": "t",
        "t": "pageView",
    }

    def produce() -> None:
        got = requests.get(f"{url(stack)}/csc-event", params=pixel, timeout=10)
        assert (got.status_code, len(got.content)) == (200, 37)
        body = "\n".join(json.dumps({"event": "page_view", "party_id": party}) for party in parties)
        sent = requests.post(
            f"{url(stack)}/collect", data=body, headers={"Content-Type": "application/x-ndjson"}, timeout=10
        )
        assert sent.json()["accepted"] == len(parties)

    before_ms = time.time_ns() // 1_000_000
    keys = {name.encode() for name in (*parties, f"0:k0:{run}")}
    found = records_of(consumer, "shop.raw", produce, keys)
    assert len(found) == 9
    parsed = fastavro.parse_schema(schema)
    for message in found:
        value: bytes = message.value()
        assert value[:5] == frame(schema_id(schema))
        record: dict[str, Any] = fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed)
        assert message.key() == record["partyId"].encode()
        assert message.headers() is None
        # The broker dates what comes into raw.
        assert before_ms <= record["timestamp"] <= message.timestamp()[1] <= time.time_ns() // 1_000_000
        # The choice of Java's producers, computed by another client's code.
        assert message.partition() == (murmur2(message.key()) & 0x7FFFFFFF) % PARTITIONS
    assert {message.key() for message in found} == keys


def test_a_refused_event_is_a_record_with_its_reason(stack: Stack, consumer: Consumer):
    party = uuid.uuid4().hex
    content = json.dumps({"event": "page_veiw", "party_id": party}).encode()

    def produce() -> None:
        asked = requests.post(
            f"{url(stack)}/collect",
            params={"batch": "b1"},
            data=content,
            headers={"Content-Type": "text/plain"},
            timeout=10,
        )
        assert asked.json()["rejected"][0]["reason"] == "unknown_event"

    (message,) = records_of(consumer, "shop.rejects", produce, {party.encode()})
    assert message.value() == content
    headers = {name: value.decode() for name, value in message.headers()}
    assert (headers["dkd-reject-id"], headers["dkd-stage"], headers["dkd-reason"]) == (
        "b1:0",
        "collect",
        "unknown_event",
    )
    assert "page_view" in headers["dkd-remedy"]
