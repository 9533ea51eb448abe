"""What an enricher does becomes figures that Prometheus can read. Batches are counted, not events: it costs nothing."""

import time
from collections import Counter as Tally
from collections.abc import Collection, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dkd.enrich.state import Books, State
from dkd.stream.loop import Live
from dkd.stream.records import Batch, Result
from dkd.stream.sink import Sink
from dkd.stream.source import Changed, Limits, Owner, Source

_BATCH_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ENTRY_BYTES = 16
"""What dedup remembers of an event: a hash and a time."""


class Metrics:
    """Figures of one enricher. One thread writes them, and any thread may read :attr:`registry`.

    Attributes:
        registry: All figures, and those of the process.
    """

    def __init__(self) -> None:
        """Zeros."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._partitions = _Partitions()
        self.registry.register(self._partitions)
        self._events = self._counter("events", "Records of raw that were consumed, by what became of them", "outcome")
        self._late = self._counter("late_events", "Clean events that came behind watermark and grace")
        self._rejects = self._counter("rejects", "Records refused", "reason")
        self._sessions = self._counter("sessions", "Finished sessions written")
        self._ticks = self._counter("ticks", "Ticks written to raw")
        self._batch_s = Histogram("dkd_enrich_batch_seconds", "From read to committed, all partitions of a step",
                                  registry=self.registry, buckets=_BATCH_S)  # fmt: skip
        self._read_s = 0.0
        self.stepped_s = time.monotonic()

    def ends(self, source: Source, sink: Sink) -> tuple[Source, Sink]:
        """*source* and *sink* under observation."""
        return _Source(source, self), _Sink(sink, self)

    def read(self) -> None:
        """A step has read its batches."""
        self._read_s = time.monotonic()

    def committed(self, results: Iterable[Result]) -> None:
        """A step's results were committed."""
        self._batch_s.observe(time.monotonic() - self._read_s)
        for rows in (rows for result in results for rows in result.rows):
            if rows.kind == "sessions":
                self._sessions.inc(len(rows))
            elif rows.kind == "rejects":
                for reason, count in Tally(dict(headers)["dkd-reason"] for headers in rows.headers).items():
                    self._rejects.labels(reason.decode()).inc(count)

    def stepped(self, books: Books, live: Mapping[int, Live], ends: Mapping[int, int]) -> None:
        """A step is done.

        Args:
            books: Of the step alone.
            live: Our partitions after it.
            ends: Offset behind the last record of each.
        """
        self.stepped_s = time.monotonic()
        self._partitions.live, self._partitions.ends = live, ends
        for outcome in ("clean", "dropped_bots", "duplicates", "rejects"):
            self._events.labels(outcome).inc(getattr(books, outcome))
        self._late.inc(books.late)

    def ticked(self, count: int) -> None:
        """So many ticks were written."""
        self._ticks.inc(count)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"dkd_enrich_{name}", text, labels, registry=self.registry)


class _Source:
    """A source that notes when a batch was read."""

    def __init__(self, source: Source, metrics: Metrics) -> None:
        self._source, self._metrics = source, metrics

    def poll(self, owner: Owner, limits: Limits) -> list[Batch]:
        batches = self._source.poll(owner, limits)
        self._metrics.read()
        return batches

    def changelog(self, partitions: Collection[int]) -> Iterable[Changed]:
        return self._source.changelog(partitions)

    def close(self) -> None:
        self._source.close()


class _Sink:
    """A sink that notes what was committed."""

    def __init__(self, sink: Sink, metrics: Metrics) -> None:
        self._sink, self._metrics = sink, metrics

    def commit(self, results: Sequence[Result]) -> None:
        self._sink.commit(results)
        self._metrics.committed(results)

    def close(self) -> None:
        self._sink.close()


class _Partitions(Collector):
    """Figures of each partition, worked out when they are asked for."""

    def __init__(self) -> None:
        self.live: Mapping[int, Live] = {}
        self.ends: Mapping[int, int] = {}

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The families; a figure that is not known yet is absent."""
        live, ends = self.live, self.ends
        states = {one: found.state for one, found in live.items()}
        lags = {one: max(ends[one] - (live[one].next_offset or 0), 0) for one in live.keys() & ends.keys()}
        seen = {one: state.watermark_ms / 1_000 for one, state in states.items() if state.watermark_ms is not None}
        yield _gauge("lag_records", "Records of raw yet to be read", lags)
        yield _gauge("watermark_seconds", "Greatest event time seen, since 1970", seen)
        yield _gauge("open_sessions", "Sessions that are not finished",
                     {one: len(state.sessions) for one, state in states.items()})  # fmt: skip
        yield _gauge("state_bytes", "Memory of dedup, sessions and visitors",
                     {one: _state_bytes(state) for one, state in states.items()})  # fmt: skip
        yield _gauge("books_difference", "Consumed and unaccounted for; anything but 0 is a fault",
                     {one: _difference(state.books) for one, state in states.items()})  # fmt: skip


def _state_bytes(state: State) -> int:
    return len(state.seen) * _ENTRY_BYTES + state.sessions.size_bytes + state.visitors.size_bytes


def _difference(books: Books) -> int:
    return books.consumed - books.clean - books.dropped_bots - books.duplicates - books.rejects


def _gauge(name: str, text: str, values: Mapping[int, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"dkd_enrich_{name}", text, labels=["partition"])
    for partition, value in sorted(values.items()):
        family.add_metric([str(partition)], value)
    return family
