"""Records of the compacted state topic: what each holds, and how it is packed.

A record is the length of its head (4 bytes, little-endian), the head, and what it holds of the state:

* entries of the memory of dedup: all keys (unsigned 64 bits), then all event times (signed 64 bits, ms);
* what is remembered of visitors (:data:`dkd.enrich.visitors.VISITOR`), by column as :mod:`dkd.stream.packing` says;
* pieces of open sessions: all rows (:data:`dkd.enrich.runs.ROW`) in the same way, then all blobs.

The head is JSON, so that people can read it, and is the same in every record: position, watermark and books after the
batch. What would be too large for a record is cut: part n is kept under ``<key>.<n>``, the first under the key itself.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dkd.enrich.dedup import Entries
from dkd.enrich.runs import ROW, Pieces, Run, blob_ends
from dkd.enrich.state import Books
from dkd.enrich.visitors import VISITOR, Rows, no_rows
from dkd.errors import DkdError
from dkd.stream.packing import packed, unpacked

VERSION = 5
_READ = (4, VERSION)
"""In 4 a session has a null for each text that it lacks, in 5 their number."""
ENTRY_BYTES = 16


class Shape(NamedTuple):
    """How a changelog is laid out; fixed for a partition by its first record.

    Attributes:
        ring: Deltas that are kept at most; twice the buckets or more.
        buckets: Parts into which the whole state is cut.
        part_bytes: Length of a record about; one session more at most.
    """

    ring: int = 1024
    buckets: int = 64
    part_bytes: int = 800_000


class Head(NamedTuple):
    """What every record of the state topic tells; it holds after the batch that wrote it.

    Attributes:
        seq: Batches since the partition's first.
        next_offset: Where in raw to read on.
        watermark_ms: Greatest event time seen.
        books: Counts since the partition's first record.
        shape: Layout of the changelog.
        part: Of the record, from 0.
        parts: How many records hold this delta or bucket.
        partitions: How many the raw topic had, if it was known; with another number, visitors have other partitions.
        open_sessions: How many sessions are not finished.
    """

    seq: int
    next_offset: int
    watermark_ms: int | None
    books: Books
    shape: Shape
    part: int
    parts: int
    partitions: int | None
    open_sessions: int


class Piece(NamedTuple):
    """One record of the state topic, read; texts lie in the record's own bytes."""

    head: Head
    entries: Entries
    sessions: Run
    visitors: Rows


class Held(NamedTuple):
    """What a delta or a bucket holds."""

    entries: Entries
    sessions: Pieces
    visitors: Rows = no_rows()


class Opened(NamedTuple):
    """A record's head, and what follows it: where it begins, how many entries, pieces of sessions and visitors."""

    head: Head
    start: int
    entries: int
    sessions: int
    visitors: int


def newest(values: Iterable[bytes]) -> Head | None:
    """The newest of some state records of one partition, by its head; None where there are none."""
    return max((opened(value).head for value in values), key=lambda head: head.seq, default=None)


def read(value: bytes) -> Piece:
    """One record of the state topic.

    Raises:
        DkdError: DKD508, when it is not one that this dkd can read.
    """
    head, start, count, pieces, visitors = opened(value)
    try:
        # Behind a head of any length they lie anywhere, and compiled code wants numbers where such numbers may lie.
        keys = np.require(np.frombuffer(value, "<u8", count, start), np.uint64, "A")
        times = np.require(np.frombuffer(value, "<i8", count, start + 8 * count), np.int64, "A")
        start += ENTRY_BYTES * count
        seen, start = unpacked(value, start, visitors, VISITOR)
        rows, start = unpacked(value, start, pieces, ROW)
    except (ValueError, IndexError) as error:
        raise _no_state(value) from error
    ends, texts = blob_ends(rows), memoryview(value)[start:]
    if len(texts) != (ends[-1] if pieces else 0):
        raise _no_state(value)
    return Piece(head, Entries(keys, times), Run(rows, ends, texts), seen)


def records(key: str, head: Head, held: Held) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the records that hold a delta or a bucket."""
    found = list(_parts(held, head.shape.part_bytes))
    for part, (entries, sessions, visitors) in enumerate(found):
        counts = (len(entries), len(sessions.rows), len(visitors))
        top = _packed(head._replace(part=part, parts=len(found)), counts)
        keys, times = entries.keys.astype("<u8").tobytes(), entries.times.astype("<i8").tobytes()
        value = b"".join((top, keys, times, packed(visitors), packed(sessions.rows), *sessions.blobs))
        yield part_key(key, part), value


def part_key(key: str, part: int) -> bytes:
    """Under which key part *part* of a delta or bucket is kept."""
    return (f"{key}.{part}" if part else key).encode()


def _parts(held: Held, part_bytes: int) -> Iterator[Held]:
    """*held* in pieces of about *part_bytes*: visitors and entries first, the last of them with the first sessions."""
    most = max(part_bytes // VISITOR.itemsize, 1)
    visitors = held.visitors
    while len(visitors) > most:
        yield Held(Entries.empty(), Pieces.empty(), visitors[:most])
        visitors = visitors[most:]
    if len(visitors) and visitors.nbytes + ENTRY_BYTES * len(held.entries) > part_bytes:
        yield Held(Entries.empty(), Pieces.empty(), visitors)
        visitors = no_rows()
    most = max(part_bytes // ENTRY_BYTES, 1)
    entries, rows = held.entries, held.sessions.rows
    cuts = list(range(most, len(entries), most))
    starts = [0, *cuts]
    for start, end in zip(starts, cuts, strict=False):
        yield Held(Entries(entries.keys[start:end], entries.times[start:end]), Pieces.empty())
    rest = Entries(entries.keys[starts[-1] :], entries.times[starts[-1] :])
    weights = blob_ends(rows) + np.arange(1, len(rows) + 1) * ROW.itemsize
    weights += ENTRY_BYTES * len(rest) + visitors.nbytes
    most = int(weights[-1]) if len(rows) else 0
    places = np.searchsorted(weights, np.arange(part_bytes, most, part_bytes), "right")
    edges = [0, *sorted({*places.tolist()} - {0}), len(rows)]
    for start, end in pairwise(edges):
        yield Held(rest, Pieces(rows[start:end], held.sessions.blobs[start:end]), visitors)
        rest, visitors = Entries.empty(), no_rows()


def _packed(head: Head, counts: tuple[int, int, int]) -> bytes:
    text = json.dumps(
        {
            "version": VERSION,
            "seq": head.seq,
            "next_offset": head.next_offset,
            "watermark_ms": head.watermark_ms,
            "books": asdict(head.books),
            "shape": head.shape._asdict(),
            "part": head.part,
            "parts": head.parts,
            "partitions": head.partitions,
            "open_sessions": head.open_sessions,
            "entries": counts[0],
            "sessions": counts[1],
            "visitors": counts[2],
        },
        separators=(",", ":"),
    ).encode()
    return len(text).to_bytes(4, "little") + text


def opened(value: bytes) -> Opened:
    """Head of a state record, and what follows it.

    Raises:
        DkdError: DKD508, when it is not one that this dkd can read.
    """
    end = 4 + int.from_bytes(value[:4], "little")
    try:
        found: Mapping[str, Any] = json.loads(value[4:end])
        if found["version"] not in _READ:
            raise _other_version(found["version"])
        head = Head(
            found["seq"],
            found["next_offset"],
            found["watermark_ms"],
            Books(**found["books"]),
            Shape(**found["shape"]),
            found["part"],
            found["parts"],
            found["partitions"],
            int(found["open_sessions"]),
        )
        return Opened(head, end, int(found["entries"]), int(found["sessions"]), int(found["visitors"]))
    except (ValueError, KeyError, TypeError) as error:
        raise _no_state(value) from error


def _no_state(value: bytes) -> DkdError:
    problem = f"a record of {len(value)} bytes is no state of an enricher"
    return DkdError("DKD508", where="state topic", problem=problem, remedy="only dkd enrich may write to this topic")


def _other_version(found: object) -> DkdError:
    begun = "begin anew with dkd destroy and dkd deploy, or use the dkd that wrote it"
    return DkdError(
        "DKD508",
        where="state topic",
        problem=f"it is written in version {found}, and this dkd knows version {VERSION}",
        remedy=begun if isinstance(found, int) and found < VERSION else "use the dkd that wrote it, or a newer one",
    )
