"""A request's target, as it stands on the request line → its path and its decoded parameters."""

import re
from binascii import a2b_qp
from typing import NamedTuple

Parameters = dict[str, list[str]]
"""Name to values, both in the order of the query."""

MOST_PARAMETERS = 100
"""The tag sends fifteen; Undertow, Divolte's server, takes 999."""

_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_DIVIDER = "\0\ufffe\0"
_ALLOWED = bytes(code for code in range(0x21, 0x7F) if chr(code) not in '"#<>\\^`{|}')
_BYTE = {a + b: bytes((int(a + b, 16),)) for a in "0123456789abcdefABCDEF" for b in "0123456789abcdefABCDEF"}


class MalformedTarget(ValueError):
    """The target is one that Divolte's server answers with 400."""


class Target(NamedTuple):
    """Where a request goes.

    Attributes:
        path: Still encoded.
        query: Still encoded; empty where there is none.
    """

    path: str
    query: str


def is_sound(target: bytes) -> bool:
    """Whether no byte stands in *target* raw that must be escaped."""
    return not target.translate(None, _ALLOWED)


def query_of(target: bytes) -> bytes:
    """What :func:`split` gives as the query of a sound *target*."""
    return target.partition(b"?")[2]


def split(target: bytes) -> Target:
    """The two parts of *target*, without scheme and host where it has them.

    Raises:
        MalformedTarget: When a byte stands there raw that must be escaped.
    """
    if not is_sound(target):
        raise MalformedTarget("a byte must be escaped")
    text = target.decode("ascii")
    if not text.startswith("/"):
        _, found, rest = text.partition("://")
        text = "/" + rest.partition("/")[2] if found else text
    path, _, query = text.partition("?")
    return Target(path, query)


def parameters(query: str, most: int = MOST_PARAMETERS) -> Parameters:
    """The decoded parameters of *query*; a name without ``=`` has an empty value, empty segments do not count.

    Raises:
        MalformedTarget: For an escape that is none, or more than *most* parameters.
    """
    found: Parameters = {}
    segments, equals = _segments(query)
    if len(segments) > most and sum(1 for segment in segments if segment) > most:
        raise MalformedTarget("too many parameters")
    for segment in segments:
        if not segment:
            continue
        name, _, value = segment.partition(equals)
        if equals in value:
            value = value.replace(equals, "=")
        if name in found:
            found[name].append(value)
        else:
            found[name] = [value]
    return found


def _segments(query: str) -> tuple[list[str], str]:
    """The decoded segments of *query*, and what stands for the ``=`` between name and value.

    All are decoded at once by the C code for quoted-printable text, whose escapes are those of a query but for the sign
    that begins them: the largest single cost of a request goes to a tenth.
    """
    if "%" not in query and "+" not in query:
        return query.split("&"), "="
    if _NO_ESCAPE.search(query):
        raise MalformedTarget("an escape is not two hexadecimal digits")
    # What decodes to a sign that is needed for something else, or ends a line of quoted-printable text.
    if "%0" in query or not (query.isascii() and query.isprintable()):
        return [_DIVIDER.join(map(decoded, segment.split("=", 1))) for segment in query.split("&")], _DIVIDER
    text = query.replace("=", "\1").replace("%", "=").replace("+", "=20").replace("&", "\2")
    return a2b_qp(text, header=False).decode("utf-8", "replace").split("\2"), "\1"


def decoded(text: str) -> str:
    """*text* with ``+`` as a blank and every escape as its byte, read as UTF-8; broken UTF-8 becomes U+FFFD.

    Raises:
        MalformedTarget: When a ``%`` is not followed by two hexadecimal digits.
    """
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *rest = text.split("%")
    pieces = [first.encode()]
    for piece in rest:
        byte = _BYTE.get(piece[:2])
        if byte is None:
            raise MalformedTarget("an escape is not two hexadecimal digits")
        pieces.append(byte)
        pieces.append(piece[2:].encode())
    return b"".join(pieces).decode("utf-8", "replace")


def canonical_path(path: str) -> str:
    """The path that *path* means: decoded, without ``.``, ``..``, doubled and trailing slashes, and ``;`` parameters.

    Raises:
        MalformedTarget: As :func:`decoded` does.
    """
    parts: list[str] = []
    for part in path.split("/"):
        name = decoded(part.partition(";")[0].replace("+", "%2B"))
        if name == "..":
            del parts[-1:]
        elif name not in ("", "."):
            parts.append(name)
    return "/" + "/".join(parts)
