"""A request to ``/collect`` → raw records, rejects, and the answer that waits for both."""

from contextlib import suppress
from http import HTTPStatus

import msgspec

from dkd.collect.body import Part, Refused, event, is_lines, parts, plain
from dkd.collect.events import Events, Received
from dkd.collect.message import OWN, Answer, Headers, Message, Outcome, Request, answer, not_allowed
from dkd.collect.optout import nameless
from dkd.collect.rejects import Reject
from dkd.collect.senders import Origins, Sender, Senders
from dkd.collect.values import BadValue
from dkd.collect.visitors import Visitors
from dkd.collect.weblog import LogShape, log_event
from dkd.errors import Problem

_UNREADABLE = frozenset({"not_json", "not_an_object"})
_MOST_IGNORED = 100


class Batch:
    """dkd's own route: many events in one body, each accepted or refused by itself."""

    def __init__(
        self,
        events: Events,
        rejects_topic: str,
        senders: Senders,
        origins: Origins,
        log_shape: LogShape,
        visitors: Visitors,
    ) -> None:
        """Take what *senders* send; what is refused goes to *rejects_topic*; log lines are read by *log_shape*."""
        self._events, self._rejects, self._senders, self._origins = events, rejects_topic, senders, origins
        self._log_shape, self._visitors = log_shape, visitors

    def __call__(self, request: Request) -> Answer | Outcome:
        """The answer, once every event or its reject is safe."""
        allowed = self._origins.headers(request)
        if request.method == "OPTIONS":
            return answer(HTTPStatus.NO_CONTENT, (*OWN, *self._origins.preflight(request)))
        if request.method != "POST":
            return not_allowed(request.method, "POST, OPTIONS")
        try:
            sender = self._senders.sender(request)
            found = parts(plain(request), is_lines(request) or sender.is_log)
        except Refused as refused:
            return _told(refused.status, allowed, _problem(refused.code, refused.problem, refused.remedy))
        return (
            self._outcome(request, sender, found, allowed)
            if sender.is_trusted
            else self._browsers(request, sender, found, allowed)
        )

    def _browsers(self, request: Request, sender: Sender, found: list[Part], allowed: Headers) -> Answer | Outcome:
        """A browser's body: it may be one of too many, and its visitor may not want to be followed."""
        wait_s = self._visitors.rate.wait_s(request.client, len(found), request.received_ms)
        if wait_s:
            wrong = _problem("DKD431", "too many events come from this network", f"send the same in {wait_s} s")
            return _told(HTTPStatus.TOO_MANY_REQUESTS, (*allowed, ("Retry-After", str(wait_s))), wrong)
        asked = self._visitors.opt_out.asked(request)
        if asked == "drop":
            return _told(
                HTTPStatus.OK, allowed, {"accepted": 0, "rejected": [], "ignored": {}, "opted_out": len(found)}
            )
        if asked == "anonymous":
            request, party_id = self._visitors.opt_out.anonymous(request)
            sender = sender._replace(party_id=party_id, session_id=party_id, is_anonymous=True)
        else:
            allowed = (*allowed, *self._visitors.cookies.headers(sender.party_id, request))
        return self._outcome(request, sender, found, allowed)

    def _outcome(self, request: Request, sender: Sender, found: list[Part], allowed: Headers) -> Outcome:
        messages: list[Message] = []
        refused: list[tuple[int, Reject]] = []
        received = self._events.received(request, sender)
        for part in found:
            taken = self._taken(part, received)
            if isinstance(taken, Message):
                messages.append(taken)
            else:
                refused.append((part.at, taken))
        told: dict[str, object] = {
            "accepted": len(messages),
            "rejected": [reject.told(index) for index, reject in refused],
            "ignored": dict(received.ignored.most_common(_MOST_IGNORED)),
        }
        origin = self._events.origin(received)
        for index, reject in refused:
            reject_id = f"{sender.batch}:{index}" if sender.batch else None
            messages.append(reject.message(self._rejects, request.received_ms, reject_id, origin))
        unsafe = _problem("DKD430", "neither Kafka nor the spool has taken the events", "send the same body again")
        return Outcome(
            messages,
            _verdict(request, refused, len(found), allowed, told),
            _told(HTTPStatus.SERVICE_UNAVAILABLE, (*allowed, ("Retry-After", "1")), unsafe),
        )

    def _log_event(self, line: bytes, received: Received) -> dict[str, object]:
        """The event that a log line is; equal lines of one body are told apart by their number."""
        found = log_event(line, self._log_shape, received.lines[line])
        if isinstance(found, Problem):
            raise BadValue("not_combined_log", found.problem, found.remedy)
        received.lines[line] += 1
        return dict(found)

    def _taken(self, part: Part, received: Received) -> Message | Reject:
        given: dict[str, object] = {}
        try:
            if not received.sender.is_log:
                return self._events.message(part.content, received)
            given = self._log_event(part.content, received)
            return self._events.message_of(given, part.content, received)
        except BadValue as bad:
            party_id = received.sender.party_id or _party_of(given, part.content)
            content = self._visitors.scrub.content(part.content)
            content = nameless(content) if received.sender.is_anonymous else content
            return Reject(
                bad.reason, bad.field, bad.problem, bad.remedy, content, party_id.encode() if party_id else None
            )


def _party_of(given: dict[str, object], content: bytes) -> str | None:
    """The party that a refused event names, if any."""
    with suppress(BadValue):
        party_id = (given or event(content)).get("party_id")
        return party_id if isinstance(party_id, str) else None
    return None


def _verdict(
    request: Request, refused: list[tuple[int, Reject]], count: int, allowed: Headers, told: dict[str, object]
) -> Answer:
    """200, but 400 where nothing in the body is an event at all."""
    unreadable = sum(reject.reason in _UNREADABLE for _, reject in refused)
    if unreadable < count or is_lines(request):
        return _told(HTTPStatus.OK, allowed, told)
    wrong = _problem("DKD424", "nothing in the body is a JSON object", "send NDJSON, a JSON array or a JSON object")
    return _told(HTTPStatus.BAD_REQUEST, allowed, {**wrong, **told})


def _problem(code: str, problem: str, remedy: str) -> dict[str, object]:
    return {"code": code, "problem": problem, "remedy": remedy}


def _told(status: HTTPStatus, headers: Headers, content: dict[str, object]) -> Answer:
    fixed = (*OWN, ("Content-Type", "application/json"), ("Cache-Control", "no-store"), *headers)
    return answer(status, fixed, msgspec.json.encode(content))
