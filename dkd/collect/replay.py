"""The spool's files → Kafka, oldest first, beside the live events, and with at most half of what the process can do."""

import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from typing import Protocol

from dkd.collect.breaker import Breaker, KafkaEnd, Say
from dkd.collect.message import Message
from dkd.collect.segment import Claimed
from dkd.collect.spool import Spool
from dkd.collect.unkept import RejectsTopic

PROBE_S = 0.5
LOOK_S = 10.0
"""So often it is looked whether a topic that was missing is there."""
_BATCH = 1_000
_POLL_S = 0.002
_ANSWER_S = 1.5


class ReplayEnd(KafkaEnd, Protocol):
    """A sink that can be asked what is there, which waits for the answer."""

    def topics(self, timeout_s: float) -> Collection[str] | None:
        """The topics that Kafka has; None where no broker answers within *timeout_s*."""


class Replay:
    """A thread that empties the spool: of this process's files when it has closed them, and of dead processes'.

    While the breaker is open it tries with a single record, and closes the breaker when Kafka has it.
    """

    def __init__(
        self, spool: Spool, breaker: Breaker, rejects: RejectsTopic, make_end: Callable[[], ReplayEnd], say: Say
    ) -> None:
        """Read *spool*, send to what *make_end* makes, which is not the sink of the live events, and tell *breaker*."""
        self._spool, self._breaker, self._rejects, self._make_end, self._say = spool, breaker, rejects, make_end, say
        self._looked_s = 0.0
        self._end: ReplayEnd | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self.replayed = self._told = 0
        self._trouble = ""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is on its way; what is left is replayed after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(PROBE_S):
                self._round()
        finally:
            self._rest()

    def _round(self) -> None:
        """Replay every file that can be had, or find out whether Kafka is back."""
        try:
            while claimed := self._next():
                # Else its lock would be held for ever, by nobody.
                with closing(claimed):
                    if not self._replay(claimed):
                        return
            self._tell()
            if self._breaker.is_open:
                if self._sink().topics(_ANSWER_S) is not None:
                    self._breaker.close()
            elif self._rejects.is_missing and time.monotonic() > self._looked_s + LOOK_S:
                self._look()
            else:
                self._rest()
            self._trouble = ""
        except Exception as error:  # noqa: BLE001 - without this thread the breaker would stay open for ever
            if self._trouble != str(error):
                self._trouble = str(error)
                self._say(f"the spool at {self._spool.folder} cannot be replayed: {error}; it is tried again")

    def _tell(self) -> None:
        count, self._told = self.replayed - self._told, self.replayed
        if count:
            self._say(f"replayed the spool: {count:,} messages are in Kafka now")

    def _next(self) -> Claimed | None:
        """A file to replay; where there is none, that which is written to is closed first."""
        if self._stop.is_set():
            return None
        found = self._spool.claim()
        if found is None:
            self._spool.seal()
            found = self._spool.claim()
        return found

    def _replay(self, claimed: Claimed) -> bool:
        """Send all that *claimed* holds; False where Kafka, or whoever stops us, came between."""
        batches = claimed.batches(_BATCH, first=1 if self._breaker.is_open else _BATCH)
        for batch, end in batches:
            began_s = time.monotonic()
            sent = self._send(batch)
            if sent is None:
                return False
            claimed.done(end)
            self.replayed += sent
            self._breaker.close()
            # Half of the time is the live events'.
            self._stop.wait(time.monotonic() - began_s)
        if not claimed.finish():
            self._say(f"{claimed.path.name} holds bytes that cannot be read; what can is in Kafka, the file was kept")
        return True

    def _send(self, batch: list[Message]) -> int | None:
        """How many of *batch* Kafka has acknowledged, which is all but rejects without a topic; None where it has not.

        What fails while the breaker is closed is sent again.
        """
        left, sent = batch, len(batch)
        while left:
            sink = self._sink()
            sink.send(left)
            while sink.pending():
                time.sleep(_POLL_S)
            left = list(sink.failed())
            if any(message.topic == self._rejects.name for message in left):
                self._look()
                kept = list(self._rejects.without(left))
                left, sent = kept, sent - len(left) + len(kept)
            if left and (self._breaker.is_open or self._stop.wait(PROBE_S)):
                return None
        return sent

    def _look(self) -> None:
        self._rejects.look(self._sink().topics(_ANSWER_S))
        self._looked_s = time.monotonic()

    def _sink(self) -> ReplayEnd:
        if self._end is None:
            self._end = self._make_end()
        return self._end

    def _rest(self) -> None:
        """Let go of the connection, which is seldom used."""
        if self._end is not None:
            self._end.close()
            self._end = None
