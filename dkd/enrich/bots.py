"""Events of automated visitors are flagged by agent, address, hints and behaviour, with reasons and a confidence.

Each event gets a set of reasons as bits of one number, so that what the columns say is found once per distinct number.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dkd.enrich.agent import cut
from dkd.enrich.distinct import number_by_text

Reasons = NDArray[np.uint16]
"""A set of reasons for each event: bit *n* is the reason at place *n* of :data:`WEIGHTS`."""


class Weight(NamedTuple):
    """How sure one reason alone makes that nobody sits there."""

    reason: str
    confidence: float


WEIGHTS = (
    Weight("ua_list", 0.98),
    Weight("ip_range", 0.97),
    Weight("headless", 0.95),
    Weight("ua_empty", 0.9),
    Weight("ua_generic", 0.8),
    Weight("rate_visitor", 0.8),
    Weight("pages_per_min", 0.8),
    Weight("burst", 0.75),
    Weight("no_variance", 0.75),
    Weight("viewport", 0.7),
    Weight("click_before_view", 0.6),
    Weight("asn", 0.3),
)
"""Strongest first: a known crawler or tool; an address that an operator publishes; a browser driven by a program; no
agent; an agent that names nothing; then behaviour (:mod:`dkd.enrich.behaviour`); a data centre's network, which only
makes another reason surer."""

REASONS = tuple(weight.reason for weight in WEIGHTS)
BIT = {reason: 1 << place for place, reason in enumerate(REASONS)}

Match = Callable[[str], Collection[str]]
"""The reasons whose patterns an agent matches, in any order."""

Located = Callable[[str], int]
"""Bits of the networks that an address lies in; 0 for any text that is no address; never raises."""

AUTOMATED = "automated"
"""The field, where a model has it, by which a page says that a program drives its browser."""

SIGNS = "?signs"
"""The column with the reasons that come of no list: those of :func:`hinted`, and of :mod:`dkd.enrich.behaviour`."""

_EMPTY = frozenset(("", "-", "null", "undefined", "none", "nil", "(null)", "n/a"))
_MOST_OF_EMPTY = max(map(len, _EMPTY))
_ALLOWED = 1 << 15
_MAX_ADDRESS = 64
_HEADLESS_PX = (800, 600)
"""What a headless browser has for viewport and screen alike, unless told otherwise; no window fills a screen so."""


@dataclass(frozen=True)
class Lists:
    """What is known of automated visitors.

    Attributes:
        match: Of agents.
        located: Of addresses.
        version: Of all lists together; written into each row.
    """

    match: Match
    located: Located
    version: str


def reasons_of(agent: str, match: Match) -> int:
    """Why *agent* counts as automated; 0 when it doesn't."""
    if len(agent) <= _MOST_OF_EMPTY and agent.lower() in _EMPTY:
        return BIT["ua_empty"]
    return sum(BIT[reason] for reason in match(agent))


def texts_of(bits: int) -> str | None:
    """Reasons, strongest first with commas between; None for none."""
    return ",".join(reason for reason in REASONS if bits & BIT[reason]) or None


def bits_of(text: str) -> int:
    """The reasons that :func:`texts_of` wrote."""
    return sum(BIT[reason] for reason in text.split(","))


def confidence_of(bits: int) -> float | None:
    """How sure the reasons together make it, from 0 to 1; None for none."""
    doubt = 1.0
    for reason, confidence in WEIGHTS:
        if bits & BIT[reason]:
            doubt *= 1 - confidence
    return round(1 - doubt, 3) if bits else None


def add_bots(batch: pl.DataFrame, lists: Lists, allow: Sequence[str] = ()) -> pl.DataFrame:
    """``is_bot``, ``bot_reason``, ``bot_confidence`` and ``bots_version`` of each event.

    An event without agent is automated when it came with an address, as every request of a browser does; a server
    that sends neither for a visitor has said nothing about it.

    Args:
        batch: ``user_agent``, ``ip``, and :data:`SIGNS` where there are any.
        lists: Agents and networks.
        allow: Agents that contain one of these texts, in any case, are never flagged.
    """
    bits = _bits(batch, lists, [text.lower() for text in allow])
    found, places = np.unique(bits, return_inverse=True)
    reasons, sure = list(map(texts_of, found.tolist())), list(map(confidence_of, found.tolist()))
    return pl.DataFrame(
        [
            pl.Series("is_bot", bits > 0),
            pl.Series("bot_reason", reasons, pl.String).gather(places),
            pl.Series("bot_confidence", sure, pl.Float64).gather(places),
            pl.Series("bots_version", [lists.version], pl.String).new_from_index(0, len(bits)),
        ]
    )


def _bits(batch: pl.DataFrame, lists: Lists, allowed: Sequence[str]) -> Reasons:
    def of_agent(agent: str) -> int:
        if allowed and any(text in agent.lower() for text in allowed):
            return _ALLOWED
        return reasons_of(agent, lists.match)

    agents, addresses = cut(batch["user_agent"]), batch["ip"]
    bits = number_by_text(agents, of_agent)
    bits |= np.where((agents.is_null() & addresses.is_not_null()).to_numpy(), np.uint16(BIT["ua_empty"]), np.uint16(0))
    short = batch.select(pl.when(pl.col("ip").str.len_bytes() <= _MAX_ADDRESS).then("ip")).to_series()
    bits |= number_by_text(short, lists.located)
    if SIGNS in batch.columns:
        bits |= batch[SIGNS].to_numpy()
    bits[(bits & _ALLOWED) > 0] = 0
    bits[bits == BIT["asn"]] = 0
    return bits


def hinted(batch: pl.DataFrame) -> Reasons:
    """What the page says of its browser: ``automated``, viewport and screen, where they are there."""
    bits = np.zeros(batch.height, np.uint16)
    if batch.schema.get(AUTOMATED) == pl.Boolean:
        bits |= np.where(batch[AUTOMATED].fill_null(False).to_numpy(), np.uint16(BIT["headless"]), np.uint16(0))
    if {"viewport_width", "viewport_height", "screen_width", "screen_height"} <= set(batch.columns):
        bits |= np.where(_odd(batch).to_numpy(), np.uint16(BIT["viewport"]), np.uint16(0))
    return bits


def _odd(batch: pl.DataFrame) -> pl.Series:
    """Which events tell of a viewport that no window has: less than nothing, a screen of nothing, both headless."""
    width, height = _HEADLESS_PX
    wide, high = pl.col("viewport_width"), pl.col("viewport_height")
    screens = pl.min_horizontal("screen_width", "screen_height")
    is_headless = (wide == width) & (high == height) & (pl.col("screen_width") == width)
    is_headless &= pl.col("screen_height") == height
    odd = (pl.min_horizontal(wide, high) < 0) | ((screens <= 0) & (pl.max_horizontal(wide, high) > 0)) | is_headless
    return batch.select(odd.fill_null(False)).to_series()
