"""A user agent becomes browser, operating system and kind of device."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import polars as pl

from dkd.enrich.distinct import by_text


class Agent(NamedTuple):
    """What a user agent says; None where it says nothing that is known."""

    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    device_type: str


FindAgent = Callable[[str], Agent]

MAX_AGENT_BYTES = 2048
"""Agents are cut here before any pattern sees them, so that a hostile one costs no more than a long one."""

# An Android without "Mobile" is a tablet by Chrome's rule: https://developer.chrome.com/docs/multidevice/user-agent
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("other", r"smart-?tv|\btv\b|googletv|appletv|apple tv|hbbtv|bravia|aft[a-z]+ build|\bcrkey\b|web0s|netcast"
                  r"|roku|playstation|xbox|nintendo|quest \d|oculus|watch"),
        ("tablet", r"ipad|tablet(?! pc)|kindle|\bsilk/(?!.*mobile)|playbook|\bkf[a-z]{2,5}\b|android(?!.*mobile)"),
        ("mobile", r"mobi|iphone|ipod|android|opera mini|windows phone|blackberry|\bbb10\b|symbian|kaios|j2me|midp"),
        ("desktop", r"windows|macintosh|mac os x|\bcros\b|x11|linux|bsd\b|sunos"),
    )
)  # fmt: skip


def kind_of(agent: str, is_spider: bool) -> str:
    """``bot``, ``desktop``, ``mobile``, ``tablet`` or ``other`` (television, console, watch, unknown)."""
    if is_spider:
        return "bot"
    return next((kind for kind, pattern in _KINDS if pattern.search(agent)), "other")


def version_of(parts: Iterable[str | None]) -> str | None:
    """``"18.1.1"`` from ``("18", "1", "1")``, up to the first part that is missing; None without a first."""
    known: list[str] = []
    for part in parts:
        if not part:
            break
        known.append(part)
    return ".".join(known) or None


def cut(agents: pl.Series) -> pl.Series:
    """Agents of at most about :data:`MAX_AGENT_BYTES`, trimmed; whole characters."""
    return agents.str.head(MAX_AGENT_BYTES).str.strip_chars()


def add_agent(batch: pl.DataFrame, find: FindAgent) -> pl.DataFrame:
    """Browser, system and device of each ``user_agent``; null where there is none or it is empty."""
    return by_text(_known(batch), find, Agent._fields)


def _known(batch: pl.DataFrame) -> pl.Series:
    agents = cut(batch["user_agent"])
    return agents.to_frame().select(pl.when(pl.first() != "").then(pl.first())).to_series()
