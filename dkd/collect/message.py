"""What goes in and out of the collector's rooms: a request, an answer, and the messages that an answer waits for."""

from http import HTTPStatus
from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]

DIVOLTE: Headers = (("Server", "divolte"),)
"""Divolte's routes say that they are Divolte's, header for header."""

OWN: Headers = (("Server", "dkd"),)

TEXT: Headers = (("Content-Type", "text/plain; charset=utf-8"),)


class Request(NamedTuple):
    """One request, whole.

    Attributes:
        method: As it was sent; Divolte takes it in either case.
        target: As it stands on the request line.
        headers: In the order sent; names in lower case, values as bytes.
        body: Without the framing of ``Transfer-Encoding``.
        client: Address of the other end.
        received_ms: When its last byte came, UTC milliseconds since 1970.
    """

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    client: str
    received_ms: int

    def header(self, name: bytes) -> str | None:
        """The first value of header *name* (lower case), read as Latin-1 like Divolte's server does."""
        for found, value in self.headers:
            if found == name:
                return value.decode("latin-1")
        return None


class Answer(NamedTuple):
    """One response.

    Attributes:
        head: Status line and headers, but for those that belong to the connection.
        body: Not sent to a HEAD request.
        dated: Whether Date is added.
        framed: Whether the connection's own header is added.
        closes: Whether the connection ends here whatever the request wished.
    """

    head: bytes
    body: bytes = b""
    dated: bool = True
    framed: bool = True
    closes: bool = False


class Message(NamedTuple):
    """One record for Kafka."""

    topic: str
    key: bytes | None
    value: bytes
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Outcome(NamedTuple):
    """An answer that may be given only when its messages are safe.

    Attributes:
        messages: In their order; at least one.
        answer: When Kafka has acknowledged all of them.
        refusal: When it has not.
    """

    messages: list[Message]
    answer: Answer
    refusal: Answer


def answer(status: HTTPStatus, headers: Headers, body: bytes = b"") -> Answer:
    """The response of *status* with *headers* and the length of *body*, which 204 and 304 do not have."""
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers)]
    if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        lines.append(f"Content-Length: {len(body)}")
    return Answer("\r\n".join((*lines, "")).encode("latin-1"), body)


MALFORMED = Answer(
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n", dated=False, framed=False, closes=True
)
"""Undertow's answer to what its parser refuses: no text, no Date, and the end of the connection."""

NOT_FOUND = answer(HTTPStatus.NOT_FOUND, DIVOLTE)


def not_allowed(method: str, allowed: str) -> Answer:
    """Divolte's answer to a *method* that a path does not take."""
    text = f"HTTP method {method} not allowed."
    return answer(HTTPStatus.METHOD_NOT_ALLOWED, (*DIVOLTE, ("Allow", allowed), *TEXT), text.encode("latin-1"))
