import polars as pl
import pytest

from dkd.enrich.geo import add_geo
from dkd.enrich.resources import country_finder

COUNTRY = country_finder()

# Networks of universities, public broadcasters and registries: their country is no secret and does not move.
CASES = {
    "8.8.8.8": "US",
    "8.8.8.0": "US",
    "212.58.244.22": "GB",
    "141.24.224.0": "DE",
    "130.237.28.40": "SE",
    "202.12.27.33": "JP",
    "2001:4860:4860::8888": "US",
    "2001:4860:4860::": "US",
    "::ffff:8.8.8.8": "US",
    "10.0.0.1": None,
    "127.0.0.1": None,
    "203.0.113.5": None,
    "::ffff:10.0.0.1": None,
    "192.168.1.1": None,
    "::1": None,
    "fe80::1": None,
    "fe80::1%eth0": None,
    "256.1.1.1": None,
    "8.8.8": None,
    "8.8.8.8:80": None,
    "f3a1c09b7d2e4455": None,
    "unknown": None,
    "": None,
    "1" * 100_000: None,
    None: None,
}


@pytest.mark.parametrize("address", CASES, ids=lambda address: str(address)[:30])
def test_an_address_is_of_this_country(address):
    batch = pl.DataFrame({"ip": [address]}, schema={"ip": pl.String})
    assert add_geo(batch, COUNTRY).to_dicts() == [{"country": CASES[address], "city": None}]
