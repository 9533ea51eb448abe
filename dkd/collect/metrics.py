"""What a collector does becomes figures that Prometheus can read, counted for each group and each second.

Several processes write theirs into files of one folder (prometheus-client's multiprocess mode), from which whoever
answers ``/metrics`` adds them up; a process that died keeps its counts there.
"""

import os
import time
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from dkd.collect.message import Message
from dkd.collect.spool import Held

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus-client when it is first imported."""
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)


class State(NamedTuple):
    """How a process is.

    Attributes:
        held: What stands in the spool's folder.
        is_open: Whether Kafka is passed by.
        is_ready: Whether an event that came now would be made safe.
        lag_s: How late the loop is.
        connections: How many are open.
        spooled: How many messages it has put into the spool since it began.
        replayed: How many of the spool it has brought to Kafka.
        unkept: How many rejects it has thrown away, as their topic is missing.
        refused: How many requests it has answered with 400 or more, by status.
    """

    held: Held
    is_open: bool
    is_ready: bool
    lag_s: float
    connections: int
    spooled: int
    replayed: int
    unkept: int
    refused: Mapping[str, int]


class Metrics:
    """Figures of one process. Its loop writes them, and any thread may read :attr:`registry`."""

    def __init__(self) -> None:
        """Zeros."""
        self.registry = CollectorRegistry()
        self._before = (0, 0, 0)
        self._refused_before: Tally[str] = Tally()
        if FOLDER not in os.environ:
            ProcessCollector(registry=self.registry)
        self._events = Counter(
            "dkd_collect_events", "Events, by outcome: accepted, rejected, unsafe (503)", ("outcome", "reason"),
            registry=self.registry,
        )  # fmt: skip
        self._accepted = self._events.labels("accepted", "")
        self._unsafe = self._events.labels("unsafe", "not_durable")
        self._refused = Counter(
            "dkd_collect_refused_requests", "Requests that were answered with 400 or more, by status", ("status",),
            registry=self.registry,
        )  # fmt: skip
        self._spooled = Counter(
            "dkd_collect_spooled", "Events and rejects made safe in the spool", registry=self.registry
        )
        self._replayed = Counter(
            "dkd_collect_replayed", "Messages of the spool that Kafka acknowledged", registry=self.registry
        )
        self._unkept = Counter(
            "dkd_collect_unkept_rejects",
            "Rejects that were thrown away, as their topic is missing",
            registry=self.registry,
        )
        self._size = Histogram(
            "dkd_collect_group_messages", "Messages committed together", buckets=_SIZES, registry=self.registry
        )
        self._commit_s = Histogram(
            "dkd_collect_commit_seconds", "From a group's first message until it was safe or refused",
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        # The folder of the spool is one for all processes.
        self._spool_bytes = self._gauge("spool_bytes", "Size of the spool", "livemax")
        self._spool_age_s = self._gauge("spool_age_seconds", "Age of what waits longest in the spool", "livemax")
        self._open = self._gauge("breaker_open", "Processes that pass Kafka by", "livesum")
        self._ready = self._gauge("ready", "Whether events can be made safe, 0 or 1", "livemin")
        self._lag_s = self._gauge("loop_lag_seconds", "How late the loop was in the last second", "livemax")
        self._connections = self._gauge("connections", "Open connections", "livesum")
        self._looked_s = self._gauge("looked_seconds", "When the loop last looked, since 1970", "livemin")

    def committed(self, messages: Iterable[Message], lost: Sequence[Message] | None, seconds: float) -> None:
        """A group is settled: all but *lost* is safe, or nothing where that is None."""
        found = list(messages)
        safe = found if lost is not None else []
        if lost:
            gone = set(lost)
            safe = [message for message in found if message not in gone]
        # Rejects alone have headers.
        rejects = Tally([_reason(message) for message in safe if message[4]])
        for reason, count in rejects.items():
            self._events.labels("rejected", reason).inc(count)
        self._accepted.inc(len(safe) - rejects.total())
        self._unsafe.inc(len(found) - len(safe))
        self._size.observe(len(found))
        self._commit_s.observe(seconds)

    def looked(self, state: State) -> None:
        """The state of the process at this second."""
        now_s = time.time()
        oldest_ms = state.held.oldest_ms
        self._spool_bytes.set(state.held.bytes)
        self._spool_age_s.set(0 if oldest_ms is None else max(now_s - oldest_ms / 1_000, 0))
        self._open.set(state.is_open)
        self._ready.set(state.is_ready)
        self._lag_s.set(state.lag_s)
        self._connections.set(state.connections)
        self._looked_s.set(now_s)
        self._spooled.inc(state.spooled - self._before[0])
        self._replayed.inc(state.replayed - self._before[1])
        self._unkept.inc(state.unkept - self._before[2])
        self._before = (state.spooled, state.replayed, state.unkept)
        for status, count in state.refused.items():
            self._refused.labels(status).inc(count - self._refused_before[status])
        self._refused_before = Tally(state.refused)

    def _gauge(self, name: str, text: str, mode: str) -> Gauge:
        return Gauge(f"dkd_collect_{name}", text, multiprocess_mode=mode, registry=self.registry)  # type: ignore[arg-type]


def added_up(folder: Path) -> CollectorRegistry:
    """The figures of all processes that write into *folder*."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry


def buried(pid: int, folder: Path) -> None:
    """Forget the gauges of a process that died; its counts stay."""
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _reason(message: Message) -> str:
    return next((value.decode() for name, value in message.headers if name == "dkd-reason"), "")
