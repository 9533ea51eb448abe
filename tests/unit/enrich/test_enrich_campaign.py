import time

import polars as pl
import pytest

from dkd.enrich.campaign import UTM, add_campaign

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
