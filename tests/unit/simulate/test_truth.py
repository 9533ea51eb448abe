"""What the simulator says it sent equals what a plain count over the sent lines finds."""

import itertools
import json
from collections import defaultdict

import pytest

from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.simulate.traffic import traffic
from dkd.simulate.truth import Truth

SHOP = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
DAY_MS = 86_400_000
DAY = 20_700 * DAY_MS
GRACE_MS, GAP_MS = 300_000, 1_800_000


@pytest.fixture(scope="module")
def lines():
    return list(traffic(7, DAY, DAY + DAY_MS, 0.1, SHOP))


@pytest.fixture(scope="module")
def said(lines):
    truth = Truth(SHOP, 7)
    for sent in lines:
        truth.add(sent)
    return truth.as_dict()


def test_events_conversions_and_their_value_are_counted(lines, said):
    good = {}
    for sent in lines:
        if sent.kind != "broken":
            event = json.loads(sent.body)
            good[event["event_id"]] = event
    bought = [event for event in good.values() if event["event"] == "purchase"]
    assert (said["lines"], said["events"]) == (len(lines), len(good))
    assert said["lines"] == said["events"] + said["duplicates"] + said["broken"]
    assert said["events"] == said["human_events"] + said["bot_events"]
    assert said["conversions"] == len(bought) > 20
    assert said["conversion_value"] == pytest.approx(sum(event["revenue"] for event in bought))


def test_a_repeat_of_what_was_before_the_beginning_is_an_event(lines):
    """Nobody has sent the event itself, so the first that is heard of it is its repeat."""
    repeat = next(sent for sent in lines if sent.kind == "duplicate")
    first = next(sent for sent in lines if sent.kind == "event" and sent.body == repeat.body)
    truth, stretch = Truth(SHOP, 7), list(traffic(7, first.at_ms + 1, first.at_ms + 3_600_000, 0.1, SHOP))
    for sent in stretch:
        truth.add(sent)
    heard = {sent.given["event_id"] for sent in stretch if sent.kind != "broken"}
    assert truth.kinds["event"] == len(heard) > sum(sent.kind == "event" for sent in stretch)


def test_sessions_are_counted_by_gap_among_events_that_are_not_late(lines, said):
    """Late by the definition of the enricher; sessions over all events at once, sorted."""
    watermark_ms, late, times = 0, 0, defaultdict(list)
    for sent in lines:
        if sent.kind == "event":
            time_ms = sent.given["timestamp_ms"]
            if time_ms < watermark_ms - GRACE_MS:
                late += 1
            else:
                times[sent.given["party_id"]].append(time_ms)
            watermark_ms = max(watermark_ms, time_ms)
    sessions = 0
    for found in times.values():
        found.sort()
        sessions += 1 + sum(after - before > GAP_MS for before, after in itertools.pairwise(found))
    assert said["late"] == late > 10
    assert said["sessions"] == sessions > len(times)


def test_nothing_of_it_is_in_what_is_sent(lines):
    known = {"event", "event_id", "timestamp_ms", "party_id", "ip", "user_agent", "viewport_width", "viewport_height",
             "screen_width", "screen_height", "page_url", "referrer_url", "pageview_id"}  # fmt: skip
    for sent in lines:
        if sent.kind != "broken":
            assert json.loads(sent.body).keys() <= known | set(SHOP.all_fields)


def test_before_the_first_line_there_is_nothing():
    assert Truth(SHOP, 7).as_dict()["from"] is None
    assert "lines sent" in Truth(SHOP, 7).as_text()
