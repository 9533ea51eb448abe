"""Supervisors of a live Druid are read, posted and proved to work, by the overlord's HTTP API."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dkd.errors import DkdError
from dkd.settings import DruidSettings
from dkd.systems.change import Change
from dkd.systems.druid.api import REQUEST_S, Api
from dkd.systems.druid.live import datasource
from dkd.systems.druid.strict import require_known

POST_S = 120.0
"""A restart waits for the old tasks, up to Druid's own ``shutdownTimeout`` of 80 s."""
PROOF_S = 120.0
_POLL_S = 0.25
_SAMPLE_MS = 200
_SLOW = frozenset({"PENDING", "RUNNING", "DISCOVERING_INITIAL_TASKS", "CREATING_TASKS"})
"""States of a supervisor that only waits for room; in any other it will never work."""
_HOPE_S = 30.0
"""A supervisor on a slow machine is given so long to come to one of them."""
_RESET_S, _ENDED_S = 1.5, 20.0
_ADOPTED_S = 4.0
"""By then a new supervisor has begun, and has made its own tasks or taken over old ones."""
_SETTLED_S = 1.0
"""A task that cannot run ends within a quarter of a second of its start."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """One task of a datasource: its id, its state as Druid calls it, and why it failed."""

    id: str
    state: str
    error: str


class Overlord:
    """The supervisors of one Druid cluster."""

    def __init__(self, druid: DruidSettings, proof_s: float = PROOF_S) -> None:
        """Talk to the overlord at ``druid.coordinator``; nothing is sent yet. A supervisor has *proof_s* to work."""
        self._api, self._proof_s = Api(druid), proof_s

    def __enter__(self) -> "Overlord":
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def read(self) -> dict[str, Mapping[str, Any]]:
        """The spec of every supervisor by datasource, in the form Druid gives it; one request.

        Raises:
            DkdError: DKD703 when Druid cannot be reached, DKD704 when it refuses.
        """
        return {found["id"]: found["spec"] for found in self._call("GET", "/supervisor?full")}

    def apply(self, change: Change, progress: Progress) -> None:
        """Carry out *change* and wait until its supervisor provably works.

        A supervisor whose tasks fail is put back as it was, or removed where there was none.

        Raises:
            DkdError: DKD270 and DKD271 for what Druid would accept and not do, DKD703 unreachable, DKD704 refused,
                DKD705 not able to read its topic, or not working afterwards.
        """
        spec, name = change.wanted, change.name
        require_known(spec)
        self._require_samples(spec)
        previous, history = self.read().get(name), self.history(name)
        tasks = self.tasks(name)
        self.post(spec)
        # Where Druid finds the specs equal after all it restarts nothing, and the tasks there are will do.
        restarted = self.history(name)[:1] != history[:1]
        old = frozenset(task.id for task in tasks if restarted or task.state != "RUNNING")
        self._proved(name, spec, old, previous, progress)

    def sample(self, spec: Mapping[str, Any], rows: int, wait_ms: int) -> Mapping[str, Any]:
        """What *spec* makes of the first *rows* records of its topic, as Druid's sampler answers; nothing is stored.

        Raises:
            DkdError: DKD703 unreachable, DKD705 when Druid cannot read or make rows with it.
        """
        config = {"numRows": rows, "timeoutMs": wait_ms}
        try:
            found: Mapping[str, Any] = self._call(
                "POST", "/sampler", {"type": "kafka", "spec": spec, "samplerConfig": config}, timeout_s=POST_S
            )
        except DkdError as error:
            first = error.problems[0]
            if first.code != "DKD704":
                raise
            said = first.problem.removeprefix("refused POST /sampler: ").removeprefix("Failed to sample data: ")
            raise self._api.error("DKD705", f"supervisor {datasource(spec)} cannot work: {said}") from error
        return found

    def _require_samples(self, spec: Mapping[str, Any]) -> None:
        """A spec with which Druid cannot read a single record is not posted: its 200 would say nothing."""
        self.sample(spec, 1, _SAMPLE_MS)

    def verify(self, name: str, progress: Progress) -> None:
        """Prove that a supervisor works which an earlier deploy posted and could not watch any longer.

        Raises:
            DkdError: DKD703 unreachable, DKD704 refused, DKD705 not working; the spec before it is then put back.
        """
        history = self.history(name)
        previous = history[1]["spec"] if len(history) > 1 else None
        old = frozenset(task.id for task in self.tasks(name) if task.state != "RUNNING")
        self._proved(name, self.read()[name], old, _posted(previous), progress)

    def _proved(
        self,
        name: str,
        spec: Mapping[str, Any],
        old: frozenset[str],
        previous: Mapping[str, Any] | None,
        progress: Progress,
    ) -> None:
        try:
            self._prove(spec, old, progress)
        except _TasksFailError as failed:
            undone = self._undo(name, previous)
            raise self._api.error("DKD705", f"supervisor {name}: its tasks fail: {failed}; {undone}") from failed

    def post(self, spec: Mapping[str, Any]) -> None:
        """Create or replace a supervisor; an equal one is left alone by Druid."""
        self._call("POST", "/supervisor?skipRestartIfUnmodified=true", spec, timeout_s=POST_S)

    def tasks(self, name: str) -> list[Task]:
        """Tasks of a datasource that Druid still knows, newest first."""
        found = self._call("GET", f"/tasks?datasource={name}&max=50")
        return [Task(task["id"], task["statusCode"], " ".join((task["errorMsg"] or "").split())) for task in found]

    def history(self, name: str) -> list[Mapping[str, Any]]:
        """Every spec the supervisor ever had, newest first; empty when it never existed."""
        found: list[Mapping[str, Any]] = self._call("GET", f"/supervisor/{name}/history", absent=[])
        return found

    def terminate(self, name: str) -> None:
        """Stop a supervisor; rows and offsets stay."""
        self._call("POST", f"/supervisor/{name}/terminate", timeout_s=POST_S)

    def forget(self, name: str) -> None:
        """Stop a supervisor and its tasks, unpublished rows with them, and make Druid forget how far it read.

        Otherwise one of the same name would go on at these offsets, in a topic that was made anew. Only a supervisor
        can be told so, so one that was terminated before is posted once more, without tasks.
        """
        live = self.read().get(name)
        spec = next(filter(None, (_posted(one["spec"]) for one in self.history(name))), None)
        if live is None and spec is None:
            return
        if live is None:
            self.post({**(spec or {}), "suspended": True})
        elif not live.get("suspended"):
            self._call("POST", f"/supervisor/{name}/suspend", timeout_s=POST_S)
        until = time.monotonic() + _ENDED_S
        while (running := [task for task in self.tasks(name) if task.state == "RUNNING"]) and time.monotonic() < until:
            # One that waits until a historical has loaded its rows would wait for ever: they are about to be dropped.
            for task in running:
                self._call("POST", f"/task/{task.id}/shutdown", absent={})
            time.sleep(_POLL_S)
        self._call("POST", f"/supervisor/{name}/reset", timeout_s=POST_S)
        # The reset is only queued when it is answered, and a supervisor that ends forgets its queue.
        time.sleep(_RESET_S)
        self.terminate(name)

    def _prove(self, spec: Mapping[str, Any], old: frozenset[str], progress: Progress) -> None:
        """Wait until every group has a running task that reports, and still does a moment later.

        Druid's 200 and its ``healthy`` say nothing: a supervisor whose every task dies at once stays healthy.

        Raises:
            _TasksFailError: As soon as one task failed that is not among the *old*.
            DkdError: DKD705, when there are too few tasks after the time it has.
        """
        name, started, said = datasource(spec), time.monotonic(), 0
        proved: frozenset[str] = frozenset()
        handed_off = False
        while (waited := time.monotonic() - started) < self._proof_s:
            reporting = self._reporting(name, old)
            if reporting and reporting <= proved and len(reporting) >= self._groups(spec):
                return
            proved = reporting
            if not reporting and not handed_off and waited > _ADOPTED_S:
                handed_off = self._hand_off(name, old)
            if waited // 10 > said:
                said = int(waited // 10)
                progress(f"waiting for a running task of {name}, {waited:.0f} s")
                if waited >= _HOPE_S:
                    self._require_hope(name, waited)
            time.sleep(_SETTLED_S if reporting else _POLL_S)
        self._require_hope(name, self._proof_s)
        remedy = "see that Druid has free task slots, then deploy again"
        raise self._api.error("DKD705", f"supervisor {name} has no running task after {self._proof_s:.0f} s", remedy)

    def _hand_off(self, name: str, old: frozenset[str]) -> bool:
        """Whether a supervisor had taken over tasks of the one before, which were then told to make room for its own.

        Druid knows tasks by a hash that leaves out how they read, so one that had just begun goes on by the old spec.
        """
        active = [task for task in self._status(name).get("activeTasks") or [] if task["id"] in old]
        if active:
            groups = {"taskGroupIds": list(range(len(active)))}
            self._call("POST", f"/supervisor/{name}/taskGroups/handoff", groups)
        return bool(active)

    def _require_hope(self, name: str, waited_s: float) -> None:
        """Return when a supervisor without tasks only waits for room; in any other state it will never have one."""
        status = self._status(name)
        state, errors = str(status.get("detailedState")), status.get("recentErrors") or []
        said = [str(error.get("message") or error.get("exceptionClass"))[:200] for error in errors]
        # One that runs has got over its errors.
        if state not in _SLOW or (said and state != "RUNNING"):
            raise _TasksFailError(f"none runs after {waited_s:.0f} s, {state}{': ' + said[-1] if said else ''}")

    def _reporting(self, name: str, old: frozenset[str]) -> frozenset[str]:
        """New tasks that build segments by their own report; the overlord asks the task itself for it."""
        fresh = [task for task in self.tasks(name) if task.id not in old]
        failed = [task.error for task in fresh if task.state == "FAILED"]
        if failed:
            raise _TasksFailError(failed[0][:300] or "Druid does not say why")
        return frozenset(task.id for task in fresh if task.state == "RUNNING" and self._builds(task.id))

    def _builds(self, task_id: str) -> bool:
        try:
            report = self._call("GET", f"/task/{task_id}/reports", absent={})
        except DkdError:
            # A task that is just starting or ending: its state, asked for next, tells which.
            return False
        payload = report.get("ingestionStatsAndErrors", {}).get("payload", {})
        return bool(payload.get("ingestionState") == "BUILD_SEGMENTS")

    def _groups(self, spec: Mapping[str, Any]) -> int:
        """Groups of tasks that there must be: never more than partitions."""
        wanted = int(spec["spec"]["ioConfig"].get("taskCount") or 1)
        return min(wanted, int(self._status(datasource(spec)).get("partitions") or 1))

    def _status(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._call("GET", f"/supervisor/{name}/status")["payload"]
        return found

    def _undo(self, name: str, previous: Mapping[str, Any] | None) -> str:
        if previous is None:
            self.terminate(name)
            return "it was removed again"
        self.post(previous)
        return "the spec before it was put back"

    def _call(
        self, method: str, path: str, body: object = None, *, timeout_s: float = REQUEST_S, absent: Any = None
    ) -> Any:
        return self._api.call(method, f"/druid/indexer/v1{path}", body, timeout_s=timeout_s, absent=absent)


class _TasksFailError(Exception):
    """New tasks end as FAILED; the text is what the first of them says."""


def _posted(spec: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A spec of the history, where it is not the mark of a removal."""
    return None if spec is None or spec.get("type") == "noop" else spec
