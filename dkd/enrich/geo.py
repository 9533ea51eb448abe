"""An address becomes the country it is registered in."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

import polars as pl

from dkd.enrich.distinct import text_by_text

Country = Callable[[str], str | None]
"""Two letters for an address, None for a private or unknown one and for any text that is no address; never raises."""

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


def add_geo(batch: pl.DataFrame, country: Country) -> pl.DataFrame:
    """``country`` of each ``ip``; ``city`` is null, as the database that dkd ships knows countries only.

    An address truncated by the collector still has its country; one that it hashed has none.
    """
    addresses = batch.select(pl.when(pl.col("ip").str.len_bytes() <= _MAX_ADDRESS).then("ip")).to_series()
    found = text_by_text(addresses, country).alias("country").to_frame()
    return found.with_columns(pl.lit(None, pl.String).alias("city"))
