"""Load rules and automatic compaction of a live Druid are read and set, by the coordinator's HTTP API."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from dkd.settings import DruidSettings
from dkd.systems.change import Change
from dkd.systems.druid.api import Api
from dkd.systems.druid.keeping import RULES

_DEFAULT = "_default"
_DROPPED_S, _POLL_S = 150.0, 0.5
_ALL_TIME = "1000-01-01_3000-01-01"


class Coordinator:
    """What one Druid cluster does with segments of each datasource.

    Every method raises DkdError: DKD703 when Druid cannot be reached, DKD704 when it refuses.
    """

    def __init__(self, druid: DruidSettings) -> None:
        """Talk to the coordinator; nothing is sent yet."""
        self._api = Api(druid)

    def __enter__(self) -> "Coordinator":
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def version(self) -> str:
        """Druid's version; one request."""
        return str(self._api.call("GET", "/status").get("version") or "unknown")

    def rules(self) -> dict[str, list[Any]]:
        """The rules of every datasource that has its own; one request."""
        found: dict[str, list[Any]] = self._call("GET", "/rules")
        return {name: rules for name, rules in found.items() if name != _DEFAULT and rules}

    def compactions(self) -> dict[str, Mapping[str, Any]]:
        """The configuration of every datasource that is compacted; one request."""
        found = self._call("GET", "/config/compaction", absent={})
        return {one["dataSource"]: one for one in found.get("compactionConfigs", [])}

    def apply(self, change: Change) -> None:
        """Carry out *change* of rules or compaction; Druid acts on it at its next round."""
        if change.kind == RULES:
            # Without any of its own, the cluster's default rules hold.
            self._call("POST", f"/rules/{change.name}", change.wanted.get("rules", []))
        elif change.action == "delete":
            self._call("DELETE", f"/config/compaction/{change.name}")
        else:
            self._call("POST", "/config/compaction", change.wanted)

    def drop(self, name: str, settle_s: float) -> None:
        """Take all rows of a datasource out of service, then delete its segments for good.

        Later rows of the same times get the same segment names. Druid 33 takes them for stored already while such a
        segment is known at all, and they vanish at hand-off; a historical serves the old files while it has them.

        Args:
            name: The datasource.
            settle_s: How long historicals keep the files of what is out of service.

        Raises:
            DkdError: DKD717, when some of it is still there after :data:`_DROPPED_S`.
        """
        self._call("DELETE", f"/datasources/{name}", absent={})
        self._wait(name, "there are still rows in service", lambda: self._call("GET", f"/datasources/{name}"))
        if self._unused(name):
            time.sleep(settle_s)
            self._call("DELETE", f"/datasources/{name}/intervals/{_ALL_TIME}")
            self._wait(name, "there are still segments", lambda: self._unused(name))

    def _unused(self, name: str) -> list[Any]:
        """Segments out of service; one stands for all."""
        found: list[Any] = self._call("GET", f"/metadata/datasources/{name}/unusedSegments?limit=1", absent=[])
        return found

    def _wait(self, name: str, what: str, left: Callable[[], object]) -> None:
        until = time.monotonic() + _DROPPED_S
        while left():
            if time.monotonic() > until:
                raise self._api.error(
                    "DKD717",
                    f"{what} of {name} after {_DROPPED_S:.0f} s",
                    "look whether Druid has a free slot for the task that kills them, and destroy again",
                )
            time.sleep(_POLL_S)

    def _call(self, method: str, path: str, body: object = None, absent: Any = None) -> Any:
        return self._api.call(method, f"/druid/coordinator/v1{path}", body, absent=absent)
