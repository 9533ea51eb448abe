"""Fields that are found elsewhere, in events of ``POST /collect``: by browsers and by trusted senders."""

import json
from typing import Any

import pytest
from divolte_vectors import FOLDER, decoded

from dkd.collect.layout import Layout
from dkd.collect.message import Message, Outcome, Request
from dkd.collect.routes import Routes, routes
from dkd.errors import DkdError
from dkd.model.load import load
from dkd.settings import settings
from dkd.systems.avro.render import raw_schema

GEO = FOLDER / "divolte" / "rich" / "geo.mmdb"
MODEL = load(
    f"""
dkd: 1
site: shop
collector: {{ip: truncate, geo_database: {GEO}}}
events:
  page_view: {{}}
  purchase:
    fields:
      currency: {{required: true, default: EUR}}
      order: {{required: true, from: [parameter order_id, query o]}}
fields:
  skus: {{type: list, from: "path $.items[*].sku"}}
  product: {{type: int, from: {{source: location path, match: "/product/([0-9]+)"}}}}
  country_of_visitor: {{from: geo country_code}}
  address: {{from: ip}}
  browser_text: {{from: user_agent}}
  kind: {{from: {{value: late, when: {{not: {{source: client_ms, same_as: received_ms}}}}}}}}
  from_shop: {{type: boolean, from: {{test: {{source: referer host, equals: shop.example}}}}}}
  name_of_event: {{from: event}}
  seen: {{type: boolean, from: detected_duplicate}}
""",
    "shop.yaml",
)
SCHEMA = raw_schema(MODEL)
RECEIVED_MS = 1_790_000_000_123


@pytest.fixture
def collector() -> Routes:
    return routes(MODEL, settings(MODEL, "local", {}))


def messages(collector: Routes, event: dict[str, Any], browser: bool = False) -> list[Message]:
    target = b"/collect?p=0:1:p&s=0:1:s" if browser else b"/collect"
    headers = [(b"user-agent", b"UA"), (b"content-type", b"application/json")]
    client = "203.0.113.9" if browser else "127.0.0.1"
    result = collector(Request("POST", target, headers, json.dumps(event).encode(), client, RECEIVED_MS))
    return result.messages if isinstance(result, Outcome) else []


def record(collector: Routes, event: dict[str, Any], browser: bool = False) -> dict[str, Any]:
    (message,) = messages(collector, event, browser)
    assert message.topic == "shop.raw"
    return decoded(message.value, SCHEMA)


def test_a_browsers_event_is_read_as_divolte_reads_one(collector: Routes):
    event = {
        "event": "page_view", "page_url": "https://shop.example/product/42", "referrer_url": "https://shop.example/",
        "items": [{"sku": "a"}, {"sku": None}, {}], "timestamp_ms": 1, "event_id": "1",
    }  # fmt: skip
    found = record(collector, event, browser=True)
    assert found["skus"] == ["a", None]
    assert (found["product"], found["country_of_visitor"], found["from_shop"]) == (42, "NL", True)
    assert (found["address"], found["browser_text"]) == ("203.0.113.0", "UA")
    assert (found["kind"], found["name_of_event"], found["seen"]) == ("late", "page_view", False)
    assert record(collector, event, browser=True)["seen"] is True


def test_a_trusted_senders_request_says_nothing_of_the_visitor(collector: Routes):
    event = {"event": "page_view", "party_id": "me", "ip": "198.51.100.7"}
    found = record(collector, event)
    assert (found["country_of_visitor"], found["address"], found["browser_text"]) == ("DE", "198.51.100.0", None)
    assert record(collector, {"event": "page_view", "party_id": "me"})["country_of_visitor"] is None


def test_a_required_field_may_be_found_elsewhere_or_have_a_default(collector: Routes):
    event = {"event": "purchase", "party_id": "me", "page_url": "https://shop.example/?o=7"}
    assert record(collector, event)["order"] == "7"
    found = record(collector, {**event, "order_id": "8", "currency": "USD"})
    assert (found["order"], found["currency"]) == ("8", "USD")
    assert record(collector, event)["currency"] == "EUR"


def test_what_is_nowhere_is_still_missed(collector: Routes):
    (message,) = messages(collector, {"event": "purchase", "party_id": "me"})
    assert message.topic == "shop.rejects"
    assert dict(message.headers)["dkd-problem"] == b"purchase needs order"


def test_parameters_that_a_step_reads_are_not_ignored(collector: Routes):
    body = json.dumps({"event": "page_view", "party_id": "me", "items": [], "order_id": "8", "else": 1}).encode()
    result = collector(Request("POST", b"/collect", [(b"content-type", b"application/json")], body, "127.0.0.1", 1))
    assert isinstance(result, Outcome)
    assert json.loads(result.answer.body)["ignored"] == {"else": 1}


def test_a_database_that_cannot_be_read_is_a_mistake_at_the_start(tmp_path):
    text = (
        "dkd: 1\nsite: s\ncollector: {{geo_database: {}}}\nevents: {{page_view: {{}}}}\nfields: {{c: {{from: {}}}}}\n"
    )
    (tmp_path / "bad.mmdb").write_bytes(b"no database")
    for name in ("none.mmdb", "bad.mmdb"):
        with pytest.raises(DkdError, match="city database cannot be read"):
            Layout(load(text.format(tmp_path / name, "geo country_code"), "m"))
        assert Layout(load(text.format(tmp_path / name, "cookie c"), "m")).fields
