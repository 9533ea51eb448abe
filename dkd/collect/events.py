"""One event as a JSON object, named by the standard columns → the message that holds its raw record."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from dkd.collect import typed
from dkd.collect.body import MOST_EVENT_BYTES, refuse_large
from dkd.collect.body import event as event_of
from dkd.collect.duplicates import Duplicates
from dkd.collect.layout import Layout, Record
from dkd.collect.message import Message, Request
from dkd.collect.senders import Sender
from dkd.collect.sources import Place
from dkd.collect.standard import BROWSER, TRUSTED, Standard, moment, party
from dkd.collect.typed import Reading
from dkd.collect.values import LONG, BadValue, Take, string
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
        address: What is kept of the browser's; None of a trusted sender's.
        agent: The browser's; None of a trusted sender's.
        ignored: How often each name was not used; is added to.
        lines: How often each log line came before; is added to.
    """

    request: Request
    sender: Sender
    address: str | None
    agent: str | None
    ignored: Counter[str]
    lines: Counter[bytes]


_SLOTS = (
    "detectedDuplicate", "detectedCorruption", "timestamp", "clientTimestamp", "remoteHost", "partyId", "sessionId",
    "eventId", "eventType", "userAgentString",
)  # fmt: skip
"""What is set for every event, whoever sent it."""
_message = partial(tuple.__new__, Message)
"""A message, at half of what its constructor costs."""
_Own = tuple[object, object]
"""Party and address as an event names them; a browser's do not count."""
_NOBODY: _Own = (None, None)


class Events:
    """Makes raw records of events; what a sender may not say of others, or the model does not know, is ignored."""

    def __init__(self, topic: str, layout: Layout, visitors: Visitors, duplicates: Duplicates) -> None:
        """Make records of *layout* for *topic*."""
        self._topic, self._layout, self._visitors, self._duplicates = topic, layout, visitors, duplicates
        self._slots = tuple(layout.slot[name] for name in _SLOTS)
        self._elsewhere = [field for field in layout.fields if field.parameter != field.name or field.has_default]
        known = {"event", *layout.parameters, *layout.dropped}
        self._known = {False: known, True: known | {"party_id", "ip", *GIVEN_COLUMNS}}
        own = {field.name: (field.slot, field.lenient) for field in layout.fields}
        self._columns = {False: self._standard(BROWSER) | own}
        self._columns[True] = self._standard(TRUSTED) | {
            field.name: (field.slot, field.exact) for field in layout.fields
        }
        self._reading = {False: self._read_by(BROWSER, False), True: self._read_by(TRUSTED, True)}

    def _standard(self, standard: Mapping[str, Standard]) -> dict[str, tuple[int, Take]]:
        return {name: (self._layout.slot[one.raw], one.take) for name, one in standard.items()}

    def _read_by(self, standard: Mapping[str, Standard], is_trusted: bool) -> Reading:
        types: dict[str, object] = dict.fromkeys(sorted(self._known[False]), object)
        types |= {"event": str, **({"party_id": typed.text(1, 128), "ip": str} if is_trusted else {})}
        types |= {name: one.kind for name, one in standard.items()}
        types |= {field.name: typed.kind(field.field, is_trusted) for field in self._layout.fields}
        slots = {name: slot for name, (slot, _) in self._columns[is_trusted].items()}
        return Reading(types, {**slots, "event": self._layout.slot["eventType"]}, self._layout.size)

    def received(self, request: Request, sender: Sender) -> Received:
        """What the events of one body share."""
        if sender.is_trusted:
            return Received(request, sender, None, None, Counter(), Counter())
        address = self._visitors.addresses.stored(request.client, request.received_ms)
        return Received(request, sender, address, request.header(b"user-agent"), Counter(), Counter())

    def message(self, content: bytes, received: Received) -> Message:
        """The Kafka message of one event.

        Args:
            content: The event as it was sent; names an event that has no ``event_id``.
            received: The body that it came in.

        Raises:
            BadValue: The first thing that is wrong, with the name of its field.
        """
        sender, slot = received.sender, self._layout.slot
        reading = self._reading[sender.is_trusted]
        if reading.nests or len(content) > MOST_EVENT_BYTES:
            refuse_large(content)
        found = reading.read(content)
        if found is None:
            return self.message_of(event_of(content), content, received)
        record, others = found
        if record[slot["eventType"]] is None or not (sender.is_trusted or record[slot["sessionId"]] is None):
            return self.message_of(event_of(content), content, received)
        given = event_of(content) if self._elsewhere else None
        own = (others["party_id"], others["ip"]) if sender.is_trusted else _NOBODY
        return self._message(record, own, given, content, received)

    def message_of(self, given: Given, content: bytes, received: Received) -> Message:
        """The same for an event that was read already."""
        name = _of("event", _name, given.get("event"))
        self._layout.event(name)
        record: Record = [None] * self._layout.size
        self._fill(record, given, received)
        record[self._layout.slot["eventType"]] = name
        return self._message(record, (given.get("party_id"), given.get("ip")), given, content, received)

    def _message(self, record: Record, own: _Own, given: Given | None, content: bytes, received: Received) -> Message:
        # Unpacked at once: each name of a tuple that is looked up costs as much as a value that is set.
        request, sender, address, agent, _, _ = received
        duplicate, corruption, arrived, created, host, of_party, of_session, of_id, named, browser = self._slots
        event = self._layout.event(str(record[named]))
        party_id = sender.party_id or _named_party(own[0])
        session = sender.session_id if sender.is_anonymous else record[of_session] or sender.session_id
        event_id = record[of_id] or hashlib.blake2b(content, digest_size=16).hexdigest()
        is_repeat, place = self._duplicates.look(party_id, str(session or ""), str(event_id))
        record[of_party], record[of_session], record[of_id] = party_id, session, event_id
        record[duplicate], record[corruption] = is_repeat, False
        record[arrived], record[created] = request.received_ms, self._time(record[created], received)
        if sender.is_trusted:
            self._describe(record, own[1], given or {}, received)
        else:
            record[host], record[browser] = address, agent
        if self._elsewhere:
            self._find(record, given or {}, received)
        if missing := self._layout.missing(event, record):
            raise BadValue("missing_field", f"{event} needs {missing}", f"send {missing}", missing)
        if self._visitors.scrub:
            self._visitors.scrub.values(record)
        value = self._layout.value(record)
        # Only now: what is refused and sent again in order is no repeat.
        self._duplicates.keep(place)
        return _message((self._topic, party_id.encode(), value, request.received_ms, ()))

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

    def _time(self, created_ms: object, received: Received) -> int:
        """The event's time: its own, corrected by how far the browser's clock is behind; else its receive time."""
        sender = received.sender
        if created_ms is None and sender.must_tell_time:
            remedy = "send timestamp_ms, UTC milliseconds since 1970"
            raise BadValue("bad_time", "the event names no time", remedy, "timestamp_ms")
        if sender.must_tell_time and isinstance(created_ms, int) and created_ms >= YEAR_2100_MS:
            remedy = "send timestamp_ms, UTC milliseconds since 1970"
            raise BadValue("bad_time", f"{created_ms} is of another century", remedy, "timestamp_ms")
        if not isinstance(created_ms, int):
            return received.request.received_ms
        if sender.behind_ms:
            corrected_ms = created_ms + sender.behind_ms
            return corrected_ms if -LONG <= corrected_ms < LONG else int(_of("timestamp_ms", moment, corrected_ms))
        return created_ms

    def _describe(self, record: Record, ip: object, given: Given, received: Received) -> None:
        """Set address and the enrichers' columns of a trusted sender: those it gives, if any."""
        if ip is not None:
            address = self._visitors.addresses.stored(str(ip), received.request.received_ms)
            record[self._layout.slot["remoteHost"]] = address
            if address is None:
                # Web server logs may hold host names here; an event is not lost for that.
                received.ignored["ip"] += 1
        columns = {
            name: _of(name, string, given[name]) for name in GIVEN_COLUMNS & given.keys() if given[name] is not None
        }
        if columns:
            record[self._layout.slot["given"]] = msgspec.json.encode(columns, order="sorted").decode()


def _of(name: str, take: Callable[[object], object], value: object) -> str:
    """What *take* makes of *value*; its mistake names the field *name*."""
    try:
        return take(value)  # type: ignore[return-value]
    except BadValue as bad:
        bad.field = bad.field or name
        raise


def _named_party(value: object) -> str:
    """The party that a trusted sender's event names."""
    if value is None:
        raise BadValue("missing_party", "the event names no party", "send party_id", "party_id")
    return _of("party_id", party, value)


def _name(value: object) -> str:
    if value is None:
        raise BadValue("missing_field", "the event has no name", 'send "event"')
    return string(value)
