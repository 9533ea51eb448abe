"""A batch ingestion is started by a name of its own and watched to its end; who holds an interval is asked before."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dkd.settings import DruidSettings
from dkd.systems.druid.api import Api
from dkd.systems.druid.proof import INDEXER

POST_S = 120.0


class Loaded(NamedTuple):
    """What a batch did with the rows that it was given, as its report counts them."""

    processed: int
    thrown_away: int
    unparseable: int


class Ended(NamedTuple):
    """How a batch stands.

    Attributes:
        state: In Druid's words: RUNNING, SUCCESS or FAILED.
        error: Why it failed, in one line.
    """

    state: str
    error: str


class Span(NamedTuple):
    """A stretch of time, ms."""

    start_ms: int
    end_ms: int

    def overlaps(self, other: "Span") -> bool:
        """Whether both have a moment in common."""
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms

    @classmethod
    def of(cls, text: str) -> "Span":
        """The stretch that *text*, ``START/END`` in ISO 8601, tells; a moment without a zone is UTC.

        Raises:
            ValueError: When it is none.
        """
        return cls(*(_moment_ms(one) for one in text.split("/")))


class Batches:
    """The batch ingestions of one Druid cluster."""

    def __init__(self, druid: DruidSettings) -> None:
        """Talk to the overlord at ``druid.coordinator``; nothing is sent yet."""
        self._api = Api(druid)

    def __enter__(self) -> "Batches":
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def held(self, datasource: str, but: str) -> list[Span]:
        """The stretches of *datasource* that running tasks hold locks of, except tasks whose name begins with *but*.

        Raises:
            DkdError: DKD703 when Druid cannot be reached, DKD704 when it refuses; so do all the others.
        """
        found = self._api.call("POST", f"{INDEXER}/activeLocks", [{"datasource": datasource, "priority": 0}])
        locks = (found.get("datasourceToLocks") or {}).get(datasource) or []
        return [Span.of(lock["interval"]) for lock in locks if not lock["groupId"].startswith(but)]

    def ended(self, task_id: str) -> Ended | None:
        """How the batch *task_id* stands; None where Druid knows none of that name."""
        found = self._api.call("GET", f"{INDEXER}/task/{task_id}/status", absent={}).get("status")
        return Ended(found["statusCode"], " ".join((found.get("errorMsg") or "").split())) if found else None

    def start(self, task_id: str, spec: Mapping[str, Any]) -> None:
        """Start *spec* under the name *task_id*; Druid takes no second one of that name."""
        self._api.call("POST", f"{INDEXER}/task", {**spec, "id": task_id}, timeout_s=POST_S)

    def loaded(self, task_id: str) -> Loaded | None:
        """What the batch counts; None while it does not tell."""
        found = self._api.call("GET", f"{INDEXER}/task/{task_id}/reports", absent={})
        payload = (found or {}).get("ingestionStatsAndErrors", {}).get("payload", {})
        counts = (payload.get("rowStats") or {}).get("buildSegments")
        if not counts:
            return None
        return Loaded(*(int(counts.get(name, 0)) for name in ("processed", "thrownAway", "unparseable")))


def _moment_ms(text: str) -> int:
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
