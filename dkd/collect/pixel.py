"""A request of Divolte's browser route → its answer, and the raw record that the answer waits for."""

import re
from http import HTTPStatus

from dkd.collect import mincode
from dkd.collect.duplicates import Duplicates
from dkd.collect.layout import Layout, Record
from dkd.collect.message import DIVOLTE, MALFORMED, Answer, Message, Outcome, Request, answer, not_allowed
from dkd.collect.queries import Queries, Told
from dkd.collect.rejects import Reject
from dkd.collect.sources import MISSING, Place
from dkd.collect.target import MalformedTarget, query_of
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


class Pixel:
    """Divolte's browser route; what it checks is what Divolte checks, the rest is the enricher's."""

    def __init__(self, layout: Layout, topics: tuple[str, str], visitors: Visitors, duplicates: Duplicates) -> None:
        """Write records of *layout* into *topics*, which are raw and rejects."""
        self._layout, self._visitors, self._duplicates = layout, visitors, duplicates
        self._queries = Queries(layout)
        self._raw, self._rejects = topics

    def __call__(self, request: Request) -> Answer | Outcome:
        """The answer of Divolte's server, once the event or its reject is safe."""
        if request.method.upper() != "GET":
            return not_allowed(request.method, "GET")
        if _is_known(request):
            return UNCHANGED
        try:
            told = self._queries.read(query_of(request.target))
        except MalformedTarget:
            return MALFORMED
        if wait_s := self._visitors.rate.wait_s(request.client, 1, request.received_ms):
            return too_many(wait_s)
        asked = self._visitors.opt_out.asked(request)
        return PIXEL if asked == "drop" else Outcome([self._message(request, told, asked is not None)], PIXEL, UNSAFE)

    def _message(self, request: Request, told: Told | BadValue, is_anonymous: bool) -> Message:
        if isinstance(told, BadValue):
            return self._reject(request, told, is_anonymous)
        record, slot = told[0], self._layout.slot
        if is_anonymous:
            request, party_id = self._visitors.opt_out.anonymous(request)
            record[slot["partyId"]] = record[slot["sessionId"]] = party_id
        key = str(record[slot["partyId"]]).encode()
        try:
            return Message(self._raw, key, self._layout.value(self._whole(told, request)), request.received_ms)
        except BadValue as bad:
            return self._reject(request, bad, is_anonymous)

    def _whole(self, told: Told, request: Request) -> Record:
        """The record with what the query does not say."""
        (record, text, pixel_ratio), slot = told, self._layout.slot
        event = record[slot["eventType"]]
        if event is None:
            record[slot["eventType"]] = "unknown"
        ids = record[slot["partyId"]], record[slot["sessionId"]], record[slot["eventId"]]
        record[slot["detectedDuplicate"]] = self._duplicates.seen(*ids)  # type: ignore[arg-type]  # texts
        record[slot["timestamp"]] = request.received_ms
        record[slot["remoteHost"]] = self._visitors.addresses.stored(request.client, request.received_ms)
        record[slot["userAgentString"]] = request.header(b"user-agent")
        if self._layout.fields:
            root = _event_parameters(text)
            given = root if isinstance(root, dict) else {}
            urls = record[slot["location"]], record[slot["referer"]]
            place = Place(root, given, *urls, request, request.client, record, event, pixel_ratio)  # type: ignore[arg-type]
            for own in self._layout.fields:
                record[own.slot] = own.find(place)
        if self._visitors.scrub:
            self._visitors.scrub.values(record)
        return record

    def _reject(self, request: Request, bad: BadValue, is_anonymous: bool) -> Message:
        content = self._visitors.scrub.content(request.target)
        content = _IDS.sub(rb"\1", content) if is_anonymous else content
        reject = Reject(bad.reason, bad.field, bad.problem, bad.remedy, content)
        return reject.message(self._rejects, request.received_ms)


def too_many(wait_s: int) -> Answer:
    """The answer of Divolte's routes to a network that sends too many events: come back in *wait_s* seconds."""
    return answer(HTTPStatus.TOO_MANY_REQUESTS, (*DIVOLTE, ("Retry-After", str(wait_s))))


def _is_known(request: Request) -> bool:
    """Whether the browser has the pixel already; Divolte then drops the event."""
    asked = request.header(b"if-none-match")
    return asked is not None and any(tag.strip().removeprefix("W/") == _TAG for tag in asked.split(","))


def _event_parameters(text: str | None) -> object:
    """What the tag sent of the event itself; MISSING where that is nothing, or cannot be read."""
    try:
        return mincode.decode(text) if text else MISSING
    except mincode.MincodeError:
        return MISSING
