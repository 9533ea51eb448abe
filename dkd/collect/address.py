"""A visitor's address → what of it may be stored, as the model's ``collector.ip`` says."""

import hashlib
import secrets
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

_DAY_MS = 86_400_000


class Addresses:
    """Shortens or hashes addresses before anything is stored.

    ``hash`` is keyed with the target's pseudonym key and the UTC day, so that a visitor's addresses of two days cannot
    be joined; without a key it is keyed with chance, and then holds for this process only.
    """

    def __init__(self, policy: Literal["full", "truncate", "hash"], key: bytes | None = None) -> None:
        """Follow *policy*; *key* counts for ``hash`` only."""
        self._policy = policy
        self._key = hashlib.blake2b(key or secrets.token_bytes(32), digest_size=32).digest()
        self._stored = lru_cache(maxsize=65_536)(self._calculated)

    def stored(self, text: str, received_ms: int) -> str | None:
        """What is kept of the address *text*; None where it is none."""
        return self._stored(text, received_ms // _DAY_MS)

    def _calculated(self, text: str, day: int) -> str | None:
        address = parsed(text)
        if address is None:
            return None
        if self._policy == "hash":
            salt = day.to_bytes(8, "big", signed=True)
            return hashlib.blake2b(address.packed, digest_size=12, key=self._key, salt=salt).hexdigest()
        return spelled(truncated(address) if self._policy == "truncate" else address)


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
