"""Load for a collector: believable requests, and clients that send them in a closed or an open loop.

    python tests/collect_load.py --port 8290 --kind get --seconds 5 --connections 64 [--rate 4000] [--core 1]

prints one line of JSON. In the open loop a request has a moment at which it is due, whatever became of those before,
and its latency counts from there.
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import mmh3

from dkd.collect.checksum import canonical_text

_LENGTH = re.compile(rb"Content-Length: (\d+)")
BATCH = 50
_KEPT = 4_000
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


def base36(number: int) -> str:
    digits, rest = "", abs(number)
    while rest:
        rest, digit = divmod(rest, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if number < 0 else "") + (digits or "0")


def get(number: int, run: str) -> bytes:
    """One event of Divolte's tag, whose event id tells *run* and *number*."""
    given = {
        "p": f"0:mp{number % 5000:x}abc:Qk3pPzUXmW_{run}", "s": f"0:mp{number % 5000:x}abd:pVvOvCzxEs",
        "v": f"0:TzkU2IrQ0f{number // 10}", "e": f"0:{run}-{number}", "c": "mp2kzabc", "n": "f", "f": "f",
        "l": f"https://shop.example/products/{number % 700}?utm_source=letter&utm_medium=email&utm_campaign=autumn",
        "r": "https://www.google.com/", "i": "1hc", "j": "u0", "k": "2", "w": "1gp", "h": "j9", "t": "addToCart",
        "u": f"(sproduct_id!A-{number % 700}!jprice!9.5!dquantity!2!)",
    }  # fmt: skip
    given["x"] = base36(mmh3.hash(canonical_text({name: [value] for name, value in given.items()}).encode(), 0))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
    head = f"GET /csc-event?{query} HTTP/1.1\r\nHost: c.shop.example\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n"
    head += f"X-Forwarded-For: {address(number)}\r\n"
    return f"{head}Referer: https://shop.example/\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def address(number: int) -> str:
    """Of a visitor behind the proxy: one of so many networks that none sends too fast."""
    return f"{20 + number % 80}.{number // 80 % 100}.{number // 8_000 % 200}.{number % 250}"


def event(number: int, run: str, is_bad: bool = False) -> dict[str, object]:
    """One event of dkd's tag; a bad one has a text where the price should be."""
    return {
        "event": "add_to_cart", "event_id": f"{run}-{number}", "timestamp_ms": 1_790_000_000_000 + number,
        "page_url": f"https://shop.example/products/{number % 700}?utm_source=letter&utm_medium=email&utm_campaign=a",
        "referrer_url": "https://www.google.com/", "pageview_id": f"0:TzkU2IrQ0f{number // 10}",
        "viewport_width": 1897, "viewport_height": 693, "screen_width": 1920, "screen_height": 1080,
        "product_id": f"A-{number % 700}", "price": "much" if is_bad else 9.5,
    }  # fmt: skip


def post(number: int, run: str, kind: str) -> bytes:
    """A body of :data:`BATCH` events; kind ``bad`` makes one in a hundred events a bad one."""
    first = number * BATCH
    numbers = range(first, first + BATCH)
    lines = (json.dumps(event(one, run, kind == "bad" and one % 100 == 7), separators=(",", ":")) for one in numbers)
    body = "\n".join(lines).encode()
    party = f"p=0:mp{number % 5000:x}abc:Qk3pPzUXmW_{run}&s=0:mp{number % 5000:x}abd:pVv&sent=1790000000000"
    more = ""
    if kind == "gzip":
        body, more = gzip.compress(body, 6), "Content-Encoding: gzip\r\n"
    head = f"POST /collect?{party} HTTP/1.1\r\nHost: c.shop.example\r\nUser-Agent: {AGENT}\r\n{more}"
    head += f"X-Forwarded-For: {address(number)}\r\n"
    return f"{head}Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def requests_of(kind: str, run: str) -> Iterator[bytes]:
    """Requests of *kind* for ever; their making costs nothing while they are sent, so the same ones come again."""
    make = (lambda number: get(number, run)) if kind == "get" else (lambda number: post(number, run, kind))
    return itertools.cycle([make(number) for number in range(_KEPT)])


@dataclass
class Result:
    """What was answered.

    Attributes:
        statuses: How often each status came; 0 for a connection that was lost with a request unanswered.
        latencies_s: Of each answer.
        answers: Times of sending and status by the request's number; only where numbers are asked for.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    refused: int = 0


class Client(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, free: Callable[["Client"], None], told: Callable[[int, float, object], None]) -> None:
        self.free, self.told = free, told
        self.buffer, self.due_s, self.tag, self.busy = b"", 0.0, object(), False
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def send(self, content: bytes, due_s: float, tag: object = None) -> None:
        self.due_s, self.tag, self.busy = due_s, tag, True
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        found = _LENGTH.search(self.buffer, 0, head)
        size = head + 4 + (int(found[1]) if found else 0)
        if len(self.buffer) < size:
            return
        status, closes = int(self.buffer[9:12]), self.buffer.find(b"Connection: close", 0, head) >= 0
        self.buffer, self.busy = b"", False
        self.told(status, self.due_s, self.tag)
        if closes:
            self.transport.close()
        else:
            self.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        if self.busy:
            self.busy = False
            self.told(-1 if isinstance(error, ConnectionResetError) else 0, self.due_s, self.tag)
        self.free(self)


async def load(port: int, requests: Iterator[bytes], connections: int, seconds: float, rate: float = 0) -> Result:
    """Send *requests* for *seconds*: *rate* a second, or each connection its next one as soon as it can."""
    loop, result = asyncio.get_running_loop(), Result()
    end_s = loop.time() + seconds
    free: deque[Client] = deque()
    waiting: deque[float] = deque()

    def told(status: int, due_s: float, _tag: object) -> None:
        result.statuses[status] += 1
        result.latencies_s.append(loop.time() - due_s)

    def is_free(client: Client) -> None:
        if client.lost:
            return
        if rate:
            if waiting:
                client.send(next(requests), waiting.popleft())
            else:
                free.append(client)
        elif loop.time() < end_s:
            client.send(next(requests), loop.time())

    made = [await loop.create_connection(lambda: Client(is_free, told), "127.0.0.1", port) for _ in range(connections)]
    began_s = loop.time()
    end_s = began_s + seconds
    for _, client in made:
        is_free(client)
    sent = 0
    while (now_s := loop.time()) < end_s:
        while rate and began_s + sent / rate <= now_s:
            due_s = began_s + sent / rate
            sent += 1
            while free and free[0].lost:
                free.popleft()
            if free:
                free.popleft().send(next(requests), due_s)
            else:
                waiting.append(due_s)
        await asyncio.sleep(0.001 if rate else 0.05)
    if all(client.lost for _, client in made):
        waiting.clear()
    until_s = loop.time() + 5
    while (any(client.busy for _, client in made) or waiting) and loop.time() < until_s:
        await asyncio.sleep(0.01)
    for transport, _ in made:
        transport.close()
    return result


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--port", type=int, required=True)
    wanted.add_argument("--kind", choices=["get", "post", "gzip", "bad"], default="get")
    wanted.add_argument("--seconds", type=float, default=5)
    wanted.add_argument("--connections", type=int, default=64)
    wanted.add_argument("--rate", type=float, default=0)
    wanted.add_argument("--core", type=int, default=None)
    given = wanted.parse_args()
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    requests = requests_of(given.kind, f"{time.time_ns():x}")
    print("ready", flush=True)
    input()
    began_s = time.monotonic()
    found = asyncio.run(load(given.port, requests, given.connections, given.seconds, given.rate))
    taken = sorted(found.latencies_s) or [0.0]
    part = {name: taken[min(int(len(taken) * at), len(taken) - 1)] for name, at in (("p50", 0.5), ("p99", 0.99))}
    more = {"seconds": time.monotonic() - began_s, "longest": taken[-1], **part}
    print(json.dumps({"statuses": {str(status): count for status, count in found.statuses.items()}, **more}))


if __name__ == "__main__":
    main()
