"""One event as a JSON object, named by the standard columns → the message that holds its raw record."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from dkd.collect import typed
from dkd.collect.body import event as event_of
from dkd.collect.body import refuse_large
from dkd.collect.duplicates import Duplicates
from dkd.collect.layout import Layout, Record
from dkd.collect.message import Message, Request
from dkd.collect.senders import Sender
from dkd.collect.sources import Place
from dkd.collect.standard import BROWSER, TRUSTED, Standard, moment, party
from dkd.collect.typed import Reading
from dkd.collect.values import BadValue, Take, string
from dkd.collect.visitors import Visitors
from dkd.model.columns import GIVEN_COLUMNS

Given = dict[str, object]
"""An event as it was sent."""
_MOST_NAME = 200
_MOST_AGENT = 2_000
YEAR_2100_MS = 4_102_444_800_000


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


class _Told(NamedTuple):
    """An event as it was read.

    Attributes:
        record: The values that it gives by itself.
        name: As it was sent.
        party_id: As it was sent; of a browser it does not count.
        ip: As it was sent; of a browser it does not count.
        given: All that was sent, or None where only the record counts.
    """

    record: Record
    name: object
    party_id: object
    ip: object
    given: Given | None


class Events:
    """Makes raw records of events; what a sender may not say of others, or the model does not know, is ignored."""

    def __init__(self, topic: str, layout: Layout, visitors: Visitors, duplicates: Duplicates) -> None:
        """Make records of *layout* for *topic*."""
        self._topic, self._layout, self._visitors, self._duplicates = topic, layout, visitors, duplicates
        self._elsewhere = [field for field in layout.fields if field.parameter != field.name or field.has_default]
        known = {"event", *layout.parameters, *layout.dropped}
        self._known = {False: known, True: known | {"party_id", "ip", *GIVEN_COLUMNS}}
        own = {field.name: (field.slot, field.lenient) for field in layout.fields}
        self._columns = {False: self._slots(BROWSER) | own}
        self._columns[True] = self._slots(TRUSTED) | {field.name: (field.slot, field.exact) for field in layout.fields}
        self._reading = {False: self._read_by(BROWSER, False), True: self._read_by(TRUSTED, True)}

    def _slots(self, standard: Mapping[str, Standard]) -> dict[str, tuple[int, Take]]:
        return {name: (self._layout.slot[one.raw], one.take) for name, one in standard.items()}

    def _read_by(self, standard: Mapping[str, Standard], is_trusted: bool) -> Reading:
        types: dict[str, object] = dict.fromkeys(sorted(self._known[False]), object)
        types |= {"event": str, **({"party_id": typed.text(1, 128), "ip": str} if is_trusted else {})}
        types |= {name: one.kind for name, one in standard.items()}
        types |= {field.name: typed.kind(field.field, is_trusted) for field in self._layout.fields}
        slots = {name: slot for name, (slot, _) in self._columns[is_trusted].items()}
        return Reading(types, slots, self._layout.size)

    def message(self, content: bytes, received: Received) -> Message:
        """The Kafka message of one event.

        Args:
            content: The event as it was sent; names an event that has no ``event_id``.
            received: The body that it came in.

        Raises:
            BadValue: The first thing that is wrong, with the name of its field.
        """
        refuse_large(content)
        told = self._at_once(content, received.sender)
        if told is None:
            return self.message_of(event_of(content), content, received)
        return self._message(told, content, received)

    def message_of(self, given: Given, content: bytes, received: Received) -> Message:
        """The same for an event that was read already."""
        name = _of("event", _name, given.get("event"))
        self._layout.event(name)
        record: Record = [None] * self._layout.size
        self._fill(record, given, received)
        told = _Told(record, name, given.get("party_id"), given.get("ip"), given)
        return self._message(told, content, received)

    def _at_once(self, content: bytes, sender: Sender) -> _Told | None:
        """What *content* says, where all of it is as it should be."""
        reading = self._reading[sender.is_trusted]
        found = reading.read(content)
        if found is None:
            return None
        record, values = found
        name = values[reading.index("event")]
        session_id = record[self._layout.slot["sessionId"]]
        if name is None or (session_id is not None and not sender.is_trusted):
            return None
        given = event_of(content) if self._elsewhere else None
        if not sender.is_trusted:
            return _Told(record, name, None, None, given)
        return _Told(record, name, values[reading.index("party_id")], values[reading.index("ip")], given)

    def _message(self, told: _Told, content: bytes, received: Received) -> Message:
        record, slot = told.record, self._layout.slot
        event = self._layout.event(str(told.name))
        record[slot["eventType"]] = told.name
        party_id, place = self._identify(told, received.sender, content)
        record[slot["timestamp"]] = received.request.received_ms
        record[slot["clientTimestamp"]] = self._time(record, received)
        self._describe(told, received)
        if self._elsewhere:
            self._find(record, told.given or {}, received)
        if missing := self._layout.missing(event, record):
            raise BadValue("missing_field", f"{event} needs {missing}", f"send {missing}", missing)
        if self._visitors.scrub:
            self._visitors.scrub.values(record)
        value = self._layout.value(record)
        # Only now: what is refused and sent again in order is no repeat.
        self._duplicates.keep(place)
        return Message(self._topic, party_id.encode(), value, received.request.received_ms)

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
            "ip": self._visitors.addresses.stored(request.client, request.received_ms),
            # One request's rejects each hold it.
            "user_agent": (request.header(b"user-agent") or "")[:_MOST_AGENT] or None,
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

    def _identify(self, told: _Told, sender: Sender, content: bytes) -> tuple[str, tuple[int, int]]:
        """Sets who it is of; returns the party, and the event's place in the memory of duplicates."""
        record, slot = told.record, self._layout.slot
        party_id = sender.party_id
        if party_id is None:
            if told.party_id is None:
                raise BadValue("missing_party", "the event names no party", "send party_id", "party_id")
            party_id = _of("party_id", party, told.party_id)
        session = sender.session_id if sender.is_anonymous else record[slot["sessionId"]] or sender.session_id
        event_id = record[slot["eventId"]] or hashlib.blake2b(content, digest_size=16).hexdigest()
        record[slot["partyId"]], record[slot["sessionId"]], record[slot["eventId"]] = party_id, session, event_id
        is_repeat, place = self._duplicates.look(party_id, str(session or ""), str(event_id))
        record[slot["detectedDuplicate"]], record[slot["detectedCorruption"]] = is_repeat, False
        return party_id, place

    def _time(self, record: Record, received: Received) -> int:
        """The event's time: its own, corrected by how far the browser's clock is behind; else its receive time."""
        created_ms = record[self._layout.slot["clientTimestamp"]]
        if created_ms is None and received.sender.must_tell_time:
            remedy = "send timestamp_ms, UTC milliseconds since 1970"
            raise BadValue("bad_time", "the event names no time", remedy, "timestamp_ms")
        if received.sender.must_tell_time and isinstance(created_ms, int) and created_ms >= YEAR_2100_MS:
            remedy = "send timestamp_ms, UTC milliseconds since 1970"
            raise BadValue("bad_time", f"{created_ms} is of another century", remedy, "timestamp_ms")
        if not isinstance(created_ms, int):
            return received.request.received_ms
        if received.sender.behind_ms:
            return int(_of("timestamp_ms", moment, created_ms + received.sender.behind_ms))
        return created_ms

    def _describe(self, told: _Told, received: Received) -> None:
        """Set address, user agent and the enrichers' columns: a trusted sender's are those it gives, if any."""
        record, slot, request = told.record, self._layout.slot, received.request
        if not received.sender.is_trusted:
            record[slot["remoteHost"]] = self._visitors.addresses.stored(request.client, request.received_ms)
            record[slot["userAgentString"]] = request.header(b"user-agent")
            return
        if told.ip is not None:
            record[slot["remoteHost"]] = self._visitors.addresses.stored(str(told.ip), request.received_ms)
            if record[slot["remoteHost"]] is None:
                # Web server logs may hold host names here; an event is not lost for that.
                received.ignored["ip"] += 1
        given = told.given or {}
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
