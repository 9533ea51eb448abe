"""A request of Divolte's JSON source → its answer, and the raw record that the answer waits for."""

import json
from http import HTTPStatus

from dkd.collect.body import refuse_large
from dkd.collect.duplicates import Duplicates
from dkd.collect.ids import canonical
from dkd.collect.instant import instant_ms
from dkd.collect.layout import Layout, Record
from dkd.collect.message import DIVOLTE, MALFORMED, TEXT, Answer, Message, Outcome, Request, answer, not_allowed
from dkd.collect.optout import nameless
from dkd.collect.pixel import UNSAFE, too_many
from dkd.collect.rejects import Reject
from dkd.collect.sources import MISSING, Place
from dkd.collect.target import MalformedTarget, parameters, split
from dkd.collect.values import BadValue
from dkd.collect.visitors import Visitors
from dkd.model.collector import JsonSource

_TAKEN = answer(HTTPStatus.NO_CONTENT, DIVOLTE)._replace(framed=False)
"""Divolte's 204 says nothing of the connection."""
_EMPTY = answer(HTTPStatus.BAD_REQUEST, DIVOLTE)
_LARGE = answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, DIVOLTE)._replace(closes=True)
_OTHER_TYPE = answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, (*DIVOLTE, *TEXT), b"Content type must be application/json.")
_STEP = 4096
_BLANKS = "".join(map(chr, range(0x21)))
_KEYS = frozenset(
    ("session_id", "event_id", "is_new_party", "is_new_session", "client_timestamp_iso", "event_type", "parameters")
)


class JsonRoute:
    """Divolte's JSON source: one event in one body, checked in the order in which Divolte does.

    What it reads is read as leniently as Jackson reads it for Divolte: texts for booleans, numbers for texts, and
    whatever follows the object.
    """

    def __init__(
        self, source: JsonSource, layout: Layout, topics: tuple[str, str], visitors: Visitors, duplicates: Duplicates
    ) -> None:
        """Write records of *layout* into *topics*, which are raw and rejects."""
        self._layout, self._visitors, self._duplicates = layout, visitors, duplicates
        self._raw, self._rejects = topics
        self._party = source.party
        self._most_bytes = -(-source.body_bytes // _STEP) * _STEP

    def __call__(self, request: Request) -> Answer | Outcome:
        """The answer of Divolte's server, once the event or its reject is safe."""
        if request.method.upper() != "POST":
            return not_allowed(request.method, "POST")
        if [value.lower() for name, value in request.headers if name == b"content-type"] != [b"application/json"]:
            return _OTHER_TYPE
        if not request.body:
            return _EMPTY
        if len(request.body) > self._most_bytes:
            return _LARGE
        try:
            given = parameters(split(request.target).query)
        except MalformedTarget:
            return MALFORMED
        party_id = canonical(given.get(self._party, ("",))[0])
        if party_id is None:
            return _EMPTY
        if wait_s := self._visitors.rate.wait_s(request.client, 1, request.received_ms):
            return too_many(wait_s)
        asked = self._visitors.opt_out.asked(request)
        if asked == "drop":
            return _TAKEN
        if asked == "anonymous":
            request, party_id = self._visitors.opt_out.anonymous(request)
        return Outcome([self._message(request, party_id, asked is not None)], _TAKEN, UNSAFE)

    def _message(self, request: Request, party_id: str, is_anonymous: bool) -> Message:
        try:
            given = _event(request.body)
            if is_anonymous:
                given["session_id"] = party_id
            record = self._record(request, party_id, given)
            if self._visitors.scrub:
                self._visitors.scrub.values(record)
            return Message(self._raw, party_id.encode(), self._layout.value(record), request.received_ms)
        except BadValue as bad:
            content = self._visitors.scrub.content(request.body)
            content = nameless(content) if is_anonymous else content
            reject = Reject(bad.reason, bad.field, bad.problem, bad.remedy, content, party_id.encode())
            return reject.message(self._rejects, request.received_ms)

    def _record(self, request: Request, party_id: str, given: dict[str, object]) -> Record:
        slot = self._layout.slot
        record: Record = [None] * self._layout.size
        session_id = canonical(_text(given, "session_id"))
        if session_id is None:
            problem = f"{str(given['session_id'])[:60]!r} is no session id"
            raise BadValue("bad_session", problem, "send 0:<base 36 ms>:<unique>", "session_id")
        event_id, name = _text(given, "event_id"), given.get("event_type")
        _flag(given, "is_new_party")
        record[slot["firstInSession"]] = _flag(given, "is_new_session")
        record[slot["clientTimestamp"]] = _time(given)
        record[slot["eventType"]] = "unknown" if name is None else _text(given, "event_type")
        record[slot["detectedDuplicate"]] = self._duplicates.seen(party_id, session_id, event_id)
        record[slot["detectedCorruption"]] = False
        record[slot["timestamp"]] = request.received_ms
        record[slot["remoteHost"]] = self._visitors.addresses.stored(request.client, request.received_ms)
        record[slot["partyId"]], record[slot["sessionId"]], record[slot["eventId"]] = party_id, session_id, event_id
        record[slot["userAgentString"]] = request.header(b"user-agent")
        if self._layout.fields:
            root = MISSING if given.get("parameters") is None else given["parameters"]
            inner = root if isinstance(root, dict) else {}
            event = None if name is None else str(record[slot["eventType"]])
            place = Place(root, inner, None, None, request, request.client, record, event)
            for field in self._layout.fields:
                record[field.slot] = field.find(place)
        return record


def _event(body: bytes) -> dict[str, object]:
    """The first JSON value of *body*, an object with none but Divolte's keys."""
    refuse_large(body)
    try:
        text = body.decode("utf-8").removeprefix("\ufeff").lstrip(" \t\r\n")
        found, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise BadValue("not_json", str(error)[:200], "send one JSON object") from error
    if not isinstance(found, dict):
        raise BadValue("not_an_object", f"an event is a {type(found).__name__}", "send a JSON object")
    unknown = sorted(found.keys() - _KEYS)
    if unknown:
        name = unknown[0][:60]
        raise BadValue("bad_type", f"{name!r} is no key", f"use none but {', '.join(sorted(_KEYS))}", name)
    return found


def _constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_constant)


def _text(given: dict[str, object], name: str) -> str:
    """The text of a scalar."""
    value = given.get(name)
    if value is None:
        raise BadValue("missing_field", f"{name} is missing", f"send {name}", name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise BadValue("bad_type", f"{name} is not a text", "send a JSON string", name)


def _flag(given: dict[str, object], name: str) -> bool:
    """True or false, as Jackson finds them in numbers, texts and null as well."""
    if name not in given:
        raise BadValue("missing_field", f"{name} is missing", f"send {name}", name)
    value = given[name]
    if value is None or isinstance(value, int):
        return bool(value)
    found = {"true": True, "True": True, "false": False, "False": False, "": False}
    text = value.strip(_BLANKS) if isinstance(value, str) else None
    if text not in found:
        raise BadValue("bad_type", f"{name} is not true or false", "send true or false", name)
    return found[text]


def _time(given: dict[str, object]) -> int:
    found = instant_ms(_text(given, "client_timestamp_iso"))
    if found is None:
        problem = f"{str(given['client_timestamp_iso'])[:60]!r} is no time with an offset"
        raise BadValue("bad_time", problem, "send such as 2026-01-02T03:04:05.678Z", "client_timestamp_iso")
    return found
