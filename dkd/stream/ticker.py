"""Partitions of ours that fell silent get their ticks, written to raw."""

import time
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, Message, Producer

from dkd.enrich.chain import Setup
from dkd.enrich.state import State
from dkd.model.types import in_ms
from dkd.settings import KafkaSettings
from dkd.stream.clients import common, let_go, require_passable
from dkd.stream.kafka import KafkaSource
from dkd.stream.loop import Live
from dkd.stream.records import TICK_HEADER
from dkd.stream.silence import Silence, tick_ms

_LOOK_EVERY_S = 0.5
_DELIVERY_MS = 5_000


class Ticker:
    """Writes the ticks of one enricher; see :mod:`dkd.stream.silence` for which."""

    def __init__(
        self, source: KafkaSource, writer: Producer, topic: str, setup: Setup, clock: Callable[[], float] = time.time
    ) -> None:
        """Nothing is written yet.

        Args:
            source: Tells which partitions are read to their end.
            writer: From :func:`tick_writer`.
            topic: Raw.
            setup: Of the site's enrichers.
            clock: Seconds since 1970.
        """
        self._source = source
        self._writer = writer
        self._topic = topic
        self._grace_ms = setup.grace_ms
        self._closes_after_ms = in_ms(setup.model.enrich.timing.gap) + setup.grace_ms
        self._clock = clock
        self._looked_s = 0.0

    def write(self, live: Mapping[int, Live]) -> int:
        """Write the ticks that are due; how many. One that does not arrive is found due again.

        Args:
            live: Our partitions, after all that the source has handed out.

        Raises:
            DkdError: DKD507, when we may not write to raw.
        """
        now_s = self._clock()
        # While one is on its way, the log has more than we have read.
        self._writer.poll(0)
        if len(self._writer) or abs(now_s - self._looked_s) < _LOOK_EVERY_S:
            return 0
        self._looked_s = now_s
        due = self._due(live, int(now_s * 1_000))
        for partition, time_ms in due.items():
            headers: dict[str, str | bytes | None] = {TICK_HEADER: str(time_ms)}
            self._writer.produce(self._topic, None, None, partition, self._delivered, headers=headers)
        return len(due)

    def close(self) -> None:
        """Drop what is on its way; at worst it arrives, which is what was wanted."""
        self._writer.purge()
        let_go(self._writer.close)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            require_passable(error, self._topic)

    def _due(self, live: Mapping[int, Live], now_ms: int) -> dict[int, int]:
        silent = {one: last for one, last in self._source.silent().items() if one in live}
        wanted = {one: tick_ms(self._silence(live[one].state, last.time_ms), now_ms) for one, last in silent.items()}
        return {one: time_ms for one, time_ms in wanted.items() if time_ms is not None and self._source.is_at_end(one)}

    def _silence(self, state: State, last_ms: int) -> Silence:
        def closes(watermark_ms: int) -> bool:
            return len(state.sessions) > 0 and len(state.sessions.ended(watermark_ms - self._closes_after_ms)) > 0

        return Silence(state.watermark_ms, closes, last_ms, self._grace_ms)


def tick_writer(kafka: KafkaSettings) -> Producer:
    """A producer of ticks, outside of any transaction: an open one would hide what follows it in raw, from us too."""
    wanted = {"enable.idempotence": True, "message.timeout.ms": _DELIVERY_MS}
    return Producer({**common(kafka), **wanted})
