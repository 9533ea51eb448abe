"""Which columns exist: raw's fields as Divolte names them, and the columns of clean events and session rows."""

from typing import Literal, NamedTuple

from dkd.model.enrichers import SESSION_ORIGIN
from dkd.model.schema import Model

ColumnType = Literal["string", "long", "double", "boolean", "list"]
"""``list`` is a list of strings; ``long`` also holds times, as UTC milliseconds since 1970."""


class RawField(NamedTuple):
    """One field of a raw record.

    Attributes:
        name: Divolte's own name, in Avro.
        type: The Avro type; every field but ``eventType`` is nullable with default null, because one field left
            unset makes Divolte lose its whole batch.
        column: The standard column that it becomes.
        producer: The call of Divolte's mapping language that fills it; empty where only dkd's collector can.
    """

    name: str
    type: Literal["boolean", "int", "long", "string"]
    column: str
    producer: str


RAW_FIELDS: tuple[RawField, ...] = (
    RawField("detectedDuplicate", "boolean", "detected_duplicate", "duplicate()"),
    RawField("detectedCorruption", "boolean", "detected_corruption", "corrupt()"),
    RawField("firstInSession", "boolean", "collector_first_in_session", "firstInSession()"),
    RawField("timestamp", "long", "received_ms", "timestamp()"),
    RawField("clientTimestamp", "long", "client_ms", "clientTimestamp()"),
    RawField("remoteHost", "string", "ip", "remoteHost()"),
    RawField("referer", "string", "referrer_url", "referer()"),
    RawField("location", "string", "page_url", "location()"),
    RawField("viewportPixelWidth", "int", "viewport_width", "viewportPixelWidth()"),
    RawField("viewportPixelHeight", "int", "viewport_height", "viewportPixelHeight()"),
    RawField("screenPixelWidth", "int", "screen_width", "screenPixelWidth()"),
    RawField("screenPixelHeight", "int", "screen_height", "screenPixelHeight()"),
    RawField("partyId", "string", "party_id", "partyId()"),
    RawField("sessionId", "string", "collector_session_id", "sessionId()"),
    RawField("pageViewId", "string", "pageview_id", "pageViewId()"),
    RawField("eventId", "string", "event_id", "eventId()"),
    RawField("eventType", "string", "event", "eventType()"),
    RawField("userAgentString", "string", "user_agent", "userAgentString()"),
    RawField("given", "string", "given", ""),
)
"""In the order of the record; the model's own fields follow. ``given`` is a JSON object of the standard columns that a
trusted sender supplied and that an enricher owns: they count only where the enricher finds nothing."""


class Column(NamedTuple):
    """One column of clean events or of session rows."""

    name: str
    type: ColumnType
    summary: str


PARTY_NUMBER = "party_number"
"""The column by which visitors are counted: Druid makes no text of a number before it hashes it."""
HASH_BITS = 53
"""Of a party's hash; a larger number is not whole to many who read JSON."""
_PARTY_NUMBER = Column(
    PARTY_NUMBER, "long", "a number for the visitor, the hash of party_id: quicker to count than a text"
)

EVENT_COLUMNS: tuple[Column, ...] = (
    Column("event", "string", "what happened"),
    Column("timestamp_ms", "long", "event time"),
    Column("received_ms", "long", "when the collector received it"),
    Column("party_id", "string", "the visitor: a browser known by its long-lived cookie"),
    _PARTY_NUMBER,
    Column("session_id", "string", "the session, by event time; null on late events"),
    Column("collector_session_id", "string", "the session as the browser saw it"),
    Column("pageview_id", "string", "the pageview during which it happened"),
    Column("event_id", "string", "identifies the event; repeats are dropped"),
    Column("page_url", "string", "address of the page"),
    Column("page_host", "string", "host of the page"),
    Column("page_path", "string", "path of the page"),
    Column("page_query", "string", "query string of the page, without ?"),
    Column("referrer_url", "string", "address of the page before"),
    Column("referrer_medium", "string", "kind of referrer: search, social, email, paid, internal, unknown"),
    Column("referrer_source", "string", "name of the referrer, such as Google"),
    Column("utm_source", "string", "campaign source"),
    Column("utm_medium", "string", "campaign medium"),
    Column("utm_campaign", "string", "campaign name"),
    Column("utm_term", "string", "campaign term"),
    Column("utm_content", "string", "campaign content"),
    Column("channel", "string", "channel group, such as Organic Search"),
    Column("browser", "string", "browser family"),
    Column("browser_version", "string", "browser version"),
    Column("os", "string", "operating system family"),
    Column("os_version", "string", "operating system version"),
    Column("device_type", "string", "desktop, mobile, tablet, bot or other"),
    Column("country", "string", "ISO 3166 code of two letters"),
    Column("city", "string", "city, where a city database is at hand"),
    Column("viewport_width", "long", "width of the viewport, CSS pixels"),
    Column("viewport_height", "long", "height of the viewport, CSS pixels"),
    Column("screen_width", "long", "width of the screen, CSS pixels"),
    Column("screen_height", "long", "height of the screen, CSS pixels"),
    Column("first_in_session", "boolean", "opened its session"),
    Column("is_late", "boolean", "arrived behind watermark and grace"),
    Column("time_clamped", "boolean", "claimed a time in the future and was set to its receive time"),
    Column("is_bot", "boolean", "automated visitor"),
    Column("bot_reason", "string", "why it counts as automated, strongest first"),
    Column("bot_confidence", "double", "how sure that is, 0 to 1; null for people"),
    Column("bots_version", "string", "of the lists that were asked"),
    Column("is_conversion", "boolean", "counts as a conversion of its session"),
)
"""In the order in which clean events hold them; the model's own fields follow."""

_EXTRA_COLUMNS: tuple[Column, ...] = (
    Column("page_route", "string", "the model's template that the path fits, such as /product/{id}"),
    Column("search_term", "string", "what was searched on the site"),
    Column("click_id", "string", "the click on an advertisement, as its network numbers it"),
    Column("click_network", "string", "whose advertisement was clicked, such as google"),
    Column("referrer_term", "string", "what was searched at the search engine before"),
    Column("network_number", "long", "number of the autonomous system that holds the address"),
    Column("network_name", "string", "who runs that system"),
    Column("session_channel", "string", "channel group of its session"),
    Column("session_referrer_source", "string", "name of its session's referrer"),
    Column("session_utm_source", "string", "campaign source of its session"),
    Column("session_utm_medium", "string", "campaign medium of its session"),
    Column("session_utm_campaign", "string", "campaign name of its session"),
)
"""Columns of enrichers' options; they follow the standard ones where the model asks for them."""

_FIRST_OF_SESSION = (
    "referrer_url", "referrer_medium", "referrer_source", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "channel", "browser", "browser_version", "os", "os_version", "device_type", "country", "city",
)  # fmt: skip

SESSION_COLUMNS: tuple[Column, ...] = (
    Column("session_id", "string", "hash of the party and its opening event"),
    Column("merged_ids", "list", "sessions that an event between them joined to this one"),
    Column("party_id", "string", "the visitor"),
    _PARTY_NUMBER,
    Column("start_ms", "long", "time of its first event"),
    Column("end_ms", "long", "time of its last event"),
    Column("duration_s", "double", "seconds from first to last event"),
    Column("engaged_s", "double", "ten seconds for each heartbeat; null where the model has no such event"),
    Column("event_count", "long", "events"),
    Column("pageview_count", "long", "page_view events"),
    Column("click_count", "long", "events called click or ..._click"),
    Column("entry_page", "string", "path of the first pageview that has one"),
    Column("exit_page", "string", "path of the last pageview that has one"),
    Column("pages", "list", "paths of its first hundred pageviews, in order"),
    Column("pages_truncated", "boolean", "pages holds only the first ones"),
    *(column for column in EVENT_COLUMNS if column.name in _FIRST_OF_SESSION),
    Column("is_bounce", "boolean", "one pageview, no conversion, less than 20 engaged seconds"),
    Column("converted", "boolean", "at least one conversion"),
    Column("conversions", "long", "number of conversions"),
    Column("conversion_value", "double", "sum of the conversions' values"),
    Column("is_bot", "boolean", "an event of it was flagged"),
    Column("bot_reason", "string", "reasons of all its events, strongest first"),
    Column("closed_by", "string", "why it ended: gap, cap_time, cap_events, midnight, event, campaign"),
)

_COLUMN_TYPE: dict[str, ColumnType] = {
    "string": "string", "enum": "string", "boolean": "boolean", "list": "list", "timestamp": "long",
    "int": "long", "long": "long", "float": "double", "double": "double",
}  # fmt: skip

GIVEN_COLUMNS: frozenset[str] = frozenset(
    ("page_host", "page_path", "page_query", "city", "country", *_FIRST_OF_SESSION)
) - {"referrer_url"}
"""Columns that an enricher owns and that a trusted sender may supply for where the enricher finds nothing."""


def model_columns(model: Model) -> tuple[Column, ...]:
    """Columns of the model's own fields, in its order; fields with privacy ``drop`` are nowhere.

    A pseudonym of any value is a string.
    """
    return tuple(
        Column(name, "string" if field.privacy == "pseudonymise" else _COLUMN_TYPE[field.type], field.description or "")
        for name, field in model.all_fields.items()
        if field.privacy != "drop"
    )


STANDARD_NAMES: frozenset[str] = frozenset(column.name for column in EVENT_COLUMNS)


def extra_columns(model: Model) -> tuple[Column, ...]:
    """Columns that options of the model's enrichers ask for."""
    url, campaign, referrer, geo = (getattr(model.enrich, name) for name in ("url", "campaign", "referrer", "geo"))
    asked = {
        "page_route": url and url.routes,
        "search_term": url and url.search,
        "click_id": campaign and campaign.click_ids,
        "click_network": campaign and campaign.click_ids,
        "referrer_term": referrer and referrer.term,
        "network_number": geo and geo.networks,
        "network_name": geo and geo.networks,
        **dict.fromkeys(SESSION_ORIGIN, model.enrich.timing.origin),
    }
    return tuple(column for column in _EXTRA_COLUMNS if asked[column.name]) + _profile_columns(model)


def _profile_columns(model: Model) -> tuple[Column, ...]:
    profile = model.enrich.profile
    if profile is None:
        return ()
    own = (Column(f"profile_{name}", "string", f"{name} of the profile") for name in dict.fromkeys(profile.fields))
    return (*own, Column("profile_version", "string", "of the profiles that were joined; null without one"))


def event_columns(model: Model) -> tuple[Column, ...]:
    """Columns of the site's clean events; the standard ones first, then those of options, then the model's own."""
    return EVENT_COLUMNS + extra_columns(model) + model_columns(model)
