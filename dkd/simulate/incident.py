"""A day → the one thing that goes wrong on it: for hours nobody of one country, or with one browser, can finish."""

from typing import NamedTuple

from dkd.simulate.dice import Dice

DAY_MS = 86_400_000
_COUNTRIES = ("NL", "DE", "GB", "BE")
_BROWSERS = ("Safari", "Chrome")


class Incident(NamedTuple):
    """Something that goes wrong.

    Attributes:
        start_ms: When it begins.
        end_ms: When it is over.
        dimension: country or browser.
        value: Whose visitors see the checkout fail.
    """

    start_ms: int
    end_ms: int
    dimension: str
    value: str

    def hits(self, time_ms: int, country: str, browser: str) -> bool:
        """Whether a visitor's goal fails at *time_ms*."""
        return self.start_ms <= time_ms < self.end_ms and self.value in (country, browser)


def incident_of(seed: int, day: int) -> Incident:
    """The incident of *day*, counted since 1970 in UTC: three to five hours between 8 and 21 o'clock."""
    dice = Dice(seed, "incident", day)
    hours = dice.between(3, 5)
    start_ms = day * DAY_MS + dice.between(8 * 60, (21 - hours) * 60) * 60_000
    dimension = dice.pick(("country", "browser"))
    value = dice.weighted(_COUNTRIES, (5, 4, 2, 2)) if dimension == "country" else dice.pick(_BROWSERS)
    return Incident(start_ms, start_ms + hours * 3_600_000, dimension, value)


def incidents(seed: int, start_ms: int, end_ms: int) -> list[Incident]:
    """Those that overlap the stretch, by time."""
    found = (incident_of(seed, day) for day in range(start_ms // DAY_MS, (end_ms - 1) // DAY_MS + 1))
    return [one for one in found if one.start_ms < end_ms and one.end_ms > start_ms]
