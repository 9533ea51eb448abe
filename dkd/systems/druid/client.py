"""Supervisors of a live Druid are read, posted and proved to work, by the overlord's HTTP API."""

import time
from collections.abc import Mapping
from typing import Any

from dkd.errors import DkdError
from dkd.settings import DruidSettings
from dkd.systems.change import Change
from dkd.systems.druid.api import REQUEST_S, Api
from dkd.systems.druid.live import datasource
from dkd.systems.druid.proof import (
    INDEXER,
    PROOF_S,
    Ends,
    NotWorkingError,
    Progress,
    Proof,
    Read,
    Task,
    status_of,
    summed,
    tasks,
)
from dkd.systems.druid.strict import require_known

POST_S = 120.0
"""A restart waits for the old tasks, up to Druid's own ``shutdownTimeout`` of 80 s."""
_POLL_S = 0.25
_SAMPLE_MS = 200
_RESET_S, _ENDED_S = 1.5, 20.0


class Overlord:
    """The supervisors of one Druid cluster."""

    def __init__(self, druid: DruidSettings, proof_s: float = PROOF_S, ends: Ends | None = None) -> None:
        """Talk to the overlord at ``druid.coordinator``; nothing is sent yet.

        Args:
            druid: Where.
            proof_s: How long a supervisor may take until it works.
            ends: Tells where a topic ends, so that no supervisor reads beyond it; without it that is not looked at.
        """
        self._api, self._proof_s, self._ends = Api(druid), proof_s, ends

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
                DKD705 not able to read its topic, or not working afterwards; DKD633, when it reads beyond the topic's
                end; DKD634, when it can read none of the topic's records.
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
            Proof(self._api, spec, self._proof_s, self._ends).wait(old, progress)
        except NotWorkingError as failed:
            undone = self._undo(name, previous)
            raise self._api.error(failed.code, f"supervisor {name}: {failed}; {undone}", failed.remedy) from failed

    def post(self, spec: Mapping[str, Any]) -> None:
        """Create or replace a supervisor; an equal one is left alone by Druid."""
        self._call("POST", "/supervisor?skipRestartIfUnmodified=true", spec, timeout_s=POST_S)

    def tasks(self, name: str) -> list[Task]:
        """Tasks of a datasource that Druid still knows, newest first."""
        return tasks(self._api, name)

    def status(self, name: str) -> Mapping[str, Any] | None:
        """What Druid says of a supervisor: its state, tasks and offsets; None where there is none."""
        return status_of(self._api, name)

    def read_records(self, name: str) -> Read:
        """What the running tasks of a supervisor have read since each of them began."""
        found = self._call("GET", f"/supervisor/{name}/stats", absent={})
        return summed(task for group in found.values() for task in group.values())

    def history(self, name: str) -> list[Mapping[str, Any]]:
        """Every spec the supervisor ever had, newest first; empty when it never existed."""
        found: list[Mapping[str, Any]] = self._call("GET", f"/supervisor/{name}/history", absent=[])
        return found

    def terminate(self, name: str) -> None:
        """Stop a supervisor; rows and offsets stay."""
        self._call("POST", f"/supervisor/{name}/terminate", timeout_s=POST_S)

    def stop(self, name: str) -> None:
        """Stop a supervisor once its tasks only publish what they have read; rows and offsets stay.

        A task that had only just begun when its supervisor ended would go on without one, and hold its slot.
        """
        live = self.read().get(name)
        if live is None:
            return
        if not live.get("suspended"):
            self._call("POST", f"/supervisor/{name}/suspend", timeout_s=POST_S)
        until = time.monotonic() + _ENDED_S
        while self._reading(name) and time.monotonic() < until:
            time.sleep(_POLL_S)
        self.terminate(name)

    def _reading(self, name: str) -> set[str]:
        running = {task.id for task in self.tasks(name) if task.state == "RUNNING"}
        return running - {task["id"] for task in (self.status(name) or {}).get("publishingTasks") or []}

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

    def _undo(self, name: str, previous: Mapping[str, Any] | None) -> str:
        if previous is None:
            self.terminate(name)
            return "it was removed again"
        self.post(previous)
        return "the spec before it was put back"

    def _call(
        self, method: str, path: str, body: object = None, *, timeout_s: float = REQUEST_S, absent: Any = None
    ) -> Any:
        return self._api.call(method, f"{INDEXER}{path}", body, timeout_s=timeout_s, absent=absent)


def _posted(spec: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A spec of the history, where it is not the mark of a removal."""
    return None if spec is None or spec.get("type") == "noop" else spec
