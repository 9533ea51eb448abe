"""A request to ``/collect`` → who sends it, and whether what it says of others is believed."""

import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from dkd.collect.address import is_loopback
from dkd.collect.body import Refused
from dkd.collect.ids import canonical
from dkd.collect.message import Headers, Request
from dkd.collect.target import MalformedTarget, parameters, split

_MOST_BATCH = 200


class Sender(NamedTuple):
    """Who sends a body.

    Attributes:
        is_trusted: Whether its events may name any party, time, address and user agent.
        party_id: The browser; None for a trusted sender, whose events name their own.
        session_id: As the browser sees it; None where it does not say.
        behind_ms: What to add to the browser's times: how far its clock is behind this one.
        batch: The sender's name for this body, so that sending it again doubles no reject; empty for none.
        is_anonymous: Whether the browser asks not to be followed: what its events say of its session does not count.
        is_log: Whether the body holds lines of a web server's log in combined format.
        must_tell_time: Whether an event that names no time is refused: among events of the past, the time of its
            arrival would be a wrong one.
    """

    is_trusted: bool
    party_id: str | None = None
    session_id: str | None = None
    behind_ms: int = 0
    batch: str = ""
    is_log: bool = False
    must_tell_time: bool = False
    is_anonymous: bool = False


class Senders:
    """Knows who is trusted: who holds a key and, where loopback is trusted, programs on this machine.

    A page in a browser on this machine is not: a browser names the page's origin with every POST.
    """

    def __init__(self, keys: Iterable[str], trusts_loopback: bool) -> None:
        """Trust the holders of *keys*."""
        # A variable may be set to nothing, and everybody holds nothing.
        self._keys = [key.encode() for key in keys if key]
        self._trusts_loopback = trusts_loopback

    def sender(self, request: Request) -> Sender:
        """Who sends *request*.

        Raises:
            Refused: 401 for a wrong key; 400 for a malformed query, or when neither a key nor a valid ``p`` says who it
                is.
        """
        try:
            given = {name: values[0] for name, values in parameters(split(request.target).query).items()}
        except MalformedTarget as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "DKD425", f"the query: {error}", "escape the query") from error
        if (self._holds_key(request) or self._is_program_here(request)) and "p" not in given:
            return _program(given)
        return _browser(given, request.received_ms)

    def _holds_key(self, request: Request) -> bool:
        text = request.header(b"authorization")
        if text is None:
            return False
        given = _key(text)
        if given is not None and any(hmac.compare_digest(given, known) for known in self._keys):
            return True
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            "DKD426",
            "the key is none of the model's senders'",
            "send Authorization: Bearer KEY",
        )

    def _is_program_here(self, request: Request) -> bool:
        if not self._trusts_loopback or not is_loopback(request.client):
            return False
        # A page has an origin, and what a proxy here hands on is of anybody.
        return not any(request.header(name) is not None for name in (b"origin", b"x-forwarded-for", b"forwarded"))


class Origins:
    """Knows which pages may read the answers of ``/collect``."""

    def __init__(self, listed: Iterable[str], loopback: bool, cookies: bool) -> None:
        """Allow *listed* origins and, with *loopback*, pages of this machine; with *cookies* they may be set there."""
        self._cookies = cookies
        self._listed = frozenset(origin.rstrip("/").lower() for origin in listed)
        self._loopback = loopback

    def headers(self, request: Request) -> Headers:
        """The headers that let the page of *request* read its answer."""
        origin = request.header(b"origin")
        if origin is None or not self._may(origin.lower()):
            return (("Vary", "Origin"),)
        allowed = (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
        return (*allowed, ("Access-Control-Allow-Credentials", "true")) if self._cookies else allowed

    def preflight(self, request: Request) -> Headers:
        """The headers that answer a browser's question before it posts."""
        allowed = self.headers(request)
        if len(allowed) == 1:
            return allowed
        return (
            *allowed,
            ("Access-Control-Allow-Methods", "POST"),
            ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding"),
            ("Access-Control-Max-Age", "86400"),
        )

    def _may(self, origin: str) -> bool:
        if origin in self._listed:
            return True
        if not self._loopback:
            return False
        try:
            host = urlsplit(origin).hostname or ""
        except ValueError:
            return False
        return host == "localhost" or is_loopback(host)


def _key(authorization: str) -> bytes | None:
    """The key in a header, as a bearer's or as the user of HTTP Basic; None where it is another kind of header."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return text.strip().encode("latin-1")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            return b64decode(text.strip(), validate=True).partition(b":")[0]
    return None


def _program(given: Mapping[str, str]) -> Sender:
    return Sender(
        is_trusted=True,
        batch=given.get("batch", "")[:_MOST_BATCH],
        is_log=given.get("format") == "combined",
        must_tell_time=given.get("times") == "own",
    )


def _browser(given: Mapping[str, str], received_ms: int) -> Sender:
    party_id = canonical(given.get("p", ""))
    if party_id is None:
        remedy = "add ?p= and s= in Divolte's grammar, or send a key as Authorization: Bearer"
        raise Refused(HTTPStatus.BAD_REQUEST, "DKD427", "the query names no valid party", remedy)
    session_id = canonical(given["s"]) if "s" in given else None
    if "s" in given and session_id is None:
        remedy = "send s=0:<base 36 ms>:<unique>"
        raise Refused(HTTPStatus.BAD_REQUEST, "DKD428", "the query's session is not valid", remedy)
    sent = given.get("sent")
    if sent is not None and not (sent.isascii() and sent.isdigit() and len(sent) < 16):
        raise Refused(HTTPStatus.BAD_REQUEST, "DKD429", "sent is no time", "send milliseconds since 1970")
    return Sender(False, party_id, session_id, received_ms - int(sent) if sent else 0)
