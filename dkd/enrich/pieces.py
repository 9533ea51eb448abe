"""Groups of pieces become one piece each: the same in whatever order they merge.

Every number of a piece is a sum, a least or a greatest one, and every text is that of the first event by a fixed order,
so a session's attributes are a function of the set of its events.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.blobs import PAGES, Blobs, bounded
from dkd.enrich.dedup import Keys, Times
from dkd.enrich.runs import BLOB_PARTS, ROW, TIME_BITS, WHOLE, Pieces, Places, Rows, chained, taken
from dkd.enrich.singles import Events

_FEW_GROUPS = 1 << (63 - TIME_BITS)
_SUMS = ("units", "micros", "events", "pageviews", "clicks", "heartbeats", "conversions", "pages")


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
    if not len(grouped.ids):
        return Pieces.empty()
    return (_compiled if kernel.IS_COMPILED else _plain)(existing, events, grouped)


def _compiled(existing: Pieces, events: Events, grouped: Grouped) -> Pieces:
    """The same, by the kernel where a group is one piece and later events, or events alone."""
    from dkd.kernel import sessions

    held, count, groups = len(existing.rows), len(grouped.ids), grouped.groups
    found, kinds = np.empty(count, ROW), np.zeros(count, np.uint8)
    kinds[list(grouped.merged)] = sessions.OTHER
    first, origins = np.empty(count, np.int64), np.empty(count, np.int64)
    sessions.folded(
        existing.rows, held, events.rows, len(events.rows), groups, count, np.ascontiguousarray(grouped.ids),
        grouped.linked, PAGES, found, first, origins, kinds,
    )  # fmt: skip
    heads = np.full(count, b"", object)
    extended, fresh = (np.flatnonzero(kinds == kind) for kind in (sessions.EXTENDED, sessions.FRESH))
    heads[extended] = _objects(existing.blobs)[first[extended]]
    heads[fresh] = _fresh_heads(events, first[fresh] - held, origins[fresh] - held, found, fresh)
    paged = np.flatnonzero((events.rows["pages"] > 0) & (kinds[groups[held:]] != sessions.OTHER))
    pages = events.arrived.shared.values("page", paged)
    blobs = sessions.written(heads.tolist(), kinds, groups[held:], events.rows, len(events.rows), paged, pages, found)
    other = np.flatnonzero(kinds == sessions.OTHER)
    if len(other):
        left = _plain(*_part(existing, events, grouped, other))
        found.view(WHOLE)[other] = left.rows.view(WHOLE)
        for group, blob in zip(other.tolist(), left.blobs, strict=True):
            blobs[group] = blob
    return Pieces(found, blobs)


def _fresh_heads(events: Events, first: Places, origins: Places, found: Rows, groups: Places) -> NDArray[np.object_]:
    """What the blobs of *groups* of events alone begin with; the lengths in *found* are set."""
    arrived = events.arrived
    columns = (
        list(map(arrived.parties.__getitem__, first.tolist())),
        arrived.shared.texts("device", first),
        arrived.shared.texts("origin", origins),
    )
    for name, column in zip(BLOB_PARTS[:3], columns, strict=True):
        found[name][groups] = np.fromiter(map(len, column), np.uint32, len(column))
    return _objects(list(map(b"".join, zip(*columns, strict=True))))


def _part(existing: Pieces, events: Events, grouped: Grouped, wanted: Places) -> tuple[Pieces, Events, Grouped]:
    """The pieces and events of the groups *wanted*, which are ascending, and these by new numbers."""
    numbers = np.full(len(grouped.ids), -1, np.int64)
    numbers[wanted] = np.arange(len(wanted))
    groups, count = numbers[grouped.groups], len(existing.rows)
    is_held, is_new = groups[:count] >= 0, groups[count:] >= 0
    merged = {int(numbers[group]): ids for group, ids in grouped.merged.items()}
    return (
        existing.where(is_held),
        Events(events.arrived.kept(is_new), taken(events.rows, np.flatnonzero(is_new))),
        Grouped(groups[groups >= 0], grouped.ids[wanted], grouped.linked[wanted], merged),
    )


def _plain(existing: Pieces, events: Events, grouped: Grouped) -> Pieces:
    """The same, by columns."""
    rows = chained((existing.rows, events.rows))
    groups, blobs = grouped.groups, Blobs(existing, events)
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
    return Blobs(existing, events).parts(places, 2)


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


def _heads(first: Places, by_origin: Places, blobs: Blobs, found: Rows, extends: NDArray[np.bool_]) -> list[bytes]:
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


def _pages(ordered: _Order, blobs: Blobs, found: Rows, extends: NDArray[np.bool_]) -> list[bytes]:
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
        packed[group] = bounded(packed[group])
    found["pages_bytes"] = held_bytes + np.fromiter(map(len, packed), np.uint32, len(packed))
    return packed


def _collect(groups: NDArray[np.int64], entries: Sequence[bytes], packed: list[bytes]) -> None:
    """Put the *entries* of each group, which follow each other, together."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    ends = np.append(starts[1:], len(groups))[: len(starts)].tolist()
    for group, start, end in zip(groups[starts].tolist(), starts.tolist(), ends, strict=True):
        packed[group] = b"".join(entries[start:end]) if end - start > 1 else entries[start]


def _merged(groups: NDArray[np.int64], blobs: Blobs, more: dict[int, bytes], found: Rows) -> dict[int, bytes]:
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
