"""A site's raw topic → its records with their event times, for what works on them offline."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

import polars as pl

from dkd.collect.events import YEAR_2100_MS
from dkd.enrich.normalise import timed
from dkd.errors import RefusedError
from dkd.jobs.hours import Kept
from dkd.local.progress import Listener
from dkd.model.schema import Model
from dkd.stream.decode import Decoder
from dkd.stream.reader import Found, TopicReader
from dkd.stream.records import Batch

_TOGETHER = 10_000


def kept_raw(reader: TopicReader, model: Model, decoder: Decoder, listener: Listener) -> Iterator[Kept]:
    """Every record with a value that raw holds at the moment; those that cannot be read come behind all others.

    Raises:
        DkdError: DKD820 when Kafka does not answer, DKD808 when there is no such topic.
    """
    topic, count = model.topic("raw"), 0
    starts = {number: found.low for number, found in reader.ranges(topic).items()}
    records = (one for one in reader.to_end(topic, starts) if one.record.value is not None)
    while some := list(islice(records, _TOGETHER)):
        count += len(some)
        listener.progress(f"reading: {count:,} records of {topic}")
        for one, time_ms in zip(some, _times(some, model, decoder), strict=True):
            record = one.record
            yield Kept(time_ms, record.value or b"", False, record.timestamp_ms, record.key or b"")


def require_kept(reader: TopicReader, model: Model, since_ms: int) -> None:
    """Return when raw still holds all that it received since *since_ms*.

    Raises:
        RefusedError: DKD697, when retention has deleted some of it.
        DkdError: As :func:`kept_raw`.
    """
    topic = model.topic("raw")
    trimmed = {number: found.low for number, found in reader.ranges(topic).items() if found.low}
    first: dict[int, int] = {}
    for number, low in trimmed.items():
        found = next(iter(reader.to_end(topic, {number: low})), None)
        first[number] = found.record.timestamp_ms if found else YEAR_2100_MS
    newest_ms = max(first.values(), default=0)
    if newest_ms > since_ms:
        begins = datetime.fromtimestamp(newest_ms / 1000, UTC)
        raise RefusedError(
            "DKD697",
            where=topic,
            problem=f"it begins {begins:%Y-%m-%d %H:%M} UTC, and what came before would be missing",
            remedy="name a later interval, or give the files that the events came from",
        )


def _times(some: list[Found], model: Model, decoder: Decoder) -> Iterable[int]:
    """The event time of each record, as the enricher finds it; the year 2100 for one without."""
    values = [one.record.value for one in some]
    frame = decoder.decode(Batch(0, range(len(values)), [None] * len(values), values, [0] * len(values))).frame
    columns = (
        frame[name] if name in frame.columns else pl.Series(name, [None], pl.Int64).new_from_index(0, frame.height)
        for name in ("client_ms", "received_ms")
    )
    found = timed(pl.DataFrame(list(columns)), model.collector.kind == "dkd")["timestamp_ms"]
    times = dict(zip(frame["offset"].to_list(), found.to_list(), strict=True)) if frame.height else {}
    return [times.get(place) or YEAR_2100_MS for place in range(len(values))]
