"""The rules of behaviour by columns, over all events of a batch at once; the compiled kernel takes event by event."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.bots import BIT, Reasons
from dkd.enrich.dedup import Keys
from dkd.enrich.hashing import hashed
from dkd.enrich.kinds import IS_CLICK, IS_DONE, IS_PAGE, KIND
from dkd.enrich.singles import PARTY
from dkd.enrich.visitors import ACTED, VIEWED, Rows, Visitors, chained, no_rows

BEHAVIOUR = ("rate_visitor", "pages_per_min", "burst", "no_variance", "click_before_view")
MOST_EVENTS = 600
MOST_PAGES = 30
BURST = 20
EVEN = 12
MINUTE_MS = 60_000
QUICK_MS = 1_000
EVEN_MS = (200, 60_000)
VARIES = 0.15
CLICKS = 2
MOST = 1 << 20
"""Counts go no further in a row."""

LIMITS = (MINUTE_MS, MOST_EVENTS, MOST_PAGES, BURST - 1, EVEN, QUICK_MS, *EVEN_MS, CLICKS, MOST, VARIES)
"""All of them, as the compiled kernel takes them."""

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]

Table = tuple[Visitors, int, int]
"""What was known of a partition's visitors, and where its events begin and end."""


class Parties(NamedTuple):
    """Events by partition and party.

    Attributes:
        order: Of the events: those of one party after the other, in offset order.
        starts: Where in *order* each party begins.
        keys: Of the parties.
        limits: How many parties there are before each partition, and in all.
        known: Of each party, from before the batch.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    keys: Keys
    limits: list[int]
    known: Rows


def parties_of(events: pl.DataFrame, tables: Sequence[Table]) -> Parties:
    """The parties of *events*, one or more, of which *tables* tell what was known."""
    keys = events[PARTY].to_numpy()
    order = np.concatenate([np.argsort(keys[start:end], kind="stable") + start for _, start, end in tables])
    ordered = keys[order]
    heads = np.append(True, ordered[1:] != ordered[:-1])
    heads[[start for _, start, end in tables if start < end]] = True
    starts = np.flatnonzero(heads)
    limits = [0, *np.searchsorted(starts, [end for *_, end in tables]).tolist()]
    asked = ordered[starts]
    spans = zip(tables, pairwise(limits), strict=True)
    known = chained(visitors.of(asked[start:end]) for (visitors, *_), (start, end) in spans)
    return Parties(order, starts, asked, limits, known)


class Line:
    """Events by partition and party, in offset order, cut into stretches in which the party is remembered."""

    def __init__(self, events: pl.DataFrame, parties: Parties, horizon_ms: int) -> None:
        self.order = order = parties.order
        self.times = events["timestamp_ms"].to_numpy()[order]
        self.horizons = events["?watermark"].to_numpy()[order] - horizon_ms
        heads = np.zeros(len(order), bool)
        heads[parties.starts] = True
        party, known, self.keys = np.cumsum(heads) - 1, parties.known, parties.keys
        self.seen_ms = _greatest(self.times, party, known["seen_ms"])
        before = np.where(heads, known["seen_ms"][party], np.roll(self.seen_ms, 1))
        forgotten = before < self.horizons
        self.begins = heads | forgotten
        self.stretch = np.cumsum(self.begins) - 1
        self.start = np.flatnonzero(self.begins)
        self.ends = np.append(np.flatnonzero(heads)[1:], len(heads)) - 1
        self.carried = no_rows(len(self.start))
        held = (heads & ~forgotten)[self.start]
        places = party[self.start[held]]
        for name in known.dtype.names or ():
            self.carried[name][held] = known[name][places]

    def judged(self, events: pl.DataFrame, has_pages: bool) -> tuple[Reasons, Rows]:
        """Reasons of the sorted events, and the rows after them."""
        kinds = events[KIND].to_numpy()[self.order]
        is_page, is_clicked, is_done = ((kinds & bit) > 0 for bit in (IS_PAGE, IS_CLICK, IS_DONE))
        rows = no_rows(len(self.ends))
        rows["key"], rows["seen_ms"] = self.keys, self.seen_ms[self.ends]
        found = self._rates(is_page, rows)
        found |= self._runs(events["page_url"], is_page, is_done, rows)
        if has_pages:
            found |= self._blind(events["party_id"], is_page, is_clicked, rows)
        flags = np.zeros(len(found), np.uint16)
        for bit in (BIT[name] for name in BEHAVIOUR):
            given = (found & bit) > 0
            if given.any():
                flags |= np.where(self._counted(given) > 0, np.uint16(bit), np.uint16(0))
        flags |= self.carried["flags"][self.stretch]
        rows["flags"] = flags[self.ends]
        return flags, rows

    def _counted(self, mask: Mask) -> Numbers:
        """How many of *mask* there were in each event's stretch, itself included."""
        total = np.cumsum(mask)
        return total - (total[self.start] - mask[self.start])[self.stretch]

    def _rates(self, is_page: Mask, rows: Rows) -> Reasons:
        """Reasons by what comes in one minute; events of an earlier one than the newest are not counted."""
        minute = self.times // MINUTE_MS
        newest = _greatest(minute, self.stretch, self.carried["minute"])
        is_new = self.begins | np.append(True, newest[1:] != newest[:-1])
        start, group = np.flatnonzero(is_new), np.cumsum(is_new) - 1
        goes_on = (self.begins & (newest == self.carried["minute"][self.stretch]))[start]
        is_counted = minute == newest
        found = np.zeros(len(minute), np.uint16)
        for name, mask, most, reason in (("events", is_counted, MOST_EVENTS, "rate_visitor"),
                                         ("pages", is_counted & is_page, MOST_PAGES, "pages_per_min")):  # fmt: skip
            total = np.cumsum(mask)
            before = np.where(goes_on, self.carried[name][self.stretch[start]].astype(np.int64), 0)
            count = total - (total[start] - mask[start] - before)[group]
            found |= np.where(count > most, np.uint16(BIT[reason]), np.uint16(0))
            rows[name] = count[self.ends]
        rows["minute"] = newest[self.ends]
        return found

    def _runs(self, urls: pl.Series, is_page: Mask, is_done: Mask, rows: Rows) -> Reasons:
        """Reasons by pages in a row; those older than the newest are passed over."""
        found, acts = np.zeros(len(self.times), np.uint16), self._counted(is_done)
        pages = _Pages(self, np.flatnonzero(is_page), urls, acts)
        found[pages.place] |= np.where(pages.burst >= BURST - 1, np.uint16(BIT["burst"]), np.uint16(0))
        found[pages.place] |= np.where(pages.is_even, np.uint16(BIT["no_variance"]), np.uint16(0))
        pages.keep(rows, acts)
        return found

    def _blind(self, parties: pl.Series, is_page: Mask, is_clicked: Mask, rows: Rows) -> Reasons:
        """The reason of clicks by new visitors who have seen no page."""
        viewed = (self._counted(is_page) > 0) | (self.carried["viewed"][self.stretch] & VIEWED > 0)
        clicks = self._counted(is_clicked & ~viewed) + self.carried["clicks"][self.stretch]
        rows["viewed"] |= viewed[self.ends]
        rows["clicks"] = np.minimum(clicks[self.ends], MOST)
        found = np.zeros(len(clicks), np.uint16)
        for place in np.flatnonzero((clicks >= CLICKS) & is_clicked & ~viewed).tolist():
            made_ms = born_ms(parties[int(self.order[place])])
            # A visitor from before what is remembered may have seen pages that were forgotten.
            if made_ms is not None and made_ms >= self.horizons[place]:
                found[place] = BIT["click_before_view"]
        return found


class _Pages:
    """The pages of a line that are newer than those before them, and how they follow each other."""

    def __init__(self, line: Line, place: Numbers, urls: pl.Series, acts: Numbers) -> None:
        self._line = line
        stretch, times = line.stretch[place], line.times[place]
        heads = np.append(True, stretch[1:] != stretch[:-1])[: len(place)]
        newest = _greatest(times, np.cumsum(heads) - 1, line.carried["page_ms"][stretch[heads]])
        before = np.where(heads, line.carried["page_ms"][stretch], np.roll(newest, 1))
        kept = times > before
        self.place, stretch, times, before = place[kept], stretch[kept], times[kept], before[kept]
        heads = np.append(True, stretch[1:] != stretch[:-1])[: len(stretch)]
        names = ("page", "gap_ms", "even", "gaps_ms", "squares", "burst", "viewed")
        carried, page = (
            {name: line.carried[name][stretch] for name in names},
            hashed(urls.gather(line.order[self.place]).fill_null("")),
        )
        other = page != np.where(heads, carried["page"], np.roll(page, 1))
        idle = acts[self.place] == np.where(heads, 0, np.roll(acts[self.place], 1))
        idle &= ~heads | (carried["viewed"] & ACTED == 0)
        gap = np.where(before < 0, 0, times - before)
        gap_before = np.where(heads, carried["gap_ms"], np.roll(gap, 1))
        in_a_row = other & (gap > 0)
        is_even = in_a_row & (gap >= EVEN_MS[0]) & (gap <= EVEN_MS[1]) & (gap_before > 0)
        is_even &= np.abs(gap - gap_before) * 2 <= gap_before
        one = np.ones(len(gap), np.int64)
        even = _in_a_row(is_even, one, heads, carried["even"])
        gaps = _in_a_row(is_even, gap, heads, carried["gaps_ms"])
        squares = _in_a_row(is_even, gap * gap, heads, carried["squares"])
        self.is_even = (even >= EVEN) & (even * squares - (gaps * 1.0) ** 2 <= (VARIES * gaps) ** 2)
        is_quick = in_a_row & idle & (gap <= QUICK_MS)
        self.burst = _in_a_row(is_quick, one, heads, carried["burst"] * (acts[self.place] == 0))
        self._stretch = stretch
        self._last = {"page_ms": times, "page": page, "gap_ms": gap, "even": np.minimum(even, MOST), "gaps_ms": gaps,
                      "squares": squares, "burst": np.minimum(self.burst, MOST)}  # fmt: skip

    def keep(self, rows: Rows, acts: Numbers) -> None:
        """Write what is last of each party into its row."""
        line = self._line
        stretch = line.stretch[line.ends]
        last = np.searchsorted(self._stretch, stretch, "right") - 1
        has_page = last >= 0
        has_page[has_page] = self._stretch[last[has_page]] == stretch[has_page]
        for name, value in self._last.items():
            rows[name] = line.carried[name][stretch]
            rows[name][has_page] = value[last[has_page]]
        since = acts[line.ends].copy()
        since[has_page] -= acts[self.place[last[has_page]]]
        is_acted = (since > 0) | (~has_page & (line.carried["viewed"][stretch] & ACTED > 0))
        rows["burst"][is_acted] = 0
        rows["viewed"][is_acted] |= ACTED


def _in_a_row(mask: Mask, values: Numbers, heads: Mask, before: Numbers) -> Numbers:
    """The sum of *values* where *mask* holds without a break up to each place; a stretch begins with *before*."""
    places = np.arange(len(mask))
    stop = np.maximum.accumulate(np.where(~mask, places, np.where(heads, places - 1, -1)))
    head = np.maximum.accumulate(np.where(heads, places, -1))
    goes_on = stop < head
    total = np.cumsum(np.where(mask, values, 0))
    return np.where(mask, total - np.append(total, 0)[stop] + np.where(goes_on, before[head].astype(np.int64), 0), 0)


def _greatest(values: Numbers, group: Numbers, before: Numbers) -> Numbers:
    """The greatest value up to each place of its group, which begins with *before*, one a group."""
    if not len(values):
        return values
    least = int(values.min())
    shifted = np.maximum(values, before[group]) - least
    width = int(shifted.max()) + 1
    found: Numbers = np.maximum.accumulate(shifted + group * width) - group * width + least
    return found


def born_ms(party: str) -> int | None:
    """When the tag made the id of a party: Divolte's ids hold it, in base 36."""
    parts = party.split(":")
    if len(parts) != 3 or not 1 <= len(parts[1]) <= 9:
        return None
    try:
        return int(parts[1], 36)
    except ValueError:
        return None
