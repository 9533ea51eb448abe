"""The texts of pieces and of events: party, device, origin, pages and merged ids, one after the other in a blob."""

import struct
from operator import add

import numpy as np

from dkd.enrich.runs import BLOB_PARTS, Pieces, Places
from dkd.enrich.singles import Events

PAGES = 100
"""A session's row lists so many pages at most."""

_PAGE = struct.Struct("<qQH")
_PAGE_HEAD = np.dtype([("time_ms", "<i8"), ("tie", "<u8"), ("bytes", "<u2")])
_AS_BYTES = np.dtype((np.void, _PAGE_HEAD.itemsize))


class Blobs:
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
        """Of the pieces."""
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


def bounded(packed: bytes) -> bytes:
    """Entries of pages by order, as many as are kept."""
    entries = sorted(page_entries(packed))
    if len(entries) > PAGES + 1:
        entries = [*entries[:PAGES], entries[-1]]
    return b"".join(_PAGE.pack(time_ms, tie, len(text)) + text for time_ms, tie, text in entries)
