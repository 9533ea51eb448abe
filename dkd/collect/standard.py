"""The standard columns that a sender may give, each with its raw field and with what it takes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dkd.collect import typed
from dkd.collect.ids import canonical
from dkd.collect.values import INT, LONG, BadValue, Take, boolean, string, whole, within

_size, _time = whole(INT), whole(LONG)
_party = within(1, 128)


class Standard(NamedTuple):
    """One column.

    Attributes:
        raw: Its field in the raw record.
        take: What it takes.
        kind: The type of what it takes as it stands.
    """

    raw: str
    take: Take
    kind: Any


def moment(value: object) -> object:
    """Milliseconds since 1970."""
    try:
        return _time(value)
    except BadValue as bad:
        raise BadValue("bad_time", bad.problem, "send milliseconds since 1970, UTC") from bad


def party(value: object) -> object:
    """A party as a trusted sender names it."""
    try:
        return _party(value)
    except BadValue as bad:
        raise BadValue("bad_party", bad.problem, "send a text of 1 to 128 characters") from bad


def _session(value: object) -> str:
    found = canonical(string(value))
    if found is None:
        raise BadValue("bad_session", f"{str(value)[:60]!r} is no session id", "send 0:<base 36 ms>:<unique>")
    return found


BROWSER: Mapping[str, Standard] = {
    "event_id": Standard("eventId", within(1, 256), typed.text(1, 256)),
    "timestamp_ms": Standard("clientTimestamp", moment, typed.LONG),
    "collector_session_id": Standard("sessionId", _session, str),
    "pageview_id": Standard("pageViewId", string, str),
    "page_url": Standard("location", string, str),
    "referrer_url": Standard("referer", string, str),
    "viewport_width": Standard("viewportPixelWidth", _size, typed.INT),
    "viewport_height": Standard("viewportPixelHeight", _size, typed.INT),
    "screen_width": Standard("screenPixelWidth", _size, typed.INT),
    "screen_height": Standard("screenPixelHeight", _size, typed.INT),
    "first_in_session": Standard("firstInSession", boolean, bool),
}
TRUSTED: Mapping[str, Standard] = {
    **BROWSER,
    "collector_session_id": Standard("sessionId", within(1, 256), typed.text(1, 256)),
    "user_agent": Standard("userAgentString", string, str),
}
