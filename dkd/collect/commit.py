"""Messages of many requests → groups that are sent one at a time, and for each request whether all of its are safe.

One list gathers while at most one group is on its way. When Kafka has acknowledged every message of the group, or given
up, everyone who waits is told at once and the next group goes. So there is no callback and no future for each event,
the events of a party keep their order, and batches grow with the load by themselves.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from dkd.collect.message import Message

_POLL_S = 0.001
_POLL_PART = 0.1
_IDLE_POLL_S = 0.5
_WAIT_S = 3.0
"""Whoever has waited so long is told that nothing is known to be safe."""
MOST_BYTES = 32 * 1024 * 1024
"""What may wait while a group is on its way; beyond it requests are refused at once."""

Done = Callable[[bool], None]
Observe = Callable[[Iterable[Message], Sequence[Message] | None, float], None]
"""Told of each settled group: its messages, those that are lost (None: nothing is known to be safe), its seconds."""


class Sink(Protocol):
    """Where groups go."""

    def send(self, messages: Sequence[Message]) -> None:
        """Take a group; only called when the one before is settled."""

    def pending(self) -> int:
        """How many messages of the group are neither safe nor failed; must also be called now and then when idle."""

    def failed(self) -> Sequence[Message]:
        """The messages of the settled group that are not safe; forgets them."""

    def close(self) -> None:
        """Let go of everything."""


class Waiting(NamedTuple):
    """One request's messages, and whom to tell."""

    messages: Sequence[Message]
    done: Done


class GroupCommit:
    """Gathers messages, sends them in groups, and tells when they are safe. Lives in one event loop."""

    def __init__(self, sink: Sink, most_bytes: int = MOST_BYTES, observe: Observe | None = None) -> None:
        """Send to *sink* and tell *observe* what became of each group."""
        self._sink, self._most_bytes, self._observe = sink, most_bytes, observe
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Waiting] = []
        self._gathered_bytes = 0
        self._flying: list[Waiting] = []
        self._flying_s = self._gathered_s = self._sent_s = 0.0
        self._idle = self._loop.call_later(_IDLE_POLL_S, self._poll_idle)
        self._settled = asyncio.Event()
        self._settled.set()

    def add(self, messages: Sequence[Message], done: Done) -> None:
        """Send *messages* with the next group and call *done* with whether all of them are safe."""
        size = 0
        for _, _, content, _, headers in messages:
            size += len(content)
            # Those of rejects alone; they may hold more than what was refused.
            if headers:
                size += sum(len(value) for _, value in headers)
        if self._gathered_bytes + size > self._most_bytes:
            done(False)
            self._note([Waiting(messages, done)], None)
            return
        if not self._gathered:
            self._gathered_s = self._loop.time()
        self._gathered.append(Waiting(messages, done))
        self._gathered_bytes += size
        if self._settled.is_set():
            self._settled.clear()
            # Not at once: what else this turn of the loop has read goes with the same group.
            self._loop.call_soon(self._send)

    async def close(self) -> None:
        """Wait until everyone has been told, then close the sink."""
        await self._settled.wait()
        self._idle.cancel()
        self._sink.close()

    def _send(self) -> None:
        self._flying, self._gathered, self._gathered_bytes = self._gathered, [], 0
        self._flying_s, self._sent_s = self._gathered_s, self._loop.time()
        is_sent = False
        try:
            self._sink.send([message for waiting in self._flying for message in waiting.messages])
            is_sent = True
        finally:
            self._loop.call_later(_POLL_S, self._look, is_sent)

    def _look(self, is_sent: bool) -> None:
        pending = None
        failed: Sequence[Message] | None = None
        try:
            pending = self._sink.pending()
            failed = None if pending else self._sink.failed()
        finally:
            if pending:
                # Often where it matters, and seldom where the answer takes its time anyway.
                passed_s = self._loop.time() - self._sent_s
                self._loop.call_later(max(_POLL_S, passed_s * _POLL_PART), self._look, is_sent)
                self._give_up()
            else:
                self._end(failed if is_sent else None)

    def _give_up(self) -> None:
        """Refuse those who have waited too long; their messages may still become safe, and then arrive twice."""
        now_s = self._loop.time()
        if self._flying and now_s - self._flying_s > _WAIT_S:
            late, self._flying = self._flying, []
            self._tell(iter(late), None)
            self._note(late, None)
        if self._gathered and now_s - self._gathered_s > _WAIT_S:
            late, self._gathered, self._gathered_bytes = self._gathered, [], 0
            self._tell(iter(late), None)
            self._note(late, None)

    def _end(self, failed: Sequence[Message] | None) -> None:
        """End the group; *failed* None means that nothing is known to be safe."""
        flying, self._flying = self._flying, []
        # Whatever goes wrong with one answer, the next group must go, or the collector stands still for ever.
        if self._gathered:
            self._loop.call_soon(self._send)
        else:
            self._loop.call_soon(self._rest)
        self._tell(iter(flying), None if failed is None else set(failed))
        self._note(flying, failed)

    def _tell(self, waiting: Iterator[Waiting], lost: set[Message] | None) -> None:
        try:
            if not lost:
                for _, done in waiting:
                    done(lost is not None)
            for messages, done in waiting:
                done(not lost.intersection(messages))  # type: ignore[union-attr]  # else nobody is left
        finally:
            if untold := list(waiting):
                self._loop.call_soon(self._tell, iter(untold), lost)

    def _note(self, waiting: Sequence[Waiting], lost: Sequence[Message] | None) -> None:
        if self._observe is not None and waiting:
            messages = (message for one in waiting for message in one.messages)
            self._observe(messages, lost, self._loop.time() - self._flying_s)

    def _rest(self) -> None:
        if self._gathered:
            self._send()
        else:
            self._settled.set()

    def _poll_idle(self) -> None:
        if self._settled.is_set():
            self._sink.pending()
        self._idle = self._loop.call_later(_IDLE_POLL_S, self._poll_idle)
