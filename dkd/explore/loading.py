"""What Druid says of itself → whether rows that it was given may still be missing from its answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dkd.errors import DkdError
from dkd.model.words import counted
from dkd.query.client import Druid
from dkd.settings import DruidSettings
from dkd.systems.druid.client import Overlord

_MANY = 500
"""So many events on their way are more than the second's worth that always is."""
_UNLOADED = (
    'SELECT "datasource", COUNT(*) FROM sys.segments WHERE "datasource" IN (?, ?) AND is_published = 1'
    " AND is_available = 0 AND is_overshadowed = 0 GROUP BY 1"
)
_SERVERS = (
    "SELECT server_type, start_time FROM sys.servers WHERE server_type IN ('historical', 'indexer', 'middle_manager')"
)
_YOUNG = timedelta(minutes=3)
"""A process that runs for so long has read again what the one before it had not stored."""
_WORKING = frozenset({"RUNNING", "IDLE"})
_SYSTEM_S = 5.0


@dataclass(frozen=True)
class Loading:
    """Whether all rows are there.

    Attributes:
        reasons: Why rows may be missing, a sentence each; none where all are there.
        behind: Events of the topics that Druid has yet to read; None where it does not say.
    """

    reasons: tuple[str, ...] = ()
    behind: int | None = None


def loading(druid: Druid, settings: DruidSettings, datasources: Sequence[str], now: datetime) -> Loading | None:
    """Whether Druid has all rows of two datasources in sight just now; None where it does not tell."""
    try:
        servers = druid.sql(_SERVERS, timeout_s=_SYSTEM_S).rows
        unloaded = {name: int(count) for name, count in druid.sql(_UNLOADED, datasources, timeout_s=_SYSTEM_S).rows}
        with Overlord(settings) as overlord:
            states = {name: overlord.status(name) for name in datasources}
    except DkdError:
        return None
    is_young = any(now - datetime.fromisoformat(start).astimezone(UTC) < _YOUNG for _, start in servers if start)
    reasons = [] if any(kind != "historical" for kind, _ in servers) else ["no process of Druid reads new events"]
    for name in datasources:
        reasons += reasons_of(name, unloaded.get(name, 0), states[name], 0 if is_young else _MANY)
    behind = [_behind(state) for state in states.values() if state is not None]
    return Loading(tuple(reasons), None if not behind or None in behind else sum(one or 0 for one in behind))


def reasons_of(name: str, unloaded: int, state: Mapping[str, Any] | None, usual: int) -> Iterator[str]:
    """Why rows of one datasource may be missing, where up to *usual* events are always on their way."""
    if unloaded:
        yield f"{counted(unloaded, 'segment')} of {name} not loaded yet"
    if state is None or state.get("suspended"):
        return
    active, behind = state.get("activeTasks") or [], _behind(state)
    if state.get("state") not in _WORKING:
        yield f"what fills {name} is at {str(state.get('detailedState', 'rest')).lower().replace('_', ' ')}"
    elif state.get("state") == "RUNNING" and not any(task.get("currentOffsets") for task in active):
        yield f"what fills {name} has not said yet how far it has read"
    elif behind is not None and behind > usual:
        yield f"{counted(behind, 'event')} on the way into {name}"


def _behind(state: Mapping[str, Any]) -> int | None:
    """Records that the tasks have yet to read; the end of a transaction looks like one, and is none."""
    lags = state.get("minimumLag")
    return None if not lags else sum(max(int(lag) - 1, 0) for lag in lags.values() if lag is not None)
