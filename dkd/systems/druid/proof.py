"""A supervisor that was just posted is watched until it provably works, or until it is known that it never will.

Druid's 200 and its ``healthy`` say nothing: a supervisor whose every task dies at once stays healthy, and so does one
that waits for records at offsets which its topic does not have.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dkd.errors import DkdError
from dkd.systems.druid.api import Api
from dkd.systems.druid.live import datasource

INDEXER = "/druid/indexer/v1"
PROOF_S = 120.0
_POLL_S = 0.25
_SLOW = frozenset({"PENDING", "RUNNING", "DISCOVERING_INITIAL_TASKS", "CREATING_TASKS"})
"""States of a supervisor that only waits for room; in any other it will never work."""
_HOPE_S = 30.0
"""A supervisor on a slow machine is given so long to come to one of them."""
_ADOPTED_S = 4.0
"""By then a new supervisor has begun, and has made its own tasks or taken over old ones."""
_SETTLED_S = 1.0
"""A task that cannot run ends within a quarter of a second of its start."""
_FIRST_S = 10.0
"""Where there is something to read, the first record is read by then."""

Progress = Callable[[str], None]
Ends = Callable[[str], Mapping[int, int]]
"""Next offset that each partition of a topic will give."""


@dataclass(frozen=True)
class Task:
    """One task of a datasource: its id, its state as Druid calls it, and why it failed."""

    id: str
    state: str
    error: str


class Read(NamedTuple):
    """Records that tasks have read: those that became rows or were left out, and those that nobody could read."""

    good: int
    unparseable: int


class NotWorkingError(Exception):
    """A supervisor does not work; the text says why, *code* and *remedy* are the error's."""

    def __init__(self, problem: str, code: str = "DKD705", remedy: str = "") -> None:
        """Say *problem* in one line."""
        super().__init__(problem)
        self.code, self.remedy = code, remedy


def tasks(api: Api, name: str) -> list[Task]:
    """Tasks of a datasource that Druid still knows, newest first."""
    found = api.call("GET", f"{INDEXER}/tasks?datasource={name}&max=50")
    return [Task(task["id"], task["statusCode"], " ".join((task["errorMsg"] or "").split())) for task in found]


def offsets(active: Iterable[Mapping[str, Any]]) -> dict[int, int]:
    """How far each partition was read, by the active tasks of a supervisor's status."""
    found: dict[int, int] = {}
    for task in active:
        for partition, offset in {**task["startingOffsets"], **(task.get("currentOffsets") or {})}.items():
            found[int(partition)] = max(offset, found.get(int(partition), 0))
    return found


def beyond(read: Mapping[int, int], ends: Mapping[int, int]) -> str:
    """In words, the first partition that was read further than it goes; empty where there is none."""
    for partition, offset in sorted(read.items()):
        if offset > ends.get(partition, offset):
            return f"partition {partition} from offset {offset} on, and it ends at {ends[partition]}"
    return ""


def summed(stats: Iterable[Mapping[str, Any]]) -> Read:
    """What tasks have read, by the statistics that each gives of itself."""
    totals = [one.get("totals", {}).get("buildSegments", {}) for one in stats]
    good = sum(one.get(name, 0) for one in totals for name in ("processed", "processedWithError", "thrownAway"))
    return Read(good, sum(one.get("unparseable", 0) for one in totals))


class Proof:
    """The watch over one supervisor."""

    def __init__(self, api: Api, spec: Mapping[str, Any], proof_s: float, ends: Ends | None) -> None:
        """Watch the supervisor of *spec* for *proof_s*; *ends* may be None, then its offsets are not looked at."""
        self._api, self._spec, self._proof_s, self._ends = api, spec, proof_s, ends
        self._name = datasource(spec)

    def wait(self, old: frozenset[str], progress: Progress) -> None:
        """Wait until every group has a running task that reports, and still does a moment later.

        Args:
            old: Tasks of the supervisor before.
            progress: Told what is waited for.

        Raises:
            NotWorkingError: As soon as one task failed that is not among the *old*, or reads nothing that is there.
            DkdError: DKD705, when there are too few tasks after the time it has.
        """
        started, said = time.monotonic(), 0
        proved: frozenset[str] = frozenset()
        handed_off = False
        while (waited := time.monotonic() - started) < self._proof_s:
            reporting = self._reporting(old)
            if reporting and reporting <= proved and len(reporting) >= self._groups():
                self._require_records(reporting)
                return
            proved = reporting
            if not reporting and not handed_off and waited > _ADOPTED_S:
                handed_off = self._hand_off(old)
            if waited // 10 > said:
                said = int(waited // 10)
                progress(f"waiting for a running task of {self._name}, {waited:.0f} s")
                if waited >= _HOPE_S:
                    self._require_hope(waited)
            time.sleep(_SETTLED_S if reporting else _POLL_S)
        self._require_hope(self._proof_s)
        remedy = "see that Druid has free task slots, then deploy again"
        raise self._api.error(
            "DKD705", f"supervisor {self._name} has no running task after {self._proof_s:.0f} s", remedy
        )

    def _hand_off(self, old: frozenset[str]) -> bool:
        """Whether a supervisor had taken over tasks of the one before, which were then told to make room for its own.

        Druid knows tasks by a hash that leaves out how they read, so one that had just begun goes on by the old spec.
        """
        active = [task for task in self._status().get("activeTasks") or [] if task["id"] in old]
        if active:
            groups = {"taskGroupIds": list(range(len(active)))}
            self._api.call("POST", f"{INDEXER}/supervisor/{self._name}/taskGroups/handoff", groups)
        return bool(active)

    def _require_hope(self, waited_s: float) -> None:
        """Return when a supervisor without tasks only waits for room; in any other state it will never have one."""
        status = self._status()
        state, errors = str(status.get("detailedState")), status.get("recentErrors") or []
        said = [str(error.get("message") or error.get("exceptionClass"))[:200] for error in errors]
        # One that runs has got over its errors.
        if state not in _SLOW or (said and state != "RUNNING"):
            why = f"none runs after {waited_s:.0f} s, {state}{': ' + said[-1] if said else ''}"
            raise NotWorkingError(f"its tasks fail: {why}")

    def _reporting(self, old: frozenset[str]) -> frozenset[str]:
        """New tasks that build segments by their own report; the overlord asks the task itself for it."""
        fresh = [task for task in tasks(self._api, self._name) if task.id not in old]
        failed = [task.error for task in fresh if task.state == "FAILED"]
        if failed:
            raise NotWorkingError(f"its tasks fail: {failed[0][:300] or 'Druid does not say why'}")
        return frozenset(
            task.id
            for task in fresh
            if task.state == "RUNNING" and self._report(task.id).get("ingestionState") == "BUILD_SEGMENTS"
        )

    def _require_records(self, ids: Iterable[str]) -> None:
        """Return when the tasks *ids* read at offsets that the topic has, and can read some of what is there."""
        if self._ends is None:
            return
        topic = str(self._spec["spec"]["ioConfig"]["topic"])
        # Of tasks that have just begun the supervisor itself knows nothing yet.
        read = offsets([*map(self._begun, ids), *(self._status().get("activeTasks") or [])])
        ends = self._ends(topic)
        where = beyond(read, ends)
        if where:
            remedy = f"suspend, reset and terminate the supervisor {self._name}, then deploy again"
            raise NotWorkingError(f"it reads {topic}, made anew since, in {where}", "DKD633", remedy)
        until = time.monotonic() + _FIRST_S
        # The mark at the end of a transaction takes an offset, and is no record.
        is_behind = any(end - read.get(partition, end) > 1 for partition, end in ends.items())
        while (records := self._read(ids)) == (0, 0) and is_behind and time.monotonic() < until:
            time.sleep(_POLL_S)
        if records.unparseable and not records.good:
            problem = f"it can read none of the {records.unparseable:,} records of {topic} that it has come upon"
            raise NotWorkingError(problem, "DKD634", "see with dkd plan --probe why")

    def _begun(self, task_id: str) -> Mapping[str, Any]:
        """Where a task began to read, in the form of a supervisor's status."""
        found = self._api.call("GET", f"{INDEXER}/task/{task_id}", absent={})
        config = found.get("payload", {}).get("ioConfig", {})
        return {"startingOffsets": config.get("startSequenceNumbers", {}).get("partitionSequenceNumberMap", {})}

    def _read(self, ids: Iterable[str]) -> Read:
        return summed(self._report(one).get("rowStats", {}) for one in ids)

    def _report(self, task_id: str) -> Mapping[str, Any]:
        """What a task says of itself; nothing where it is just starting or ending: its state then tells which."""
        try:
            report = self._api.call("GET", f"{INDEXER}/task/{task_id}/reports", absent={})
        except DkdError:
            return {}
        payload: Mapping[str, Any] = report.get("ingestionStatsAndErrors", {}).get("payload", {})
        return payload

    def _groups(self) -> int:
        """Groups of tasks that there must be: never more than partitions."""
        wanted = int(self._spec["spec"]["ioConfig"].get("taskCount") or 1)
        return min(wanted, int(self._status().get("partitions") or 1))

    def _status(self) -> Mapping[str, Any]:
        return status_of(self._api, self._name) or {}


def status_of(api: Api, name: str) -> Mapping[str, Any] | None:
    """What Druid says of a supervisor: its tasks, its offsets and its state; None where there is none."""
    found: Mapping[str, Any] | None = api.call("GET", f"{INDEXER}/supervisor/{name}/status", absent={}).get("payload")
    return found
