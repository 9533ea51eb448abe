"""One line of a web server's log, in combined format or told by columns → one event of the site, or its problem."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b, sha256
from typing import NamedTuple

from dkd.collect.values import Take, fitted, lenient
from dkd.errors import Problem
from dkd.model.columns import EVENT_COLUMNS
from dkd.model.schema import Field, Model
from dkd.model.source import plain_parameter

NOT_COMBINED = "DKD412"
"""The code of a line that is not in combined format; the collector's reason word for it is ``not_combined_log``."""

_QUOTED = rb'"((?:[^"\\]|\\.)*+)"'
# host identity user [time] "request" status bytes "referrer" "agent"; servers append fields of their own.
_MOMENT = rb"(\d\d)/([A-Z][a-z][a-z])/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)"
_COMBINED = re.compile(
    rb"(\S+) \S+ (.+?) \["
    + _MOMENT
    + rb"\] "
    + _QUOTED
    + rb" (\d{3}) (\d+|-) "
    + _QUOTED
    + b" "
    + _QUOTED
    + rb"(?: .*)?",
    re.DOTALL,
)
_CLOCK = re.compile(rb"\[?" + _MOMENT + rb"\]?")
_REQUEST = re.compile(r"([A-Z]+) (.+?)(?: HTTP/[\d.]+)?")
_ESCAPE = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')
_MONTHS = {name: 1 + n for n, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}

_PAGE = re.compile(r"[^?#]*/(?:[^./?#]*|[^/?#]*\.(?:html?|php|aspx?|jsp))(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_MODEL_FIELDS = ("status", "bytes", "method", "request", "userid", "agent")
_COLUMNS = frozenset(("_time", "time", "ip", "request", "status", "userid", "bytes", "agent", "referrer"))
"""What a log that is told by columns calls them."""
_SECONDS_END = 100_000_000_000
"""Seconds reach it in the year 5138, milliseconds had it in 1973."""

Event = dict[str, object]


class LogShape(NamedTuple):
    """How lines become events of one site.

    Attributes:
        event: Name of the event that a request is.
        origin: Scheme and host before the path of a request, without a slash at the end.
        fields: Of what a log line tells, that which the model's fields hold, with what each takes.
        key: Secret of the hash of address and user agent; empty where there is none.
        other: Name of the event that a request is which shows no page; empty where it is the same.
        columns: What every column takes that the model or dkd knows, for files that know no types.
    """

    event: str
    origin: str
    fields: Mapping[str, Take]
    key: bytes = b""
    other: str = ""
    columns: Mapping[str, Take] = {}


def log_shape(model: Model, key: bytes | None = None) -> LogShape:
    """How log lines become events of *model*.

    Args:
        model: The site. Its ``page_view`` is what a request becomes, else its first event; beside a ``page_view`` its
            ``request``, where it has one, is what shows no page. Its first origin stands before paths.
        key: Secret that keeps an address from being found out by trying all of them; None for none.
    """
    event = "page_view" if "page_view" in model.events or not model.events else next(iter(model.events))
    other = "request" if event == "page_view" and "request" in model.events else ""
    origin = model.collector.origins[0] if model.collector.origins else f"http://{model.site}.invalid"
    carried = _parameters({**model.fields, **(model.events[event].fields if event in model.events else {})})
    fields = {name: take for name, take in carried.items() if name in _MODEL_FIELDS}
    standard = {one.name: lenient(Field(type=one.type)) for one in EVENT_COLUMNS if one.type != "list"}
    columns = standard | _parameters(model.all_fields)
    return LogShape(event, origin.rstrip("/"), fields, sha256(key).digest() if key else b"", other, columns)


def log_event(line: bytes, shape: LogShape, occurrence: int = 0) -> Event | Problem:
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
    time_ms = _time_ms(found.groups()[2:10])
    if time_ms is None:
        return _problem(f"there is no time {_text(line[found.start(3) : found.end(10)])}")
    host, user, request, status, size, referrer, agent = (_text(found[n]) for n in (1, 2, 11, 12, 13, 14, 15))
    told = {"ip": host, "request": request, "status": status, "userid": user, "bytes": size, "referrer": referrer}
    made = _made({**told, "agent": agent}, shape)
    made |= {"event_id": line_id(line, occurrence), "timestamp_ms": time_ms, "ip": _address(host)}
    return {name: value for name, value in made.items() if value is not None}


def is_record(given: Mapping[str, object]) -> bool:
    """Whether *given* is a line of a web server's log that is told by columns: a request, and no event yet."""
    return given.get("event") is None and given.get("request") is not None


def record_event(given: Mapping[str, object], line: bytes, shape: LogShape, occurrence: int = 0) -> Event:
    """A log line that is told by columns as an event.

    Args:
        given: Any of ``_time``, ``time``, ``ip``, ``request``, ``status``, ``userid``, ``bytes``, ``agent`` and
            ``referrer``; what has another name stays as it is. Times are seconds or milliseconds since 1970, or written
            as in a combined log.
        line: What it was read from.
        shape: From :func:`log_shape`.
        occurrence: How many equal lines came before it.

    Returns:
        The event. What cannot be what its column holds is left as it was found, for the collector to reject.
    """
    times = [found for name in ("_time", "time") if (found := _said(given.get(name))) is not None]
    readable = [time_ms for found in times if (time_ms := _moment(found)) is not None]
    made = _made(given, shape)
    made |= {"event_id": line_id(line, occurrence), "timestamp_ms": next(iter([*readable, *times]), None)}
    made |= {name: fitted(value, shape.columns.get(name)) for name, value in given.items() if name not in _COLUMNS}
    return {name: value for name, value in made.items() if value is not None}


def _parameters(fields: Mapping[str, Field]) -> dict[str, Take]:
    """What each event parameter takes that one of *fields* is read from."""
    parameters = ((plain_parameter(name, field), field) for name, field in fields.items())
    return {parameter: lenient(field) for parameter, field in parameters if parameter}


def _made(told: Mapping[str, object], shape: LogShape) -> Event:
    """The columns of a log line as an event without id and time."""
    said = {name: _said(value) for name, value in told.items()}
    method, page_url = _asked(str(said.get("request") or ""), shape.origin)
    is_shown = str(said.get("status", 200)) in ("200", "304")
    is_page = is_shown and method == "GET" and bool(_PAGE.fullmatch(page_url or ""))
    own = {**said, "method": method, **({"bytes": "0"} if told.get("bytes") == "-" else {})}
    return {
        "event": shape.event if is_page or not shape.other else shape.other,
        "party_id": _party(str(told.get("ip") or ""), str(told.get("agent") or ""), shape.key),
        "ip": said.get("ip"),
        "user_agent": said.get("agent"),
        "page_url": page_url,
        "referrer_url": said.get("referrer"),
        **{name: fitted(own.get(name), take) for name, take in shape.fields.items()},
    }


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


def _said(value: object) -> object:
    return None if value in ("", "-") else value


def _time_ms(parts: tuple[bytes, ...]) -> int | None:
    """Day, name of the month, year, hour, minute, second, and the zone's hours and minutes; None where it never was."""
    day, year, hour, minute, second, zone_hours, zone_minutes = (int(parts[n]) for n in (0, 2, 3, 4, 5, 6, 7))
    minutes = zone_hours * 60 + (-zone_minutes if parts[6].startswith(b"-") else zone_minutes)
    try:
        zone = timezone(timedelta(minutes=minutes)) if minutes else UTC
        moment = datetime(year, _MONTHS[parts[1]], day, hour, minute, second, tzinfo=zone)
    except (ValueError, KeyError):
        return None
    return round(moment.timestamp()) * 1000


def _moment(value: object) -> int | None:
    """Milliseconds since 1970, where *value* is a time."""
    if isinstance(value, str):
        clock = _CLOCK.fullmatch(value.encode("utf-8", "replace"))
        if clock:
            return _time_ms(clock.groups())
    number = fitted(value, _NUMBER)
    if not isinstance(number, float) or not abs(number) < _SECONDS_END * 1000:
        return None
    return round(number * 1000) if abs(number) < _SECONDS_END else round(number)


_NUMBER = lenient(Field(type="double"))


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
