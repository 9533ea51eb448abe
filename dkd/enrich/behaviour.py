"""What visitors do, event by event in the order of the partition, tells some of them to be automated.

| reason | rule |
|---|---|
| ``rate_visitor`` | more than 600 events in a minute |
| ``pages_per_min`` | more than 30 pages in a minute |
| ``burst`` | 20 pages in a row, each another one and a second after the last at most, and nothing done between them |
| ``no_variance`` | 14 pages in a row, each another one, whose distances in time vary by 15 % of their mean at most |
| ``click_before_view`` | a second click of a visitor who is new and has seen no page |

Minutes are those of event time. A reason holds from the event that gave it on, until the party was not seen for the
horizon of dedup. Events with neither agent nor address are a server's, and are not watched.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd.enrich.bots import BIT, Reasons
from dkd.enrich.dedup import Keys
from dkd.enrich.singles import PARTY, is_click
from dkd.enrich.visitors import Rows, Visitors, chained, no_rows
from dkd.model.schema import Model

PAGE = "page_view"
BEHAVIOUR = ("rate_visitor", "pages_per_min", "burst", "no_variance", "click_before_view")
DONE = frozenset(("scroll", "heartbeat", "form_submit"))
"""Beside clicks, what the tag sends only when a person did something."""

MOST_EVENTS = 600
MOST_PAGES = 30
BURST = 20
EVEN = 12
_MINUTE_MS = 60_000
_QUICK_MS = 1_000
_EVEN_MS = (200, 60_000)
_VARIES = 0.15
_CLICKS = 2
_MOST = 1 << 20

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


Table = tuple[Visitors, int, int]
"""What was known of a partition's visitors, and where its events begin and end."""


class Watched(NamedTuple):
    """Reasons of each event, and the rows of the visitors that they change, by key, for each partition."""

    reasons: Reasons
    changed: list[Rows]


def watched(events: pl.DataFrame, tables: Sequence[Table], horizon_ms: int, model: Model) -> Watched:
    """Watch a batch; nobody, where the model does not tell bots.

    Args:
        events: Of one partition after the other, in offset order, repeats taken out: ``party_id``, ``event``,
            ``timestamp_ms``, ``page_url``, ``user_agent``, ``ip``, ``?party``, the hash of the party, and
            ``?watermark``, the partition's when each came.
        tables: Of each partition.
        horizon_ms: For how long a visitor is remembered.
        model: The site; where it tells of no pages, clicks need none before them.
    """
    reasons = np.zeros(events.height, np.uint16)
    browsers = (events["user_agent"].is_not_null() | events["ip"].is_not_null()).to_numpy()
    if model.enrich.bots is None or not browsers.any():
        return Watched(reasons, [no_rows() for _ in tables])
    if browsers.all():
        mine = events
    else:
        before = np.append(0, np.cumsum(browsers))
        mine = events.filter(pl.Series(browsers))
        tables = [(visitors, int(before[start]), int(before[end])) for visitors, start, end in tables]
    line = _Line(mine, tables, horizon_ms)
    flags, changed = line.judged(mine, PAGE in model.events)
    found = np.empty(mine.height, np.uint16)
    found[line.order] = flags
    reasons[browsers] = found
    return Watched(reasons, [changed[start:end] for start, end in pairwise(line.parties)])


class _Line:
    """Events by partition and party, in offset order, cut into stretches in which the party is remembered.

    ``parties`` tells how many parties there are before each partition, and in all.
    """

    def __init__(self, events: pl.DataFrame, tables: Sequence[Table], horizon_ms: int) -> None:
        keys, times = events[PARTY].to_numpy(), events["timestamp_ms"].to_numpy()
        orders = [np.argsort(keys[start:end], kind="stable") + start for _, start, end in tables]
        self.order = order = np.concatenate(orders)
        self.keys, self.times = keys[order], times[order]
        self.horizons = events["?watermark"].to_numpy()[order] - horizon_ms
        heads = np.append(True, self.keys[1:] != self.keys[:-1])
        heads[[start for _, start, end in tables if start < end]] = True
        party = np.cumsum(heads) - 1
        self.parties = [0, *np.append(0, np.cumsum(heads))[[end for *_, end in tables]].tolist()]
        asked = self.keys[heads]
        spans = zip(tables, pairwise(self.parties), strict=True)
        known = chained(visitors.of(asked[start:end]) for (visitors, *_), (start, end) in spans)
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
        names = events["event"]
        clicks = [name for name in names.unique().to_list() if is_click(name)]
        is_page, is_clicked, is_done = (
            mask.to_numpy()[self.order] for mask in (names == PAGE, names.is_in(clicks), names.is_in([*clicks, *DONE]))
        )
        rows = no_rows(len(self.ends))
        rows["key"], rows["seen_ms"] = self.keys[self.ends], self.seen_ms[self.ends]
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
        minute = self.times // _MINUTE_MS
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
        found, acts = np.zeros(len(self.keys), np.uint16), self._counted(is_done)
        pages = _Pages(self, np.flatnonzero(is_page), urls, acts)
        found[pages.place] |= np.where(pages.burst >= BURST - 1, np.uint16(BIT["burst"]), np.uint16(0))
        found[pages.place] |= np.where(pages.is_even, np.uint16(BIT["no_variance"]), np.uint16(0))
        pages.keep(rows, acts)
        return found

    def _blind(self, parties: pl.Series, is_page: Mask, is_clicked: Mask, rows: Rows) -> Reasons:
        """The reason of clicks by new visitors who have seen no page."""
        viewed = (self._counted(is_page) > 0) | (self.carried["viewed"][self.stretch] > 0)
        clicks = self._counted(is_clicked & ~viewed) + self.carried["clicks"][self.stretch]
        rows["viewed"], rows["clicks"] = viewed[self.ends], np.minimum(clicks[self.ends], _MOST)
        found = np.zeros(len(clicks), np.uint16)
        for place in np.flatnonzero((clicks >= _CLICKS) & is_clicked & ~viewed).tolist():
            born_ms = _born_ms(parties[int(self.order[place])])
            # A visitor from before what is remembered may have seen pages that were forgotten.
            if born_ms is not None and born_ms >= self.horizons[place]:
                found[place] = BIT["click_before_view"]
        return found


class _Pages:
    """The pages of a line that are newer than those before them, and how they follow each other."""

    def __init__(self, line: _Line, place: Numbers, urls: pl.Series, acts: Numbers) -> None:
        self._line = line
        stretch, times = line.stretch[place], line.times[place]
        heads = np.append(True, stretch[1:] != stretch[:-1])[: len(place)]
        newest = _greatest(times, np.cumsum(heads) - 1, line.carried["page_ms"][stretch[heads]])
        before = np.where(heads, line.carried["page_ms"][stretch], np.roll(newest, 1))
        kept = times > before
        self.place, stretch, times, before = place[kept], stretch[kept], times[kept], before[kept]
        heads = np.append(True, stretch[1:] != stretch[:-1])[: len(stretch)]
        names = ("page", "gap_ms", "even", "gaps_ms", "squares", "burst")
        carried, page = (
            {name: line.carried[name][stretch] for name in names},
            _hashes(urls.gather(line.order[self.place])),
        )
        other = page != np.where(heads, carried["page"], np.roll(page, 1))
        idle = acts[self.place] == np.where(heads, 0, np.roll(acts[self.place], 1))
        gap = np.where(before < 0, 0, times - before)
        gap_before = np.where(heads, carried["gap_ms"], np.roll(gap, 1))
        in_a_row = other & (gap > 0)
        is_even = in_a_row & (gap >= _EVEN_MS[0]) & (gap <= _EVEN_MS[1]) & (gap_before > 0)
        is_even &= np.abs(gap - gap_before) * 2 <= gap_before
        one = np.ones(len(gap), np.int64)
        even = _in_a_row(is_even, one, heads, carried["even"])
        gaps = _in_a_row(is_even, gap, heads, carried["gaps_ms"])
        squares = _in_a_row(is_even, gap * gap, heads, carried["squares"])
        self.is_even = (even >= EVEN) & (even * squares - (gaps * 1.0) ** 2 <= (_VARIES * gaps) ** 2)
        is_quick = in_a_row & idle & (gap <= _QUICK_MS)
        self.burst = _in_a_row(is_quick, one, heads, carried["burst"] * (acts[self.place] == 0))
        self._stretch = stretch
        self._last = {"page_ms": times, "page": page, "gap_ms": gap, "even": np.minimum(even, _MOST), "gaps_ms": gaps,
                      "squares": squares, "burst": np.minimum(self.burst, _MOST)}  # fmt: skip

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
        rows["burst"][since > 0] = 0


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


def _hashes(texts: pl.Series) -> Keys:
    digest = xxhash.xxh3_64_intdigest
    found = texts.fill_null("").cast(pl.Binary).to_list()
    return np.fromiter(map(digest, found), np.uint64, len(found))


def _born_ms(party: str) -> int | None:
    """When the tag made the id of a party: Divolte's ids hold it, in base 36."""
    parts = party.split(":")
    if len(parts) != 3 or not 1 <= len(parts[1]) <= 9:
        return None
    try:
        return int(parts[1], 36)
    except ValueError:
        return None
