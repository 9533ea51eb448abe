"""A visitor's address → what of it may be stored, as the model's ``collector.ip`` says."""

import hashlib
from collections.abc import Collection, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from dkd.collect.message import Request
from dkd.collect.preamble import NAME, told
from dkd.collect.salt import DAY_MS, Salts

_REMEMBERED = 65_536


class Addresses:
    """Shortens or hashes addresses before anything is stored.

    ``hash`` is keyed with the day's secret, so that a visitor's addresses of two days cannot be joined.
    """

    def __init__(self, policy: Literal["full", "truncate", "hash"], salts: Salts) -> None:
        """Follow *policy*; *salts* count for ``hash`` only."""
        self._policy, self._salts = policy, salts
        self._day = 0
        self._stored = lru_cache(maxsize=_REMEMBERED)(self._calculated)

    def stored(self, text: str, received_ms: int) -> str | None:
        """What is kept of the address *text*; None where it is none."""
        day = received_ms // DAY_MS
        if day != self._day:
            # What was remembered would join addresses with the hashes of a day whose secret is destroyed.
            self._stored.cache_clear()
            self._day = day
        return self._stored(text)

    def _calculated(self, text: str) -> str | None:
        address = parsed(text)
        if address is None:
            return None
        if self._policy == "hash":
            return hashlib.blake2b(address.packed, digest_size=12, key=self._salts.of(self._day)).hexdigest()
        return spelled(truncated(address) if self._policy == "truncate" else address)


class Proxies:
    """Knows the proxies before the collector, and whom a request through them is of."""

    def __init__(self, listed: Iterable[str]) -> None:
        """Believe the addresses and networks *listed*."""
        self._networks = [ip_network(one) for one in listed]
        self._has = lru_cache(maxsize=_REMEMBERED)(self._holds)

    def visitor(self, request: Request, names: Collection[bytes]) -> Request:
        """*request*, whose headers have *names*, with the address of whoever sent it to the first proxy listed."""
        if not self._networks or not self._has(request.client):
            return request
        if NAME in names and (named := told(request)) is not None:
            # Whoever speaks so reads no HTTP: what stands in the headers is the visitor's own, or of a proxy before it.
            headers = [one for one in request.headers if one[0] != NAME]
            return self.visitor(request._replace(client=named, headers=headers), names) if named else request
        if b"x-forwarded-for" not in names:
            return request
        lines = [value.decode("latin-1") for name, value in request.headers if name == b"x-forwarded-for"]
        client = request.client
        for element in reversed(",".join(lines).split(",")):
            # What stands before an address of nobody is believed no more than what a visitor says of itself.
            text = element.strip().removeprefix("[").removesuffix("]")
            if parsed(text) is None:
                break
            client = text
            if not self._has(text):
                break
        return Request(request.method, request.target, request.headers, request.body, client, request.received_ms)

    def is_believed(self, request: Request, names: Collection[bytes]) -> bool:
        """Whether nobody but a listed proxy began the connection of *request* as proxies do."""
        return NAME not in names or self._has(request.client)

    def _holds(self, text: str) -> bool:
        address = parsed(text)
        return address is not None and any(address in network for network in self._networks)


@lru_cache(maxsize=_REMEMBERED)
def network(text: str) -> bytes | None:
    """The /24 or /48 of the address *text*; None for this machine, and where there is none."""
    address = parsed(text)
    if address is None or address.is_loopback:
        return None
    return address.packed[:3] if isinstance(address, IPv4Address) else address.packed[:6]


@lru_cache(maxsize=_REMEMBERED)
def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address in *text*, an IPv4 one where it is IPv6 around IPv4; None where it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def truncated(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The first 24 bits of an IPv4 address, the first 48 of an IPv6 one; zeros after them."""
    if isinstance(address, IPv4Address):
        return IPv4Address(int(address) >> 8 << 8)
    return IPv6Address(int(address) >> 80 << 80)


def spelled(address: IPv4Address | IPv6Address) -> str:
    """The address as Java writes it: IPv6 in eight groups without leading zeros, never shortened."""
    if isinstance(address, IPv4Address):
        return str(address)
    return ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))


def is_loopback(text: str) -> bool:
    """Whether the address *text* is this machine."""
    address = parsed(text)
    return address is not None and address.is_loopback
