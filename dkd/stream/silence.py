"""A partition that fell silent becomes a tick: time that passes without events is a record too.

A session closes when the watermark is far enough beyond it, and only events move the watermark, so the last visitor of
the night would never leave. A tick moves it as far as the silence has lasted; as it stands in raw, reading raw again
tells the same.
"""

from collections.abc import Callable
from typing import NamedTuple

_SHORTEST_MS = 1_000


class Silence(NamedTuple):
    """A partition of raw that is read to its end.

    Attributes:
        watermark_ms: Greatest event time seen, ticks among them; None before the first.
        closes: Whether a watermark closes a session that is open.
        last_ms: The broker's time of the last record, which may be a tick.
        grace_ms: How far behind the watermark an event may be and still count.
    """

    watermark_ms: int | None
    closes: Callable[[int], bool]
    last_ms: int
    grace_ms: int


def tick_ms(silence: Silence, now_ms: int) -> int | None:
    """The event time of the tick to be written now, or None where none would close a session.

    It is the greatest event time and as much more as the silence has lasted. It is due once it closes a session, but
    not before a tenth of the grace is over: a session waits so much longer at most, a night of silence costs some
    seventy records, and clocks of broker and enricher that differ by seconds do not add up to more than the grace.

    Args:
        silence: The partition.
        now_ms: The time now; where it is before the last record's, there was no silence.
    """
    silent_ms = now_ms - silence.last_ms
    if silence.watermark_ms is None or silent_ms < max(silence.grace_ms // 10, _SHORTEST_MS):
        return None
    wanted_ms = silence.watermark_ms + silent_ms
    return wanted_ms if silence.closes(wanted_ms) else None
