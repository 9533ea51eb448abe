"""Event parameters, cookies, headers and addresses become the model's fields as in Divolte's mapping."""

from typing import Any

import pytest
from divolte_vectors import UNCORRUPTED, Vector, decoded, parsed, vectors

from dkd.collect.message import Outcome
from dkd.collect.routes import Routes, routes
from dkd.model.load import load
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema

MODEL = load(
    """
dkd: 1
site: shop
collector: {ip: full}
events: {page_view: {}}
fields:
  sku: string
  qty: int
  big: long
  ratio: float
  price: double
  flag: boolean
  loc_host: {type: string, from: location host}
  loc_path: {type: string, from: location path}
  loc_query: {type: string, from: location query}
  loc_fragment: {type: string, from: location fragment}
  utm: {type: string, from: query utm_source}
  cookie_a: {type: string, from: cookie a}
  cookie_b: {type: string, from: cookie b}
  language: {type: string, from: header Accept-Language}
""",
    "shop.yaml",
)
SCHEMA = raw_schema(MODEL)

SAME = {
    "corrupt": "detectedCorruption", "duplicate": "detectedDuplicate", "firstInSession": "firstInSession",
    "clientTimestamp": "clientTimestamp", "location": "location", "referer": "referer", "partyId": "partyId",
    "sessionId": "sessionId", "pageViewId": "pageViewId", "eventId": "eventId",
    "userAgentString": "userAgentString", "viewportPixelWidth": "viewportPixelWidth",
    "viewportPixelHeight": "viewportPixelHeight", "screenPixelWidth": "screenPixelWidth",
    "screenPixelHeight": "screenPixelHeight",
}  # fmt: skip
FIELDS = {
    "pSkuPath": "sku", "pQty": "qty", "pBig": "big", "pFloat": "ratio", "pPrice": "price", "pFlag": "flag",
    "locHost": "loc_host", "locRawPath": "loc_path", "locRawQuery": "loc_query", "locRawFragment": "loc_fragment",
    "utmSource": "utm", "cookieA": "cookie_a", "cookieB": "cookie_b", "alComma": "language",
}  # fmt: skip

OVERFLOWS = {"u020"}
"""A number beyond its type: Divolte stores its low bits, dkd nothing."""


def browser(vector: Vector) -> bool:
    return vector["request"]["target"].startswith("/track/ev") if "target" in vector["request"] else False


RICH = [one for one in vectors("rich") if browser(one) and (one["records"] or {}).get("dv-rich")]


@pytest.fixture
def collector() -> Routes:
    return routes(MODEL, settings(MODEL, "local", {}))


def record_of(vector: Vector, collector: Routes) -> dict[str, Any]:
    result = None
    for request in (*vector.get("before", []), vector["request"]):
        here = {**request, "target": request["target"].replace("/track/ev", "/csc-event")}
        result = collector(parsed(here, 1_790_000_000_123))
    assert isinstance(result, Outcome)
    return decoded(result.messages[0].value, SCHEMA)


@pytest.mark.parametrize("vector", RICH, ids=lambda one: one["id"])
def test_standard_columns_are_divoltes(vector: Vector, collector: Routes):
    record = record_of(vector, collector)
    wanted = vector["records"]["dv-rich"]["value"]
    if vector["id"] in UNCORRUPTED:
        wanted = {**wanted, "corrupt": False}
    assert {name: record[name] for name in SAME.values()} == {own: wanted[name] for name, own in SAME.items()}


@pytest.mark.parametrize("vector", [one for one in RICH if one["id"] not in OVERFLOWS], ids=lambda one: one["id"])
def test_the_models_fields_are_divoltes(vector: Vector, collector: Routes):
    record = record_of(vector, collector)
    wanted = vector["records"]["dv-rich"]["value"]
    found = {name: record[name] for name in FIELDS.values()}
    assert found == {own: wanted[name] for name, own in FIELDS.items()}


def test_a_number_beyond_its_type_is_null_and_not_another_number(collector: Routes):
    (vector,) = (one for one in RICH if one["id"] == "u020")
    assert record_of(vector, collector)["qty"] is None
