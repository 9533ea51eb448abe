"""Buckets and the period before, on days of 23 and 25 hours, at skipped and at double midnights."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dkd.errors import UsageError
from dkd.query.periods import (
    GRAINS,
    before,
    bucket_count,
    buckets,
    double_starts,
    fitting,
    fixed,
    floor,
    local_time,
)
from dkd.query.question import Interval, Last, Question


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def span(start, end, zone="UTC"):
    return Interval(start=at(start, zone), end=at(end, zone))


def asked(interval, grain=None, zone="UTC", compare="previous"):
    return Question(measures=("visitors",), interval=interval, grain=grain, zone=zone, compare=compare)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Amsterdam", "2026-03-29", 23),
        ("Europe/Amsterdam", "2026-10-25", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("Australia/Lord_Howe", "2026-04-05", 25),
        ("Asia/Kathmandu", "2026-03-29", 24),
    ],
)
def test_a_day_has_the_hours_of_its_zone(zone, day, hours):
    start = floor(at(f"{day}T12:00", zone), "P1D", zone)
    (one,) = buckets(Interval(start=start, end=start + timedelta(hours=20)), "P1D", zone)
    found = buckets(Interval(start=one, end=floor(one + timedelta(hours=30), "P1D", zone)), "PT1H", zone)
    assert len(found) == hours
    assert len(set(found)) == hours


def test_buckets_are_where_druid_begins_them():
    """Instants that Druid 33's TIME_FLOOR answered, but for its week in Cairo, which it begins an hour late."""
    assert floor(at("2026-10-25T00:30"), "PT1H", "Europe/Amsterdam") == at("2026-10-25T00:00")
    assert floor(at("2026-10-25T01:30"), "PT1H", "Europe/Amsterdam") == at("2026-10-25T01:00")
    assert floor(at("2018-11-04T16:12"), "P1D", "America/Sao_Paulo") == at("2018-11-04T03:00")
    assert floor(at("2026-04-24T03:34"), "P1W", "Africa/Cairo") == at("2026-04-19T22:00")
    assert floor(at("2026-01-01T00:20"), "PT1H", "Asia/Kathmandu") == at("2026-01-01T00:15")
    assert floor(at("2026-05-20T10:00"), "P3M", "America/New_York") == at("2026-04-01T04:00")
    assert floor(at("2026-05-20T10:00"), "P1Y", "Asia/Kathmandu") == at("2025-12-31T18:15")


@pytest.mark.parametrize("grain", GRAINS.values())
@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "Africa/Cairo", "Atlantic/Azores", "Australia/Lord_Howe"])
def test_buckets_follow_one_another_without_a_gap_and_each_holds_its_own_start(grain, zone):
    length = timedelta(days=2) if grain.startswith("PT") else timedelta(days=800)
    interval = Interval(start=at("2026-10-24T05:07"), end=at("2026-10-24T05:07") + length)
    found = buckets(interval, grain, zone)
    assert list(found) == sorted(set(found))
    assert all(floor(start, grain, zone) == start for start in found)
    assert all(
        floor(following - timedelta(milliseconds=1), grain, zone) == start
        for start, following in itertools.pairwise(found)
    )
    assert found[0] <= interval.start < found[1]
    assert len(found) <= bucket_count(interval, grain) <= len(found) * 1.1 + 3


def test_a_midnight_that_comes_twice_begins_one_day():
    interval = span("2026-10-23", "2026-10-28")
    assert double_starts(interval, "P1D", "Atlantic/Azores") == (span("2026-10-25T00:00", "2026-10-25T01:00"),)
    assert double_starts(interval, "PT1H", "Atlantic/Azores") == ()
    assert double_starts(interval, "P1D", "Europe/Amsterdam") == ()


@pytest.mark.parametrize(
    ("interval", "grain", "zone", "wanted"),
    [
        (span("2026-05-02T10:30", "2026-05-02T12:00"), None, "UTC", span("2026-05-02T09:00", "2026-05-02T10:30")),
        (
            span("2026-10-25", "2026-10-26", "Europe/Amsterdam"), "PT1H", "Europe/Amsterdam",
            span("2026-10-24", "2026-10-25", "Europe/Amsterdam"),
        ),
        (
            span("2026-03-29", "2026-03-30", "Europe/Amsterdam"), None, "Europe/Amsterdam",
            span("2026-03-28", "2026-03-29", "Europe/Amsterdam"),
        ),
        # Today until now, and the six days before it: the same weekdays of the week before, until the same time.
        (
            span("2026-10-20", "2026-10-26T14:20", "Europe/Amsterdam"), "P1D", "Europe/Amsterdam",
            span("2026-10-13", "2026-10-19T14:20", "Europe/Amsterdam"),
        ),
        (span("2026-05-02T10:00", "2026-05-02T12:20"), "PT1H", "UTC", span("2026-05-02T07:00", "2026-05-02T09:20")),
        (span("2026-01-01", "2026-03-31T10:00"), "P1M", "UTC", span("2025-10-01", "2025-12-31T10:00")),
        (span("2024-01-31", "2024-03-31"), "P1M", "UTC", span("2023-12-02", "2024-01-31")),
        (span("2026-03-10T01:00", "2026-03-10T03:00"), "P1M", "UTC", span("2026-03-09T23:00", "2026-03-10T01:00")),
        (span("2026-03-30", "2026-03-31"), "P1M", "UTC", span("2026-03-29", "2026-03-30")),
        (span("2026-05-04", "2026-05-16"), "P1W", "UTC", span("2026-04-20", "2026-05-02")),
    ],
)  # fmt: skip
def test_the_period_before(interval, grain, zone, wanted):
    assert before(asked(interval, grain, zone))[0] == wanted


@pytest.mark.parametrize(
    ("compare", "interval", "grain", "wanted"),
    [
        ("weekday", span("2026-05-05", "2026-05-06"), None, span("2026-04-28", "2026-04-29")),
        ("weekday", span("2026-05-05", "2026-05-12"), None, span("2026-04-28", "2026-05-05")),
        ("weekday", span("2026-05-05", "2026-05-12T00:01"), None, span("2026-04-21", "2026-04-28T00:01")),
        ("weekday", span("2026-05-05T10:00", "2026-05-05T12:20"), "PT1H", span("2026-04-28T10:00", "2026-04-28T12:20")),
        ("weekday", span("2026-05-06", "2026-05-13"), "P1W", span("2026-04-22", "2026-04-29")),
        ("weekday", span("2026-02-01", "2026-03-01"), "P1M", span("2026-01-01", "2026-02-01")),
        ("year", span("2026-05-05", "2026-05-06"), None, span("2025-05-05", "2025-05-06")),
        ("year", span("2026-05-05T10:00", "2026-05-07T12:20"), "PT1H", span("2025-05-05T10:00", "2025-05-07T12:20")),
        ("year", span("2028-02-28", "2028-02-29"), "P1D", span("2027-02-28", "2027-03-01")),
        ("year", span("2028-02-29", "2028-03-01"), "P1D", span("2027-02-28", "2027-03-01")),
        ("year", span("2028-02-01", "2028-03-01"), None, span("2027-02-01", "2027-03-01")),
        ("year", span("2029-02-01", "2029-03-01"), "P1M", span("2028-02-01", "2028-03-01")),
        ("year", span("2028-02-28T12:00", "2028-02-29T10:00"), None, span("2027-02-28T12:00", "2027-03-01T10:00")),
        ("year", span("2026-05-04", "2026-05-18"), "P1W", span("2025-05-05", "2025-05-19")),
        ("year", span("2026-01-01", "2027-01-01"), "P3M", span("2025-01-01", "2026-01-01")),
    ],
)
def test_the_weekdays_and_the_year_before(compare, interval, grain, wanted):
    assert before(asked(interval, grain, compare=compare))[0] == wanted


CHANGES = [
    ("Europe/Amsterdam", "2026-03-29"), ("Europe/Amsterdam", "2026-10-25"), ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2019-02-16"), ("Asia/Kathmandu", "1986-01-01"), ("Asia/Kathmandu", "2026-03-29"),
]  # fmt: skip


@pytest.mark.parametrize("compare", ["previous", "weekday", "year"])
@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("shift", [0, 1, 7, 365])
def test_days_are_compared_with_whole_days_of_the_same_clock(compare, zone, day, shift):
    """On the days when the clock changes, and on those that have such a day beside them."""
    place = ZoneInfo(zone)
    first = (datetime.fromisoformat(day) + timedelta(days=shift)).replace(tzinfo=place)
    interval = Interval(start=first, end=first + timedelta(days=1))
    # Kathmandu's clock moved by a quarter of an hour then, so that an hour began in the day before.
    is_odd = (day, shift) == ("1986-01-01", 0)
    for grain in (None, "P1D") if is_odd else (None, "P1D", "PT1H"):
        period, moved = before(asked(interval, grain, zone, compare))
        start, end = (moment.astimezone(place) for moment in (period.start, period.end))
        # The same hour, or where a midnight is skipped the end of what is skipped.
        assert floor(period.start, "P1D", zone) == period.start
        assert floor(period.end, "P1D", zone) == period.end
        assert (end.date() - start.date()).days == 1
        days = (first.date() - start.date()).days
        assert days == {"previous": 1, "weekday": 7}.get(compare, days)
        assert compare != "year" or start.date() == first.date().replace(year=first.year - 1)
        past = set(buckets(period, grain, zone)) if grain else set()
        for bucket in buckets(interval, grain, zone) if grain else ():
            assert floor(moved(bucket), grain, zone) in past


@pytest.mark.parametrize(
    ("last", "grain", "zone", "wanted"),
    [
        ("24h", None, "UTC", span("2026-11-26T03:22", "2026-11-27T03:22")),
        ("90m", None, "UTC", span("2026-11-27T01:52", "2026-11-27T03:22")),
        ("24h", "PT1H", "UTC", span("2026-11-26T04:00", "2026-11-27T03:22")),
        ("7d", "P1D", "UTC", span("2026-11-21", "2026-11-27T03:22")),
        ("7d", "P1D", "America/New_York", span("2026-11-20T05:00", "2026-11-27T03:22")),
        ("1h", "P1D", "UTC", span("2026-11-27", "2026-11-27T03:22")),
        ("5m", "PT1M", "UTC", span("2026-11-27T03:17", "2026-11-27T03:22")),
    ],
)
def test_the_last_days_end_with_the_newest_event_and_hold_whole_buckets(last, grain, zone, wanted):
    found = fixed(asked(Last(last=last), grain, zone), at("2026-11-27T03:21:09.907"))
    assert found.span == wanted
    assert len(buckets(wanted, grain, zone) if grain else [0]) in (1, 5, 7, 24)
    assert fixed(found, at("2020-01-01")) == found


def test_an_event_on_the_full_minute_is_among_the_last():
    found = fixed(asked(Last(last="1h")), at("2026-11-27T03:21"))
    assert found.span.start <= at("2026-11-27T03:21") < found.span.end


def test_the_fitting_grain_is_the_finest_that_stays_readable():
    assert fitting(span("2026-01-01", "2026-01-01T03:00")) == "PT1M"
    assert fitting(span("2026-01-01", "2026-01-02")) == "PT15M"
    assert fitting(span("2026-01-01", "2026-01-08")) == "PT1H"
    assert fitting(span("2026-01-01", "2026-04-01")) == "P1D"
    assert fitting(span("1990-01-01", "2026-04-01")) == "P1M"


def test_a_local_time_is_read_on_the_zones_clock():
    assert local_time("2026-07-01", "Europe/Amsterdam") == at("2026-06-30T22:00")
    assert local_time("2026-07-01T10:00+05:45", "UTC") == at("2026-07-01T04:15")
    for text in ("yesterday", "2026-13-01", "0001-01-01T00:00+14:00", ""):
        with pytest.raises(UsageError, match="DKD318"):
            local_time(text, "UTC")
