"""Sessions at their edges: gap, grace, caps, ticks, merges, and what a row says."""

import json
import random
import time
from dataclasses import replace

import polars as pl
import pytest
from enrich_cases import BROWSERS, GOOGLEBOT, NOW_MS, raw, ready, shop, shop_setup
from xxhash import xxh3_64_intdigest

from dkd.enrich.chain import Outcome, Setup, enrich
from dkd.enrich.encode import encode
from dkd.enrich.rules import Splits
from dkd.enrich.splits import require_zone
from dkd.enrich.state import State
from dkd.errors import UsageError
from dkd.model.columns import SESSION_COLUMNS

MINUTE_MS = 60_000
GAP, GRACE = 30 * MINUTE_MS, 5 * MINUTE_MS
DAY_MS = 24 * 60 * MINUTE_MS
LONG_AFTER = NOW_MS + 30 * DAY_MS


def at(minutes: float, **more: object) -> dict[str, object]:
    """An event so many minutes after the first, at the millisecond."""
    time_ms = NOW_MS + round(minutes * MINUTE_MS)
    return {"client_ms": time_ms, "received_ms": time_ms, **more}


def outcome(*events: dict[str, object], setup: Setup | None = None, tick_ms: int = LONG_AFTER) -> Outcome:
    """All *events* in one batch, and a tick behind them."""
    found = setup or shop_setup()
    return enrich(raw(found, *events), State(), found, [(len(events), tick_ms)])


def rows(*events: dict[str, object], setup: Setup | None = None, tick_ms: int = LONG_AFTER):
    return [json.loads(value) for value in outcome(*events, setup=setup, tick_ms=tick_ms).finished.values]


def clean(*events: dict[str, object]):
    return [json.loads(value) for value in encode(outcome(*events).clean)]


@pytest.mark.parametrize(("by_ms", "sessions"), [(-1, 1), (0, 1), (1, 2)])
def test_a_silence_as_long_as_the_gap_is_still_inside_and_one_longer_is_not(by_ms, sessions):
    found = rows(at(0), {"client_ms": NOW_MS + GAP + by_ms, "received_ms": NOW_MS + GAP})
    assert [row["event_count"] for row in found] == [2] * (sessions == 1) or [1, 1]
    assert len(found) == sessions


@pytest.mark.parametrize(("by_ms", "closed"), [(-1, 0), (0, 0), (1, 1)])
def test_a_session_closes_when_the_watermark_is_more_than_gap_and_grace_beyond_it(by_ms, closed):
    found = outcome(at(0), tick_ms=NOW_MS + GAP + GRACE + by_ms)
    assert len(found.finished) == closed
    assert len(State().applied(found.delta).sessions) == 1 - closed
    assert found.delta.books.sessions == closed


@pytest.mark.parametrize(("behind_ms", "late"), [(GRACE - 1, False), (GRACE, False), (GRACE + 1, True)])
def test_an_event_behind_grace_joins_no_session_even_where_it_touches_one(behind_ms, late):
    first, second = clean(at(0), {"client_ms": NOW_MS - behind_ms, "event_id": "behind"})
    assert second["is_late"] == late
    assert second.get("session_id") == (None if late else first["session_id"])
    assert second.get("first_in_session") == (None if late else False)


def test_an_event_between_two_sessions_merges_them_and_the_one_that_starts_first_gives_its_id():
    events = [at(0), at(32), at(28)]
    found = clean(*events)
    (row,) = rows(*events)
    assert [one["first_in_session"] for one in found] == [True, True, False]
    assert row["session_id"] == found[0]["session_id"] == found[2]["session_id"]
    assert row["merged_ids"] == [found[1]["session_id"]]
    assert (row["start_ms"], row["end_ms"], row["event_count"]) == (NOW_MS, NOW_MS + 32 * MINUTE_MS, 3)


@pytest.mark.parametrize("seed", range(4))
def test_where_grace_is_longer_than_the_gap_cuts_change_nothing_either(seed):
    """Then a visitor has many open sessions, and an event may come long before the newest of them."""
    chance, setup = random.Random(seed), shop_setup()
    assert setup.sessions is not None
    setup = replace(setup, sessions=replace(setup.sessions, gap_ms=GRACE // 10))
    steps = sorted(chance.randrange(0, 40 * MINUTE_MS) for _ in range(60))
    events = [
        {"client_ms": NOW_MS + step - chance.randrange(GRACE), "received_ms": NOW_MS + step, "event_id": f"e{seq}",
         "party_id": f"p{chance.randrange(3)}"}
        for seq, step in enumerate(steps)
    ]  # fmt: skip
    whole, one_by_one = (_cut(events, size, setup) for size in (len(events), 1))
    assert one_by_one == whole
    assert len(whole[1]) > 20


def _cut(events: list[dict[str, object]], size: int, setup: Setup) -> tuple[list[bytes], list[bytes]]:
    """Clean events and session rows of *events* in batches of *size*, a tick behind the last."""
    state, clean_rows, session_rows = State(), list[bytes](), list[bytes]()
    for start in range(0, len(events), size):
        part = events[start : start + size]
        is_last = start + size >= len(events)
        batch = raw(setup, *part).with_columns(pl.col("offset") + start)
        found = enrich(batch, state, setup, [(len(events), LONG_AFTER)] if is_last else [])
        state = state.applied(found.delta)
        clean_rows += encode(found.clean)
        session_rows += found.finished.values
    return clean_rows, session_rows


def test_an_event_before_the_first_moves_the_start_and_leaves_the_id():
    found = clean(at(3), at(0))
    (row,) = rows(at(3), at(0))
    assert (row["start_ms"], row["session_id"]) == (NOW_MS, found[0]["session_id"])
    assert "merged_ids" not in row


def test_visitors_of_one_time_are_apart_and_a_silent_one_is_closed_by_others():
    found = rows(at(0, party_id="a"), at(0, party_id="b"), at(36, party_id="b"), tick_ms=NOW_MS)
    assert [(row["party_id"], row["closed_by"]) for row in found] == [("a", "gap"), ("b", "gap")]


def test_a_session_of_three_days_is_cut_each_day_from_its_first_event():
    events = [at(20 * step) for step in range(3 * 72)]
    found = rows(*events)
    assert [row["start_ms"] for row in found] == [NOW_MS, *(NOW_MS + day * (DAY_MS + 20 * MINUTE_MS) for day in (1, 2))]
    assert [row["event_count"] for row in found] == [73, 73, 70]
    assert [row["closed_by"] for row in found] == ["cap_time", "cap_time", "gap"]


@pytest.mark.parametrize(("by_ms", "counts"), [(0, [74]), (1, [73, 1])])
def test_an_event_at_the_cap_is_inside_and_one_beyond_is_not(by_ms, counts):
    last = {"client_ms": NOW_MS + DAY_MS + by_ms, "received_ms": NOW_MS + DAY_MS}
    events = [*(at(19.9 * step) for step in range(73)), last]
    assert [row["event_count"] for row in rows(*events)] == counts


def test_what_closes_the_gap_before_a_cap_draws_only_what_lies_before_the_cap():
    """A younger session on both sides of the older one's cap falls into two when the gap between them is closed."""
    steps = [*(20.0 * step for step in range(71)), 1408.0]  # the older one: until 32 minutes before its cap
    young, bridge = [1439.0, 1441.0], 1437.0
    apart = rows(*map(at, steps), *map(at, young))
    assert [row["event_count"] for row in apart] == [72, 2]
    joined = rows(*map(at, steps), *map(at, young), at(bridge))
    assert [(row["event_count"], row["closed_by"]) for row in joined] == [(74, "cap_time"), (1, "gap")]
    ordered = rows(*map(at, sorted([*steps, *young, bridge])))
    bare = [{name: value for name, value in row.items() if name not in ("session_id", "merged_ids")}
            for row in (*joined, *ordered)]  # fmt: skip
    assert bare[:2] == bare[2:]
    assert len(joined[0]["merged_ids"]) == 1


def test_a_session_of_as_many_events_as_may_be_is_closed_at_once():
    setup = shop_setup()
    assert setup.sessions is not None
    few = replace(setup, sessions=replace(setup.sessions, most_events=3))
    found = rows(*(at(step) for step in range(7)), setup=few, tick_ms=NOW_MS)
    assert [(row["event_count"], row["closed_by"]) for row in found] == [(3, "cap_events"), (3, "cap_events")]
    assert len({row["session_id"] for row in found}) == 2


def test_a_row_has_the_columns_of_the_model_in_their_order_and_tells_what_happened():
    url, browser = "https://shop.example", BROWSERS["Firefox on Linux"]
    (row,) = rows(
        at(0, page_url=f"{url}/a?utm_source=mail&utm_medium=email", user_agent=browser, ip="141.24.224.0"),
        at(1, event="search", page_url=f"{url}/a"),
        at(2, page_url=f"{url}/b", referrer_url=f"{url}/a", user_agent=browser),
        at(3.5, event="purchase", order_id="o", revenue=0.1, page_url=f"{url}/done", user_agent=GOOGLEBOT),
        at(4, event="purchase", order_id="o", revenue=0.2, user_agent=browser),
    )
    assert row.pop("session_id") == clean(at(0))[0]["session_id"]
    assert row == {
        "party_id": "p", "party_number": xxh3_64_intdigest(b"p") % 2**53,
        "start_ms": NOW_MS, "end_ms": NOW_MS + 4 * MINUTE_MS, "duration_s": 240.0, "event_count": 5,
        "pageview_count": 2, "click_count": 0, "entry_page": "/a", "exit_page": "/b", "pages": ["/a", "/b"],
        "pages_truncated": False, "utm_source": "mail", "utm_medium": "email", "channel": "Email",
        "browser": "Firefox", "browser_version": "145.0", "os": "Linux", "device_type": "desktop", "country": "DE",
        "is_bounce": False, "converted": True, "conversions": 2, "conversion_value": 0.3, "is_bot": True,
        "bot_reason": "ua_list",
        "closed_by": "gap",
    }  # fmt: skip
    order = [column.name for column in SESSION_COLUMNS]
    assert list(row) == [name for name in order if name in row]


def test_the_first_referrer_from_outside_counts_and_navigation_inside_never_does():
    inside = {"page_url": "https://shop.example/b", "referrer_url": "https://shop.example/a"}
    google = {"page_url": "https://shop.example/c", "referrer_url": "https://www.google.com/"}
    bing = {"page_url": "https://shop.example/d", "referrer_url": "https://www.bing.com/"}
    (row,) = rows(at(0, **inside), at(1, **google), at(2, **bing))
    assert (row["referrer_source"], row["channel"]) == ("Google", "Organic Search")
    assert rows(at(0, **inside))[0]["referrer_medium"] == "internal"


def test_pages_are_the_first_hundred_and_the_exit_is_the_last():
    found = [rows(*(at(step / 10, page_url=f"https://shop.example/{step}") for step in range(count)))[0]
             for count in (100, 101, 250)]  # fmt: skip
    assert [len(row["pages"]) for row in found] == [100] * 3
    assert [row["pages_truncated"] for row in found] == [False, True, True]
    assert [row["exit_page"] for row in found] == ["/99", "/100", "/249"]
    assert found[2]["pages"] == [f"/{step}" for step in range(100)]


def test_engaged_time_is_unknown_without_heartbeats_and_keeps_a_visit_from_being_a_bounce():
    assert "engaged_s" not in rows(at(0))[0]
    assert rows(at(0))[0]["is_bounce"]
    beating = ready(shop(events={"page_view": {}, "heartbeat": {}}, enrich={"sessions": {}}))
    one, two = (rows(at(0), *(at(step / 6, event="heartbeat") for step in range(1, count + 1)), setup=beating)[0]
                for count in (1, 2))  # fmt: skip
    assert (one["engaged_s"], one["is_bounce"]) == (10.0, True)
    assert (two["engaged_s"], two["is_bounce"]) == (20.0, False)
    assert not {"is_bot", "converted", "conversions", "conversion_value"} & one.keys()


@pytest.mark.parametrize("privacy", ["pseudonymise", "drop"])
def test_a_value_that_clean_events_do_not_hold_is_in_no_row(privacy):
    events = {"page_view": {}, "purchase": {"fields": {"revenue": {"type": "double", "privacy": privacy}}}}
    conversions = [{"event": "purchase", "value": "revenue"}]
    setup = ready(shop(events=events, enrich={"sessions": {"conversions": conversions}}))
    (row,) = rows(at(0, event="purchase", **({"revenue": 12.5} if privacy == "pseudonymise" else {})), setup=setup)
    assert row["conversions"] == 1
    assert row.get("conversion_value", 0.0) == 0.0


def test_without_the_enricher_there_are_no_sessions_and_ticks_only_move_the_watermark():
    setup = ready(shop(enrich={}))
    found = outcome(at(0), setup=setup)
    assert (len(found.finished), found.delta.watermark_ms, len(found.delta.sessions.changed.rows)) == (0, LONG_AFTER, 0)
    assert found.clean["session_id"].null_count() == 1


def test_a_tick_makes_what_comes_after_it_late():
    found = enrich(raw(shop_setup(), at(0), at(1)), State(), shop_setup(), [(0, NOW_MS + 10 * MINUTE_MS)])
    assert found.clean["is_late"].to_list() == [False, True]


def test_a_zone_that_only_this_machine_knows_is_refused_before_the_first_event():
    with pytest.raises(UsageError, match="DKD709"):
        require_zone(Splits(zone="localtime"), "shop")
    require_zone(Splits(zone="Europe/Amsterdam"), "shop")
    require_zone(Splits(), "shop")


@pytest.mark.parametrize("order", ["up", "down", "shuffled"])
def test_a_busy_visitor_costs_no_more_by_the_order_of_his_events_where_each_may_part_sessions(order):
    """Ten times the events take some ten times as long, not a hundred."""
    setup = replace(shop_setup(), sessions=replace(shop_setup().sessions, splits=Splits(campaign=True)))

    def took_s(count: int) -> float:
        places = list(range(count))
        if order == "down":
            places.reverse()
        elif order == "shuffled":
            random.Random(1).shuffle(places)
        events = raw(setup, *(
            {"client_ms": NOW_MS + place * 20, "received_ms": NOW_MS + GRACE, "event_id": f"{place}",
             "page_url": f"https://shop.example/?utm_source=s{place % 2}"} for place in places))  # fmt: skip
        began_s = time.process_time()
        found = enrich(events, State(), setup)
        assert len(found.values) == count
        return time.process_time() - began_s

    took_s(100)
    assert took_s(5_000) < 40 * took_s(500)
