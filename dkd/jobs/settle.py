"""A running site is watched until what was sent is consumed and queryable; what is missing is said meanwhile."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from dkd.enrich.state import Books

Say = Callable[[str], None]
"""Takes a line of progress; called about twice a second."""

PATIENCE_S = 180.0
"""How long Druid may answer without new rows, once the enricher is done, before the books are printed as they are."""
STILL_S = {True: 30.0, False: 4.0}
"""How long Druid's count must stay the same to be believed where it is not the books': longer when it is short of them,
as it is while one of Druid's processes starts again."""

WRITTEN = {"events": "clean", "sessions": "sessions"}
"""Kind of each datasource, and the count of the books that says how many rows it was given."""

_PAUSE_S = 0.25
_STUCK_S = 5.0
Value = TypeVar("Value")


class Unavailable(Exception):
    """A system does not answer at the moment; the text says which one and what helps."""


class Counted(NamedTuple):
    """The enricher's cumulative books, as of its last commits.

    Attributes:
        books: What it counted, over all partitions.
        consumed: Next offset of raw that it will read, by partition.
        watermarks: Greatest event time, ms, by partition; without those that saw none.
    """

    books: Books
    consumed: Mapping[int, int]
    watermarks: Mapping[int, int]

    @property
    def offset(self) -> int:
        """All that was consumed, as one number."""
        return sum(self.consumed.values())

    def behind(self, ends: Mapping[int, int]) -> int:
        """Records before *ends* that are not consumed yet."""
        return sum(max(0, end - self.consumed.get(partition, 0)) for partition, end in ends.items())


class Site(Protocol):
    """What can be seen of a running site; every method raises Unavailable while its system does not answer."""

    def raw_ends(self) -> Mapping[int, int]:
        """Next offset that each partition of raw will give."""

    def counted(self) -> Counted:
        """The enricher's books."""

    def rows(self, kind: str) -> int:
        """Rows of the datasource of *kind*, one of :data:`WRITTEN`; 0 while there is none."""


class Mark(NamedTuple):
    """The site at rest.

    Attributes:
        counted: The enricher's books, with all of raw consumed.
        rows: Rows of each datasource by kind, with all in it that was written for it.
    """

    counted: Counted
    rows: Mapping[str, int]


def at_rest(site: Site, say: Say) -> Mark:
    """Wait until all that is in raw is consumed and queryable: what comes from now on is new.

    Args:
        site: Must answer at first; systems that go away later are waited for.
        say: Told what is waited for.

    Raises:
        Unavailable: When a system does not answer at first.
    """
    ends, _ = site.raw_ends(), site.rows("events")
    counted = _consumed(site, ends, say)
    return Mark(counted, {kind: _still(site, kind, _written(counted, kind), say) for kind in WRITTEN})


def growth(site: Site, before: Mark, say: Say, patience_s: float = PATIENCE_S) -> Mark:
    """Wait until all that is in raw now is consumed and queryable.

    Args:
        site: Systems that go away are waited for.
        before: The site before it was sent to.
        say: Told what is waited for.
        patience_s: How long the datasource may stay short of rows, or have too many, while Druid answers.

    Returns:
        The site afterwards. Its rows are short, or too many, only when *patience_s* ran out.
    """
    counted = _consumed(site, until(site.raw_ends, say), say)
    grown = {
        kind: _in_druid(site, kind, (before.counted, counted), before.rows[kind], say, patience_s) for kind in WRITTEN
    }
    return Mark(counted, {kind: before.rows[kind] + count for kind, count in grown.items()})


def until(ask: Callable[[], Value], say: Say) -> Value:
    """The answer of *ask*, asked again while a system does not answer."""
    while True:
        try:
            return ask()
        except Unavailable as error:
            say(f"waiting: {error}")
            time.sleep(_PAUSE_S)


def _consumed(site: Site, ends: Mapping[int, int], say: Say) -> Counted:
    """The books once all records before *ends* are in them."""
    behind, moved_s = -1, time.monotonic()
    while True:
        counted = until(site.counted, say)
        left = counted.behind(ends)
        if left == 0:
            return counted
        if left != behind:
            behind, moved_s = left, time.monotonic()
        stuck = time.monotonic() - moved_s > _STUCK_S
        say(f"enriching: {left:,} records to go" + ("; the enricher makes no progress, run dkd up" if stuck else ""))
        time.sleep(_PAUSE_S)


def _still(site: Site, kind: str, wanted: int, say: Say) -> int:
    """Rows of a datasource once they equal *wanted*, or stay the same for a while.

    They differ for good where rows were dropped by retention or loaded by another way.
    """
    rows, since_s = until(lambda: site.rows(kind), say), time.monotonic()
    while rows != wanted and time.monotonic() - since_s < STILL_S[rows < wanted]:
        say(f"waiting for Druid to come to rest: {rows:,} rows of {kind}, {wanted:,} were written so far")
        time.sleep(_PAUSE_S)
        now = until(lambda: site.rows(kind), say)
        if now != rows:
            rows, since_s = now, time.monotonic()
    return rows


def _in_druid(site: Site, kind: str, books: tuple[Counted, Counted], before: int, say: Say, patience_s: float) -> int:
    """Wait for as many new rows as were written between *books*, and count them; others may go on adding to both."""
    first, last = books
    wanted, seen, still_s = _written(last, kind) - _written(first, kind), -1, 0.0
    while True:
        rows = until(lambda: site.rows(kind), say) - before
        if rows == wanted or (rows > wanted and rows - wanted <= _since(site, kind, last, say)):
            return wanted
        # Counted in answers, so that time without Druid is not held against it.
        seen, still_s = rows, (still_s + _PAUSE_S if rows == seen else 0.0)
        if still_s > patience_s:
            return rows
        say(f"in Druid: {rows:,} of {wanted:,} new {'rows' if kind == 'events' else kind}")
        time.sleep(_PAUSE_S)


def _since(site: Site, kind: str, counted: Counted, say: Say) -> int:
    return _written(until(site.counted, say), kind) - _written(counted, kind)


def _written(counted: Counted, kind: str) -> int:
    return int(getattr(counted.books, WRITTEN[kind]))
