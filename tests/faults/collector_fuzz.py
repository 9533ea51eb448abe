"""Broken and odd requests to a running collector: ``python tests/faults/collector_fuzz.py [COUNT] [SEED]``.

Queries, mincode, JSON, logs and gzip are mutated where that reaches new lines of the parsers (the same routes run in
this process under a tracer, and what reaches something new is kept and mutated further); raw bytes without a guide.
Everything is sent to a real server in a process of its own. It must answer every request that is HTTP with a status of
the contract, answer or close on all else, never fail (500), and hold its memory.
"""

import asyncio
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from dkd.collect.message import Message, Request
from dkd.collect.produce import MemorySink
from dkd.collect.routes import Routes, routes
from dkd.collect.server import Server, listening
from dkd.model.load import load
from dkd.settings import settings

MODEL = load(
    """
dkd: 1
site: shop
collector: {opt_out: anonymous, scrub: [token], cookie: server, ip: hash, json_source: {path: /json},
            proxies: ["127.0.0.1"], rate: 0}
events: {page_view: {}, buy: {fields: {price: {type: double, required: true}, n: int, tags: list, size: {type: enum, values: [s, m]}}}}  # noqa: E501
fields: {host: {type: string, from: location host}, c: {type: int, from: cookie c}, h: {type: list, from: header H},
         deep: {type: list, from: "path $.a[*].b"}, q: {type: string, from: query q, default: x}}
""",  # noqa: E501
    "shop.yaml",
)
ALLOWED = {200, 204, 304, 400, 401, 404, 405, 413, 415}
"""429 and 503 have their time, not here: no bound is set, and everything is safe."""
MOST_GROWTH_MB = 24
PARTY = "p=0%3Ak0abc123%3ApartyA&s=0%3Ak0abc123%3AsessA"
MANDATORY = f"{PARTY}&v=0%3Apv&e=0%3Apv0&c=k0abc124&n=t&f=t"
SEEDS: dict[str, list[bytes]] = {
    "query": [
        f"{MANDATORY}&t=buy&l=https%3A%2F%2Fshop.example%2F%3Ftoken%3D1&w=100&h=hs&i=1hc&j=u0&k=2&x=-lcwznc".encode(),
        b"a=%F0%9F%98%80&b=%ED%A0%80&c=%C3&=&&+=%2B", b"?".join([b"p=%zz"] * 3), b"&".join([b"a"] * 120),
    ],
    "mincode": [
        b"(sfoo!hello!dbar!16!)", b"ad1!stwo!ntfn().", b"(ja!1.5!db!-11!jd!1e+21!sk~~y~!!v~~a~!l!)", b"(" * 40, b"j1e999!",  # noqa: E501
        b"(aa!(sb!x!)(sb!y!)..sprice!9.5!)", "(sm!😀!)".encode(),
    ],
    "json": [
        b'{"event":"buy","party_id":"me","price":9.5,"n":3,"tags":["a"],"size":"m","timestamp_ms":1790000000000}',
        b'[{"event":"page_view","party_id":"me","ip":"203.0.113.9","country":"NL"},{"event":"bye"}]', b"[" * 40,
        b'{"event":"page_view","party_id":"\\ud83d","page_url":"https://a/?q=1&token=2#x","unknown":{"a":[{"b":1}]}}\n{}',
    ],
    "source": [
        b'{"session_id":"0:k0:s","event_id":"e","is_new_party":"true","is_new_session":null,"client_timestamp_iso":'
        b'"2026-01-02T03:04:05.678+01:00","event_type":"buy","parameters":{"a":[{"b":"x"}],"price":1e400}} x',
    ],
    "log": [
        b'203.0.113.9 - me [10/Oct/2025:13:55:36 +0000] "GET /a?token=1 HTTP/1.1" 200 23 "-" "Fire\\x22fox"\nno log',
    ],
    "headers": [
        b"Cookie: c=7; a=b=c\r\nH: a, \"b, c\", d\r\nX-Forwarded-For: 203.0.113.7, [::1]\r\nSec-GPC: 1\r\nOrigin: http://x",
        b"If-None-Match: W/\"6b3edc43-20ec-4078-bc47-e965dd76b88a\"\r\nUser-Agent: \xe9\xff\r\nAuthorization: Bearer x",
    ],
    "raw": [
        b"GET /ping HTTP/1.1\r\nHost: c\r\n\r\n", b"POST /collect HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}\n",
        b"POST /collect HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nHost: c\r\nX: y\r\n\r\n",
        b"GET /dkd.js HTTP/1.0\r\nAccept-Encoding: gzip, br\r\n\r\nOPTIONS /collect HTTP/1.1\r\nOrigin: x\r\n\r\n",
        b"PROXY TCP4 203.0.113.7 10.0.0.1 4000 443\r\nGET /ping HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes(range(12)) + b"GET /ping HTTP/1.1\r\n\r\n",
        b"BREW / HTTP/1.1\r\nExpect: 100-continue\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    ],
}  # fmt: skip
SEEDS["gzip"] = [gzip.compress(one, mtime=0) for one in (*SEEDS["json"], b" " * 2_000_000)]
SEEDS["gzip"] += SEEDS["json"]
WORDS = (
    b"%", b"%00", b"%ff", b"&", b"=", b"~", b"!", b"(", b")", b"a", b".", b"d", b"j", b"{", b"}", b"[", b"]", b'"', b"\\",  # noqa: E501
    b"\\ud83d", b"\n", b"\r\n", b"\x00", b"\xff", b"0", b"-1", b"1e400", b"null", b"true", b"\xf0\x9f\x98\x80", b": ", b",",  # noqa: E501
    b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n", b" HTTP/1.1\r\n", b"9223372036854775808", b"\xef\xbb\xbf",  # noqa: E501
)  # fmt: skip


class Case(NamedTuple):
    kind: str
    data: bytes


class Nothing(MemorySink):
    def send(self, messages: Any) -> None:
        """Keep none, or the server's memory would grow for a good reason."""
        assert all(isinstance(one, Message) for one in messages)


class Mutator:
    """Makes cases out of what reached something new."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.pool = {kind: list(seeds) for kind, seeds in SEEDS.items()}
        self.kinds = sorted(self.pool)

    def case(self) -> Case:
        kind = self.dice.choice(self.kinds)
        data = self.dice.choice(self.pool[kind])
        for _ in range(self.dice.choice((1, 1, 2, 4, 8))):
            data = self._changed(data, kind)
        return Case(kind, data[:60_000])

    def _changed(self, data: bytes, kind: str) -> bytes:
        dice = self.dice
        start = dice.randrange(len(data) + 1)
        end = min(len(data), start + dice.choice((0, 1, 1, 2, 8, 40)))
        what = dice.randrange(5)
        if what == 0:
            return data[:start] + dice.choice(WORDS) + data[start:]
        if what == 1:
            return data[:start] + data[end:]
        if what == 2:
            return data[:start] + data[start:end] * dice.choice((2, 3, 50)) + data[end:]
        if what == 3:
            other = dice.choice(self.pool[kind])
            return data[:start] + other[dice.randrange(len(other) + 1) :]
        return data[:start] + dice.randbytes(end - start) + data[end:]


class Guide:
    """Runs a case in this process and says whether it reached lines that no case before it did."""

    def __init__(self) -> None:
        self.routes: Routes = routes(MODEL, settings(MODEL, "local", {}))
        self.reached: set[tuple[str, int, int]] = set()
        self._new = 0

    def is_new(self, case: Case) -> bool:
        asked = parted(wire(case)) if case.kind != "raw" else None
        if asked is None:
            return False
        self._new = 0
        sys.settrace(self._call)
        try:
            self.routes(asked)
        finally:
            sys.settrace(None)
        return self._new > 0

    def _call(self, frame: FrameType, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        if "/dkd/collect/" not in name:
            return None
        before = frame.f_lineno

        def line(frame: FrameType, event: str, _: object) -> Any:
            nonlocal before
            arc = (name, before, frame.f_lineno)
            before = frame.f_lineno
            if arc not in self.reached:
                self.reached.add(arc)
                self._new += 1
            return line

        return line


def wire(case: Case) -> bytes:
    """The bytes of a case on a connection."""
    kind, data = case
    if kind == "raw":
        return data
    if kind in ("query", "mincode"):
        safe = "/?&=%+;:!~()*'.-_@$," if kind == "query" else "~!()."
        text = quote_from_bytes(data, safe=safe)
        target = text if kind == "query" else f"{MANDATORY}&u={text}"
        path = "/csc-event" if len(data) % 3 else "/collect"
        return f"GET {path}?{target} HTTP/1.1\r\nHost: c\r\n\r\n".encode()
    if kind == "headers":
        lines = (re.sub(rb"[\x00-\x1f\x7f]", b"", line) for line in data.split(b"\r\n"))
        kept = b"".join(b"X-A: 1\r\n" if b":" not in one or not re.match(rb"[A-Za-z-]+:", one) else one + b"\r\n"
                        for one in lines if not re.match(rb"(?i)(content|transfer|expect|upgrade|connection|host)", one))  # fmt: skip  # noqa: E501
        return f"GET /csc-event?{MANDATORY} HTTP/1.1\r\nHost: c\r\n".encode() + kept + b"\r\n"
    if kind == "gzip" and not data.startswith(b"\x1f\x8b"):
        data = gzip.compress(data, 1, mtime=0)
    target, more = {
        "json": ("/collect" if len(data) % 2 else f"/collect?{PARTY}&sent=1790000000000", b"application/json"),
        "source": ("/json?p=0%3Ak%3Ap", b"application/json"),
        "log": ("/collect?format=combined&batch=b", b"text/plain"),
        "gzip": ("/collect", b"application/x-ndjson\r\nContent-Encoding: gzip"),
    }[kind]
    head = b"POST %s HTTP/1.1\r\nHost: c\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (target.encode(), more, len(data)) + data


def parted(content: bytes) -> Request:
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.split(b" ")
    headers = [(name.lower(), text.strip()) for name, _, text in (line.partition(b":") for line in lines)]
    return Request(method.decode(), target, headers, body, "127.0.0.1", 1_790_000_000_000)


class Seen(NamedTuple):
    """What came of cases: how often each status by kind, and what must not be."""

    statuses: dict[str, Counter[str]]
    faults: list[str]


async def send(cases: list[Case], port: int, seen: Seen) -> None:
    """Send *cases* one after the other; those that are whole requests share a connection as long as it lasts."""
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    for case in cases:
        is_whole = case.kind != "raw"
        if writer is None or not is_whole:
            if writer is not None:
                writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert reader
        try:
            async with asyncio.timeout(15):
                writer.write(wire(case))
                if is_whole:
                    status, stays = await answered(reader)
                else:
                    writer.write_eof()
                    status, stays = told(await reader.read()), False
        except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            status, stays = f"{type(error).__name__}: {error}", False
        note(case, status, seen)
        if not stays:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def answered(reader: asyncio.StreamReader) -> tuple[str, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    size = re.search(r"\r\nContent-Length: (\d+)\r\n", head)
    await reader.readexactly(int(size[1]) if size else 0)
    return head.split()[1], "\r\nConnection: close\r\n" not in head


def told(content: bytes) -> str:
    """The statuses of the answers on one connection; an error where they are none."""
    found = []
    while content:
        head, mark, rest = content.partition(b"\r\n\r\n")
        assert mark, "an answer without an end"
        status = re.match(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\n", head + b"\r\n")
        if not status:
            raise ValueError(f"no answer: {head[:80]!r}")
        size = re.search(rb"\r\nContent-Length: (\d+)(?:\r\n|$)", head)
        content = rest[int(size[1]) :] if size and b"no-body" not in head else rest
        found.append(status[1].decode())
    return " ".join(found) or "closed"


def note(case: Case, status: str, seen: Seen) -> None:
    allowed = {str(one) for one in ALLOWED} | ({"closed", "100"} if case.kind == "raw" else set())
    wrong = [one for one in status.split(" ") if one not in allowed]
    shown = status if len(status) < 12 else "several"
    seen.statuses.setdefault(case.kind, Counter())[status.split(":")[0] if wrong else shown] += 1
    if wrong and len(seen.faults) < 20:
        seen.faults.append(f"{case.kind}: {status[:80]} on {wire(case)[:300]!r}")


@contextmanager
def served() -> Iterator[tuple[int, psutil.Process]]:
    """A collector in a process of its own."""
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline()), psutil.Process(process.pid)
        finally:
            process.kill()


def serve() -> None:
    async def work() -> None:
        server = Server(routes(MODEL, settings(MODEL, "local", {})), Nothing())
        listener = listening("127.0.0.1", 0)
        await server.start(listener)
        print(listener.getsockname()[1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(work())


def fuzz(count: int, seed: int, lanes: int = 8) -> tuple[Seen, dict[str, float]]:
    """Send *count* requests; returns what came of them, and figures."""
    mutator, guide, seen, began_s = Mutator(seed), Guide(), Seen({}, []), time.monotonic()
    figures: dict[str, float] = {}
    with served() as (port, process):
        sent = 0
        while sent < count:
            cases = [mutator.case() for _ in range(min(1000, count - sent))]
            # The tracer is slow: one case in four is followed, and what reaches something new is mutated further.
            for case in cases[:: 4 if sent else 1]:
                if guide.is_new(case):
                    mutator.pool[case.kind].append(case.data)

            async def batch(cases: list[Case] = cases) -> None:
                await asyncio.gather(*(send(cases[lane::lanes], port, seen) for lane in range(lanes)))

            asyncio.run(batch())
            sent += len(cases)
            memory_mb = process.memory_info().rss / 1e6
            if sent * 5 >= count:
                figures.setdefault("memory_mb_early", memory_mb)
            figures["memory_mb"] = memory_mb
        assert process.is_running()
        figures["server_cpu_s"] = sum(process.cpu_times()[:2])
    figures |= {
        "arcs": len(guide.reached),
        "kept": sum(map(len, mutator.pool.values())),
        "s": time.monotonic() - began_s,
    }
    return seen, figures


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seen, figures = fuzz(count, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{'kind':<9}{'requests':>9}  answers")
    for kind, statuses in sorted(seen.statuses.items()):
        print(f"{kind:<9}{statuses.total():>9}  " + "  ".join(f"{name} {n}" for name, n in statuses.most_common(9)))
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))
    for fault in seen.faults:
        print("FAULT", fault)
    grown = figures["memory_mb"] - figures["memory_mb_early"]
    print(f"{count} requests, {len(seen.faults)} faults, memory grew by {grown:.1f} MB after the first fifth")
    return 1 if seen.faults or grown > MOST_GROWTH_MB else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve()
    else:
        sys.exit(main())
