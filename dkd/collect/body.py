"""The body of a request → its events, each by itself: one that cannot be read does not touch its neighbours."""

import json
import re
import zlib
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from dkd.collect.message import Request
from dkd.collect.values import BadValue

MOST_BYTES = 256 * 1024
MOST_INFLATED_BYTES = 1024 * 1024
MOST_EVENTS = 500
MOST_EVENT_BYTES = 64 * 1024
MOST_DEPTH = 32
"""Lists and objects in each other."""

_LINES = "application/x-ndjson"
_TYPES = (_LINES, "application/json", "text/plain")
_BOM = b"\xef\xbb\xbf"
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)

_object = msgspec.json.Decoder().decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Refused(Exception):
    """The request as a whole cannot be taken; nothing of it was."""

    def __init__(self, status: HTTPStatus, code: str, problem: str, remedy: str) -> None:
        """Hold what is told to the sender."""
        super().__init__(problem)
        self.status, self.code, self.problem, self.remedy = status, code, problem, remedy


class Part(NamedTuple):
    """One event of a body.

    Attributes:
        at: Counts the lines of the body, or the elements of its array, from 0.
        content: As it was sent.
    """

    at: int
    content: bytes


def is_lines(request: Request) -> bool:
    """Whether the sender says that every line is an event of its own."""
    return _content_type(request) == _LINES


def plain(request: Request) -> bytes:
    """The body of *request*, inflated.

    Raises:
        Refused: 413 for a body that is too large, 415 for one in another encoding or of another type, 400 for one that
            is not what it says or is empty.
    """
    if _content_type(request) not in _TYPES:
        remedy = "send Content-Type: application/x-ndjson, application/json or text/plain"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "DKD420", "the body is of another type", remedy)
    encoding = (request.header(b"content-encoding") or "identity").strip().lower()
    if encoding not in ("gzip", "identity"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "DKD421", "the encoding is not gzip", "send gzip or none")
    content = _inflated(request.body) if encoding == "gzip" else request.body
    content = content.removeprefix(_BOM)
    if not content.strip():
        raise Refused(HTTPStatus.BAD_REQUEST, "DKD424", "the body is empty", "send at least one event")
    return content


def parts(content: bytes, by_line: bool) -> list[Part]:
    """The events of *content*.

    Args:
        content: NDJSON, one JSON array, or one JSON object.
        by_line: Whether only NDJSON is meant.

    Raises:
        Refused: 413 for more than :data:`MOST_EVENTS`.
    """
    whole = None if by_line else _whole(content)
    found = _lines(content) if whole is None else [Part(index, bytes(raw)) for index, raw in enumerate(whole)]
    if len(found) > MOST_EVENTS:
        problem, remedy = f"the body holds {len(found)} events", f"send at most {MOST_EVENTS} in one body"
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "DKD423", problem, remedy)
    return found


def event(content: bytes) -> dict[str, object]:
    """The JSON object that *content* holds.

    Raises:
        BadValue: ``too_large``, ``not_json`` or ``not_an_object``.
    """
    refuse_large(content)
    try:
        found = _object(content)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        mended = _mended(content)
        if mended is not None and mended != content:
            return event(mended)
        raise BadValue("not_json", f"{error}"[:200], "send one JSON object for each event") from error
    if not isinstance(found, dict):
        kind = type(found).__name__
        raise BadValue("not_an_object", f"an event is a {kind}", 'send a JSON object such as {"event": "page_view"}')
    return found


def refuse_large(content: bytes) -> None:
    """Refuse an event of more than :data:`MOST_EVENT_BYTES`, or nested deeper than :data:`MOST_DEPTH`.

    Raises:
        BadValue: ``too_large``.
    """
    if len(content) > MOST_EVENT_BYTES:
        remedy = f"keep an event below {MOST_EVENT_BYTES} bytes"
        raise BadValue("too_large", f"an event of {len(content)} bytes", remedy)
    if content.count(b"[") + content.count(b"{") > MOST_DEPTH and _depth(content) > MOST_DEPTH:
        problem, remedy = f"more than {MOST_DEPTH} lists and objects in each other", "send it flat"
        raise BadValue("too_large", problem, remedy)


def _depth(content: bytes) -> int:
    """How deep *content* nests; what stands in a text does not count."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(content):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _content_type(request: Request) -> str:
    return (request.header(b"content-type") or "text/plain").partition(";")[0].strip().lower()


def _inflated(content: bytes) -> bytes:
    stream = zlib.decompressobj(31)
    try:
        found = stream.decompress(content, MOST_INFLATED_BYTES)
    except zlib.error as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "DKD421", "the body is not gzip", "compress it with gzip") from error
    if stream.unconsumed_tail:
        remedy = f"keep a body below {MOST_INFLATED_BYTES} bytes before compression"
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "DKD422", "the inflated body is too large", remedy)
    if not stream.eof or stream.unused_data:
        raise Refused(HTTPStatus.BAD_REQUEST, "DKD421", "the body is not one whole gzip member", "send one member")
    return found


def _whole(content: bytes) -> list[msgspec.Raw] | list[bytes] | None:
    """The elements of one array, or one object that spans several lines; None where lines are meant."""
    start = content.lstrip()[:1]
    try:
        if start == b"[":
            return _array(content)
        if start == b"{" and b"\n" in content.strip():
            _object(content)
            return [content.strip()]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        mended = _mended(content) if start == b"[" else None
        if mended is not None and mended != content:
            return _whole(mended)
        return [content] if start == b"[" else None
    return None


def _mended(content: bytes) -> bytes | None:
    """*content* with U+FFFD for each half of a surrogate pair; None where that is not what is wrong with it.

    ``JSON.stringify`` writes such a half as an escape when a page cut an emoji in two; strict parsers refuse the whole.
    """
    if b"\\ud" not in content.lower():
        return None
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _lines(content: bytes) -> list[Part]:
    return [Part(index, line) for index, one in enumerate(content.split(b"\n")) if (line := one.strip())]
