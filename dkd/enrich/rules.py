"""What a model says of sessions becomes plain numbers."""

from dataclasses import dataclass
from typing import NamedTuple

from dkd.model.enrichers import SplitOn
from dkd.model.schema import Model
from dkd.model.types import in_ms

HEARTBEAT = "heartbeat"
"""The event that a page sends every ten seconds while it has the visitor's attention."""


class Values(NamedTuple):
    """An event that is a conversion, and the column of its value."""

    event: str
    column: str | None


@dataclass(frozen=True)
class Splits:
    """What parts sessions beside silence and caps.

    Attributes:
        campaign: Whether a pageview by another campaign begins a session.
        events: Names of events that each begin one.
        zone: On whose clock midnight does.
    """

    campaign: bool = False
    events: frozenset[str] = frozenset()
    zone: str | None = None

    @property
    def by_event(self) -> bool:
        """Whether an event can part two others, whenever they came."""
        return self.campaign or bool(self.events)


@dataclass(frozen=True)
class Rules:
    """What joins events to sessions.

    Attributes:
        gap_ms: Longest silence inside a session.
        grace_ms: How far behind the watermark an event may be and still join one.
        cap_ms: Longest span from a session's first event to its last; longer than gap and grace together.
        most_events: A session of so many events is closed.
        conversions: Which events count as conversions.
        has_heartbeats: Whether the site's pages tell of attention; else engaged time is unknown.
        has_bots: Whether bots are told from people.
        splits: What parts sessions beside.
        has_origin: Whether events get the origin of their session.
        one_by_one: Whether all events are settled one by one, as only those out of order have to be; for tests.
    """

    gap_ms: int
    grace_ms: int
    cap_ms: int
    most_events: int
    conversions: tuple[Values, ...] = ()
    has_heartbeats: bool = False
    has_bots: bool = True
    splits: Splits = Splits()
    has_origin: bool = False
    one_by_one: bool = False

    @property
    def open_ms(self) -> int:
        """A session is open until the watermark is further than this beyond its last event."""
        return self.gap_ms + self.grace_ms


def rules_of(model: Model) -> Rules | None:
    """What *model* says of sessions; None where it has none."""
    options = model.enrich.sessions
    if options is None:
        return None
    fields = {name for name, field in model.all_fields.items() if field.privacy != "drop"}
    conversions = (Values(one.event, one.value if one.value in fields else None) for one in options.conversions)
    return Rules(
        gap_ms=in_ms(options.gap),
        grace_ms=in_ms(options.grace),
        cap_ms=in_ms(options.max_length),
        most_events=options.max_events,
        conversions=tuple(conversions),
        has_heartbeats=HEARTBEAT in model.events,
        has_bots=model.enrich.bots is not None,
        splits=_splits(options.split_on),
        has_origin=options.origin,
    )


def _splits(options: SplitOn | None) -> Splits:
    return Splits(options.campaign, frozenset(options.events), options.midnight) if options else Splits()
