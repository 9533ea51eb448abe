"""One event as a JSON object, named by the standard columns → the message that holds its raw record."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from dkd.collect.address import Addresses
from dkd.collect.duplicates import Duplicates
from dkd.collect.ids import canonical
from dkd.collect.layout import Layout, Record
from dkd.collect.message import Message, Request
from dkd.collect.senders import Sender
from dkd.collect.sources import Place
from dkd.collect.values import INT, LONG, BadValue, Take, boolean, string, whole, within
from dkd.model.columns import GIVEN_COLUMNS

Given = dict[str, object]
"""An event as it was sent."""

_MOST_NAME = 200
_size, _time = whole(INT), whole(LONG)
YEAR_2100_MS = 4_102_444_800_000


def _session(value: object) -> str:
    found = canonical(string(value))
    if found is None:
        raise BadValue("bad_session", f"{str(value)[:60]!r} is no session id", "send 0:<base 36 ms>:<unique>")
    return found


def _moment(value: object) -> object:
    try:
        return _time(value)
    except BadValue as bad:
        raise BadValue("bad_time", bad.problem, "send milliseconds since 1970, UTC") from bad


_BROWSER: dict[str, tuple[str, Take]] = {
    "event_id": ("eventId", within(1, 256)),
    "timestamp_ms": ("clientTimestamp", _moment),
    "collector_session_id": ("sessionId", _session),
    "pageview_id": ("pageViewId", string),
    "page_url": ("location", string),
    "referrer_url": ("referer", string),
    "viewport_width": ("viewportPixelWidth", _size),
    "viewport_height": ("viewportPixelHeight", _size),
    "screen_width": ("screenPixelWidth", _size),
    "screen_height": ("screenPixelHeight", _size),
    "first_in_session": ("firstInSession", boolean),
}
_TRUSTED = _BROWSER | {
    "collector_session_id": ("sessionId", within(1, 256)),
    "user_agent": ("userAgentString", string),
}
_party = within(1, 128)


class Received(NamedTuple):
    """One body on its way through the collector.

    Attributes:
        request: What it came in.
        sender: Who sent it.
        ignored: How often each name was not used; is added to.
        lines: How often each log line came before; is added to.
    """

    request: Request
    sender: Sender
    ignored: Counter[str]
    lines: Counter[bytes]


class Events:
    """Makes raw records of events; what a sender may not say of others, or the model does not know, is ignored."""

    def __init__(self, topic: str, layout: Layout, addresses: Addresses, duplicates: Duplicates) -> None:
        """Make records of *layout* for *topic*."""
        self._topic, self._layout, self._addresses, self._duplicates = topic, layout, addresses, duplicates
        self._elsewhere = [field for field in layout.fields if field.parameter != field.name or field.has_default]
        own = {field.name: (field.slot, field.lenient) for field in layout.fields}
        known = {"event", *layout.parameters, *layout.dropped}
        self._columns = {False: self._slots(_BROWSER) | own}
        self._columns[True] = self._slots(_TRUSTED) | {field.name: (field.slot, field.exact) for field in layout.fields}
        self._known = {False: known, True: known | {"party_id", "ip", *GIVEN_COLUMNS}}

    def _slots(self, standard: dict[str, tuple[str, Take]]) -> dict[str, tuple[int, Take]]:
        return {name: (self._layout.slot[raw], take) for name, (raw, take) in standard.items()}

    def message(self, given: Given, content: bytes, received: Received) -> Message:
        """The Kafka message of the event *given*.

        Args:
            given: The event.
            content: The same as it was sent; names an event that has no ``event_id``.
            received: The body that it came in.

        Raises:
            BadValue: The first thing that is wrong, with the name of its field.
        """
        name = _of("event", _name, given.get("event"))
        event = self._layout.event(name)
        record: Record = [None] * self._layout.size
        slot = self._layout.slot
        record[slot["eventType"]] = name
        self._fill(record, given, received)
        party_id = self._identify(record, given, received.sender, content)
        record[slot["timestamp"]] = received.request.received_ms
        record[slot["clientTimestamp"]] = _of("timestamp_ms", _moment, self._time(record, received))
        self._describe(record, given, received)
        if self._elsewhere:
            self._find(record, given, received)
        if missing := self._layout.missing(event, record):
            raise BadValue("missing_field", f"{event} needs {missing}", f"send {missing}", missing)
        return Message(self._topic, party_id.encode(), self._layout.value(record), received.request.received_ms)

    def origin(self, received: Received) -> dict[str, str]:
        """Headers of a reject: all that a trusted sender must say beside the event, to make the same record of it.

        Returns:
            ``dkd-form``, where it is a log line; ``dkd-sender``, where a browser sent it, with the standard columns
            that are known of it and ``behind_ms``, how far its clock is behind.
        """
        request, sender = received.request, received.sender
        if sender.is_trusted:
            return {"dkd-form": "combined"} if sender.is_log else {}
        known = {
            "party_id": sender.party_id,
            "collector_session_id": sender.session_id,
            "ip": self._addresses.stored(request.client, request.received_ms),
            "user_agent": request.header(b"user-agent"),
            "behind_ms": sender.behind_ms,
        }
        return {"dkd-sender": msgspec.json.encode(known).decode()}

    def _fill(self, record: Record, given: Given, received: Received) -> None:
        is_trusted = received.sender.is_trusted
        columns, known = self._columns[is_trusted], self._known[is_trusted]
        for name, value in given.items():
            column = columns.get(name)
            if column is None:
                if name not in known:
                    received.ignored[name[:_MOST_NAME]] += 1
            elif value is not None:
                try:
                    record[column[0]] = column[1](value)
                except BadValue as bad:
                    bad.field = name
                    raise

    def _find(self, record: Record, given: Given, received: Received) -> None:
        """Set the fields that are not given by their own name, and have another ``from:`` or a default."""
        is_trusted = received.sender.is_trusted
        place = self._place(record, given, received)
        for field in self._elsewhere:
            if record[field.slot] is not None:
                continue
            value = given.get(field.parameter) if field.parameter else None
            if value is not None:
                record[field.slot] = _of(field.parameter, field.exact if is_trusted else field.lenient, value)
            else:
                record[field.slot] = field.find(place)

    def _place(self, record: Record, given: Given, received: Received) -> Place:
        """What sources read: a trusted sender's request says nothing of the visitor."""
        slot, request = self._layout.slot, received.request
        urls = [url if isinstance(url, str) else None for url in (record[slot["location"]], record[slot["referer"]])]
        is_own = not received.sender.is_trusted
        address = request.client if is_own else given.get("ip")
        return Place(
            given, given, urls[0], urls[1], request if is_own else None,
            address if isinstance(address, str) else None, record, str(record[slot["eventType"]]),
        )  # fmt: skip

    def _identify(self, record: Record, given: Given, sender: Sender, content: bytes) -> str:
        slot = self._layout.slot
        party_id = sender.party_id
        if party_id is None:
            if given.get("party_id") is None:
                raise BadValue("missing_party", "the event names no party", "send party_id", "party_id")
            party_id = _of("party_id", _party_id, given["party_id"])
        session = record[slot["sessionId"]] or sender.session_id
        event_id = record[slot["eventId"]] or hashlib.blake2b(content, digest_size=16).hexdigest()
        record[slot["partyId"]], record[slot["sessionId"]], record[slot["eventId"]] = party_id, session, event_id
        record[slot["detectedDuplicate"]] = self._duplicates.seen(party_id, str(session or ""), str(event_id))
        record[slot["detectedCorruption"]] = False
        return party_id

    def _time(self, record: Record, received: Received) -> int:
        """The event's time: its own, corrected by how far the browser's clock is behind; else its receive time."""
        created_ms = record[self._layout.slot["clientTimestamp"]]
        if created_ms is None and received.sender.must_tell_time:
            remedy = "send timestamp_ms, UTC milliseconds since 1970"
            raise BadValue("bad_time", "the event names no time", remedy, "timestamp_ms")
        if received.sender.must_tell_time and isinstance(created_ms, int) and created_ms >= YEAR_2100_MS:
            remedy = "send timestamp_ms, UTC milliseconds since 1970"
            raise BadValue("bad_time", f"{created_ms} is of another century", remedy, "timestamp_ms")
        return created_ms + received.sender.behind_ms if isinstance(created_ms, int) else received.request.received_ms

    def _describe(self, record: Record, given: Given, received: Received) -> None:
        """Set address, user agent and the enrichers' columns: a trusted sender's are those it gives, if any."""
        slot, request = self._layout.slot, received.request
        if not received.sender.is_trusted:
            record[slot["remoteHost"]] = self._addresses.stored(request.client, request.received_ms)
            record[slot["userAgentString"]] = request.header(b"user-agent")
            return
        if given.get("ip") is not None:
            record[slot["remoteHost"]] = self._addresses.stored(str(given["ip"]), request.received_ms)
            if record[slot["remoteHost"]] is None:
                # Web server logs may hold host names here; an event is not lost for that.
                received.ignored["ip"] += 1
        columns = {
            name: _of(name, string, given[name]) for name in GIVEN_COLUMNS & given.keys() if given[name] is not None
        }
        if columns:
            record[slot["given"]] = msgspec.json.encode(columns, order="sorted").decode()


def _of(name: str, take: Callable[[object], object], value: object) -> str:
    """What *take* makes of *value*; its mistake names the field *name*."""
    try:
        return take(value)  # type: ignore[return-value]
    except BadValue as bad:
        bad.field = bad.field or name
        raise


def _name(value: object) -> str:
    if value is None:
        raise BadValue("missing_field", "the event has no name", 'send "event"')
    return string(value)


def _party_id(value: object) -> object:
    try:
        return _party(value)
    except BadValue as bad:
        raise BadValue("bad_party", bad.problem, "send a text of 1 to 128 characters") from bad
