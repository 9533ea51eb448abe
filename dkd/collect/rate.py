"""The events of one network → whether it sends too many, and how long it must wait then."""

from math import ceil

from dkd.collect.address import network

_BURST_S = 10
"""So many seconds' worth of events may come at once."""
_MOST_NETWORKS = 65_536


class Rate:
    """One bucket of tokens for each /24 and /48; it holds at most some 10 MB of them.

    This machine has no bound: a proxy here that nobody listed would make all visitors one.
    """

    def __init__(self, per_s: float) -> None:
        """Allow *per_s* events a second of each network; 0 for any number."""
        self._per_ms, self._most = per_s / 1000, per_s * _BURST_S
        self._full_ms = _BURST_S * 1000
        self._buckets: dict[bytes, tuple[float, int]] = {}

    def wait_s(self, client: str, events: int, now_ms: int) -> int:
        """Seconds until *client* may send *events*; 0 when it may now, and then they are counted.

        Args:
            client: Its address.
            events: How many it sends; more than a full bucket holds count as a full one.
            now_ms: UTC milliseconds.
        """
        key = network(client) if self._per_ms else None
        if key is None:
            return 0
        tokens, then_ms = self._buckets.get(key, (self._most, now_ms))
        tokens = min(self._most, tokens + max(0, now_ms - then_ms) * self._per_ms)
        wanted = min(events, self._most)
        if tokens < wanted:
            self._buckets[key] = tokens, now_ms
            return max(1, ceil((wanted - tokens) / self._per_ms / 1000))
        if key not in self._buckets and len(self._buckets) >= _MOST_NETWORKS:
            self._forget(now_ms)
        self._buckets[key] = tokens - wanted, now_ms
        return 0

    def _forget(self, now_ms: int) -> None:
        """Drop the buckets that are full again; where there are few of these, all."""
        kept = {key: one for key, one in self._buckets.items() if now_ms - one[1] < self._full_ms}
        self._buckets = kept if len(kept) < _MOST_NETWORKS * 3 // 4 else {}
