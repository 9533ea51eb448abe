"""A request's target, as it stands on the request line → its path and its decoded parameters."""

from typing import NamedTuple

Parameters = dict[str, list[str]]
"""Name to values, both in the order of the query."""

MOST_PARAMETERS = 100
"""The tag sends fifteen; Undertow, Divolte's server, takes 999."""

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


def split(target: bytes) -> Target:
    """The two parts of *target*, without scheme and host where it has them.

    Raises:
        MalformedTarget: When a byte stands there raw that must be escaped.
    """
    if target.translate(None, _ALLOWED):
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
    segments = query.split("&")
    if len(segments) > most and sum(1 for segment in segments if segment) > most:
        raise MalformedTarget("too many parameters")
    for segment in segments:
        if not segment:
            continue
        name, _, value = segment.partition("=")
        if "%" in segment or "+" in segment:
            name, value = decoded(name), decoded(value)
        if name in found:
            found[name].append(value)
        else:
            found[name] = [value]
    return found


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
