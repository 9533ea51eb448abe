"""The text of an address → its parts, or none at all, as ``java.net.URI`` reads it, which Divolte uses."""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

_OTHER = r"[^\x00-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""What is not ASCII, no blank and no control."""
_UNRESERVED = r"A-Za-z0-9\-_.!~*'()"
_ESCAPE = r"%[0-9A-Fa-f]{2}"
_PATH = re.compile(rf"(?:[{_UNRESERVED}:@&=+$,;/]|{_ESCAPE}|{_OTHER})*")
_QUERY = re.compile(rf"(?:[{_UNRESERVED};/?:@&=+$,\[\]]|{_ESCAPE}|{_OTHER})*")
"""Also what a fragment, and all after the scheme of an address without slashes, may be."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_BEFORE_COLON = re.compile(r"[^/?#:]*:")
_NAMING = re.compile(rf"(?:[{_UNRESERVED}$,;:@&=+]|{_ESCAPE}|{_OTHER})*")
"""An authority that need not name a server."""
_SERVER = re.compile(
    rf"(?:(?:[{_UNRESERVED};:&=+$,]|{_ESCAPE}|{_OTHER})*@)?"
    r"(?P<host>\[(?P<v6>[0-9A-Fa-f:.]+)(?:%[A-Za-z0-9_.]+)?\]|(?P<name>[A-Za-z0-9\-.]+))(?::(?P<port>[0-9]*))?"
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}\.?|(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.?")
_BYTE = r"(?:[0-9]{1,10})"
_V4 = re.compile(rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}")
_ESCAPES = re.compile(rf"(?:{_ESCAPE})+")
_MOST_PORT = (1 << 31) - 1


class Uri(NamedTuple):
    """An address's parts as they stand; None where it has none."""

    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None
    fragment: str | None = None


@lru_cache(maxsize=32)
def parse(text: str) -> Uri | None:
    """The parts of *text*; None where Java finds a character that must be escaped, or a broken escape.

    A host that no server may have, such as one with ``_``, is none; the rest of the address counts all the same. The
    last few addresses are remembered, as one event asks for several parts of each.
    """
    scheme: str | None = None
    rest = text
    found = _BEFORE_COLON.match(text)
    if found:
        scheme, rest = found[0][:-1], text[found.end() :]
        if not _SCHEME.fullmatch(scheme):
            return None
    body, mark, fragment = rest.partition("#")
    if mark and not _QUERY.fullmatch(fragment):
        return None
    if scheme is not None and not rest.startswith("/"):
        return Uri(scheme, fragment=fragment if mark else None) if body and _QUERY.fullmatch(body) else None
    path, asked, query = body.partition("?")
    server: tuple[str | None, int | None] | None = (None, None)
    if path.startswith("//"):
        authority, slash, path = path[2:].partition("/")
        path = slash + path
        server = _server(authority) if authority else (None, None) if path or asked or mark else None
    if server is None or not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
        return None
    return Uri(scheme, *server, path, query if asked else None, fragment if mark else None)


def decoded(text: str) -> str:
    """*text* with its escapes read as UTF-8; bytes that are none become U+FFFD. A ``+`` stays one."""
    if "%" not in text:
        return text
    return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace"), text)


def _server(authority: str) -> tuple[str | None, int | None] | None:
    """Host and port; None where the whole address is wrong."""
    found = _SERVER.fullmatch(authority)
    if found and _is_host(found):
        port = int(found["port"]) if found["port"] else None
        if port is None or port <= _MOST_PORT:
            return found["host"], port
    return (None, None) if _NAMING.fullmatch(authority) else None


def _is_host(found: re.Match[str]) -> bool:
    if found["v6"]:
        try:
            IPv6Address(found["v6"])
        except AddressValueError:
            return False
        return True
    name = found["name"]
    if _V4.fullmatch(name) and all(int(part) <= 255 for part in name.split(".")):
        return True
    return bool(_NAME.fullmatch(name))
