"""What was refused is tried again in memory, by the collector's and the enrichers' own code, before it is sent."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dkd.collect.message import Answer, Message, Request
from dkd.collect.routes import routes
from dkd.enrich.chain import prepare
from dkd.enrich.state import State
from dkd.jobs.books import PartitionBooks
from dkd.jobs.lanes import partition
from dkd.jobs.rejects import COLLECT, Listing, Reject, texts
from dkd.model.columns import GIVEN_COLUMNS
from dkd.model.schema import Model
from dkd.settings import Settings
from dkd.stream.decode import decoder, known_schemas
from dkd.stream.profiles import resources_of
from dkd.stream.records import Batch
from dkd.stream.work import Work

_LOOPBACK = "127.0.0.1"
_TIMELESS = "bad_time"


class Refusal(NamedTuple):
    """Why a reject is not sent again."""

    reject: Reject
    reason: str
    problem: str
    remedy: str


class Passing(NamedTuple):
    """A reject that would be an event now.

    Attributes:
        reject: As it is kept.
        body: What is sent: the line for the collector, or the value for raw.
    """

    reject: Reject
    body: bytes


@dataclass(frozen=True)
class Plan:
    """What replaying rejects would do.

    Attributes:
        passing: Those to send, in order.
        refused: Those that would be refused again, or were replayed already.
        late: How many of *passing* will be late events, which belong to no session.
    """

    passing: tuple[Passing, ...]
    refused: tuple[Refusal, ...]
    late: int


class _Raw(NamedTuple):
    """The raw record that a reject becomes."""

    passing: Passing
    partition: int
    key: bytes | None
    value: bytes
    time_ms: int


def tried(listing: Listing, model: Model, settings: Settings, schemas: Path, books: Iterable[PartitionBooks]) -> Plan:
    """Which of the rejects in *listing* would pass now.

    Args:
        listing: The rejects, in the order in which they are to go.
        model: The site as it is deployed, with what was wrong put right.
        settings: Its target.
        schemas: ``specs/<site>/schemas``.
        books: Of the running enricher, for its watermarks: what they make late is refused here.

    Raises:
        UsageError: DKD570, when the model needs a key for pseudonyms and there is none.
    """
    watermarks = {one.partition: one.watermark_ms for one in books}
    refused, records = list[Refusal](), list[_Raw]()
    collector = _Collector(model, settings)
    for reject in listing.rejects:
        found = _first_reason(reject, listing.replayed_ms) or (
            collector.tried(reject, len(watermarks)) if reject.stage == COLLECT else _as_it_was(reject)
        )
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            records.append(found)
    enricher = _work(model, settings, schemas)
    passing, late = list[Passing](), 0
    for number in sorted({one.partition for one in records}):
        some = [one for one in records if one.partition == number]
        wrong, few = _enriched(enricher, some, watermarks.get(number))
        refused += wrong.values()
        passing += [one.passing for index, one in enumerate(some) if index not in wrong]
        late += few
    return Plan(tuple(passing), tuple(refused), late)


def _first_reason(reject: Reject, replayed_ms: Mapping[str, int]) -> Refusal | None:
    """Why *reject* need not even be tried."""
    if reject.reject_id in replayed_ms:
        return Refusal(reject, "replayed", "it was replayed already", "each is replayed once")
    if reject.is_cut:
        return Refusal(reject, "cut", "only its beginning was kept", "send it again from its source")
    if reject.stage != COLLECT and "dkd-partition" not in reject.headers:
        return Refusal(reject, "unknown", "it does not say where it came from", "send it again from its source")
    return None


def _as_it_was(reject: Reject) -> _Raw:
    return _Raw(Passing(reject, reject.value), reject.raw_partition, reject.key, reject.value, reject.received_ms)


class _Collector:
    """The collector's own route, in memory, as a trusted sender meets it."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self._routes = routes(model, settings)
        self._headers = [(b"content-type", b"application/x-ndjson")]
        if key := next(iter(settings.sender_keys.values()), None):
            self._headers.append((b"authorization", b"Bearer " + key.encode()))

    def tried(self, reject: Reject, partitions: int) -> _Raw | Refusal:
        """The raw record that it makes of *reject*, or why it makes none."""
        if reject.value.startswith(b"/csc-event"):
            remedy = "correct the tag that sends it"
            return Refusal(reject, reject.reason, f"the browser's request is at fault: {reject.problem}", remedy)
        line = again(reject)
        form = "&format=combined" if is_log(reject) else ""
        target = f"/collect?times=own{form}".encode()
        given = self._routes(Request("POST", target, self._headers, line + b"\n", _LOOPBACK, reject.received_ms))
        if isinstance(given, Answer):
            return Refusal(reject, reject.reason, reject.problem, reject.remedy)
        message: Message = given.messages[0]
        headers = {name: value.decode() for name, value in message.headers}
        if "dkd-reason" in headers:
            return Refusal(reject, *(headers[f"dkd-{name}"] for name in ("reason", "problem", "remedy")))
        number = partition(message.key or b"", partitions)
        return _Raw(Passing(reject, line), number, message.key, message.value, reject.received_ms)


def is_log(reject: Reject) -> bool:
    """Whether *reject* is a line of a web server's log."""
    return reject.headers.get("dkd-form") == "combined"


def again(reject: Reject) -> bytes:
    """The line that a trusted sender sends to get the record that *reject* should have become.

    What a browser sent gets the columns that were known of it, and an event without a time that of its arrival, unless
    that was the fault. Its ``event_id`` stays what it would have been, so a repeat is found.
    """
    try:
        given: Any = json.loads(reject.value)
    except ValueError:
        return reject.value
    sender: dict[str, Any] = json.loads(reject.headers.get("dkd-sender") or "{}")
    timeless = isinstance(given, dict) and given.get("timestamp_ms") is None and reject.reason != _TIMELESS
    if not isinstance(given, dict) or is_log(reject) or not (sender or timeless):
        # Line ends stand between tokens only; in a text JSON escapes them.
        return reject.value.replace(b"\n", b" ").replace(b"\r", b" ")
    if reject.key is not None:
        given = {**given, "party_id": reject.key.decode("utf-8", "surrogatepass")}
    if sender:
        behind_ms = sender.pop("behind_ms", 0)
        own = {name: value for name, value in given.items() if name not in GIVEN_COLUMNS}
        named = {name: own[name] for name in ("collector_session_id",) if own.get(name) is not None}
        given = {**own, **sender, **named}
        if isinstance(given.get("timestamp_ms"), int):
            given["timestamp_ms"] += behind_ms
    if timeless:
        given["timestamp_ms"] = reject.received_ms
    if given.get("event_id") is None:
        given["event_id"] = hashlib.blake2b(reject.value, digest_size=16).hexdigest()
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _work(model: Model, settings: Settings, schemas: Path) -> Work:
    setup = prepare(model, resources_of(model, settings.kafka), settings.pseudonym_key)
    return Work(model.topic("raw"), decoder(known_schemas(model, schemas), setup.raw_schema), setup)


def _enriched(work: Work, records: list[_Raw], watermark_ms: int | None) -> tuple[dict[int, Refusal], int]:
    """What the enrichers refuse of one partition's *records*, by place, and how many they take as late."""
    batch = Batch(
        partition=records[0].partition,
        offsets=range(len(records)),
        keys=[one.key for one in records],
        values=[one.value for one in records],
        timestamps_ms=[one.time_ms for one in records],
    )
    wrong, parts = dict[int, Refusal](), work.done(batch, State(watermark_ms=watermark_ms))
    for record in (record for part in parts for record in part.rejects.records()):
        headers = texts(record)
        index = int(headers["dkd-offset"])
        told = (headers[f"dkd-{name}"] for name in ("reason", "problem", "remedy"))
        wrong[index] = Refusal(records[index].passing.reject, *told)
    return wrong, parts[-1].state.books.late
