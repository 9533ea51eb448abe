"""Replay's sender and the real collector agree: on what is accepted, on reasons, and on what happens without Kafka."""

import json
import threading
from collections import Counter

import pytest
from collector_server import running

from dkd.collect.message import Message
from dkd.collect.produce import MemorySink
from dkd.jobs.lanes import Body, bodies
from dkd.jobs.lines import Line
from dkd.jobs.send import HttpCollector, Sending
from dkd.model.load import load
from dkd.model.preset import preset_files

MODEL = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
EVENT = {"event": "page_view", "party_id": "p", "timestamp_ms": 1_795_000_000_000}
LOG = b'203.0.113.9 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "-"'


def lines(*events: object) -> tuple[bytes, ...]:
    return tuple(event if isinstance(event, bytes) else json.dumps(event).encode() for event in events)


def rejects(messages: list[Message]) -> list[tuple[bytes, bytes]]:
    return [(dict(one.headers)["dkd-reject-id"], one.value) for one in messages if one.topic == "shop.rejects"]


@pytest.fixture
def collector():
    with running(MODEL) as server:
        made = HttpCollector(server.url, None, is_local=True)
        yield server, made
        made.close()


def test_every_line_is_accepted_or_refused_with_its_reason_and_its_place(collector):
    server, made = collector
    wanted = lines(EVENT, b"{broken", {**EVENT, "timestamp_ms": None}, {**EVENT, "nope": 1}, {**EVENT, "party_id": ""})
    reply = made.post(Body("run-0-0", wanted, is_log=False))
    assert (reply.status, reply.accepted, reply.ignored) == (200, 2, {"nope": 1})
    assert sum(reply.reasons.values()) == 3
    assert reply.reasons["not_json"] == reply.reasons["bad_time"] == 1
    assert rejects(server.messages) == [(b"run-0-0:%d" % n, wanted[n]) for n in (1, 2, 4)]
    made.post(Body("run-0-0", wanted, is_log=False))
    assert len({reject_id for reject_id, _ in rejects(server.messages)}) == 3


def test_a_line_that_is_no_log_line_is_refused_as_such(collector):
    server, made = collector
    reply = made.post(Body("run-0-0", (LOG, b"nonsense", b"\xff\xfe"), is_log=True))
    assert (reply.accepted, reply.reasons) == (1, {"not_combined_log": 2})
    assert [value for _, value in rejects(server.messages)] == [b"nonsense", b"\xff\xfe"]


def test_a_body_of_nothing_but_broken_lines_is_answered_like_any_other(collector):
    _, made = collector
    assert made.post(Body("b", (b"{", b"[1]", b"x" * 120_000), is_log=False)).reasons == Counter(
        {"not_json": 1, "not_an_object": 1, "too_large": 1}
    )


def test_without_kafka_it_is_tried_again_until_kafka_is_back():
    is_back = threading.Event()

    class Away(MemorySink):
        """Loses everything until Kafka is back."""

        def send(self, messages):
            self.group = messages
            if is_back.is_set():
                super().send(messages)

        def failed(self):
            return () if is_back.is_set() else self.group

    sink = Away()
    with running(MODEL, make_sink=lambda: sink) as server:
        made = HttpCollector(server.url, None, is_local=True)
        wanted = [
            Line(body, 0, "p", is_timed=True) for body in lines(*({**EVENT, "event_id": str(n)} for n in range(700)))
        ]
        with Sending(lambda: made, [bodies(wanted, "run")]) as sending:
            assert not sending.done(1)
            assert "503" in sending.total.waits_for
            is_back.set()
            assert sending.done(30)
        made.close()
        assert (sending.total.sent, sending.total.accepted) == (700, 700)
        assert len(server.messages) == 700


def test_a_wrong_key_is_refused_for_good():
    with running(MODEL) as server:
        made = HttpCollector(server.url, "wrong", is_local=False)
        assert made.post(Body("b", lines(EVENT), is_log=False)).status == 401
        made.close()


def test_where_nobody_listens_there_is_no_answer():
    made = HttpCollector("http://127.0.0.1:9", None, is_local=True)
    assert not made.ping(0.1)
    with pytest.raises(ConnectionError):
        made.post(Body("b", lines(EVENT), is_log=False))
    made.close()
