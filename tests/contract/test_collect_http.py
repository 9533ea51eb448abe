"""Divolte's recorded requests over a real connection, byte for byte, and what a connection owes its client."""

import asyncio
import hashlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from collect_load import load as load_on
from collect_load import requests_of
from collector_server import Running, running
from divolte_vectors import LIMITED, Vector, rich_model, vectors, wire

from dkd.model.load import load

MODEL = load("dkd: 1\nsite: shop\ncollector: {ip: full}\nevents: {page_view: {}}\n", "shop.yaml")
LISTED = load(
    'dkd: 1\nsite: shop\ncollector: {ip: full, proxies: ["127.0.0.1"]}\nevents: {page_view: {}}\n', "shop.yaml"
)
OWN_SCRIPT = {"h001", "h003", "h005"}
RENAMED_SCRIPT = {"h009"}
"""dkd's tag has its two names only."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Running]:
    with running(MODEL) as found:
        yield found


def parted(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), body


VECTORS = [one for one in vectors("default") if one["id"] not in LIMITED]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["id"])
def test_the_answer_on_the_wire_is_divoltes(vector: Vector, collector: Running):
    for before in vector.get("before", []):
        collector.exchange(wire(before))
    status, headers, body = parted(collector.exchange(wire(vector["request"])))
    wanted = dict(vector["response"]["headers"])
    assert status == vector["response"]["status"]
    if "Date" in headers:
        headers["Date"] = "<date>"
    if vector["id"] in OWN_SCRIPT:
        for name in ("Content-Length", "ETag"):
            assert headers.pop(name)
            wanted.pop(name)
    else:
        assert hashlib.sha256(body).hexdigest() == vector["response"]["body_sha256"]
    assert headers == wanted


@pytest.fixture(scope="module")
def rich() -> Iterator[Running]:
    with running(rich_model()) as found:
        yield found


RICH = [one for one in vectors("rich") if not one.get("server_fault") and one["id"] not in RENAMED_SCRIPT]


@pytest.mark.parametrize("vector", RICH, ids=lambda one: one["id"])
def test_the_answer_of_the_other_profile_is_divoltes(vector: Vector, rich: Running):
    for before in vector.get("before", []):
        rich.exchange(wire(before))
    status, headers, body = parted(rich.exchange(wire(vector["request"])))
    assert status == vector["response"]["status"]
    assert headers == dict(vector["response"]["headers"]) | ({"Date": headers["Date"]} if "Date" in headers else {})
    assert hashlib.sha256(body).hexdigest() == vector["response"]["body_sha256"]


GET = b"GET /ping HTTP/1.1\r\nHost: c\r\n\r\n"
LAST = b"GET /ping HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"


def test_a_connection_is_kept_and_answers_keep_their_order(collector: Running):
    unknown = b"GET /nothing HTTP/1.1\r\nHost: c\r\n\r\n"
    answers = collector.exchange(GET + unknown + GET + LAST).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"404", b"200", b"200"]
    assert [b"Connection: keep-alive" in answer for answer in answers] == [True, True, True, False]


def test_an_event_is_answered_before_what_was_asked_after_it(collector: Running):
    event = b"GET /csc-event?p=0%3Ak%3Aa HTTP/1.1\r\nHost: c\r\n\r\n"
    answers = collector.exchange(event + GET + event + LAST).split(b"HTTP/1.1 ")[1:]
    assert [b"pong" in answer for answer in answers] == [False, True, False, True]


def test_a_request_may_come_in_pieces(collector: Running):
    with socket.create_connection(("127.0.0.1", collector.port), timeout=5) as client:
        for byte in LAST:
            client.sendall(bytes((byte,)))
        found = b""
        while part := client.recv(4096):
            found += part
    assert found.endswith(b"\r\n\r\npong")


@pytest.mark.parametrize(
    "content",
    [
        b"GET /ping HTTP/1.1\r\nHost : c\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        b"GET /ping HTTP/2.0\r\n\r\n",
        b"GET /ping\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"POST /collect HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /ping HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(201)) + b"\r\n",
        b"GET /ping HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /ping?" + b"y" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nX: " + b"y" * 70_000,
    ],
    ids=lambda content: repr(content[:40]),
)
def test_what_is_malformed_or_too_large_ends_the_connection(content: bytes, collector: Running):
    assert collector.exchange(content) == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


CHUNKED = b"POST /collect HTTP/1.1\r\nHost: c\r\nX-Forwarded-For: 203.0.113.7\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("trailers", [b"X: y\r\n" * 500_000, b"X: " + b"y" * 3_000_000], ids=["many", "one"])
def test_what_follows_a_body_without_end_is_not_collected(trailers: bytes, collector: Running):
    assert collector.exchange(CHUNKED + b"2\r\n{}\r\n0\r\n" + trailers).startswith(b"HTTP/1.1 400 ")


def test_what_a_visitor_puts_behind_a_body_is_not_believed():
    event = b'{"event":"page_view"}'
    head = CHUNKED.replace(b"/collect", b"/collect?p=0:k:p&s=0:k:s")
    with running(LISTED) as listed, socket.create_connection(("127.0.0.1", listed.port), timeout=5) as client:
        client.sendall(head + b"%x\r\n%s\r\n0\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n" % (len(event), event))
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        (message,) = listed.messages
    assert b"203.0.113.7" in message.value


def test_two_hundred_headers_are_fine(collector: Running):
    content = (
        b"GET /ping HTTP/1.1\r\nConnection: close\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(199)) + b"\r\n"
    )
    assert collector.exchange(content).endswith(b"pong")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_told_so_even_to_a_client_that_sends_all_of_it_first(
    declared: bool, collector: Running
):
    body = b"x" * 300_000
    if declared:
        content = b"POST /collect HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    else:
        content = (
            b"POST /collect HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
        )
    assert collector.exchange(content).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_asks_first_is_told_to_go_on(collector: Running):
    head = b"POST /ping HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", collector.port), timeout=5) as client:
        client.sendall(head)
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert client.recv(4096).endswith(b"pong")


def test_an_event_is_known_by_the_bytes_of_its_headers(collector: Running):
    """Divolte reads headers as Latin-1, so UTF-8 arrives in pieces; a lost user agent would be worse."""
    vector = vectors("default", "p001")[0]
    request = {**vector["request"], "headers": [["User-Agent", "Agént"]]}
    before = len(collector.messages)
    collector.exchange(wire(request))
    assert "AgÃ©nt".encode() in collector.messages[before].value


def test_stopping_answers_what_has_begun_and_closes_what_is_idle():
    with running(MODEL) as collector:
        address = ("127.0.0.1", collector.port)
        with (
            socket.create_connection(address, timeout=5) as idle,
            socket.create_connection(address, timeout=5) as begun,
        ):
            begun.sendall(GET[:10])
            time.sleep(0.1)
            started = time.monotonic()
            stopping = threading.Thread(target=collector.stop)
            stopping.start()
            assert idle.recv(4096) == b""
            begun.sendall(GET[10:])
            assert begun.recv(4096).endswith(b"pong")
            stopping.join(10)
            assert time.monotonic() - started < 5


def test_stopping_under_load_leaves_no_request_without_its_answer():
    sent = requests_of("get", "stop")
    with running(MODEL) as collector:
        stopping = threading.Timer(0.4, collector.stop)
        stopping.start()
        found = asyncio.run(load_on(collector.port, sent, connections=8, seconds=1, rate=400))
        stopping.join()
    assert found.statuses.keys() == {200}
    assert found.statuses[200] == len(collector.messages)


TARGET = b"/csc-event?p=0%3Ak%3Ap&s=0%3Ak%3As&v=v&e=e&c=k&n=t&f=t"
EVENT = b"GET %s HTTP/1.1\r\nHost: c\r\nX-Forwarded-For: 198.51.100.1\r\n" % TARGET
V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.mark.parametrize(
    ("preamble", "address"),
    [
        (b"PROXY TCP4 203.0.113.7 10.0.0.1 4000 443\r\n", b"203.0.113.7"),
        (b"PROXY TCP6 2001:db8::5 ::1 4000 443\r\n", b"2001:db8:0:0:0:0:0:5"),
        (b"PROXY UNKNOWN\r\n", b"127.0.0.1"),
        (V2 + b"\x21\x11\x00\x0c" + bytes((203, 0, 113, 7, 10, 0, 0, 1, 1, 1, 1, 1)), b"203.0.113.7"),
        (V2 + b"\x21\x21\x00\x25" + bytes((0x20, 1, 0x0D, 0xB8, *[0] * 11, 5, *[0] * 21)), b"2001:db8:0:0:0:0:0:5"),
        (V2 + b"\x20\x00\x00\x00", b"127.0.0.1"),
        (b"", b"198.51.100.1"),
    ],
)
def test_a_listed_proxy_may_say_whom_a_connection_is_of(preamble: bytes, address: bytes, collector: Running):
    with running(LISTED) as listed:
        content = preamble + EVENT + b"\r\n" + EVENT + b"Connection: close\r\n\r\n"
        assert listed.exchange(content).count(b"HTTP/1.1 200 ") == 2
        with socket.create_connection(("127.0.0.1", listed.port), timeout=5) as client:
            for at in range(0, len(content), 7):
                client.sendall(content[at : at + 7])
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        assert len(listed.messages) == 4
        assert all(b"%c%s" % (2 * len(address), address) in one.value for one in listed.messages)
    if preamble:
        assert collector.exchange(content).startswith(b"HTTP/1.1 400 "), "anybody else"


@pytest.mark.parametrize("broken", [b"PROXY TCP4 nonsense\r\n", b"PROXY " + b"x" * 200, b"PROXY\r\n"])
def test_a_broken_preamble_ends_the_connection(broken: bytes):
    with running(LISTED) as listed:
        assert listed.exchange(broken + EVENT + b"\r\n").startswith(b"HTTP/1.1 400 ")
