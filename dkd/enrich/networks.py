"""An address is looked for among many networks: sorted intervals, found by halving."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

Network = IPv4Network | IPv6Network

SHORTENED = {4: 24, 6: 48}
"""How much the collector keeps of an address that it truncates, in bits."""


def networks_of(texts: Iterable[str]) -> list[Network]:
    """Networks from texts.

    Raises:
        ValueError: When a text is none.
    """
    return [ip_network(text.strip(), strict=False) for text in texts]


def finder(networks: Mapping[int, Iterable[Network]], shortened: bool = False) -> Callable[[str], int]:
    """A function that adds up the numbers of the networks that an address lies in; 0 for any text that is no address.

    Args:
        networks: By the number that stands for them.
        shortened: Addresses end in zeros that the collector put there: only networks count that hold all addresses
            that a shortened one may have been.
    """
    tables = [(number, version, *_intervals(some, version, shortened))
              for number, some in ((number, list(found)) for number, found in networks.items())
              for version in (4, 6)]  # fmt: skip

    def find(text: str) -> int:
        try:
            address = ip_address(text)
        except ValueError:
            return 0
        address = getattr(address, "ipv4_mapped", None) or address
        value, found = int(address), 0
        for number, version, starts, ends in tables:
            if version == address.version:
                place = bisect_right(starts, value) - 1
                if place >= 0 and value <= ends[place]:
                    found |= number
        return found

    return find


def _intervals(networks: Iterable[Network], version: int, shortened: bool) -> tuple[list[int], list[int]]:
    """First and last addresses, ascending and apart from each other."""
    mine = list(collapse_addresses(network for network in networks if network.version == version))  # type: ignore[type-var]
    whole = sorted(one for one in mine if not shortened or one.prefixlen <= SHORTENED[version])
    return [int(one.network_address) for one in whole], [int(one.broadcast_address) for one in whole]
