"""A seed, a stretch of time, a rate and a model → the lines that a believable site sends then, in the order it does.

Traffic is a function of absolute time: what a stretch holds does not depend on where it begins or ends, so stretches
that meet add up, and the same stretch made again is the same to the byte.
"""

import heapq
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from dkd.collect.base36 import write as base36
from dkd.model.schema import Model
from dkd.model.types import in_ms
from dkd.simulate.broken import broken, line
from dkd.simulate.dice import Dice
from dkd.simulate.plot import plot_of
from dkd.simulate.visit import LONGEST_MS, Happening, Walk, robot_run, visit
from dkd.simulate.visitor import BLOCK_MS, Visitor, awake, visitor_of
from dkd.simulate.world import ROBOT_SHARE

DAY_MS = 86_400_000
_BLOCKS_A_DAY = DAY_MS // BLOCK_MS

DUPLICATES, BROKEN, OUT_OF_ORDER, OFFLINE = 0.008, 0.004, 0.01, 0.02
"""Of all events: sent twice, sent broken, overtaken by the next one; of all visits: those that end offline."""
RETURNING = 0.3
"""Of all visits: those of visitors who were there before."""
_AGO_BLOCKS = (20, 180)
_TRIES = 20
_SAMPLE_VISITS = 1500

REPEATED_MS = 60_000
"""An event that is sent twice is so within this time."""


class Sent(NamedTuple):
    """One line as it leaves.

    Attributes:
        at_ms: When it is sent; never before it happens.
        body: The line, without its end.
        given: The event that it holds, or held before it was broken.
        kind: event, duplicate or broken.
        persona: Of its visitor; empty for robots.
        robot: Its kind of robot; empty for people.
        failed: Whether the visitor meant to reach the goal here and could not.
    """

    at_ms: int
    body: bytes
    given: dict[str, object]
    kind: str = "event"
    persona: str = ""
    robot: str = ""
    failed: bool = False


def traffic(seed: int, start_ms: int, end_ms: int, rate: float, model: Model) -> Iterator[Sent]:
    """Everything that is sent from *start_ms* up to, not including, *end_ms*, by time.

    Args:
        seed: Another seed is another site.
        start_ms: UTC since 1970.
        end_ms: The same; far away for traffic without end.
        rate: Lines a second, on average over a day: nights are quieter than evenings.
        model: Which events there are, and what they carry.
    """
    mean = _mean_lines(model)
    blocks = _Blocks(seed, model, rate * DAY_MS / 1000 / mean)
    waiting: list[tuple[int, int, int, Sent]] = []
    for number in range((start_ms - LONGEST_MS) // BLOCK_MS, (end_ms - 1) // BLOCK_MS + 1):
        for seq, sent in enumerate(blocks.lines(number)):
            if start_ms <= sent.at_ms < end_ms:
                # Ties are in the order of block and place, wherever the stretch begins.
                heapq.heappush(waiting, (sent.at_ms, number, seq, sent))
        while waiting and waiting[0][0] < (number + 1) * BLOCK_MS:
            yield heapq.heappop(waiting)[-1]
    while waiting:
        yield heapq.heappop(waiting)[-1]


def rate_of(visitors: float, model: Model) -> float:
    """The rate, in lines a second, at which some *visitors* come in a day, robots among them."""
    return visitors * _mean_lines(model) * 1000 / DAY_MS


def _mean_lines(model: Model) -> float:
    """Lines of an average visit, found by making a day of some thousands."""
    blocks = _Blocks(0, model, _SAMPLE_VISITS)
    made = sum(1 for number in range(_BLOCKS_A_DAY) for _ in blocks.lines(number))
    return max(made / _SAMPLE_VISITS, 0.01)


class _Blocks:
    """Makes the lines of the visits that begin in one block of time."""

    def __init__(self, seed: int, model: Model, visits_a_day: float) -> None:
        self._seed, self._model, self._plot = seed, model, plot_of(model)
        timing = model.enrich.timing
        self._grace_ms, self._late_after_ms = in_ms(timing.grace), in_ms(timing.late_after)
        self._robots = visits_a_day / _BLOCKS_A_DAY * ROBOT_SHARE / (1 + ROBOT_SHARE)
        self._people = visits_a_day / _BLOCKS_A_DAY - self._robots
        self._fresh = cache(self._count_fresh)

    def lines(self, number: int) -> Iterator[Sent]:
        """All lines of the visits that begin in block *number*, visit by visit."""
        dice = Dice(self._seed, "block", number)
        fresh = self._fresh(number)
        for seq in range(fresh):
            visitor = visitor_of(self._seed, number, seq)
            yield from self._visit(visitor, Dice(self._seed, "visit", number, seq), visitor.born_ms)
        for seq in range(dice.count(self._people * RETURNING * sum(awake(number)))):
            start_ms = number * BLOCK_MS + dice.between(0, BLOCK_MS - 1)
            visitor = self._returning(number, fresh + seq, dice)
            yield from self._visit(visitor, Dice(self._seed, "visit", number, fresh + seq), start_ms)
        for seq in range(dice.count(self._robots)):
            yield from self._run(number, seq)

    def _count_fresh(self, number: int) -> int:
        mean = self._people * (1 - RETURNING) * sum(awake(number))
        return Dice(self._seed, "fresh", number).count(mean)

    def _returning(self, number: int, fresh: int, dice: Dice) -> Visitor:
        """Somebody who first came hours or days before; a new one where nobody is found."""
        for _ in range(_TRIES):
            days = dice.weighted((0, 1, 2, 3, 4, 5, 6), (5, 4, 3, 2, 2, 2, 3))
            block = number - days * _BLOCKS_A_DAY - dice.between(*_AGO_BLOCKS)
            there = self._fresh(block)
            if there:
                found = visitor_of(self._seed, block, dice.between(0, there - 1))
                if dice.chance(found.persona.back):
                    return found
        return visitor_of(self._seed, number, fresh)

    def _visit(self, visitor: Visitor, dice: Dice, start_ms: int) -> Iterator[Sent]:
        walk = visit(self._seed, self._model.site, self._plot, visitor, dice, start_ms)
        sent = self._ordered(walk, dice, visitor.persona.name)
        if dice.chance(OFFLINE):
            sent += self._offline(walk, dice, visitor.persona.name)
        yield from self._disturbed(sent, dice, start_ms)

    def _run(self, number: int, seq: int) -> Iterator[Sent]:
        dice = Dice(self._seed, "robot", number, seq)
        start_ms = number * BLOCK_MS + dice.between(0, BLOCK_MS - 1)
        party_id = f"0:{base36(start_ms)}:{dice.word(22)}"
        robot, walk = robot_run(self._model.site, self._plot, dice, start_ms, party_id)
        sent = [Sent(one.time_ms, line(one.given), one.given, robot=robot.kind) for one in walk.made]
        yield from self._disturbed(sent, dice, start_ms)

    def _ordered(self, walk: Walk, dice: Dice, persona: str) -> list[Sent]:
        """What was sent at once; some events are overtaken by the next one, as parallel requests are."""
        sent = [_sent(one, one.time_ms, persona) for one in walk.made]
        for place in range(len(sent) - 1):
            follows_ms = sent[place + 1].at_ms
            if follows_ms - sent[place].at_ms < 60_000 and dice.chance(OUT_OF_ORDER):
                sent[place] = sent[place]._replace(at_ms=follows_ms + 40)
        return sent

    def _offline(self, walk: Walk, dice: Dice, persona: str) -> list[Sent]:
        """Pages seen without a network; they are sent just after the first one with it, and late by then."""
        room_ms = min(self._late_after_ms - self._grace_ms, 45 * 60_000) - 15 * 60_000
        if room_ms <= 0 or not walk.made:
            return []
        before = len(walk.made)
        for _ in range(dice.between(1, 3)):
            walk.pause(15_000)
            walk.open("offline/reading")
        held = walk.made[before:]
        walk.scene.time_ms += self._grace_ms + 120_000 + dice.between(0, room_ms)
        walk.open("")
        back = walk.made[before + len(held) :]
        sent = [_sent(one, one.time_ms, persona) for one in back]
        late_ms = walk.scene.time_ms + 300
        return sent + [_sent(one, late_ms + seq, persona) for seq, one in enumerate(held)]

    def _disturbed(self, sent: list[Sent], dice: Dice, start_ms: int) -> Iterator[Sent]:
        """The same with lines that come twice and lines that are broken; what is too far from the start is cut off."""
        for one in sent:
            if one.at_ms >= start_ms + LONGEST_MS - 60_000:
                return
            yield one
            if dice.chance(DUPLICATES):
                yield one._replace(kind="duplicate", at_ms=one.at_ms + dice.between(500, REPEATED_MS - 1_000))
            if dice.chance(BROKEN):
                body = broken(one.given, self._model, dice)
                yield one._replace(kind="broken", at_ms=one.at_ms + dice.between(1, 900), body=body)


def _sent(one: Happening, at_ms: int, persona: str) -> Sent:
    return Sent(at_ms, line(one.given), one.given, persona=persona, failed=one.failed)
