"""Bytes of one HTTP/1 connection → requests, and their answers → bytes, in the order of the requests.

httptools (llhttp, the parser of Node) splits the bytes; what it lets pass and Divolte's server refuses is refused here.
An own protocol, not granian, because the wire must match: granian 2.8 hides header values that are not ASCII, answers
431 from the hundredth header on, and puts headers of its own on 304 and 400.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import cast

import httptools

from dkd import kernel
from dkd.collect.body import MOST_BYTES
from dkd.collect.commit import GroupCommit
from dkd.collect.message import MALFORMED, OWN, TEXT, Answer, Outcome, Request, answer
from dkd.collect.method import renamed
from dkd.collect.preamble import Preamble
from dkd.collect.reply import reply

if kernel.IS_COMPILED:
    from dkd.kernel import head

MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 200
MOST_QUEUED = 32
_MOST_FRAMED = 8 * MOST_BYTES  # Of a body in chunks of a byte each.
MOST_CONNECTIONS = 10_000
HEAD_S, BODY_S, IDLE_S, LINGER_S, STOP_LINGER_S = 5.0, 10.0, 65.0, 2.0, 0.5
_TOO_LARGE = answer(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, (*OWN, *TEXT), f"a body has at most {MOST_BYTES} bytes\n".encode()
)._replace(closes=True)
_BROKEN = answer(HTTPStatus.INTERNAL_SERVER_ERROR, OWN)._replace(closes=True)
_log = logging.getLogger("dkd.collect")


@dataclass(eq=False)
class Shared:
    """What all connections of one server have in common; ``refused`` counts their answers of 400 and more by status."""

    handle: Callable[[Request], Answer | Outcome]
    commit: GroupCommit
    refused: Counter[str] = field(default_factory=Counter)
    open: set["Connection"] = field(default_factory=set)
    is_stopping: bool = False


class Connection(asyncio.Protocol):
    """One client. Requests that it sends before their time wait in a queue, so answers keep their order."""

    def __init__(self, shared: Shared) -> None:
        """Answer as *shared* says."""
        self._shared = shared
        self._queue: deque[tuple[Request | None, bool, Answer | None]] = deque()
        self._parser = httptools.HttpRequestParser(self)
        self._preamble = Preamble()
        self._renamed: str | None = None
        self._busy = self._held = self._ended = self._started = False
        self._reading = self._resting = True
        self._refusal: Answer | None = None
        self._unfinished_bytes = self._parts = 0
        self.deadline = time.monotonic() + IDLE_S
        self._begin()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, unless there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        self._client = str((transport.get_extra_info("peername") or ("",))[0])
        if len(self._shared.open) >= MOST_CONNECTIONS:
            self._transport.abort()
        self._shared.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the connection; messages that are on their way stay so."""
        self._shared.open.discard(self)
        self._queue.clear()
        self._reading = False

    def data_received(self, data: bytes) -> None:
        """Parse *data* and answer what is complete."""
        if not self._reading:
            return
        if self._resting and not self._started:
            # Once: line ends before a request, which begin none, would else hold the connection for ever.
            self._resting = False
            self.deadline = time.monotonic() + HEAD_S
        if not (data := self._preamble.rest(data)):
            return
        if not (self._started or self._unfinished_bytes or self._queue or self._busy or self._held):
            plain = head.plain(data) if kernel.IS_COMPILED else None
            if plain is not None:
                self._resting = True
                self._answer(self._request("GET", *plain), keeps=True)
                return
        part = self._parts
        self._feed(data)
        # Counted here too: the parser shows a header only when it is complete, also one behind a body.
        self._unfinished_bytes = self._unfinished_bytes + len(data) if part == self._parts else 0
        if self._reading and self._unfinished_bytes > (_MOST_FRAMED if self._in_body else MOST_HEAD_BYTES):
            self._refuse(MALFORMED)
        if len(self._queue) > MOST_QUEUED and self._reading:
            self._transport.pause_reading()
        self._work()

    def eof_received(self) -> bool:
        """Answer what is complete, then close."""
        self._ended = True
        self._reading = False
        return bool(self._queue) or self._busy

    def pause_writing(self) -> None:
        """Answer nothing more while the client does not read."""
        self._held = True
        self.deadline = time.monotonic() + IDLE_S

    def resume_writing(self) -> None:
        """Go on."""
        self._held = False
        self._work()

    # What the parser calls; these only collect, because it takes an exception for a fault of the client.

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._begin()
        self._started = True

    def on_url(self, part: bytes) -> None:
        """Collect the target."""
        self._target += part
        self._head_bytes += len(part)

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Collect a header."""
        # Not one behind a body: a proxy may hand on there what a visitor says of himself.
        if not self._in_body:
            self._headers.append((name.lower(), value or b""))
            self._head_bytes += len(name) + len(value or b"") + 4

    def on_headers_complete(self) -> None:
        """Refuse what is too large or of another version before its body comes."""
        self._in_body = True
        self._parts += 1
        self.deadline = time.monotonic() + BODY_S
        self._method, self._renamed = self._renamed or self._parser.get_method().decode(), None
        is_large = self._head_bytes > MOST_HEAD_BYTES or len(self._headers) > MOST_HEADERS
        if is_large or self._parser.get_http_version() not in ("1.0", "1.1"):
            self._refusal = MALFORMED
        headers = dict(self._headers)
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MOST_BYTES:
            self._refusal = self._refusal or _TOO_LARGE
        elif headers.get(b"expect", b"").lower() == b"100-continue" and not self._queue and not self._busy:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        """Collect the body."""
        self._body_bytes += len(part)
        if self._body_bytes > MOST_BYTES:
            self._refusal = self._refusal or _TOO_LARGE
        elif self._refusal is None:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """Queue the request."""
        self._in_body = self._started = False
        self._parts += 1
        self._resting = True
        if self._refusal is not None or not self._reading:
            return
        request = self._request(self._method, bytes(self._target), self._headers, b"".join(self._body))
        self._queue.append((request, self._parser.should_keep_alive(), None))

    def _request(self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> Request:
        if self._preamble.headers:
            headers = headers + self._preamble.headers
        return Request(method, target, headers, body, self._client, time.time_ns() // 1_000_000)

    # Between the two.

    def expire(self, now_s: float) -> None:
        """Close the connection when its time is over; *now_s* is monotonic."""
        if now_s > self.deadline and not self._busy:
            self._transport.abort()

    def abort(self) -> None:
        """Close the connection whatever it does."""
        self._transport.abort()

    def stop(self) -> None:
        """Close the connection as soon as what it has begun is answered, and without a reset."""
        if self._reading and not self._busy and not self._queue and not self._started:
            self._reading = False
            self._end()
            self.deadline = time.monotonic() + STOP_LINGER_S

    def _begin(self) -> None:
        self._target = bytearray()
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._head_bytes = self._body_bytes = 0
        self._in_body = False
        self._method = ""

    def _feed(self, data: bytes) -> None:
        is_start = not self._started and not self._queue
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nobody here speaks anything else: the request is answered as it is, and is the last.
            self._reading = False
            self._last()
        except httptools.HttpParserInvalidMethodError:
            if not (is_start and self._renamed is None and self._rename(data)):
                self._refuse(MALFORMED)
        except httptools.HttpParserError:
            if not (self._queue and not self._queue[-1][1]):
                self._refuse(MALFORMED)
        if self._refusal is not None and self._reading:
            self._refuse(self._refusal)

    def _rename(self, data: bytes) -> bool:
        """Parse a request whose method llhttp does not know, as Divolte answers those too; False where it is none."""
        found = renamed(data)
        if found is None:
            return False
        self._parser = httptools.HttpRequestParser(self)
        self._renamed, as_get = found
        self._feed(as_get)
        return True

    def _last(self) -> None:
        if self._queue:
            request, _, refusal = self._queue.pop()
            self._queue.append((request, False, refusal))

    def _refuse(self, refusal: Answer) -> None:
        """Read nothing more; *refusal* follows the answers to what came before."""
        self._reading = False
        self._queue.append((None, False, refusal))

    def _work(self) -> None:
        """Answer from the queue until one answer must wait."""
        while self._queue and not self._busy and not self._held:
            request, keeps, refusal = self._queue.popleft()
            if len(self._queue) == MOST_QUEUED // 2 and self._reading:
                self._transport.resume_reading()
            if request is None or refusal is not None:
                self._write(refusal or MALFORMED, "GET", keeps=False)
            else:
                self._answer(request, keeps)

    def _answer(self, request: Request, keeps: bool) -> None:
        try:
            result = self._shared.handle(request)
        except Exception:  # noqa: BLE001 - one request must not end the connection of others behind it
            _log.exception("the collector failed on a request")
            result = _BROKEN
        if isinstance(result, Answer):
            self._write(result, request.method, keeps)
        else:
            self._busy = True
            self._shared.commit.add(result.messages, partial(self._done, result, request.method, keeps))

    def _done(self, outcome: Outcome, method: str, keeps: bool, is_safe: bool) -> None:
        self._busy = False
        if not self._transport.is_closing():
            self._write(outcome.answer if is_safe else outcome.refusal, method, keeps)
        if self._queue:
            asyncio.get_running_loop().call_soon(self._work)

    def _write(self, given: Answer, method: str, keeps: bool) -> None:
        keeps = keeps and not given.closes and not self._shared.is_stopping and not (self._ended and not self._queue)
        self._transport.write(reply(given, keeps, method))
        if (status := given.head[9:12]) >= b"400":
            self._shared.refused[status.decode()] += 1
        if not self._started:
            self.deadline = time.monotonic() + IDLE_S
        if not keeps:
            self._end()

    def _end(self) -> None:
        """Close once the client has read the answer; what it still sends is thrown away."""
        self._queue.clear()
        if self._reading or self._ended:
            self._reading = False
            self._transport.close()
        else:
            # To close with bytes unread would reset the connection, and the client might never see why.
            self._transport.write_eof()
            self.deadline = time.monotonic() + LINGER_S
