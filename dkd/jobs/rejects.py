"""A site's rejects topic → what was refused: listed, counted, or one shown whole. Nothing is written.

The topic also tells what was sent again: a record without a value, whose header ``dkd-replayed`` names the reject. That
record is written behind its reject and kept as long, so each is replayed once for as long as it is known at all.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from dkd.collect.rejects import MOST_BYTES
from dkd.errors import UsageError
from dkd.model.schema import Model
from dkd.query.rows import Rows
from dkd.stream.reader import Found, TopicReader
from dkd.stream.records import Record

COLLECT = "collect"
"""Stage of what the collector refused; all others are the enricher's."""
REPLAYED, REPLAYED_MS = "dkd-replayed", "dkd-replayed-ms"

Part = Literal["reason", "stage", "code"]


class Reject(NamedTuple):
    """One refused event.

    Attributes:
        reject_id: Its name; repeats of it have the same one.
        stage: Which step refused it.
        code: Stable code of the problem.
        reason: The machine's word for it.
        problem: What was found.
        remedy: What to do.
        received_ms: When the collector received it.
        key: Of the original.
        value: The original, or its beginning.
        partition: Where it stands in the rejects topic.
        offset: Where it stands in the rejects topic.
        headers: All of its record.
    """

    reject_id: str
    stage: str
    code: str
    reason: str
    problem: str
    remedy: str
    received_ms: int
    key: bytes | None
    value: bytes
    partition: int
    offset: int
    headers: Mapping[str, str]

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning of the original was kept."""
        return len(self.value) >= MOST_BYTES

    @property
    def raw_partition(self) -> int:
        """Partition of raw that it came from; of an enricher's reject only."""
        return int(self.headers["dkd-partition"])

    @property
    def origin(self) -> str:
        """Where it came from."""
        if self.stage == COLLECT:
            return "collector"
        return ":".join(self.headers.get(f"dkd-{name}", "?") for name in ("topic", "partition", "offset"))


class Wanted(NamedTuple):
    """Which rejects; empty means any."""

    reason: str = ""
    stage: str = ""
    code: str = ""

    def fits(self, reject: Reject) -> bool:
        """Whether *reject* is one of them."""
        pairs = zip(self, (reject.reason, reject.stage, reject.code), strict=True)
        return all(not wanted or wanted == found for wanted, found in pairs)


class Listing(NamedTuple):
    """The newest rejects first, how many fit in all, and when those that were replayed were."""

    rejects: list[Reject]
    total: int
    replayed_ms: Mapping[str, int]


class Scan:
    """One way through the rejects topic: every reject once, and on the way what was replayed.

    Attributes:
        replayed_ms: When rejects were sent again, by id; complete when the scan is over.
    """

    def __init__(self, reader: TopicReader, model: Model) -> None:
        """Read all that the topic of *model* holds now."""
        self._reader, self._topic = reader, model.topic("rejects")
        self.replayed_ms: dict[str, int] = {}

    def __iter__(self) -> Iterator[Reject]:
        """Each reject, in the order of its partition."""
        seen: set[str] = set()
        starts = {number: found.low for number, found in self._reader.ranges(self._topic).items()}
        for found in self._reader.to_end(self._topic, starts):
            headers = texts(found.record)
            if REPLAYED in headers:
                self.replayed_ms[headers[REPLAYED]] = int(headers[REPLAYED_MS])
            elif (reject := reject_of(found, headers)).reject_id not in seen:
                seen.add(reject.reject_id)
                yield reject


def texts(record: Record) -> dict[str, str]:
    """The headers of *record* by name."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}


def reject_of(found: Found, headers: Mapping[str, str]) -> Reject:
    """The reject that a record with *headers* is; what another program wrote there is one of unknown stage."""
    received = headers.get("dkd-received-ms", "")
    return Reject(
        reject_id=headers.get("dkd-reject-id") or f"{found.partition}:{found.offset}",
        **{name: headers.get(f"dkd-{name}", "unknown") for name in ("stage", "code", "reason", "problem", "remedy")},
        received_ms=int(received) if received.isdigit() else found.record.timestamp_ms,
        key=found.record.key,
        value=found.record.value or b"",
        partition=found.partition,
        offset=found.offset,
        headers=headers,
    )


def listed(reader: TopicReader, model: Model, wanted: Wanted, limit: int) -> Listing:
    """The newest *limit* rejects that are *wanted*; raises as the reader does."""
    scan, total = Scan(reader, model), 0
    newest: list[tuple[int, int, Reject]] = []
    for reject in filter(wanted.fits, scan):
        total += 1
        heapq.heappush(newest, (reject.received_ms, total, reject))
        if len(newest) > limit:
            heapq.heappop(newest)
    return Listing([one for _, _, one in sorted(newest, reverse=True)], total, scan.replayed_ms)


def counted(reader: TopicReader, model: Model, wanted: Wanted, by: Part) -> Rows:
    """How many rejects there are of each *by*, most first, and how many of these were replayed."""
    scan, counts, ids = Scan(reader, model), Counter[str](), dict[str, str]()
    for reject in filter(wanted.fits, scan):
        counts[getattr(reject, by)] += 1
        ids[reject.reject_id] = getattr(reject, by)
    again = Counter(ids[one] for one in scan.replayed_ms if one in ids)
    rows = sorted(((name, count, again[name]) for name, count in counts.items()), key=lambda row: (-row[1], row[0]))
    return Rows((by, "rejects", "replayed"), ("VARCHAR", "BIGINT", "BIGINT"), tuple(rows))


def chosen(reader: TopicReader, model: Model, ids: list[str], wanted: Wanted) -> Listing:
    """The rejects of those *ids*; without any, all that are *wanted* and not replayed. Oldest first, held in memory.

    Raises:
        UsageError: DKD831, when one of the ids is unknown.
    """
    scan, names = Scan(reader, model), set(ids)
    found = [one for one in scan if (one.reject_id in names if names else wanted.fits(one))]
    missing = [name for name in ids if name not in {one.reject_id for one in found}]
    if missing:
        problem, remedy = f"there is no reject {missing[0]}", "dkd rejects lists those that are kept"
        raise UsageError("DKD831", where=model.topic("rejects"), problem=problem, remedy=remedy)
    if not names:
        found = [one for one in found if one.reject_id not in scan.replayed_ms]
    return Listing(sorted(found, key=lambda one: one.received_ms), len(found), scan.replayed_ms)


def as_dict(reject: Reject, replayed_ms: int | None) -> dict[str, Any]:
    """All but the original, for programs."""
    named = ("reject_id", "received_ms", "stage", "code", "reason", "problem", "remedy", "origin")
    told = {name: getattr(reject, name) for name in named}
    return {**told, "value_bytes": len(reject.value), "replayed_ms": replayed_ms}
