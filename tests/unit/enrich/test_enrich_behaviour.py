"""Each reason by behaviour, at its limit and one beyond."""

import polars as pl
import pytest

from dkd.collect.base36 import write as base36
from dkd.enrich.behaviour import watched
from dkd.enrich.bots import texts_of
from dkd.enrich.kinds import KIND, kinds_of
from dkd.enrich.singles import PARTY, party_keys
from dkd.enrich.stretches import BURST, EVEN, MOST_EVENTS, MOST_PAGES
from dkd.enrich.visitors import Visitors
from dkd.model.schema import Model

MINUTE_MS = 60_000
NOW_MS = 29_666_667 * MINUTE_MS
HORIZON_MS = 3_600_000
SHOP = Model.model_validate({"dkd": 1, "site": "shop", "events": {"page_view": {}}, "enrich": {"bots": {}}})
NEW = f"0:{base36(NOW_MS)}:abc"


def reasons(*events, party="p", visitors=None):
    """Reasons of each of some events: name, ms after now, page."""
    frame = pl.DataFrame(
        {"party_id": party, "event": [one[0] for one in events], "timestamp_ms": [NOW_MS + one[1] for one in events],
         "page_url": [f"https://x.example/{one[2]}" for one in events], "user_agent": "agent", "ip": "192.0.2.1"}
    )  # fmt: skip
    return [texts_of(int(bits)) for bits in _watched(frame, visitors or Visitors()).reasons]


def _watched(frame, visitors):
    watermark = pl.col("timestamp_ms").cum_max().alias("?watermark")
    frame = frame.with_columns(
        watermark, pl.Series(PARTY, party_keys(frame["party_id"])), pl.Series(KIND, kinds_of(frame["event"]))
    )
    return watched(frame, [(visitors, 0, frame.height)], HORIZON_MS, SHOP)


def pages(count, step_ms, start_ms=0):
    return [("page_view", start_ms + seq * step_ms, seq) for seq in range(count)]


def test_one_event_more_than_a_minute_may_have():
    found = reasons(*(("search", seq * 99, 0) for seq in range(MOST_EVENTS + 1)))
    assert found == [None] * MOST_EVENTS + ["rate_visitor"]
    assert not any(reasons(*(("search", seq * 101, 0) for seq in range(2 * MOST_EVENTS))))


def test_one_page_more_than_a_minute_may_have():
    steps = [("page_view", seq * 1_500 + seq % 2 * 700, seq) for seq in range(MOST_PAGES + 1)]
    assert reasons(*steps) == [None] * MOST_PAGES + ["pages_per_min"]


def test_pages_at_once_with_nothing_done_between_them():
    assert reasons(*pages(BURST, 10))[-2:] == [None, "burst"]
    assert reasons(*pages(BURST, 1_001))[-1] == "no_variance"
    with_click = [*pages(10, 100), ("click", 950, 9), *pages(10, 100, 1_000)]
    assert not any("burst" in (one or "") for one in reasons(*with_click))


def test_the_same_time_between_pages_again_and_again():
    assert reasons(*pages(EVEN + 3, 4_000))[-3:] == [None, "no_variance", "no_variance"]
    uneven = [("page_view", seq * 4_000 + seq % 3 * 1_500, seq) for seq in range(14)]
    reloaded = [("page_view", seq * 4_000, 1) for seq in range(14)]
    assert not any(reasons(*uneven) + reasons(*reloaded) + reasons(*pages(14, 61_000)))


@pytest.mark.parametrize(("party", "reason"), [(NEW, "click_before_view"), ("0:abc:old", None), ("p", None)])
def test_a_new_visitor_who_clicks_on_no_page(party, reason):
    assert reasons(("click", 0, 0), ("click", 9, 0), ("page_view", 20, 0), party=party) == [None, reason, reason]
    assert not any(reasons(("page_view", 0, 0), ("click", 1, 0), ("click", 2, 0), party=party))


def test_a_reason_holds_until_the_visitor_is_forgotten_and_not_a_millisecond_longer():
    last_ms = (EVEN + 2) * 4_000
    for later_ms, held in ((HORIZON_MS, "no_variance"), (HORIZON_MS + 1, None)):
        assert reasons(*pages(EVEN + 3, 4_000), ("search", last_ms + later_ms, 0))[-1] == held


def test_a_server_s_events_are_not_watched():
    frame = pl.DataFrame(
        {"party_id": "p", "event": "page_view", "timestamp_ms": [NOW_MS + seq for seq in range(50)],
         "page_url": [str(seq) for seq in range(50)], "user_agent": None, "ip": None}
    )  # fmt: skip
    found = _watched(frame, Visitors())
    assert not found.reasons.any()
    assert not len(found.changed[0])
