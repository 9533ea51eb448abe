"""The catalogue of enrichers, in running order: name, options, the columns each needs and the columns each adds."""

from datetime import timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import Field as Option
from pydantic import StringConstraints, model_validator

from dkd.model.types import Duration, Frozen, Name, Zone

Route = Annotated[str, StringConstraints(pattern=r"^/[^?#\s]*$", max_length=500)]
"""A template of a path: ``{name}`` stands for one part, ``*`` at its end for whatever follows."""
ParameterName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Url(Frozen):
    """How the address of a page is split further."""

    routes: tuple[Route, ...] = Option(
        (), description="templates of paths, such as /product/{id}; the first that fits becomes page_route"
    )
    search: tuple[ParameterName, ...] = Option(
        (), description="parameters that hold what somebody searched on the site; the first with a value: search_term"
    )


class Campaign(Frozen):
    """What is read beside the utm parameters."""

    click_ids: bool = Option(False, description="adds click_id, and click_network, whose advertisement was clicked")


class Referrer(Frozen):
    """What is read of the page before."""

    term: bool = Option(False, description="adds referrer_term, what was searched at a search engine that tells it")


class Hints(Frozen):
    """Fields of the model that hold what browsers say of themselves in headers, as ``from: header`` brings them."""

    brands: Name | None = Option(None, description="Sec-CH-UA-Full-Version-List, or Sec-CH-UA")
    mobile: Name | None = Option(None, description="Sec-CH-UA-Mobile")
    platform: Name | None = Option(None, description="Sec-CH-UA-Platform")
    platform_version: Name | None = Option(None, description="Sec-CH-UA-Platform-Version")

    @property
    def fields(self) -> dict[str, str]:
        """The field of each hint that there is."""
        return {hint: getattr(self, hint) for hint in type(self).model_fields if getattr(self, hint)}


class AgentOptions(Frozen):
    """What is asked beside the user agent."""

    hints: Hints = Option(Hints(), description="fields with client hints, which know more than a frozen agent")


class Geo(Frozen):
    """Databases of addresses, seen from where dkd runs."""

    database: str | None = Option(
        None, description="file of a MaxMind city or country database (.mmdb), asked instead of dkd's own"
    )
    networks: str | None = Option(
        None, description="file of a MaxMind ASN database (.mmdb); adds network_number and network_name"
    )


class Profile(Frozen):
    """A left join of each event with what is known elsewhere of its visitor or user."""

    file: str | None = Option(
        None,
        description='file of lines {"key": …, "value": {…}} where dkd runs; the last of a key wins, null removes it',
    )
    topic: str | None = Option(
        None,
        description="instead of a file: compacted topic of the site's Kafka, keys as text and values as JSON objects",
    )
    key: Name = Option("party_id", description="party_id, or the field of the model that holds the key")
    fields: tuple[Name, ...] = Option(min_length=1, description="fields that become columns profile_NAME")

    @model_validator(mode="after")
    def _has_one(self) -> "Profile":
        if (self.file is None) == (self.topic is None):
            raise ValueError("profiles come from a file or from a topic; name one of the two")
        return self


class Privacy(Frozen):
    """What else is kept from the clean topic, for every field."""

    rotate: Duration | None = Option(
        None, description="pseudonyms of one value differ from one such time to the next, by event time; default: never"
    )
    emails: Literal["scrub", "keep"] = Option(
        "scrub", description="what looks like an e-mail address in the columns of addresses and campaigns"
    )


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


class SplitOn(Frozen):
    """What parts sessions beside silence; each of them splits exactly there."""

    campaign: bool = Option(
        False,
        description="a pageview by another campaign than its session's begins one; a session that nothing outside "
        "led to takes the campaign",
    )
    midnight: Zone | None = Option(
        None, description="on whose clock midnight begins a session: a time zone such as Europe/Amsterdam"
    )
    events: tuple[Name, ...] = Option((), description="events that each begin a session, such as login")


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
    split_on: SplitOn | None = Option(None, description="what parts sessions beside silence; default: nothing")
    origin: bool = Option(
        False, description="adds to each event how its session came to the site, as far as known when it was written"
    )
    conversions: tuple[Conversion, ...] = Option((), description="events that count as a success of their session")


class Enrichers(Frozen):
    """The enrichers that a model switches on; absent means off."""

    url: Url | None = Option(None, description="splits the page's address")
    campaign: Campaign | None = Option(None, description="reads campaign parameters from the page's address")
    referrer: Referrer | None = Option(None, description="names where the visitor came from")
    agent: AgentOptions | None = Option(None, description="reads the user agent")
    geo: Geo | None = Option(None, description="looks the address up in the country database")
    bots: Bots | None = Option(None, description="flags automated visitors, with a reason")
    sessions: Sessions | None = Option(None, description="groups a party's events by silence")
    profile: Profile | None = Option(None, description="joins each event with the latest profile of its key")
    privacy: Privacy | None = Option(None, description="how pseudonyms change, and e-mail addresses in addresses")

    @property
    def protection(self) -> Privacy:
        """Privacy is always on; without its entry the defaults count."""
        return self.privacy or Privacy()

    @property
    def timing(self) -> Sessions:
        """Grace and lateness hold for every site; without a sessions enricher its defaults count."""
        return self.sessions or Sessions()


SESSION_ORIGIN = (
    "session_channel", "session_referrer_source", "session_utm_source", "session_utm_medium", "session_utm_campaign",
)  # fmt: skip
"""Columns of a session's origin on its events: each the column of that name without ``session_``."""


class Entry(NamedTuple):
    """One row of the catalogue."""

    name: str
    needs: tuple[str, ...]
    adds: tuple[str, ...]
    summary: str
    extra: tuple[str, ...] = ()
    """Columns that it adds only where one of its options asks for them."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All that it may add."""
        return (*self.adds, *self.extra)


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "url",
        ("page_url",),
        ("page_host", "page_path", "page_query"),
        "splits the page's address",
        ("page_route", "search_term"),
    ),
    Entry(
        "campaign",
        ("page_query",),
        ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
        "reads campaign parameters from the page's address",
        ("click_id", "click_network"),
    ),
    Entry(
        "referrer",
        ("referrer_url", "page_host", "utm_source", "utm_medium", "utm_campaign"),
        ("referrer_medium", "referrer_source", "channel"),
        "names where the visitor came from",
        ("referrer_term",),
    ),
    Entry(
        "agent",
        ("user_agent",),
        ("browser", "browser_version", "os", "os_version", "device_type"),
        "reads the user agent",
    ),
    Entry(
        "geo",
        ("ip",),
        ("country", "city"),
        "looks the address up in the country database",
        ("network_number", "network_name"),
    ),
    Entry(
        "bots",
        ("user_agent", "ip", "?signs"),  # what the visitor did and the page says, found before all enrichers
        ("is_bot", "bot_reason", "bot_confidence", "bots_version"),
        "flags automated visitors, with a reason",
    ),
    Entry("profile", (), (), "joins each event with the latest profile of its key", ("profile_version",)),
    Entry(
        "sessions",
        ("party_id", "timestamp_ms"),
        ("session_id", "first_in_session", "is_conversion"),
        "groups a party's events by silence",
        SESSION_ORIGIN,
    ),
)
"""In running order. Dedup runs before all of these and privacy after, for every model."""
