"""Lines with their times → the collector, each when its time has come and never before; counted once it is there."""

import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from threading import Event
from typing import BinaryIO

from dkd.errors import DkdError, RefusedError
from dkd.jobs.fit import moment
from dkd.jobs.lanes import BODY_BYTES, BODY_EVENTS, Body
from dkd.jobs.send import HttpCollector, Sending
from dkd.jobs.settle import Unavailable
from dkd.jobs.site import LiveSite
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.settings import Settings, unreachable_remedy
from dkd.simulate.traffic import Sent
from dkd.simulate.truth import Truth

_TICK_S = 0.1
_LOOK_S = 0.25
_FIRST_ANSWER_S = 3.0


class Live:
    """One sending of lines, in one lane, so that nothing overtakes."""

    def __init__(self, settings: Settings, key: str | None, truth: Truth) -> None:
        """Send to the collector of *settings*; what is there is counted in *truth*.

        Raises:
            DkdError: DKD810, when the collector does not answer.
        """
        self._settings, self._key, self._truth = settings, key, truth
        self._waiting: deque[Sent] = deque()
        self._counted = 0
        self._stop = Event()
        with closing(self._collector()) as collector:
            if not collector.ping(_FIRST_ANSWER_S):
                problem = f"the collector at {settings.collector} does not answer"
                raise DkdError("DKD810", problem=problem, remedy=unreachable_remedy(settings.collector))

    def send(self, lines: Iterable[Sent], start_ms: int, speed: float | None, listener: Listener) -> None:
        """Send until *lines* end.

        Args:
            lines: By time.
            start_ms: Where their stretch begins.
            speed: How many times faster than life; None sends what is past at once, the rest as it comes.
            listener: Told how far it is.

        Raises:
            DkdError: DKD807, when the collector refuses for good.
            KeyboardInterrupt: When it is raised meanwhile; what is under way is finished before, and counted.
        """
        sending = Sending(self._collector, [self._bodies(lines, start_ms, speed)])
        try:
            with sending:
                self._watch(sending, listener)
        finally:
            self._count(sending.total.sent)

    def _watch(self, sending: Sending, listener: Listener) -> None:
        began_s = time.monotonic()
        try:
            while not sending.done(_LOOK_S):
                self._count(sending.total.sent)
                waits = f"; waiting: {sending.total.waits_for}" if sending.total.waits_for else ""
                rate = sending.total.sent / (time.monotonic() - began_s)
                at = moment(self._truth.last_ms) if self._truth.last_ms else "nothing yet"
                listener.progress(f"sent {sending.total.sent:,} lines, {rate:,.1f}/s, up to {at}{waits}")
        finally:
            self._stop.set()

    def _collector(self) -> HttpCollector:
        return HttpCollector(self._settings.collector, self._key, is_local=self._settings.is_local)

    def _count(self, sent: int) -> None:
        """The lane keeps the order, so the first *sent* lines are those that the collector has answered for."""
        while self._counted < sent:
            self._truth.add(self._waiting.popleft())
            self._counted += 1

    def _bodies(self, lines: Iterable[Sent], start_ms: int, speed: float | None) -> Iterator[Body]:
        """What is due, in one body; what is not due yet is waited for, and never sent ahead of its time."""
        run, seq, began_ms = uuid.uuid4().hex[:12], 0, time.time() * 1000
        held: list[Sent] = []
        free_bytes = BODY_BYTES
        for sent in lines:
            due_ms = max(float(sent.at_ms), began_ms + (sent.at_ms - start_ms) / speed if speed else 0.0)
            is_due = due_ms <= time.time() * 1000
            if held and (not is_due or len(held) == BODY_EVENTS or len(sent.body) >= free_bytes):
                yield self._body(f"{run}-{seq}", held)
                held, free_bytes, seq = [], BODY_BYTES, seq + 1
            if not self._until(due_ms):
                return
            held.append(sent)
            free_bytes -= len(sent.body) + 1
        if held:
            yield self._body(f"{run}-{seq}", held)

    def _body(self, batch: str, held: list[Sent]) -> Body:
        self._waiting.extend(held)
        return Body(batch, tuple(one.body for one in held), is_log=False)

    def _until(self, due_ms: float) -> bool:
        """Wait for *due_ms*, at least a tick where waiting is needed at all; False when it is to stop."""
        left_s = due_ms / 1000 - time.time()
        return not (self._stop.is_set() or (left_s > 0 and self._stop.wait(max(left_s, _TICK_S))))


def check_history(start_ms: int, model: Model, settings: Settings) -> None:
    """Refuse to send what would be late, because the site has later events.

    Raises:
        RefusedError: DKD846.
        DkdError: DKD808, DKD810, when the site is not there or does not answer.
    """
    try:
        with closing(LiveSite(model, settings)) as site:
            newest_ms = max(site.counted().watermarks.values(), default=0)
    except Unavailable as error:
        raise DkdError("DKD810", problem=str(error), remedy=unreachable_remedy(settings.kafka.servers)) from error
    if start_ms < newest_ms - in_ms(model.enrich.timing.grace):
        raise RefusedError(
            "DKD846",
            problem=f"the site has events up to {moment(newest_ms)}, so what begins {moment(start_ms)} would be late",
            remedy="begin after them, or use a site without events (dkd down --wipe empties the local one)",
        )


def write_lines(lines: Iterable[Sent], file: BinaryIO, truth: Truth) -> None:
    """Write *lines* to *file*, one each line, and count them in *truth*."""
    for sent in lines:
        file.write(sent.body + b"\n")
        truth.add(sent)
