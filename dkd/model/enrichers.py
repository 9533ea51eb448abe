"""The catalogue of enrichers, in running order: name, options, the columns each needs and the columns each adds."""

from datetime import timedelta
from typing import Literal, NamedTuple

from pydantic import Field as Option

from dkd.model.types import Duration, Frozen, Name


class NoOptions(Frozen):
    """An enricher that has nothing to set."""


class Bots(Frozen):
    """How events of automated visitors are treated."""

    action: Literal["flag", "drop"] = Option(
        "flag", description="flag keeps them with is_bot and bot_reason; drop removes and counts them"
    )
    allow: tuple[str, ...] = Option((), description="user agents that contain one of these texts are never bots")
    lists: str = Option(
        ".dkd/lists",
        description="directory of newer or more lists, TOML or crawler-user-agents.json; seen from where dkd runs",
    )


class Conversion(Frozen):
    """An event that counts as a success of its session."""

    event: Name = Option(description="which event")
    value: Name | None = Option(None, description="numeric field whose sum is the conversion value")


class Sessions(Frozen):
    """Where one session ends and the next begins, by event time."""

    gap: Duration = Option(timedelta(minutes=30), description="longest silence inside a session")
    grace: Duration = Option(
        timedelta(minutes=5), description="how far behind the watermark an event may be and still join a session"
    )
    late_after: Duration = Option(
        timedelta(hours=1), description="events further behind are rejected; also the horizon of dedup"
    )
    max_length: Duration = Option(
        timedelta(hours=24), description="longest time from a session's first event to its last; then the next begins"
    )
    max_events: int = Option(10_000, ge=1, description="a session of so many events is closed, and the next begins")
    conversions: tuple[Conversion, ...] = Option((), description="events that count as a success of their session")


class Enrichers(Frozen):
    """The enrichers that a model switches on; absent means off."""

    url: NoOptions | None = Option(None, description="splits the page's address")
    campaign: NoOptions | None = Option(None, description="reads campaign parameters from the page's address")
    referrer: NoOptions | None = Option(None, description="names where the visitor came from")
    agent: NoOptions | None = Option(None, description="reads the user agent")
    geo: NoOptions | None = Option(None, description="looks the address up in the country database")
    bots: Bots | None = Option(None, description="flags automated visitors, with a reason")
    sessions: Sessions | None = Option(None, description="groups a party's events by silence")

    @property
    def timing(self) -> Sessions:
        """Grace and lateness hold for every site; without a sessions enricher its defaults count."""
        return self.sessions or Sessions()


class Entry(NamedTuple):
    """One row of the catalogue."""

    name: str
    needs: tuple[str, ...]
    adds: tuple[str, ...]
    summary: str


CATALOGUE: tuple[Entry, ...] = (
    Entry("url", ("page_url",), ("page_host", "page_path", "page_query"), "splits the page's address"),
    Entry(
        "campaign",
        ("page_query",),
        ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
        "reads campaign parameters from the page's address",
    ),
    Entry(
        "referrer",
        ("referrer_url", "page_host", "utm_source", "utm_medium", "utm_campaign"),
        ("referrer_medium", "referrer_source", "channel"),
        "names where the visitor came from",
    ),
    Entry(
        "agent",
        ("user_agent",),
        ("browser", "browser_version", "os", "os_version", "device_type"),
        "reads the user agent",
    ),
    Entry("geo", ("ip",), ("country", "city"), "looks the address up in the country database"),
    Entry(
        "bots",
        ("user_agent", "ip", "?signs"),  # what the visitor did and the page says, found before all enrichers
        ("is_bot", "bot_reason", "bot_confidence", "bots_version"),
        "flags automated visitors, with a reason",
    ),
    Entry(
        "sessions",
        ("party_id", "timestamp_ms"),
        ("session_id", "first_in_session", "is_conversion"),
        "groups a party's events by silence",
    ),
)
"""In running order. Dedup runs before all of these and privacy after, for every model."""
