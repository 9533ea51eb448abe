"""Supervisors of a live Druid are read, posted and proved to work, by the overlord's HTTP API."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from dkd.errors import DkdError
from dkd.settings import DruidSettings, unreachable_remedy
from dkd.systems.change import Change
from dkd.systems.druid.answer import reason
from dkd.systems.druid.live import datasource

REQUEST_S = 10.0
POST_S = 120.0
"""A restart waits for the old tasks, up to Druid's own ``shutdownTimeout`` of 80 s."""
PROOF_S = 120.0
LEADER_S = 10.0
_CONNECT_S = 3.0
_POLL_S = 0.25
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

    def __init__(self, druid: DruidSettings) -> None:
        """Talk to the overlord at ``druid.coordinator``; nothing is sent yet."""
        self._base = f"{druid.coordinator}/druid/indexer/v1"
        self._where = f"Druid at {druid.coordinator}"
        self._remedy = unreachable_remedy(druid.coordinator)
        self._http = requests.Session()
        # A proxy of the environment is not on the way to this machine itself.
        self._http.trust_env = "//127.0.0.1" not in druid.coordinator
        if druid.user is not None:
            self._http.auth = (druid.user, druid.password or "")

    def __enter__(self) -> "Overlord":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

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
            DkdError: DKD703 unreachable, DKD704 refused, DKD705 not working afterwards.
        """
        spec, name = change.wanted, change.name
        previous = self.read().get(name)
        old = frozenset(task.id for task in self.tasks(name))
        self.post(spec)
        try:
            self._prove(spec, old, progress)
        except _TasksFailError as failed:
            undone = self._undo(name, previous)
            raise self._error("DKD705", f"supervisor {name}: its tasks fail: {failed}; {undone}") from failed

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

    def _prove(self, spec: Mapping[str, Any], old: frozenset[str], progress: Progress) -> None:
        """Wait until every group has a running task that reports, and still does a moment later.

        Druid's 200 and its ``healthy`` say nothing: a supervisor whose every task dies at once stays healthy.

        Raises:
            _TasksFailError: As soon as one task failed that is not among the *old*.
            DkdError: DKD705, when there are too few tasks after :data:`PROOF_S`.
        """
        name, started, said = datasource(spec), time.monotonic(), 0
        proved: frozenset[str] = frozenset()
        while (waited := time.monotonic() - started) < PROOF_S:
            self._refuse_failed(name, old)
            status = self._status(name)
            reporting = self._reporting(status)
            if reporting and reporting <= proved and len(reporting) >= _groups(spec, status):
                return
            proved = reporting
            if waited // 10 > said:
                said = int(waited // 10)
                progress(f"waiting for a running task of {name}, {waited:.0f} s")
            time.sleep(_SETTLED_S if reporting else _POLL_S)
        raise self._error(
            "DKD705", f"supervisor {name} has no running task after {PROOF_S:.0f} s{self._why(name)}",
            "see that Druid has free task slots, then deploy again",
        )  # fmt: skip

    def _refuse_failed(self, name: str, old: frozenset[str]) -> None:
        failed = [task.error for task in self.tasks(name) if task.id not in old and task.state == "FAILED"]
        if failed:
            raise _TasksFailError(failed[0][:300] or "Druid does not say why")

    def _reporting(self, status: Mapping[str, Any]) -> frozenset[str]:
        """The supervisor's active tasks that build segments by their own report; the overlord asks the task for it.

        A task from before the post may be among them: a supervisor takes over one whose spec equals its own, as when
        a change is taken back before its tasks have begun to stop.
        """
        active = [str(task["id"]) for task in status.get("activeTasks") or []]
        return frozenset(task_id for task_id in active if self._builds(task_id))

    def _builds(self, task_id: str) -> bool:
        try:
            report = self._call("GET", f"/task/{task_id}/reports", absent={})
        except DkdError:
            # A task that is just starting or ending: its state, asked for next, tells which.
            return False
        payload = report.get("ingestionStatsAndErrors", {}).get("payload", {})
        return bool(payload.get("ingestionState") == "BUILD_SEGMENTS")

    def _status(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._call("GET", f"/supervisor/{name}/status")["payload"]
        return found

    def _why(self, name: str) -> str:
        status = self._status(name)
        errors = [
            str(error.get("message") or error.get("exceptionClass")) for error in status.get("recentErrors") or []
        ]
        return f" ({status.get('detailedState')}{': ' + errors[-1][:200] if errors else ''})"

    def _undo(self, name: str, previous: Mapping[str, Any] | None) -> str:
        if previous is None:
            self.terminate(name)
            return "it was removed again"
        self.post(previous)
        return "the spec before it was put back"

    def _call(
        self, method: str, path: str, body: object = None, *, timeout_s: float = REQUEST_S, absent: Any = None
    ) -> Any:
        """One request's JSON answer; *absent* instead of a 404."""
        answer = self._answer(method, path, body, timeout_s)
        if answer.status_code == 404 and absent is not None:
            return absent
        if answer.status_code in (401, 403):
            raise self._error("DKD704", "refuses the user", "check user and password of the target")
        if not answer.ok:
            said = reason(answer.status_code, answer.text)
            raise self._error("DKD704", f"refused {method} {path.partition('?')[0]}: {said}")
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise self._error("DKD703", "what answers there is not Druid", self._remedy) from error

    def _answer(self, method: str, path: str, body: object, timeout_s: float) -> requests.Response:
        """One answer of a leader: an overlord that does not lead yet answers 503 and does nothing."""
        led_by = time.monotonic() + LEADER_S
        try:
            while True:
                answer = self._http.request(method, f"{self._base}{path}", json=body, timeout=(_CONNECT_S, timeout_s))
                if answer.status_code != 503 or time.monotonic() > led_by:
                    return answer
                time.sleep(_POLL_S)
        except requests.Timeout as error:
            raise self._error("DKD703", f"no answer within {timeout_s:.0f} s", self._remedy) from error
        except requests.RequestException as error:
            raise self._error("DKD703", "cannot be reached", self._remedy) from error

    def _error(self, code: str, problem: str, remedy: str = "") -> DkdError:
        return DkdError(code, where=self._where, problem=problem, remedy=remedy)


def _groups(spec: Mapping[str, Any], status: Mapping[str, Any]) -> int:
    """Groups of tasks that there must be: never more than partitions."""
    return min(int(spec["spec"]["ioConfig"].get("taskCount") or 1), int(status.get("partitions") or 1))


class _TasksFailError(Exception):
    """New tasks end as FAILED; the text is what the first of them says."""
