"""Traffic depends on seed, time, rate and model alone, looks like people, and holds the disturbances it tells of."""

import hashlib
import itertools
import json
from collections import Counter

import polars as pl
import pytest

from dkd.enrich.bots import add_bots
from dkd.enrich.resources import bot_lists, place_finder
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.simulate.incident import incidents
from dkd.simulate.traffic import BROKEN, DUPLICATES, Sent, rate_of, traffic
from dkd.simulate.world import CENTRES, COUNTRIES, PERSONAS, ROBOTS

SHOP = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
DAY = 20_700 * DAY_MS
RATE = 0.2


@pytest.fixture(scope="module")
def day() -> list[Sent]:
    return list(traffic(7, DAY, DAY + DAY_MS, RATE, SHOP))


def bodies(lines) -> bytes:
    return b"\n".join(sent.body for sent in lines)


def test_a_stretch_is_the_same_to_the_byte_on_every_machine():
    """A new digest is a new site for everybody's seeds: change it on purpose only, and the sample of docs/ with it."""
    made = bodies(traffic(7, DAY + 9 * HOUR_MS, DAY + 10 * HOUR_MS, RATE, SHOP))
    assert hashlib.sha256(made).hexdigest() == "2702c84b0ba8d56b584ead9cb2b426956c449cdb782070f790778adbbb0e78c4"


def test_another_seed_is_another_site():
    first, second = (bodies(traffic(seed, DAY, DAY + HOUR_MS, RATE, SHOP)) for seed in (1, 2))
    assert first != second


def test_stretches_that_meet_add_up():
    """Cuts inside a block, on its edge, and so close that a visit spans three of them."""
    edges = [DAY + cut for cut in (0, 3 * HOUR_MS + 1, 4 * HOUR_MS, 4 * HOUR_MS + 60_007, 6 * HOUR_MS)]
    parts = [list(traffic(3, *pair, 0.3, SHOP)) for pair in itertools.pairwise(edges)]
    assert all(parts)
    assert list(itertools.chain.from_iterable(parts)) == list(traffic(3, edges[0], edges[-1], 0.3, SHOP))


def test_lines_come_by_time_inside_the_stretch_at_about_the_rate(day):
    times = [sent.at_ms for sent in day]
    assert times == sorted(times)
    assert times[0] >= DAY
    assert times[-1] < DAY + DAY_MS
    assert len(day) == pytest.approx(RATE * 86_400, rel=0.15)
    visits = len({sent.given["party_id"] for sent in traffic(7, DAY, DAY + DAY_MS, rate_of(1000, SHOP), SHOP)})
    assert visits == pytest.approx(1000, rel=0.2)


def test_personas_and_robots_come_as_often_as_they_should(day):
    people = {sent.given["party_id"]: sent.persona for sent in day if sent.persona}
    # Those who are here for the first time carry the time of it in their name.
    new = {party: name for party, name in people.items() if int(party.split(":")[1], 36) >= DAY}
    counts, whole = Counter(new.values()), sum(one.share for one in PERSONAS)
    for one in PERSONAS:
        assert counts[one.name] / len(new) == pytest.approx(one.share / whole, abs=0.04), one.name
    assert len(new) < len(people)
    assert {sent.robot for sent in day} == {"", *(one.kind for one in ROBOTS)}
    assert 0.05 < sum(bool(sent.robot) for sent in day) / len(day) < 0.25


def test_evenings_are_busier_than_nights(day):
    hours = Counter((sent.at_ms - DAY) // HOUR_MS for sent in day if not sent.robot)
    assert hours[19] + hours[20] > 2 * (hours[3] + hours[4])


def test_the_day_holds_repeats_broken_lines_and_nothing_twice_by_accident(day):
    kinds = Counter(sent.kind for sent in day)
    assert kinds["duplicate"] / kinds["event"] == pytest.approx(DUPLICATES, rel=0.5)
    assert kinds["broken"] / kinds["event"] == pytest.approx(BROKEN, rel=0.6)
    good = {sent.body for sent in day if sent.kind == "event"}
    assert len(good) == len({json.loads(body)["event_id"] for body in good}) == kinds["event"]
    assert all(sent.body in good for sent in day if sent.kind == "duplicate" and sent.at_ms > DAY + 60_000)
    assert not any(sent.body in good for sent in day if sent.kind == "broken")
    assert all(int(str(sent.given["timestamp_ms"])) <= sent.at_ms for sent in day)


def test_nobody_finishes_where_the_incident_is():
    planted, failed = incidents(7, DAY, DAY + 4 * DAY_MS), 0
    assert {one.dimension for one in planted} == {"country", "browser"}
    place = place_finder()
    for one in planted:
        during = [sent for sent in traffic(7, one.start_ms, one.end_ms, 0.3, SHOP) if sent.kind == "event"]
        failed += sum(sent.failed for sent in during)
        if one.dimension == "country":
            hit = [sent for sent in during if place(str(sent.given["ip"])).country == one.value]
            # Those who were on the thanks page when it began still finish.
            late = [s for s in hit if s.given["event"] == "purchase" and s.at_ms > one.start_ms + 60_000]
            assert (late, bool(hit)) == ([], True)
            assert all(place(str(sent.given["ip"])).country == one.value for sent in during if sent.failed)
    assert failed > 3


def test_countries_are_those_of_the_database_and_declared_robots_those_of_the_lists():
    place = place_finder()
    assert all(place(f"{network}.0").country == one.code for one in COUNTRIES for network in one.networks)
    assert all(place(f"{network}.9").country for network in CENTRES)
    rows = [(one.kind, agent) for one in ROBOTS for agent in one.agents]
    batch = pl.DataFrame({"user_agent": [agent for _, agent in rows], "ip": "3.90.1.9"})
    flagged = add_bots(batch, bot_lists())["is_bot"].to_list()
    assert flagged == [kind != "hidden" for kind, _ in rows]
