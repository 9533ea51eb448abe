"""One line of a web server's log in combined format → one event of the site, or the problem with it."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b, sha256
from typing import NamedTuple

from dkd.errors import Problem
from dkd.model.schema import Model
from dkd.model.types import NUMERIC

NOT_COMBINED = "DKD412"
"""The code of a line that is not in combined format; the collector's reason word for it is ``not_combined_log``."""

_QUOTED = rb'"((?:[^"\\]|\\.)*+)"'
# host identity user [time] "request" status bytes "referrer" "agent"; servers append fields of their own.
_COMBINED = re.compile(
    rb"(\S+) \S+ (.+?) \[(\d\d)/([A-Z][a-z][a-z])/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)\] "
    + _QUOTED
    + rb" (\d{3}) (\d+|-) "
    + _QUOTED
    + b" "
    + _QUOTED
    + rb"(?: .*)?",
    re.DOTALL,
)
_REQUEST = re.compile(r"([A-Z]+) (.+?)(?: HTTP/[\d.]+)?")
_ESCAPE = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')
_MONTHS = {name: 1 + n for n, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}

_MODEL_FIELDS = ("status", "bytes", "method", "request", "userid", "agent")


class LogShape(NamedTuple):
    """How lines become events of one site.

    Attributes:
        event: Name of the event that a request is.
        origin: Scheme and host before the path of a request, without a slash at the end.
        fields: Of the model's fields, those that a log line can fill, with whether each is a number.
        key: Secret of the hash of address and user agent; empty where there is none.
    """

    event: str
    origin: str
    fields: Mapping[str, bool]
    key: bytes = b""


def log_shape(model: Model, key: bytes | None = None) -> LogShape:
    """How log lines become events of *model*.

    Args:
        model: The site. Its ``page_view`` is what a request becomes, else its first event; its first origin stands
            before paths.
        key: Secret that keeps an address from being found out by trying all of them; None for none.
    """
    event = "page_view" if "page_view" in model.events or not model.events else next(iter(model.events))
    origin = model.collector.origins[0] if model.collector.origins else f"http://{model.site}.invalid"
    carried = {**model.fields, **(model.events[event].fields if event in model.events else {})}
    numbers = {name: carried[name].type in NUMERIC for name in _MODEL_FIELDS if name in carried}
    return LogShape(event, origin.rstrip("/"), numbers, sha256(key).digest() if key else b"")


def log_event(line: bytes, shape: LogShape, occurrence: int = 0) -> dict[str, str | int] | Problem:
    """One log line as an event with the standard columns and the model's fields that it can fill.

    Args:
        line: Without its line end.
        shape: From :func:`log_shape`.
        occurrence: How many equal lines came before it in the same input: equal lines are real requests, so each has
            its own ``event_id``.

    Returns:
        The event; a value that the line marks with ``-`` is absent, but ``bytes``, where it means 0. Problem
        DKD412 when the line is not in combined format or names a time that does not exist.
    """
    found = _COMBINED.fullmatch(line)
    if found is None:
        return _problem("the line is not in combined log format")
    time_ms = _time_ms(found)
    if time_ms is None:
        return _problem(f"there is no time {_text(line[found.start(3) : found.end(10)])}")
    host, user, request, status, size, referrer, agent = (_text(found[n]) for n in (1, 2, 11, 12, 13, 14, 15))
    method, page_url = _asked(request, shape.origin)
    event: dict[str, str | int | None] = {
        "event": shape.event,
        "event_id": line_id(line, occurrence),
        "timestamp_ms": time_ms,
        "party_id": _party(host, agent, shape.key),
        "ip": _address(host),
        "user_agent": _said(agent),
        "page_url": page_url,
        "referrer_url": _said(referrer),
    }
    own = {
        "status": status, "bytes": "0" if size == "-" else size, "method": method,
        "request": _said(request), "userid": _said(user), "agent": _said(agent),
    }  # fmt: skip
    for name, is_number in shape.fields.items():
        text = own[name]
        event[name] = int(text) if is_number and text and text.isdigit() else text
    return {name: value for name, value in event.items() if value is not None}


def line_id(line: bytes, occurrence: int = 0) -> str:
    """The ``event_id`` of a log line: 32 hexadecimal digits, the same whenever the same file is read again."""
    return blake2b(line + b"\n%d" % occurrence, digest_size=16).hexdigest()


def _problem(problem: str) -> Problem:
    return Problem("", NOT_COMBINED, problem, 'expected: host - user [time] "request" status bytes "referrer" "agent"')


def _text(raw: bytes) -> str:
    r"""Text of a field; Apache and nginx write ``\xhh`` and ``\"`` for bytes that would end or break it."""
    if b"\\" in raw:
        raw = _ESCAPE.sub(lambda hit: bytes.fromhex(hit[1].decode()) if hit[1] else hit[2], raw)
    return raw.decode("utf-8", "replace")


def _said(text: str) -> str | None:
    return None if text in ("", "-") else text


def _time_ms(found: re.Match[bytes]) -> int | None:
    day, year, hour, minute, second, zone_hours, zone_minutes = (int(found[n]) for n in (3, 5, 6, 7, 8, 9, 10))
    minutes = zone_hours * 60 + (-zone_minutes if found[9].startswith(b"-") else zone_minutes)
    try:
        zone = timezone(timedelta(minutes=minutes)) if minutes else UTC
        moment = datetime(year, _MONTHS[found[4]], day, hour, minute, second, tzinfo=zone)
    except (ValueError, KeyError):
        return None
    return round(moment.timestamp()) * 1000


def _asked(request: str, origin: str) -> tuple[str | None, str | None]:
    """Method and page address of a request line; none where a client sent no HTTP at all."""
    found = _REQUEST.fullmatch(request)
    if found is None:
        return None, None
    method, address = found[1], found[2]
    if address.startswith("/"):
        return method, origin + address
    return method, address if address.lower().startswith(("http://", "https://")) else None


def _address(host: str) -> str | None:
    """The address, where the server wrote one and not a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _party(host: str, agent: str, key: bytes) -> str:
    """The visitor, as far as a log can tell: one address and one browser."""
    return blake2b(f"{host}\n{agent}".encode(), digest_size=16, key=key).hexdigest()
