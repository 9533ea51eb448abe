import polars as pl
import pytest
from address_database import database

from dkd.enrich.geo import add_geo
from dkd.enrich.resources import place_finder
from dkd.errors import DkdError
from dkd.model.enrichers import Geo

FIND = place_finder()

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
    assert add_geo(batch, FIND).to_dicts() == [{"country": CASES[address], "city": None}]


def test_files_of_a_user_tell_city_and_network(tmp_path):
    city, networks = tmp_path / "city.mmdb", tmp_path / "asn.mmdb"
    jena = {"country": {"iso_code": "DE"}, "city": {"names": {"en": "Jena", "de": "Jena"}}}
    city.write_bytes(database({"141.24.0.0/16": jena, "130.237.0.0/16": {"country": {"iso_code": "SE"}}}))
    networks.write_bytes(database({"141.24.0.0/16": {"autonomous_system_number": 680,
                                                     "autonomous_system_organization": "DFN"}}))  # fmt: skip
    batch = pl.DataFrame({"ip": ["141.24.224.1", "130.237.28.40", "8.8.8.8", "2001:4860:4860::8888", "10.0.0.1", "x"]})
    found = add_geo(batch, place_finder(Geo(database=str(city), networks=str(networks))), networks=True)
    assert found.columns == ["country", "city", "network_number", "network_name"]
    assert found.rows() == [("DE", "Jena", 680, "DFN"), ("SE", None, None, None), *[(None,) * 4] * 4]
    assert found.schema["network_number"] == pl.Int64


def test_the_shipped_database_tells_the_country_beside_a_users_networks(tmp_path):
    networks = tmp_path / "asn.mmdb"
    networks.write_bytes(database({"8.8.8.0/24": {"autonomous_system_number": 15169}}))
    found = add_geo(pl.DataFrame({"ip": ["8.8.8.8"]}), place_finder(Geo(networks=str(networks))), networks=True)
    assert found.rows() == [("US", None, 15169, None)]


@pytest.mark.parametrize("option", ["database", "networks"])
def test_a_file_that_is_no_database_is_named(tmp_path, option):
    bad = tmp_path / "bad.mmdb"
    for content in (None, b"no database"):
        if content is not None:
            bad.write_bytes(content)
        with pytest.raises(DkdError, match=f"{bad}.*DKD685"):
            place_finder(Geo(**{option: str(bad)}))
