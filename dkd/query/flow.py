"""What sessions did, value after value → how many took each way; every step adds up to the one before."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from dkd.query.behaviour import Paths


class Way(Enum):
    """Where a session went when it is no value that is shown."""

    others = "others"
    ended = "ended"


Place = str | Way
Sequenced = tuple[Sequence[str], int]
"""Values in order of time, and how many sessions had just these."""


@dataclass(frozen=True)
class Column:
    """One step.

    Attributes:
        total: Sessions that got here.
        places: The first values and how many had each, most first, then the others where there are any.
        ended: Sessions of the step before that did nothing more; 0 at the first step.
    """

    total: int
    places: tuple[tuple[Place, int], ...]
    ended: int


@dataclass(frozen=True)
class Flow:
    """Ways through the steps.

    Attributes:
        columns: The first step, and as many after it as any session had, up to the depth.
        links: For each step but the last, how many went from one of its places to one of the next, or ended.
        started: Sessions that have the first step.
    """

    columns: tuple[Column, ...]
    links: tuple[tuple[tuple[Place, Place, int], ...], ...]
    started: int


def flow(sequences: Iterable[Sequenced], paths: Paths) -> Flow:
    """The ways that *sequences* took.

    Args:
        sequences: In any order.
        paths: From where, in which direction and how far; its dimension does not matter here.
    """
    ways = [(way, count) for values, count in sequences if (way := _way(values, paths))]
    steps = [Counter[str]() for _ in range(paths.depth + 1)]
    for way, count in ways:
        for step, value in zip(steps, way, strict=False):
            step[value] += count
    shown = [{value for value, _ in _ranked(step)[: paths.top]} for step in steps]
    links = [Counter[tuple[Place, Place]]() for _ in range(paths.depth)]
    for way, count in ways:
        places = [value if value in shown[seq] else Way.others for seq, value in enumerate(way)]
        for seq, (place, following) in enumerate(zip(places, [*places[1:], Way.ended], strict=True)):
            if seq < paths.depth:
                links[seq][place, following] += count
    last = max((seq for seq, step in enumerate(steps) if step), default=-1)
    columns = tuple(_column(steps, seq, shown[seq]) for seq in range(last + 1))
    ordered = (tuple((*pair, count) for pair, count in _ranked(one)) for one in links[: last + 1])
    return Flow(columns, tuple(ordered), steps[0].total())


def _way(values: Sequence[str], paths: Paths) -> list[str]:
    """The steps of one session from its first on; none where it has no such."""
    steps = [value for value, _ in groupby(values)]
    if paths.anchor is not None:
        if paths.anchor not in steps:
            return []
        at = steps.index(paths.anchor)
        steps = steps[at::-1] if paths.backwards else steps[at:]
    elif paths.backwards:
        steps.reverse()
    return steps[: paths.depth + 1]


def _ranked(counts: Counter) -> list[tuple]:  # type: ignore[type-arg]  # of values, or of pairs of places
    return sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))


def _column(steps: Sequence[Counter[str]], seq: int, shown: set[str]) -> Column:
    step = steps[seq]
    total = step.total()
    places: list[tuple[Place, int]] = [(value, count) for value, count in _ranked(step) if value in shown]
    others = total - sum(count for _, count in places)
    if others:
        places.append((Way.others, others))
    return Column(total, tuple(places), steps[seq - 1].total() - total if seq else 0)
