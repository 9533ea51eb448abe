"""A group's members and what each has become the partitions that nobody reads, and who is to end that.

A cooperative rebalance takes two rounds: partitions that move are given to nobody in the first, and the member that
lets go of them asks for the second. If it dies in between and comes back under its static name within its session, the
broker gives it what the first round gave it and sees no need for a second. The group is stable then, and nobody ever
reads the partitions in between. A member that really leaves and joins anew makes the group share out all of them.
So does one that the group has lost without its client's notice, as seen when a broker restarts again and again.
"""

import struct
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from dkd.settings import KafkaSettings
from dkd.stream.clients import REQUEST_S, Names, common

_EVERY_S = 5.0

Shares = Mapping[str, Collection[int]]
"""Partitions of each member by its id."""


def orphans(shares: Shares, count: int) -> frozenset[int]:
    """Which of *count* partitions nobody has."""
    return frozenset(range(count)) - {partition for share in shares.values() for partition in share}


def is_ours_to_leave(shares: Shares, ours: str) -> bool:
    """Whether *ours* is the one member that should leave and join anew: the one whose leaving moves least."""
    return bool(shares) and min(shares, key=lambda name: (len(shares[name]), name)) == ours


class Look(NamedTuple):
    """What is wrong with a group that has come to rest.

    Attributes:
        orphans: Partitions that nobody has, when it is for us to end that.
        is_lost: Whether we are no member.
    """

    orphans: frozenset[int] = frozenset()
    is_lost: bool = False


def look(shares: Shares, ours: str, count: int) -> Look:
    """What is wrong with the group of *shares*, as the member *ours* sees it."""
    return Look(orphans(shares, count) if is_ours_to_leave(shares, ours) else frozenset(), ours not in shares)


def lasting(before: Look, now: Look) -> str:
    """What is still wrong, for people; empty when nothing is."""
    if before.is_lost and now.is_lost:
        return "Kafka does not know us in the group any more"
    left = sorted(before.orphans & now.orphans)
    return f"nobody in the group reads partitions {left}" if left else ""


def assigned(assignment: bytes) -> list[int]:
    """Partitions in a member's assignment, as the consumers of a group agree to write it; none where it is empty.

    It is a version, then for each topic its name and its partitions; ours is the only topic of the group.
    """
    if len(assignment) < struct.calcsize(">hi"):
        return []
    _, topics = struct.unpack_from(">hi", assignment)
    found, place = list[int](), struct.calcsize(">hi")
    for _ in range(topics):
        place += 2 + struct.unpack_from(">h", assignment, place)[0]
        (count,) = struct.unpack_from(">i", assignment, place)
        found += struct.unpack_from(f">{count}i", assignment, place + 4)
        place += 4 + 4 * count
    return found


class GroupWatch:
    """Looks at the group now and then, in a thread of its own, so that nobody waits for the answer."""

    def __init__(
        self,
        kafka: KafkaSettings,
        names: Names,
        member: Consumer,
        count: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is asked yet.

        Args:
            kafka: The cluster.
            names: Topics and group.
            member: We ourselves.
            count: Partitions of raw.
            clock: Seconds.
        """
        self._admin = AdminClient(common(kafka))
        self._names = names
        self._member = member
        self._count = count
        self._clock = clock
        self._asked_s = clock()
        self._asking: threading.Thread | None = None
        self._shares: Shares | None = None
        self._before = Look()

    def trouble(self) -> str:
        """Why we should leave the group and join it anew, once that was so for two looks; mostly empty."""
        if self._asking is not None and not self._asking.is_alive():
            self._asking = None
            return self._judged(self._shares)
        if self._asking is None and self._clock() - self._asked_s >= _EVERY_S:
            self._asked_s = self._clock()
            self._asking = threading.Thread(target=self._ask, daemon=True)
            self._asking.start()
        return ""

    def _ask(self) -> None:
        # Not describe_consumer_groups: librdkafka 2.16 aborts the process when the broker restarts meanwhile
        # (rd_kafka_enq_once_del_source_return: Assertion `eonce->refcnt > 0').
        self._shares = None
        try:
            [found] = self._admin.list_groups(self._names.group, REQUEST_S)
        except (KafkaException, ValueError):
            return
        if found.state in ("Stable", "Empty"):
            self._shares = {str(member.id): assigned(bytes(member.assignment or b"")) for member in found.members}

    def _judged(self, shares: Shares | None) -> str:
        if shares is None:  # no answer, or the group is about to share out anew
            self._before = Look()
            return ""
        # A member that is still at work before it lets go, and one that is about to join, have some time for it.
        before, self._before = self._before, look(shares, self._member.memberid() or "", self._count)
        return lasting(before, self._before)
