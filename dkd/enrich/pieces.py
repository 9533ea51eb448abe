"""Events become pieces of one event each, and groups of pieces become one piece: the same in whatever order they merge.

Every number of a piece is a sum, a least or a greatest one, and every text is that of the first event by a fixed order,
so a session's attributes are a function of the set of its events. Events are ordered by time, and those of one time by
the hash of party and event id (of its content where it has no id).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd.enrich.dedup import Keys, Times
from dkd.enrich.rules import HEARTBEAT, Values
from dkd.enrich.runs import BLOB_PARTS, ROW, Pieces, Places, Rows

ORIGIN = ("referrer_url", "referrer_medium", "referrer_source", "utm_source", "utm_medium", "utm_campaign", "utm_term",
          "utm_content", "channel")  # fmt: skip
DEVICE = ("browser", "browser_version", "os", "os_version", "device_type", "country", "city")

PAGES = 100
"""A session's row lists so many pages at most."""

PAGE_CHARACTERS = 500
"""A longer path is cut; it would else be for the visitor to say how large our state becomes."""

_LARGEST_VALUE = 1e14
_MICROS = 1_000_000

_PAGE = struct.Struct("<qQH")
_SUMS = ("units", "micros", "events", "pageviews", "clicks", "heartbeats", "conversions", "pages")


@dataclass(frozen=True)
class Events:
    """Events that join sessions, in offset order.

    Attributes:
        frame: Their clean columns.
        offsets: Where each stands in raw.
        watermarks: Of the partition when it came.
        rows: A piece of each event alone.
    """

    frame: pl.DataFrame
    offsets: NDArray[np.int64]
    watermarks: Times
    rows: Rows

    @property
    def keys(self) -> Keys:
        """Hash of each event's party."""
        keys: Keys = self.rows["key"]
        return keys


def is_click(name: str) -> bool:
    """Whether an event of that name counts as a click: it is called ``click``, or something that ends so."""
    return name == "click" or name.endswith("_click")


def rows_of(frame: pl.DataFrame, ties: Keys, conversions: Sequence[Values]) -> Rows:
    """A piece of each event of *frame* alone.

    Args:
        frame: Clean events.
        ties: Orders events of one time; 0 where the event has no id.
        conversions: Which events count as conversions.
    """
    rows, event = np.zeros(frame.height, ROW), frame["event"]
    parties = frame["party_id"].cast(pl.Binary)
    digest = xxhash.xxh3_64_intdigest
    rows["key"] = np.fromiter((digest(party) for party in parties.to_list()), np.uint64, frame.height)
    rows["party_bytes"] = parties.bin.size().to_numpy()
    rows["start_ms"] = rows["end_ms"] = rows["origin_ms"] = frame["timestamp_ms"].to_numpy()
    rows["first_tie"] = rows["origin_tie"] = _with_ties(frame, ties)
    rows["events"] = 1
    rows["pageviews"] = is_pageview = (event == "page_view").to_numpy()
    clicks = [name for name in event.unique().to_list() if is_click(name)]
    rows["clicks"] = event.is_in(clicks).to_numpy()
    rows["heartbeats"] = (event == HEARTBEAT).to_numpy()
    rows["pages"] = has_page = is_pageview & frame["page_path"].is_not_null().to_numpy()
    rows["last_page_ms"][has_page], rows["last_page_tie"][has_page] = (
        rows["start_ms"][has_page], rows["first_tie"][has_page])  # fmt: skip
    rows["bot"] = frame["is_bot"].fill_null(False).to_numpy()
    outside = (pl.col("referrer_medium") != "internal").fill_null(False) | pl.col("utm_source").is_not_null()
    rows["inside"] = frame.select(~outside).to_series().to_numpy()
    for conversion in conversions:
        _convert(rows, frame, conversion)
    return rows


def _with_ties(frame: pl.DataFrame, ties: Keys) -> Keys:
    nameless = np.flatnonzero(ties == 0)
    if not len(nameless):
        return ties
    columns = ("event", "page_path", *ORIGIN, *DEVICE)
    texts = frame[nameless].select(pl.struct(columns).struct.json_encode()).to_series().cast(pl.Binary).to_list()
    found = ties.copy()
    found[nameless] = np.fromiter((xxhash.xxh3_64_intdigest(text) for text in texts), np.uint64, len(texts))
    return found


def _convert(rows: Rows, frame: pl.DataFrame, conversion: Values) -> None:
    is_one = (frame["event"] == conversion.event).to_numpy()
    rows["conversions"] += is_one
    if conversion.column is None or not frame[conversion.column].dtype.is_numeric():
        return  # a pseudonym is no number any more
    values = frame[conversion.column].cast(pl.Float64).fill_null(0.0).to_numpy()
    values = np.clip(np.where(np.isfinite(values) & is_one, values, 0.0), -_LARGEST_VALUE, _LARGEST_VALUE)
    # Whole numbers: a sum of floats would depend on the order in which it is made.
    units = np.floor(values)
    rows["units"] += units.astype(np.int64)
    rows["micros"] += np.rint((values - units) * _MICROS).astype(np.int64)


def value_of(units: int, micros: int) -> float:
    """The sum of values that was kept as whole numbers."""
    return (units * _MICROS + micros) / _MICROS


def payloads(frame: pl.DataFrame, places: Places, columns: Sequence[str]) -> Iterator[bytes]:
    """The texts of *columns* of the rows at *places*, as JSON arrays."""
    chosen = frame.select(columns)[places].select(pl.struct(pl.concat_list(columns).alias("v")).struct.json_encode())
    return (text[len('{"v":') : -1] for text in chosen.to_series().cast(pl.Binary).to_list())


class _Parts:
    """The blob's parts of existing pieces and of events, numbered one after the other."""

    def __init__(self, existing: Pieces, events: Events) -> None:
        self._existing = existing
        self._events = events
        ends = np.zeros((len(existing.rows), len(BLOB_PARTS) + 1), np.int64)
        for place, name in enumerate(BLOB_PARTS):
            ends[:, place + 1] = ends[:, place] + existing.rows[name]
        self._ends = ends.tolist()
        self._count = len(existing.rows)

    def _old(self, place: int, part: int) -> bytes:
        ends = self._ends[place]
        return self._existing.blobs[place][ends[part] : ends[part + 1]]

    def parties(self, places: Places) -> list[bytes]:
        new = iter(self._new(places, "party_id"))
        return [self._old(one, 0) if one < self._count else next(new) for one in places.tolist()]

    def texts(self, places: Places, part: int) -> list[bytes]:
        """Device or origin of each piece."""
        fresh = places[places >= self._count] - self._count
        new = payloads(self._events.frame, fresh, DEVICE if part == 1 else ORIGIN)
        return [self._old(one, part) if one < self._count else next(new) for one in places.tolist()]

    def pages(self, places: Places) -> list[bytes]:
        """The entries of pages of each piece, all of which have pages."""
        rows = self._events.rows
        texts = iter(self._new(places, "page_path"))
        found = []
        for one in places.tolist():
            if one < self._count:
                found.append(self._old(one, 3))
            else:
                text = _cut(next(texts))
                row = rows[one - self._count]
                found.append(_PAGE.pack(row["start_ms"], row["first_tie"], len(text)) + text)
        return found

    def merged(self, place: int) -> bytes:
        return self._old(place, 4) if place < self._count else b""

    def _new(self, places: Places, column: str) -> list[bytes]:
        fresh = places[places >= self._count] - self._count
        return self._events.frame[column].gather(fresh).cast(pl.Binary).to_list()


def _cut(path: bytes) -> bytes:
    return path if len(path) <= PAGE_CHARACTERS else path.decode()[:PAGE_CHARACTERS].encode()


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
    rows = np.concatenate((existing.rows, events.rows))
    if not len(rows):
        return Pieces.empty()
    groups, parts = grouped.groups, _Parts(existing, events)
    order = np.lexsort((rows["first_tie"], rows["start_ms"], groups))
    heads = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sorted_rows, first = rows[order], order[heads]
    found = sorted_rows[heads]
    for name in _SUMS:
        found[name] = np.add.reduceat(sorted_rows[name], heads)
    for name in ("end_ms", "bot"):
        found[name] = np.maximum.reduceat(sorted_rows[name], heads)
    by_origin = np.lexsort((rows["origin_tie"], rows["origin_ms"], rows["inside"], groups))[heads]
    for name in ("origin_ms", "origin_tie", "inside"):
        found[name] = rows[name][by_origin]
    found["id"], found["linked"] = grouped.ids, grouped.linked
    pages = _pages(rows, order, groups, parts, found)
    merged = _merged(groups, len(existing.rows), parts, grouped.merged)
    columns = [parts.parties(first), parts.texts(first, 1), parts.texts(by_origin, 2), pages,
               [merged.get(group, b"") for group in range(len(found))]]  # fmt: skip
    for name, column in zip(BLOB_PARTS, columns, strict=True):
        found[name] = np.fromiter(map(len, column), np.uint32, len(column))
    return Pieces(found, list(map(b"".join, zip(*columns, strict=True))))


def _pages(rows: Rows, order: Places, groups: NDArray[np.int64], parts: _Parts, found: Rows) -> list[bytes]:
    """Entries of each group's pages; ``last_page_*`` of *found* are set."""
    paged = order[rows["pages"][order] > 0]
    packed: list[bytes] = [b""] * len(found)
    if not len(paged):
        return packed
    mine, mixed = groups[paged], found["pages"] > PAGES
    last_ms, last_tie = rows["last_page_ms"][paged], rows["last_page_tie"][paged]
    # By the order of first events, an existing piece that is not the first may have pages before those of another.
    follows = (last_ms[1:] > last_ms[:-1]) | ((last_ms[1:] == last_ms[:-1]) & (last_tie[1:] > last_tie[:-1]))
    follows &= rows["events"][paged[1:]] == 1
    mixed[mine[1:][(mine[1:] == mine[:-1]) & ~follows]] = True
    entries, starts = parts.pages(paged), np.flatnonzero(np.diff(mine, prepend=-1))
    for group, start, end in zip(
        mine[starts].tolist(), starts.tolist(), [*starts[1:].tolist(), len(mine)], strict=True
    ):
        packed[group] = b"".join(entries[start:end]) if end - start > 1 else entries[start]
    for group in np.flatnonzero(mixed).tolist():
        packed[group] = _bounded(packed[group])
    latest = np.lexsort((last_tie, last_ms, mine))[np.append(starts[1:], len(mine)) - 1]
    found["last_page_ms"][mine[starts]], found["last_page_tie"][mine[starts]] = last_ms[latest], last_tie[latest]
    return packed


def _merged(groups: NDArray[np.int64], count: int, parts: _Parts, more: dict[int, bytes]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for place, group in enumerate(groups[:count].tolist()):
        held = parts.merged(place)
        if held:
            found[group] = found.get(group, b"") + held
    return {**found, **{group: found.get(group, b"") + ids for group, ids in more.items()}}
