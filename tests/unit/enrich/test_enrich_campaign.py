import time

import polars as pl
import pytest

from dkd.enrich.campaign import NETWORKS, UTM, add_campaign
from dkd.enrich.referrer import add_referrer
from dkd.enrich.resources import known_sites

CASES = {
    "utm_source=google&utm_medium=cpc": {"utm_source": "google", "utm_medium": "cpc"},
    "x=1&utm_campaign=Summer+Sale%21&utm_term=a%26b&utm_content=%C3%BC": {
        "utm_campaign": "Summer Sale!", "utm_term": "a&b", "utm_content": "ü"},
    "utm_source=first&utm_source=second": {"utm_source": "first"},
    "utm_source=&utm_source=second": {"utm_source": "second"},
    "utm_source=%20&utm_medium": {},
    "utm_source=a=b": {"utm_source": "a=b"},
    "utm_source=%FF%GG": {"utm_source": "\ufffd%GG"},
    "UTM_SOURCE=x&my_utm_source=y": {},
    "q=utm_source": {},
    "": {},
}  # fmt: skip


@pytest.mark.parametrize("query", CASES)
def test_a_query_has_these_campaign_parameters(query):
    row = add_campaign(pl.DataFrame({"page_query": [query]})).row(0, named=True)
    assert row == {name: CASES[query].get(name) for name in UTM}


def test_a_page_without_query_has_no_campaign_and_rows_stay_in_order():
    queries = [None, "utm_source=b", "q=1", "utm_source=a", "utm_source=b"]
    assert add_campaign(pl.DataFrame({"page_query": queries}))["utm_source"].to_list() == [None, "b", None, "a", "b"]


def test_a_query_of_100_kb_is_answered_at_once():
    started = time.process_time()
    add_campaign(pl.DataFrame({"page_query": ["utm_x=%41&" * 10_000, "&" * 100_000 + "utm"]}))
    assert time.process_time() - started < 0.5


CLICKS = {
    "gclid=Cj0-K_Q": ("google", "cpc", "Cj0-K_Q", "google"),
    "wbraid=a&gclid=b": ("google", "cpc", "b", "google"),
    "dclid=a": ("dfa", "cpm", "a", "google"),
    "MSCLKID=a&msclkid=b%2Fc": ("bing", "cpc", "b/c", "microsoft"),
    "ScCid=x": ("snapchat", "cpc", "x", "snapchat"),
    "fbclid=IwAR0": (None, None, "IwAR0", "meta"),
    "gclid=a&utm_source=news": ("news", None, "a", "google"),
    "gclid=a&utm_medium=email": (None, "email", "a", "google"),
    "gclid=&fbclid=%20": (None, None, None, None),
    "gclid": (None, None, None, None),
    "g%63lid=a": ("google", "cpc", "a", "google"),
    "xgclid=a&gclid_src=aw.ds": (None, None, None, None),
}


@pytest.mark.parametrize("query", CLICKS)
def test_a_paid_click_without_tags_is_a_campaign_of_its_network(query):
    found = add_campaign(pl.DataFrame({"page_query": [query]}), click_ids=True)
    assert found.select("utm_source", "utm_medium", "click_id", "click_network").row(0) == CLICKS[query]


def test_every_paid_network_has_a_channel_of_paid_clicks():
    paid = [f"{name}=1" for name, network in NETWORKS.items() if network.source]
    found = add_campaign(pl.DataFrame({"page_query": paid}))
    batch = found.with_columns(pl.lit(None, pl.String).alias(name) for name in ("referrer_url", "page_host"))
    channels = add_referrer(batch, known_sites())["channel"].to_list()
    assert set(channels) == {"Paid Search", "Paid Social", "Display"}
