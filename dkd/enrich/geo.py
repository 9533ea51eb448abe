"""An address becomes the country it is registered in; with a user's databases also its city and its network."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

import polars as pl

from dkd.enrich.distinct import by_text


class Place(NamedTuple):
    """What databases know of an address; None for what they do not."""

    country: str | None = None
    city: str | None = None
    network_number: str | None = None
    network_name: str | None = None


FindPlace = Callable[[str], Place]
"""Nothing for a private or unknown address and for any text that is no address; never raises."""

_MAX_ADDRESS = 64


def public_address(text: str) -> str | None:
    """*text* as an address that a database may be asked about; None when it is none, or private or reserved.

    An IPv4 address inside IPv6 counts as itself. Databases do hold countries for reserved ranges.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return None
        address = address.ipv4_mapped or address
    return str(address) if address.is_global else None


def add_geo(batch: pl.DataFrame, find: FindPlace, networks: bool = False) -> pl.DataFrame:
    """``country`` and ``city`` of each ``ip``; the database that dkd ships knows no city.

    An address truncated by the collector still has its country; one that it hashed has none.

    Args:
        batch: Has ``ip``.
        find: What is known of an address.
        networks: Whether ``network_number`` and ``network_name`` are added.
    """
    addresses = batch.select(pl.when(pl.col("ip").str.len_bytes() <= _MAX_ADDRESS).then("ip")).to_series()
    found = by_text(addresses, find, Place._fields)
    if not networks:
        return found.select("country", "city")
    return found.with_columns(pl.col("network_number").cast(pl.Int64))
