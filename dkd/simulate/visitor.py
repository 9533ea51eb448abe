"""A block of time and a number → the visitor who first came then: who it is, where from, with which browser."""

from typing import NamedTuple

from dkd.collect.base36 import write as base36
from dkd.simulate.dice import Dice
from dkd.simulate.world import BROWSERS, COUNTRIES, HOURS, PERSONAS, Browser, Country, Persona

BLOCK_MS = 120_000
"""Traffic is made in blocks of this length, each from its number alone."""
_HOUR_MS = 3_600_000
_MEAN = sum(HOURS) / len(HOURS)
_SHARES = tuple(one.share for one in COUNTRIES)


class Visitor(NamedTuple):
    """One visitor, the same on every visit.

    Attributes:
        party_id: As Divolte's tag makes it, with the time of the first visit in it.
        born_ms: When that was.
        persona: How it behaves.
        country: Where it lives.
        browser: What it uses.
        ip: Its address.
        user: Its account, should it log in.
    """

    party_id: str
    born_ms: int
    persona: Persona
    country: Country
    browser: Browser
    ip: str
    user: str

    @property
    def known(self) -> dict[str, object]:
        """What every event of it carries."""
        (width, height), (screen_width, screen_height) = self.browser.viewport, self.browser.screen
        return {
            "party_id": self.party_id, "ip": self.ip, "user_agent": self.browser.agent,
            "viewport_width": width, "viewport_height": height,
            "screen_width": screen_width, "screen_height": screen_height,
        }  # fmt: skip


def visitor_of(seed: int, block: int, number: int) -> Visitor:
    """The visitor who is *number* among those that are new in *block*, counted since 1970."""
    dice = Dice(seed, "visitor", block, number)
    born_ms = block * BLOCK_MS + dice.between(0, BLOCK_MS - 1)
    country = dice.weighted(COUNTRIES, awake(block))
    return Visitor(
        party_id=f"0:{base36(born_ms)}:{dice.word(22)}",
        born_ms=born_ms,
        persona=dice.weighted(PERSONAS, [one.share for one in PERSONAS]),
        country=country,
        browser=dice.weighted(BROWSERS, [one.share for one in BROWSERS]),
        ip=f"{dice.pick(country.networks)}.{dice.between(1, 254)}",
        user=f"u-{dice.word(6)}",
    )


def awake(block: int) -> list[float]:
    """For each country how many of its people are about in *block*; over a day and all countries 1 on average."""
    hour = block * BLOCK_MS // _HOUR_MS
    whole = sum(_SHARES)
    return [one.share / whole * HOURS[(hour + one.zone_h) % 24] / _MEAN for one in COUNTRIES]
