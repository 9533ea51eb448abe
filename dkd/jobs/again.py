"""Rejects that would pass now go back to where they came from, and each is marked as replayed.

Sent first, marked then: what is sent and not yet marked when the command is killed is sent once more by the next one,
with the same ``event_id``, so the enricher's dedup removes the repeat.
"""

import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from dkd.errors import DkdError, UsageError
from dkd.jobs.books import read_books
from dkd.jobs.lanes import bodies
from dkd.jobs.lines import Line
from dkd.jobs.rejects import COLLECT, REPLAYED, REPLAYED_MS, Reject, Wanted, chosen
from dkd.jobs.send import HttpCollector, Sending
from dkd.jobs.trial import Passing, Plan, is_log, tried
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.settings import Settings, unreachable_remedy
from dkd.stream.reader import TopicReader
from dkd.stream.records import Record
from dkd.stream.writer import Addressed, Writer

_TOGETHER = 500
_LOOK_S = 0.25
_FIRST_ANSWER_S = 3.0


@dataclass
class Sent:
    """What was replayed.

    Attributes:
        to_collector: Lines that the collector took.
        to_raw: Records that went into raw.
        refused: Lines that the collector refused once more, by reason; they are new rejects.
    """

    to_collector: int = 0
    to_raw: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def planned(ids: list[str], wanted: Wanted, model: Model, settings: Settings, schemas: Path) -> Plan:
    """What replaying would do; nothing is sent.

    Args:
        ids: Rejects by name; none for all that are *wanted* and were not replayed.
        wanted: Which ones.
        model: The site as it is deployed.
        settings: Its target.
        schemas: ``specs/<site>/schemas``.

    Raises:
        UsageError: DKD831 for an unknown id, DKD570 without a key for pseudonyms.
        DkdError: DKD808, DKD820, DKD821 when Kafka does not answer or lacks a topic.
    """
    with TopicReader(settings.kafka, model.site) as reader:
        listing = chosen(reader, model, ids, wanted)
    return tried(listing, model, settings, schemas, read_books(settings, model))


def carried_out(plan: Plan, model: Model, settings: Settings, listener: Listener) -> Sent:
    """Send what passes, in parts, and mark each part as replayed.

    Raises:
        UsageError: DKD806, when lines must go to a collector and the target names none.
        DkdError: DKD810 or DKD807 when the collector does not answer or refuses, DKD820 when Kafka does not take it.
            What was sent until then is marked.
    """
    sent, writer, run = Sent(), Writer(settings.kafka), uuid.uuid4().hex[:12]
    if any(one.reject.stage == COLLECT for one in plan.passing):
        _require_collector(settings)
    for number, (to_collector, part) in enumerate(_parts(plan.passing)):
        if to_collector:
            _to_collector(part, f"{run}-{number}", settings, sent, listener)
        else:
            topic = model.topic("raw")
            writer.write(Addressed(topic, one.reject.raw_partition, _original(one)) for one in part)
            sent.to_raw += len(part)
        writer.write(_mark(model.topic("rejects"), one.reject) for one in part)
        listener.progress(f"replayed {sent.to_collector + sent.to_raw:,} of {len(plan.passing):,}")
    return sent


def _parts(passing: Sequence[Passing]) -> Iterator[tuple[bool, list[Passing]]]:
    """Rejects to send together, in their order, and whether they go to the collector; log lines never with events."""
    for (stage, _), some in groupby(passing, lambda one: (one.reject.stage == COLLECT, is_log(one.reject))):
        listed = list(some)
        for start in range(0, len(listed), _TOGETHER):
            yield stage, listed[start : start + _TOGETHER]


def _to_collector(part: list[Passing], run: str, settings: Settings, sent: Sent, listener: Listener) -> None:
    key = next(iter(settings.sender_keys.values()), None)
    lines = [Line(one.body, one.reject.received_ms, None, True, is_log(one.reject)) for one in part]
    lane = [bodies(lines, f"{run}-0")]
    with Sending(lambda: HttpCollector(settings.collector, key, is_local=settings.is_local), lane) as sending:
        while not sending.done(_LOOK_S):
            if sending.total.waits_for:
                listener.progress(f"waiting: {sending.total.waits_for}")
    sent.to_collector += sending.total.accepted
    sent.refused.update(sending.total.reasons)


def _original(one: Passing) -> Record:
    # Dated now: retention would take a record that bears its first time too early.
    headers = ((REPLAYED, one.reject.reject_id.encode()),)
    return Record(one.reject.key, one.body, round(time.time() * 1000), headers)


def _mark(topic: str, reject: Reject) -> Addressed:
    now_ms = round(time.time() * 1000)
    headers = ((REPLAYED, reject.reject_id.encode()), (REPLAYED_MS, str(now_ms).encode()))
    return Addressed(topic, reject.partition, Record(reject.key, None, now_ms, headers))


def _require_collector(settings: Settings) -> None:
    if not settings.collector:
        remedy = f"add collector: https://... to targets.{settings.target}"
        raise UsageError("DKD806", where=f"target {settings.target}", problem="names no collector", remedy=remedy)
    collector = HttpCollector(settings.collector, None, is_local=settings.is_local)
    answers = collector.ping(_FIRST_ANSWER_S)
    collector.close()
    if not answers:
        problem = f"the collector at {settings.collector} does not answer"
        raise DkdError("DKD810", problem=problem, remedy=unreachable_remedy(settings.collector))
