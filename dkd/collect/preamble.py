"""The first bytes of a connection → whom a proxy says that it is of (PROXY protocol, versions 1 and 2), and the rest.

Proxies that do not read HTTP say it so: HAProxy, and the network balancers of clouds. Whether the one that says it is
believed is decided where requests go: here it only becomes a header that no request can have.
"""

import re
from ipaddress import ip_address

from dkd.collect.message import Request

NAME = b"\0proxy"
"""Of the header; no HTTP request has a name with a zero byte."""

_TEXT = re.compile(rb"PROXY (?:UNKNOWN[^\r\n]*|TCP[46] ([0-9A-Fa-f:.]{1,39}) [0-9A-Fa-f:.]{1,39} \d{1,5} \d{1,5})\r\n")
_MOST_TEXT = 107
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_BYTES = {0x11: 4, 0x12: 4, 0x21: 16, 0x22: 16}
"""Family and transport → length of an address."""


class Preamble:
    """What stands before the first request of one connection, if anything does."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._data: bytes | None = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def rest(self, data: bytes) -> bytes:
        """What of all that has come belongs to requests; empty while it may still be a preamble."""
        if self._data is None:
            return data
        self._data += data
        size = self._size(self._data)
        if size is None:
            return b""
        found, self._data = self._data[size:], None
        return found

    def _size(self, data: bytes) -> int | None:
        """Length of the preamble, 0 where there is none, None where more must come."""
        if data.startswith(_SIGNATURE):
            if len(data) < 16 or len(data) < 16 + int.from_bytes(data[14:16], "big"):
                return None
            length = _BYTES.get(data[13], 0) if data[12] == 0x21 else 0
            size = 16 + int.from_bytes(data[14:16], "big")
            self._say(str(ip_address(data[16 : 16 + length])) if length and size >= 16 + 2 * length else "")
            return size
        if data.startswith(b"PROXY "):
            if b"\n" not in data and len(data) <= _MOST_TEXT:
                return None
            found = _TEXT.match(data)
            if found:
                self._say((found[1] or b"").decode())
            return found.end() if found else 0
        return None if b"PROXY ".startswith(data) or _SIGNATURE.startswith(data) else 0

    def _say(self, address: str) -> None:
        self.headers.append((NAME, address.encode()))


def told(request: Request) -> str | None:
    """Whom *request* is of by its connection's preamble: empty where that does not say, None where there was none."""
    return request.header(NAME)
