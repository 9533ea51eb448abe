"""Lines → a lane for each partition, as Kafka itself would choose it, and each lane → the requests that carry it."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dkd.jobs.lines import Line

BODY_EVENTS = 500
BODY_BYTES = 250_000
"""The collector takes 256 KiB."""

_32 = 0xFFFFFFFF
_MIX = 0x5BD1E995


class Body(NamedTuple):
    """Lines that travel in one request.

    Attributes:
        batch: Identifies the request, however often it is made.
        lines: Each without a line end.
        is_log: Whether they are log lines.
    """

    batch: str
    lines: tuple[bytes, ...]
    is_log: bool


def lanes(lines: Iterable[Line], partitions: int) -> list[list[Line]]:
    """The lines of each partition, in their order: what travels side by side can never overtake in a partition.

    Lines without a visitor come to no partition and travel with those of the first.
    """
    made: list[list[Line]] = [[] for _ in range(partitions)]
    lane_of: dict[str | None, list[Line]] = {None: made[0]}
    for line in lines:
        lane = lane_of.get(line.party)
        if lane is None:
            key = str(line.party).encode("utf-8", "replace")
            lane = lane_of[line.party] = made[partition(key, partitions)]
        lane.append(line)
    return made


def partition(key: bytes, partitions: int) -> int:
    """Kafka's default choice for *key*: its 32-bit Murmur 2, with seed and sign as in Java."""
    found = (0x9747B28C ^ len(key)) & _32
    whole = len(key) // 4 * 4
    for start in range(0, whole, 4):
        word = (int.from_bytes(key[start : start + 4], "little") * _MIX) & _32
        word = ((word ^ (word >> 24)) * _MIX) & _32
        found = ((found * _MIX) & _32) ^ word
    if whole < len(key):
        found = ((found ^ int.from_bytes(key[whole:], "little")) * _MIX) & _32
    found = ((found ^ (found >> 13)) * _MIX) & _32
    return ((found ^ (found >> 15)) & 0x7FFFFFFF) % partitions


def bodies(lines: Iterable[Line], prefix: str) -> Iterator[Body]:
    """Lines cut into requests; log lines, which nobody could read, travel apart from events.

    Args:
        lines: Of one lane.
        prefix: Opens the name of every batch.
    """
    numbers = itertools.count()
    held: dict[bool, list[bytes]] = {False: [], True: []}
    free_bytes = {False: BODY_BYTES, True: BODY_BYTES}
    for line in lines:
        kind, size_bytes = line.is_log, len(line.body) + 1
        if held[kind] and (len(held[kind]) == BODY_EVENTS or size_bytes > free_bytes[kind]):
            yield Body(f"{prefix}-{next(numbers)}", tuple(held[kind]), kind)
            held[kind], free_bytes[kind] = [], BODY_BYTES
        held[kind].append(line.body)
        free_bytes[kind] -= size_bytes
    for kind, rest in held.items():
        if rest:
            yield Body(f"{prefix}-{next(numbers)}", tuple(rest), kind)
