"""What Druid says of its segments → how many rows there are, and a version of those that no new event changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dkd.errors import DkdError
from dkd.query.client import Druid
from dkd.query.numbered import last_without

LATE = timedelta(hours=2)
"""So long after its time an event may still come in, and change the answer of an interval that is over."""
LARGE = 300_000
"""With so many rows distinct counts take long enough that the other numbers should not wait for them."""
_SYSTEM_S = 5.0
_SEGMENTS = (
    'SELECT SUM(num_rows), COUNT(*) FILTER (WHERE "end" <= ?), SUM(num_rows) FILTER (WHERE "end" <= ?),'
    ' SUM("size") FILTER (WHERE "end" <= ?), COUNT(*) FILTER (WHERE is_available = 0)'
    ' FROM sys.segments WHERE "datasource" IN (?, ?) AND is_active = 1'
)


@dataclass(frozen=True)
class Stored:
    """The rows of a site.

    Attributes:
        row_count: Of both datasources.
        until: Segments up to here are over.
        version: Of those; it changes whenever one of them is written anew, dropped or added.
        numbered: All rows after this have a number for their visitor; None where none has, or not all are in sight.
    """

    row_count: int
    until: datetime
    version: str
    numbered: datetime | None = None


def stored(druid: Druid, datasources: Sequence[str], newest: datetime) -> Stored | None:
    """The rows of two datasources; None where Druid does not tell."""
    until = (newest - LATE).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    text = f"{until:%Y-%m-%dT%H:%M:%S}.000Z"
    try:
        rows = druid.sql(_SEGMENTS, (text, text, text, *datasources), timeout_s=_SYSTEM_S).rows
        without = [last_without(druid, name, _SYSTEM_S) for name in datasources]
    except DkdError:
        return None
    count, *numbers, unseen = rows[0]
    version = "-".join(str(number or 0) for number in (f"{until:%y%m%d%H}", *numbers))
    known = [one for one in without if one is not None]
    # Of a segment that is not loaded yet Druid says nothing, and its rows may be without numbers.
    is_known = len(known) == len(without) and not unseen
    return Stored(int(count or 0), until, version, max(known) if is_known else None)
