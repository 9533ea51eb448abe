"""Groups of pieces become one piece each: the same in whatever order they merge.

Every number of a piece is a sum, a least or a greatest one, and every text is that of the first event by a fixed order,
so a session's attributes are a function of the set of its events.
"""

import struct
from collections.abc import Sequence
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dkd.enrich.dedup import Keys, Times
from dkd.enrich.runs import BLOB_PARTS, TIME_BITS, Pieces, Places, Rows, chained, taken
from dkd.enrich.singles import Events

PAGES = 100
"""A session's row lists so many pages at most."""

_PAGE = struct.Struct("<qQH")
_PAGE_HEAD = np.dtype([("time_ms", "<i8"), ("tie", "<u8"), ("bytes", "<u2")])
_AS_BYTES = np.dtype((np.void, _PAGE_HEAD.itemsize))
_FEW_GROUPS = 1 << (63 - TIME_BITS)
_SUMS = ("units", "micros", "events", "pageviews", "clicks", "heartbeats", "conversions", "pages")


class _Blobs:
    """The texts of existing pieces and of events, numbered one after the other."""

    def __init__(self, existing: Pieces, events: Events) -> None:
        self.old = existing.blobs
        self._events = events
        ends = np.zeros((len(BLOB_PARTS) + 1, len(existing.rows)), np.int64)
        for place, name in enumerate(BLOB_PARTS):
            ends[place + 1] = ends[place] + existing.rows[name]
        self.ends = ends

    @property
    def count(self) -> int:
        return len(self.old)

    def parts(self, places: Places, part: int) -> list[bytes]:
        """Party, device or origin of each piece, in the order of :data:`BLOB_PARTS`."""
        is_new = places >= self.count
        new = iter(self._new(places[is_new] - self.count, part))
        if is_new.all():
            return list(new)
        known = np.where(is_new, 0, places)
        spans = zip(places.tolist(), self.ends[part, known].tolist(), self.ends[part + 1, known].tolist(), strict=True)
        return [self.old[place][start:end] if place < self.count else next(new) for place, start, end in spans]

    def heads(self, places: Places) -> list[bytes]:
        """Party, device and origin of existing pieces, all in one."""
        return [
            self.old[place][:end] for place, end in zip(places.tolist(), self.ends[3, places].tolist(), strict=True)
        ]

    def pages(self, places: Places) -> list[bytes]:
        """The entries of pages of each piece, all of which have pages."""
        is_new = places >= self.count
        fresh, known = places[is_new] - self.count, places[~is_new]
        new = self._fresh_pages(fresh)
        if not len(known):
            return new
        left, old = iter(new), (
            self.old[place][start:end]
            for place, start, end in zip(known.tolist(), *self.ends[3:5, known].tolist(), strict=True)
        )  # fmt: skip
        return [next(left) if one else next(old) for one in is_new.tolist()]

    def _fresh_pages(self, fresh: Places) -> list[bytes]:
        texts = self._events.arrived.shared.values("page", fresh)
        heads = np.empty(len(texts), _PAGE_HEAD)
        heads["time_ms"], heads["tie"] = (self._events.rows[name][fresh] for name in ("start_ms", "first_tie"))
        heads["bytes"] = np.fromiter(map(len, texts), np.uint16, len(texts))
        return list(map(add, heads.view(_AS_BYTES).tolist(), texts))

    def merged(self) -> dict[int, bytes]:
        """Ids of merged sessions, by the place of the piece; of the few that have any."""
        starts, ends = self.ends[4], self.ends[5]
        return {place: self.old[place][starts[place] : ends[place]] for place in np.flatnonzero(ends > starts).tolist()}

    def _new(self, fresh: Places, part: int) -> list[bytes]:
        arrived = self._events.arrived
        if part:
            return arrived.shared.texts("device" if part == 1 else "origin", fresh)
        return list(map(arrived.parties.__getitem__, fresh.tolist()))


def page_entries(packed: bytes) -> list[tuple[int, int, bytes]]:
    """Time, tie and path of each page, by order: the first :data:`PAGES`, and the last one."""
    found, place = [], 0
    while place < len(packed):
        time_ms, tie, length = _PAGE.unpack_from(packed, place)
        place += _PAGE.size + length
        found.append((time_ms, tie, packed[place - length : place]))
    return found


def _bounded(packed: bytes) -> bytes:
    entries = sorted(page_entries(packed))
    if len(entries) > PAGES + 1:
        entries = [*entries[:PAGES], entries[-1]]
    return b"".join(_PAGE.pack(time_ms, tie, len(text)) + text for time_ms, tie, text in entries)


class Grouped(NamedTuple):
    """Which pieces become one.

    Attributes:
        groups: Group of each existing piece and of each event, numbered from 0 without holes.
        ids: Two halves of the id of each group's session.
        linked: Whether the group goes on with the session of the piece before it.
        merged: Ids that the group's session joined to its own just now, by group.
    """

    groups: NDArray[np.int64]
    ids: NDArray[np.uint64]
    linked: NDArray[np.bool_]
    merged: dict[int, bytes]


def joined(existing: Pieces, events: Events, grouped: Grouped) -> Pieces:
    """One piece of each group, by the group's number."""
    rows = chained((existing.rows, events.rows))
    if not len(rows):
        return Pieces.empty()
    groups, blobs = grouped.groups, _Blobs(existing, events)
    order = _order(groups, rows["start_ms"], rows["first_tie"])
    heads = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sorted_rows, first = taken(rows, order), order[heads]
    found = taken(sorted_rows, heads)
    for name in _SUMS:
        found[name] = np.add.reduceat(sorted_rows[name], heads)
    found["end_ms"] = np.maximum.reduceat(sorted_rows["end_ms"], heads)
    found["bot"] = np.bitwise_or.reduceat(sorted_rows["bot"], heads)
    by_origin = _order(2 * groups + rows["inside"], rows["origin_ms"], rows["origin_tie"])[heads]
    for name in ("origin_ms", "origin_tie", "inside", "campaign", "origin_bytes"):
        found[name] = rows[name][by_origin]
    found["id"], found["linked"] = grouped.ids, grouped.linked
    extends = _extends(first, by_origin, groups, existing.rows)
    pages = _pages(_Order(rows, order, groups), blobs, found, extends)
    texts = list(map(bytes.__add__, _heads(first, by_origin, blobs, found, extends), pages))
    for group, ids in _merged(groups, blobs, grouped.merged, found).items():
        texts[group] += ids
    return Pieces(found, texts)


def origins_of(existing: Pieces, events: Events, places: Places) -> list[bytes]:
    """The origins of the pieces and events at *places*, which are numbered one after the other."""
    return _Blobs(existing, events).parts(places, 2)


def _order(groups: NDArray[np.int64], times: Times, ties: Keys) -> Places:
    """By group, time and tie."""
    if not len(groups) or groups.max() >= _FEW_GROUPS:
        return np.lexsort((ties, times, groups))
    both = (groups << TIME_BITS) + times
    order = np.argsort(both)
    found = both[order]
    # Several times quicker than sorting by three keys, and two events of one time are rare.
    return order if (found[1:] != found[:-1]).all() else np.lexsort((ties, both))


def _extends(first: Places, by_origin: Places, groups: NDArray[np.int64], existing: Rows) -> NDArray[np.bool_]:
    """Groups of one existing piece and later events: most of them. Their blob is the piece's, and pages behind it."""
    found: NDArray[np.bool_] = (first == by_origin) & (first < len(existing))
    held = groups[: len(existing)]
    found &= np.bincount(held[held >= 0], minlength=len(found)) == 1
    found[found] = existing["merged_bytes"][first[found]] == 0
    return found


def _heads(first: Places, by_origin: Places, blobs: _Blobs, found: Rows, extends: NDArray[np.bool_]) -> list[bytes]:
    """What each group's blob begins with; the lengths in *found* are set."""
    is_old = (first == by_origin) & (first < blobs.count)
    new = ~is_old
    columns = [blobs.parts(first[new], 0), blobs.parts(first[new], 1), blobs.parts(by_origin[new], 2)]
    for name, column in zip(BLOB_PARTS[:3], columns, strict=True):
        found[name][new] = np.fromiter(map(len, column), np.uint32, len(column))
    heads, rest = np.empty(len(found), object), is_old & ~extends
    heads[new] = _objects(list(map(b"".join, zip(*columns, strict=True))))
    heads[extends] = _objects(blobs.old)[first[extends]]
    heads[rest] = _objects(blobs.heads(first[rest]))
    return heads.tolist()


def _objects(texts: Sequence[bytes]) -> NDArray[np.object_]:
    return np.fromiter(texts, object, len(texts))


class _Order(NamedTuple):
    """Pieces and events, their order by group and time, and their groups."""

    rows: Rows
    order: Places
    groups: NDArray[np.int64]


def _pages(ordered: _Order, blobs: _Blobs, found: Rows, extends: NDArray[np.bool_]) -> list[bytes]:
    """Entries of each group's pages, of *extends* only the new ones; ``last_page_*`` of *found* are set.

    Groups whose pages have to be sorted anew are taken out of *extends*.
    """
    rows, order, groups = ordered
    paged = order[rows["pages"][order] > 0]
    packed: list[bytes] = [b""] * len(found)
    held_bytes = np.where(extends, found["pages_bytes"], 0)
    if not len(paged):
        found["pages_bytes"] = held_bytes
        return packed
    mine, mixed = groups[paged], found["pages"] > PAGES
    last_ms, last_tie = rows["last_page_ms"][paged], rows["last_page_tie"][paged]
    # By the order of first events, an existing piece that is not the first may have pages before those of another.
    follows = (last_ms[1:] > last_ms[:-1]) | ((last_ms[1:] == last_ms[:-1]) & (last_tie[1:] > last_tie[:-1]))
    follows &= rows["events"][paged[1:]] == 1
    mixed[mine[1:][(mine[1:] == mine[:-1]) & ~follows]] = True
    starts = np.flatnonzero(np.diff(mine, prepend=-1))
    latest = _order(mine, last_ms, last_tie)[np.append(starts[1:], len(mine)) - 1]
    found["last_page_ms"][mine[starts]], found["last_page_tie"][mine[starts]] = last_ms[latest], last_tie[latest]
    extends &= ~mixed
    held_bytes[mixed] = 0
    wanted = paged[~extends[mine] | (paged >= blobs.count)]
    _collect(groups[wanted], blobs.pages(wanted), packed)
    for group in np.flatnonzero(mixed).tolist():
        packed[group] = _bounded(packed[group])
    found["pages_bytes"] = held_bytes + np.fromiter(map(len, packed), np.uint32, len(packed))
    return packed


def _collect(groups: NDArray[np.int64], entries: Sequence[bytes], packed: list[bytes]) -> None:
    """Put the *entries* of each group, which follow each other, together."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    ends = np.append(starts[1:], len(groups))[: len(starts)].tolist()
    for group, start, end in zip(groups[starts].tolist(), starts.tolist(), ends, strict=True):
        packed[group] = b"".join(entries[start:end]) if end - start > 1 else entries[start]


def _merged(groups: NDArray[np.int64], blobs: _Blobs, more: dict[int, bytes], found: Rows) -> dict[int, bytes]:
    """Ids of the sessions that each group merged; the lengths in *found* are set."""
    merged: dict[int, bytes] = {}
    for place, ids in blobs.merged().items():
        group = int(groups[place])
        merged[group] = merged.get(group, b"") + ids
    for group, ids in more.items():
        merged[group] = merged.get(group, b"") + ids
    found["merged_bytes"] = 0
    for group, ids in merged.items():
        found["merged_bytes"][group] = len(ids)
    return merged
