"""A request of Divolte's browser route → its answer, and the raw record that the answer waits for."""

import re
from http import HTTPStatus

from dkd.collect import base36, mincode
from dkd.collect.checksum import is_intact
from dkd.collect.duplicates import Duplicates
from dkd.collect.ids import canonical
from dkd.collect.layout import Layout, Record
from dkd.collect.message import DIVOLTE, MALFORMED, Answer, Message, Outcome, Request, answer, not_allowed
from dkd.collect.rejects import Reject
from dkd.collect.sources import MISSING, Place
from dkd.collect.target import MalformedTarget, Parameters, parameters, split
from dkd.collect.values import BadValue
from dkd.collect.visitors import Visitors

_GIF = bytes.fromhex("4749463839610100010000000021f904010a0001002c00000000010001000002024c01003b")
_TAG = '"6b3edc43-20ec-4078-bc47-e965dd76b88a"'
_HEADERS = (
    *DIVOLTE,
    ("Content-Type", "image/gif"),
    ("ETag", _TAG),
    ("Cache-Control", "private, no-cache, proxy-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "Fri, 14 Apr 1995 11:30:00 GMT"),
)
PIXEL = answer(HTTPStatus.OK, _HEADERS, _GIF)
UNCHANGED = answer(HTTPStatus.NOT_MODIFIED, _HEADERS)._replace(framed=False)
"""Divolte's 304 says nothing of the connection."""
UNSAFE = answer(HTTPStatus.SERVICE_UNAVAILABLE, (*DIVOLTE, ("Retry-After", "1")))
"""An answer that Divolte never gives: the event is not safe."""
_IDS = re.compile(rb"([?&][ps]=)[^&]*")

_MANDATORY = ("p", "s", "v", "e", "c", "n", "f")
_TEXTS = (("l", "location"), ("r", "referer"), ("t", "eventType"))
_SIZES = (
    ("w", "viewportPixelWidth"), ("h", "viewportPixelHeight"), ("i", "screenPixelWidth"), ("j", "screenPixelHeight"),
)  # fmt: skip


class Pixel:
    """Divolte's browser route; what it checks is what Divolte checks, the rest is the enricher's."""

    def __init__(self, layout: Layout, topics: tuple[str, str], visitors: Visitors, duplicates: Duplicates) -> None:
        """Write records of *layout* into *topics*, which are raw and rejects."""
        self._layout, self._visitors, self._duplicates = layout, visitors, duplicates
        self._raw, self._rejects = topics

    def __call__(self, request: Request) -> Answer | Outcome:
        """The answer of Divolte's server, once the event or its reject is safe."""
        if request.method.upper() != "GET":
            return not_allowed(request.method, "GET")
        if _is_known(request):
            return UNCHANGED
        try:
            given = parameters(split(request.target).query)
        except MalformedTarget:
            return MALFORMED
        if wait_s := self._visitors.rate.wait_s(request.client, 1, request.received_ms):
            return too_many(wait_s)
        asked = self._visitors.opt_out.asked(request)
        return PIXEL if asked == "drop" else Outcome([self._message(request, given, asked is not None)], PIXEL, UNSAFE)

    def _message(self, request: Request, given: Parameters, is_anonymous: bool) -> Message:
        first = {name: values[0] for name, values in given.items()}
        try:
            if is_anonymous:
                _identified(first)
                request, party_id = self._visitors.opt_out.anonymous(request)
                first["p"] = first["s"] = party_id
            record, party_id = self._record(request, given, first)
            if self._visitors.scrub:
                self._visitors.scrub.values(record)
            return Message(self._raw, party_id.encode(), self._layout.value(record), request.received_ms)
        except BadValue as bad:
            content = self._visitors.scrub.content(request.target)
            content = _IDS.sub(rb"\1", content) if is_anonymous else content
            reject = Reject(bad.reason, bad.field, bad.problem, bad.remedy, content)
            return reject.message(self._rejects, request.received_ms)

    def _record(self, request: Request, given: Parameters, first: dict[str, str]) -> tuple[Record, str]:
        party_id, session_id, client_ms = _identified(first)
        slot = self._layout.slot
        record: Record = [None] * self._layout.size
        record[slot["detectedDuplicate"]] = self._duplicates.seen(party_id, session_id, first["e"])
        record[slot["detectedCorruption"]] = not is_intact(given)
        record[slot["firstInSession"]] = first["f"] == "t"
        record[slot["timestamp"]] = request.received_ms
        record[slot["clientTimestamp"]] = client_ms
        record[slot["remoteHost"]] = self._visitors.addresses.stored(request.client, request.received_ms)
        record[slot["partyId"]] = party_id
        record[slot["sessionId"]] = session_id
        record[slot["pageViewId"]] = first["v"]
        record[slot["eventId"]] = first["e"]
        record[slot["eventType"]] = "unknown"
        record[slot["userAgentString"]] = request.header(b"user-agent")
        for name, field in _TEXTS:
            if name in first:
                record[slot[field]] = first[name]
        for name, field in _SIZES:
            if name in first:
                record[slot[field]] = base36.read(first[name], 32)
        if self._layout.fields:
            place = self._place(record, first, request)
            for own in self._layout.fields:
                record[own.slot] = own.find(place)
        return record, party_id

    def _place(self, record: Record, first: dict[str, str], request: Request) -> Place:
        root = _event_parameters(first.get("u"))
        given = root if isinstance(root, dict) else {}
        ratio = base36.read(first["k"], 32) if "k" in first else None
        urls = first.get("l"), first.get("r")
        return Place(root, given, *urls, request, request.client, record, first.get("t"), ratio)


def too_many(wait_s: int) -> Answer:
    """The answer of Divolte's routes to a network that sends too many events: come back in *wait_s* seconds."""
    return answer(HTTPStatus.TOO_MANY_REQUESTS, (*DIVOLTE, ("Retry-After", str(wait_s))))


def _is_known(request: Request) -> bool:
    """Whether the browser has the pixel already; Divolte then drops the event."""
    asked = request.header(b"if-none-match")
    return asked is not None and any(tag.strip().removeprefix("W/") == _TAG for tag in asked.split(","))


def _identified(first: dict[str, str]) -> tuple[str, str, int]:
    """Party, session and client time of an event that Divolte would not drop."""
    for name in _MANDATORY:
        if name not in first:
            remedy = "send all of p, s, v, e, c, n and f"
            raise BadValue("missing_field", f"parameter {name} is missing", remedy, name)
    party_id, session_id = canonical(first["p"]), canonical(first["s"])
    if party_id is None:
        raise BadValue("bad_party", f"{first['p'][:60]!r} is no party id", "send 0:<base 36 ms>:<unique>", "p")
    if session_id is None:
        raise BadValue("bad_session", f"{first['s'][:60]!r} is no session id", "send 0:<base 36 ms>:<unique>", "s")
    client_ms = base36.read(first["c"])
    if client_ms is None:
        raise BadValue("bad_time", f"{first['c'][:60]!r} is no time", "send milliseconds since 1970 in base 36", "c")
    return party_id, session_id, client_ms


def _event_parameters(text: str | None) -> object:
    """What the tag sent of the event itself; MISSING where that is nothing, or cannot be read."""
    try:
        return mincode.decode(text) if text else MISSING
    except mincode.MincodeError:
        return MISSING
