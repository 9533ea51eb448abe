"""Options of time become one stretch, or one line that says which two of them do not go together."""

import pytest

from dkd.errors import RefusedError, UsageError
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.simulate.stretch import ENDLESS_MS, Asked, Stretch, check_sendable, per_second, stretch_of, times

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
MIDNIGHT = 20_700 * DAY_MS
NOW = MIDNIGHT + 3 * HOUR_MS
DATE = "2026-09-04"


@pytest.mark.parametrize(
    ("asked", "start_ms", "end_ms"),
    [
        (Asked(), NOW, ENDLESS_MS),
        (Asked(length="10m"), NOW, NOW + 600_000),
        (Asked(days=2), NOW - 2 * DAY_MS, NOW),
        (Asked(length="10m", speed=60), NOW - 600_000, NOW),
        (Asked(begin=DATE), MIDNIGHT, ENDLESS_MS),
        (Asked(begin=DATE, end=f"{DATE}T01:00+01:00"), MIDNIGHT, MIDNIGHT),
        (Asked(begin=DATE, end=f"{DATE}T02:00Z"), MIDNIGHT, MIDNIGHT + 2 * HOUR_MS),
        (Asked(begin=DATE, length="1h"), MIDNIGHT, MIDNIGHT + HOUR_MS),
        (Asked(to_file=True), MIDNIGHT - DAY_MS, MIDNIGHT),
        (Asked(to_file=True, begin=DATE), MIDNIGHT, MIDNIGHT + DAY_MS),
        (Asked(to_file=True, length="1h"), NOW - HOUR_MS, NOW),
    ],
)
def test_a_stretch_is_what_was_asked_for(asked, start_ms, end_ms):
    if start_ms == end_ms:
        with pytest.raises(UsageError, match="ends before it begins"):
            stretch_of(asked, NOW)
    else:
        assert stretch_of(asked, NOW) == Stretch(start_ms, end_ms)


@pytest.mark.parametrize(
    "asked",
    [
        Asked(end=DATE),
        Asked(begin=DATE, days=1),
        Asked(begin=DATE, end=DATE, length="1h"),
        Asked(begin="soon"),
        Asked(length="ten minutes"),
        Asked(length="0s"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(asked):
    with pytest.raises(UsageError, match=r"^[^\n]+; [^\n]+ \[DKD843\]$"):
        stretch_of(asked, NOW)


def test_rates_and_speeds_are_read():
    assert (per_second("20/s"), per_second("20"), per_second("90/m"), per_second("3600/h")) == (20, 20, 1.5, 1)
    assert (times("60x"), times("0.5")) == (60, 0.5)
    for text in ("", "x", "-1", "0", "nan", "20/y"):
        with pytest.raises(UsageError):
            per_second(text)
        with pytest.raises(UsageError):
            times(text)


def test_the_future_and_the_far_past_are_refused():
    model = load(preset_files("shop", "shop")["specs/shop.yaml"], "shop.yaml")
    check_sendable(Stretch(NOW, ENDLESS_MS), NOW, model)
    with pytest.raises(RefusedError, match="DKD844"):
        check_sendable(Stretch(NOW + DAY_MS, ENDLESS_MS), NOW, model)
    with pytest.raises(RefusedError, match="DKD845"):
        check_sendable(Stretch(NOW - 401 * DAY_MS, NOW), NOW, model)
