"""A group's members and what each has become the partitions that nobody reads, and who is to end that.

A cooperative rebalance takes two rounds: partitions that move are given to nobody in the first, and the member that
lets go of them asks for the second. If it dies in between and comes back under its static name within its session, the
broker gives it what the first round gave it and sees no need for a second. The group is stable then, and nobody ever
reads the partitions in between. A member that really leaves and joins anew makes the group share out all of them.
"""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from dkd.settings import KafkaSettings
from dkd.stream.clients import REQUEST_S, Names, common

_EVERY_S = 5.0

Shares = Mapping[str, Collection[int]]
"""Partitions of each member by its static name."""


def orphans(shares: Shares, count: int) -> frozenset[int]:
    """Which of *count* partitions nobody has."""
    return frozenset(range(count)) - {partition for share in shares.values() for partition in share}


def is_ours_to_leave(shares: Shares, ours: str) -> bool:
    """Whether *ours* is the one member that should leave and join anew: the one whose leaving moves least."""
    return bool(shares) and min(shares, key=lambda name: (len(shares[name]), name)) == ours


class GroupWatch:
    """Looks at the group now and then, without waiting for the answer."""

    def __init__(
        self, kafka: KafkaSettings, names: Names, count: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is asked yet.

        Args:
            kafka: The cluster.
            names: Topics, group and our own name.
            count: Partitions of raw.
            clock: Seconds.
        """
        self._admin = AdminClient(common(kafka))
        self._names = names
        self._count = count
        self._clock = clock
        self._asked_s = clock()
        self._answer: Future[Any] | None = None
        self._before: frozenset[int] = frozenset()

    def orphans(self) -> frozenset[int]:
        """Partitions that nobody has had for two looks, when it is for us to leave; mostly none."""
        if self._answer is not None and self._answer.done():
            answer, self._answer = self._answer, None
            return self._judged(answer)
        if self._answer is None and self._clock() - self._asked_s >= _EVERY_S:
            self._asked_s = self._clock()
            asked = self._admin.describe_consumer_groups([self._names.group], request_timeout=REQUEST_S)
            self._answer = asked[self._names.group]
        return frozenset()

    def _judged(self, answer: Future[Any]) -> frozenset[int]:
        try:
            found = answer.result()
        except KafkaException:
            return frozenset()
        shares = {
            member.group_instance_id or member.member_id: [
                place.partition for place in member.assignment.topic_partitions
            ]
            for member in found.members
        }
        # A member that is still at work before it lets go is within its rights for a while.
        now = orphans(shares, self._count) if found.state == ConsumerGroupState.STABLE else frozenset()
        lasting, self._before = now & self._before, now
        return lasting if is_ours_to_leave(shares, self._names.instance) else frozenset()
